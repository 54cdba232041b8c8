use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use tegata_wire::api::{LinkAnswer, LinkRequest};

use super::problem::Cause;
use super::scope::Scope;
use super::{Api, body};
use crate::link::LinkRefused;

/// Redeems the nonce of a link that started the application.
///
/// It works once, and not for long. Who has none, or one that is refused, misses nothing: the
/// same can be chosen in the application.
#[utoipa::path(
    post,
    path = "/link",
    operation_id = "link",
    request_body = LinkRequest,
    responses(
        (status = 200, description = "what the link was made for", body = LinkAnswer),
        (status = 400, description = "not readable", body = tegata_wire::Problem, content_type = "application/problem+json"),
        (status = 403, description = "not a link of this service, run out, or used", body = tegata_wire::Problem, content_type = "application/problem+json"),
        (status = 404, description = "no such service", body = tegata_wire::Problem, content_type = "application/problem+json"),
        (status = 413, description = "too large", body = tegata_wire::Problem, content_type = "application/problem+json"),
        (status = 429, description = "too many requests; see Retry-After", body = tegata_wire::Problem, content_type = "application/problem+json"),
        (status = 503, description = "too many links at once; see Retry-After", body = tegata_wire::Problem, content_type = "application/problem+json")
    )
)]
pub(super) async fn redeem(State(api): State<Api>, scope: Scope, body: Body) -> Response {
    let Scope { service, caller } = scope;
    let request: LinkRequest = match body::json(body).await {
        Ok(request) => request,
        Err(cause) => return caller.refuse(cause),
    };
    match api.links.redeem(&service.key, &request.nonce) {
        Ok((task, lang)) => {
            Json(LinkAnswer { task, language: lang.code().to_owned() }).into_response()
        }
        Err(LinkRefused::NotValid) => caller.refuse(Cause::Link),
        Err(LinkRefused::Busy) => caller.refuse(Cause::Unavailable),
    }
}
