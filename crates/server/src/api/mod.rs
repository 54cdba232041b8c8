//! The application interface: `/api/v1/{tenant}/{issuer}/…`.

mod body;
mod email;
mod enroll;
mod info;
mod link;
mod openapi;
mod problem;
mod renew;
mod retire;
mod scope;
#[cfg(test)]
mod tests;
mod trust;
mod update;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{get, post};
use tegata_registrar::{Registrar, Service};
use tegata_store::AuthorityId;
use tegata_wire::Der;

use crate::limits::Limits;
use crate::link::Links;
use crate::updates::Updates;
use problem::{Caller, Cause};

/// What the handlers share.
#[derive(Clone)]
pub struct Api {
    /// Use cases.
    pub registrar: Arc<Registrar>,
    /// How often who may ask.
    pub limits: Arc<Limits>,
    /// Links of the issuing site.
    pub(crate) links: Arc<Links>,
    /// What the operator has published.
    pub updates: Updates,
}

/// The routes of the application interface.
pub fn router(api: Api) -> Router {
    Router::new()
        .route("/{tenant}/{issuer}/service", get(info::show))
        .route("/{tenant}/{issuer}/trust", get(trust::show))
        .route("/{tenant}/{issuer}/enroll", post(enroll::enroll))
        .route("/{tenant}/{issuer}/renew", post(renew::renew))
        .route("/{tenant}/{issuer}/retire", post(retire::retire))
        .route("/{tenant}/{issuer}/email", post(email::ask))
        .route("/{tenant}/{issuer}/link", post(link::redeem))
        .route("/{tenant}/{issuer}/update", get(update::show))
        .route("/{tenant}/{issuer}/openapi.json", get(openapi::show))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(api)
        .layer(from_fn(protect))
}

/// The CA that issued a certificate and its root, in this order.
fn chain(service: &Service, authority: AuthorityId) -> Vec<Der> {
    let issuer = service.issuing.iter().find(|ca| ca.id == authority);
    issuer
        .map(|ca| Der(ca.authority.certificate().to_vec()))
        .into_iter()
        .chain([Der(service.root.clone())])
        .collect()
}

async fn not_found(caller: Caller) -> Response {
    caller.refuse(Cause::NotFound)
}

async fn method_not_allowed(caller: Caller) -> Response {
    caller.refuse(Cause::Method)
}

/// Answers are for programs: never stored, never guessed at, never framed.
async fn protect(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
