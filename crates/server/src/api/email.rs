use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use tegata_domain::Email;
use tegata_registrar::AskEmailError;
use tegata_wire::api::{EmailAsked, EmailRequest};

use super::problem::{Caller, Cause};
use super::scope::Scope;
use super::{Api, body};

/// Asks for another e-mail address, in the name of the holder of a certificate.
///
/// A mail with a link goes to the new address; until its button is pressed the one before stays. Who
/// reads that one is told then.
#[utoipa::path(
    post,
    path = "/email",
    request_body = EmailRequest,
    responses(
        (status = 200, description = "a mail with a link is on its way", body = EmailAsked),
        (status = 400, description = "not readable", body = tegata_wire::Problem, content_type = "application/problem+json"),
        (status = 403, description = "not signed by a certificate of this service, that certificate is not good, or the clock is wrong", body = tegata_wire::Problem, content_type = "application/problem+json"),
        (status = 404, description = "no such service", body = tegata_wire::Problem, content_type = "application/problem+json"),
        (status = 409, description = "the address is registered already, or a later request was taken up", body = tegata_wire::Problem, content_type = "application/problem+json"),
        (status = 413, description = "too large", body = tegata_wire::Problem, content_type = "application/problem+json"),
        (status = 422, description = "not an address that is accepted", body = tegata_wire::Problem, content_type = "application/problem+json"),
        (status = 429, description = "too many requests; see Retry-After", body = tegata_wire::Problem, content_type = "application/problem+json"),
        (status = 503, description = "nothing was changed; see Retry-After", body = tegata_wire::Problem, content_type = "application/problem+json")
    )
)]
pub(super) async fn ask(State(api): State<Api>, scope: Scope, body: Body) -> Response {
    let Scope { service, caller } = scope;
    match attempt(&api, &service, &caller, body).await {
        Ok(asked) => Json(asked).into_response(),
        Err(cause) => caller.refuse(cause),
    }
}

async fn attempt(
    api: &Api,
    service: &tegata_registrar::Service,
    caller: &Caller,
    body: Body,
) -> Result<EmailAsked, Cause> {
    let request: EmailRequest = body::json(body).await?;
    let signed = body::signed(request.request)?;
    let email: Email = request.email.parse().map_err(|_| Cause::Email)?;
    let (registrar, reference) = (&api.registrar, &caller.reference);
    let refused = |error: AskEmailError| {
        tracing::info!(%reference, %error, "no e-mail asked for");
        Cause::of_email(&error, registrar.now())
    };
    let proven =
        registrar.prove_email(service, signed, (email, request.at)).await.map_err(refused)?;
    api.limits.holder(&service.key, proven.user_id()).map_err(Cause::TooMany)?;
    let asked = registrar.ask_email_proven(service, proven, caller.lang, reference).await;
    let asked = asked.map_err(refused)?;
    Ok(EmailAsked { user_id: asked.user_id.to_string(), email: asked.new.to_string() })
}
