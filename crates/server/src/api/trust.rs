use axum::Json;
use tegata_wire::Der;
use tegata_wire::api::Trust;

use super::scope::Scope;

/// Root and issuing CA certificates.
#[utoipa::path(
    get,
    path = "/trust",
    operation_id = "trust",
    responses(
        (status = 200, description = "the certificates", body = Trust),
        (status = 404, description = "no such service", body = tegata_wire::Problem, content_type = "application/problem+json"),
        (status = 429, description = "too many requests; see Retry-After", body = tegata_wire::Problem, content_type = "application/problem+json")
    )
)]
pub(super) async fn show(scope: Scope) -> Json<Trust> {
    let Scope { service, .. } = scope;
    let intermediates =
        service.trusted().map(|ca| Der(ca.authority.certificate().to_vec())).collect();
    Json(Trust { root: Der(service.root.clone()), intermediates })
}
