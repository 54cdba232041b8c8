use axum::Json;
use tegata_wire::Der;
use tegata_wire::api::Trust;

use super::scope::Scope;

/// Root and issuing CA certificates.
#[utoipa::path(
    get,
    path = "/trust",
    responses((status = 200, body = Trust), (status = 404, body = tegata_wire::Problem))
)]
pub(super) async fn show(scope: Scope) -> Json<Trust> {
    let Scope { service, .. } = scope;
    let intermediates =
        service.issuing.iter().map(|ca| Der(ca.authority.certificate().to_vec())).collect();
    Json(Trust { root: Der(service.root.clone()), intermediates })
}
