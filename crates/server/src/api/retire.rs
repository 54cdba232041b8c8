use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use tegata_registrar::RetireError;
use tegata_wire::api::{RetireRequest, Retired};

use super::problem::{Caller, Cause};
use super::scope::Scope;
use super::{Api, body};

/// Retires the certificate whose key signed the request: it was renewed, and whoever holds both
/// does not need it any more.
///
/// The same request gets the same answer.
#[utoipa::path(
    post,
    path = "/retire",
    request_body = RetireRequest,
    responses(
        (status = 200, description = "the certificate is revoked, its successor stands", body = Retired),
        (status = 400, description = "not readable", body = tegata_wire::Problem, content_type = "application/problem+json"),
        (status = 403, description = "not signed by a certificate of this service, or no live certificate takes its place", body = tegata_wire::Problem, content_type = "application/problem+json"),
        (status = 404, description = "no such service", body = tegata_wire::Problem, content_type = "application/problem+json"),
        (status = 413, description = "too large", body = tegata_wire::Problem, content_type = "application/problem+json"),
        (status = 429, description = "too many requests; see Retry-After", body = tegata_wire::Problem, content_type = "application/problem+json"),
        (status = 503, description = "nothing was changed; see Retry-After", body = tegata_wire::Problem, content_type = "application/problem+json")
    )
)]
pub(super) async fn retire(State(api): State<Api>, scope: Scope, body: Body) -> Response {
    let Scope { service, caller } = scope;
    match attempt(&api, &service, &caller, body).await {
        Ok(retired) => Json(retired).into_response(),
        Err(cause) => caller.refuse(cause),
    }
}

async fn attempt(
    api: &Api,
    service: &tegata_registrar::Service,
    caller: &Caller,
    body: Body,
) -> Result<Retired, Cause> {
    let request: RetireRequest = body::json(body).await?;
    let signed = body::signed(request.request)?;
    let reference = &caller.reference;
    let refused = |error: RetireError| {
        tracing::info!(%reference, %error, "nothing retired");
        Cause::from(&error)
    };
    let proven = api.registrar.prove_retirement(service, signed).await;
    let proven = proven.map_err(refused)?;
    api.limits.holder(&service.key, proven.user_id()).map_err(Cause::TooMany)?;
    let retired = api.registrar.retire_proven(proven, reference).await.map_err(refused)?;
    Ok(Retired {
        user_id: retired.user_id.to_string(),
        serial: retired.serial,
        successor: retired.successor,
        retired_at: retired.at,
    })
}
