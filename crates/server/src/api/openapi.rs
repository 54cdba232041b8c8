use axum::Json;
use utoipa::OpenApi;

use super::scope::Scope;
use super::{email, enroll, info, link, renew, retire, trust, update};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Tegata application interface",
        description = "Certificates for the subscribers of one service."
    ),
    paths(
        info::show,
        trust::show,
        enroll::enroll,
        renew::renew,
        retire::retire,
        email::ask,
        update::show,
        link::redeem
    )
)]
struct Description;

/// The OpenAPI document of this interface, with the service's own address as server.
pub(super) async fn show(scope: Scope) -> Json<utoipa::openapi::OpenApi> {
    let mut document = Description::openapi();
    let address = format!("/api/v1/{}", scope.service.key);
    document.servers = Some(vec![utoipa::openapi::Server::new(address)]);
    Json(document)
}
