use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use tegata_domain::renewal_opens_at;
use tegata_registrar::{Enrollment, Issuance, Service};
use tegata_wire::Der;
use tegata_wire::api::{EnrollRequest, Issued};

use super::problem::{Caller, Cause};
use super::scope::Scope;
use super::{Api, body, chain};

/// Issues a certificate to the holder of an initial password.
///
/// The same request, with the same key, gets the same certificate for 24 hours.
#[utoipa::path(
    post,
    path = "/enroll",
    request_body = EnrollRequest,
    responses(
        (status = 200, description = "the certificate with its chain", body = Issued),
        (status = 400, description = "not readable", body = tegata_wire::Problem, content_type = "application/problem+json"),
        (status = 403, description = "user ID and initial password do not permit it; the cause is never told", body = tegata_wire::Problem, content_type = "application/problem+json"),
        (status = 404, description = "no such service", body = tegata_wire::Problem, content_type = "application/problem+json"),
        (status = 409, description = "the key is another's, or an issuance is under way", body = tegata_wire::Problem, content_type = "application/problem+json"),
        (status = 413, description = "too large", body = tegata_wire::Problem, content_type = "application/problem+json"),
        (status = 422, description = "e-mail or key not acceptable", body = tegata_wire::Problem, content_type = "application/problem+json"),
        (status = 429, description = "too many requests; see Retry-After", body = tegata_wire::Problem, content_type = "application/problem+json"),
        (status = 503, description = "nothing was issued or consumed; see Retry-After", body = tegata_wire::Problem, content_type = "application/problem+json")
    )
)]
pub(super) async fn enroll(State(api): State<Api>, scope: Scope, body: Body) -> Response {
    let Scope { service, caller } = scope;
    match attempt(&api, &service, &caller, body).await {
        Ok(issuance) => Json(issued(&service, issuance)).into_response(),
        Err(cause) => caller.refuse(cause),
    }
}

async fn attempt(
    api: &Api,
    service: &std::sync::Arc<Service>,
    caller: &Caller,
    body: Body,
) -> Result<Issuance, Cause> {
    let request: EnrollRequest = body::json(body).await?;
    if request.request.0.len() > tegata_ca::MAX_REQUEST {
        return Err(Cause::TooLarge);
    }
    let email = request.email.parse().map_err(|_| Cause::Email)?;
    api.limits.user_id(&request.user_id).map_err(Cause::TooMany)?;
    let enrollment = Enrollment {
        user_id: request.user_id,
        password: request.password,
        email,
        request: request.request.0,
        lang: caller.lang,
        unattended: request.unattended,
    };
    // A caller that hangs up does not stop what was begun: the issuance ends on its own task.
    let (registrar, service, reference) =
        (api.registrar.clone(), service.clone(), caller.reference.clone());
    let ended = tokio::spawn(async move {
        let outcome = registrar.enroll(&service, enrollment, &reference).await;
        if let Err(error) = &outcome {
            tracing::info!(%reference, %error, "nothing issued");
        }
        outcome
    })
    .await;
    match ended {
        Ok(outcome) => outcome.map_err(|error| Cause::from(&error)),
        Err(_) => Err(Cause::Unavailable),
    }
}

fn issued(service: &Service, issuance: Issuance) -> Issued {
    let not_after = issuance.validity.not_after;
    Issued {
        user_id: issuance.user_id.to_string(),
        serial: issuance.serial,
        not_before: issuance.validity.not_before,
        not_after,
        renewable_from: renewal_opens_at(not_after, service.lifecycle.renewal_window),
        email: issuance.email.to_string(),
        certificate: Der(issuance.certificate),
        chain: chain(service, issuance.authority),
    }
}
