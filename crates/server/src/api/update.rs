use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use tegata_wire::update::Envelope;

use super::Api;
use super::problem::Cause;
use super::scope::Scope;

/// The signed manifest of the newest application, octet for octet as it was published.
#[utoipa::path(
    get,
    path = "/update",
    operation_id = "update",
    responses(
        (status = 200, description = "the manifest and its signatures", body = Envelope),
        (status = 404, description = "no such service, or no update is published (`no_update`)", body = tegata_wire::Problem, content_type = "application/problem+json"),
        (status = 429, description = "too many requests; see Retry-After", body = tegata_wire::Problem, content_type = "application/problem+json"),
        (status = 503, description = "the manifest cannot be read; see Retry-After", body = tegata_wire::Problem, content_type = "application/problem+json")
    )
)]
pub(super) async fn show(State(api): State<Api>, scope: Scope) -> Response {
    let Scope { service, caller } = scope;
    match api.updates.current(&service.key).await {
        Ok(Some(published)) => {
            ([(CONTENT_TYPE, "application/json")], published.octets).into_response()
        }
        Ok(None) => caller.refuse(Cause::NoUpdate),
        Err(error) => {
            tracing::error!(service = %service.key, %error, "the update manifest cannot be read");
            caller.refuse(Cause::Unavailable)
        }
    }
}
