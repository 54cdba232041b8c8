use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use tegata_domain::renewal_opens_at;
use tegata_registrar::Service;
use tegata_wire::Der;
use tegata_wire::api::{RenewRequest, Renewed};

use super::problem::{Caller, Cause};
use super::scope::Scope;
use super::{Api, body, chain};

/// Renews the certificate whose key signed the request.
///
/// The same request gets the same certificate, for as long as it is good.
#[utoipa::path(
    post,
    path = "/renew",
    request_body = RenewRequest,
    responses(
        (status = 200, description = "the certificate with its chain", body = Renewed),
        (status = 400, description = "not readable", body = tegata_wire::Problem, content_type = "application/problem+json"),
        (status = 403, description = "not signed by a certificate of this service, or that certificate cannot be renewed now", body = tegata_wire::Problem, content_type = "application/problem+json"),
        (status = 404, description = "no such service", body = tegata_wire::Problem, content_type = "application/problem+json"),
        (status = 409, description = "the key is in use, or an issuance is under way", body = tegata_wire::Problem, content_type = "application/problem+json"),
        (status = 413, description = "too large", body = tegata_wire::Problem, content_type = "application/problem+json"),
        (status = 422, description = "key not acceptable", body = tegata_wire::Problem, content_type = "application/problem+json"),
        (status = 429, description = "too many requests; see Retry-After", body = tegata_wire::Problem, content_type = "application/problem+json"),
        (status = 503, description = "nothing was renewed; see Retry-After", body = tegata_wire::Problem, content_type = "application/problem+json")
    )
)]
pub(super) async fn renew(State(api): State<Api>, scope: Scope, body: Body) -> Response {
    let Scope { service, caller } = scope;
    match attempt(&api, &service, &caller, body).await {
        Ok(renewed) => Json(answer(&service, renewed)).into_response(),
        Err(cause) => caller.refuse(cause),
    }
}

async fn attempt(
    api: &Api,
    service: &std::sync::Arc<Service>,
    caller: &Caller,
    body: Body,
) -> Result<tegata_registrar::Renewed, Cause> {
    let request: RenewRequest = body::json(body).await?;
    let signed = body::signed(request.request)?;
    let zone = service.time_zone.clone();
    let (registrar, service, reference) =
        (api.registrar.clone(), service.clone(), caller.reference.clone());
    let proven = registrar.prove_renewal(&service, signed).await;
    let proven = proven.map_err(|error| {
        tracing::info!(%reference, %error, "nothing renewed");
        Cause::of_renewal(&error, &zone)
    })?;
    api.limits.holder(&service.key, proven.user_id()).map_err(Cause::TooMany)?;
    // A caller that hangs up does not stop what was begun: the renewal ends on its own task.
    let ended = tokio::spawn(async move {
        let outcome =
            registrar.renew_proven(&service, proven, request.unattended, &reference).await;
        if let Err(error) = &outcome {
            tracing::info!(%reference, %error, "nothing renewed");
        }
        outcome
    })
    .await;
    match ended {
        Ok(outcome) => outcome.map_err(|error| Cause::of_renewal(&error, &zone)),
        Err(_) => Err(Cause::Unavailable),
    }
}

fn answer(service: &Service, renewed: tegata_registrar::Renewed) -> Renewed {
    let not_after = renewed.validity.not_after;
    Renewed {
        user_id: renewed.user_id.to_string(),
        serial: renewed.serial,
        replaces: renewed.replaces,
        not_before: renewed.validity.not_before,
        not_after,
        renewable_from: renewal_opens_at(not_after, service.lifecycle.renewal_window),
        email: renewed.email.map(|email| email.to_string()),
        certificate: Der(renewed.certificate),
        chain: chain(service, renewed.authority),
    }
}
