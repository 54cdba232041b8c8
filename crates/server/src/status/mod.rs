//! Status over plain HTTP: CRLs, OCSP, CA certificates, and the revocation feed of the gateways.
//! Everything here is signed by itself.

mod aia;
mod crl;
mod feed;
mod ocsp;

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get, post};
use tegata_domain::Issuer;
use tegata_registrar::{IssuingCa, Registrar};
use tokio::sync::watch;

/// What the handlers share.
#[derive(Clone)]
pub struct Status {
    /// Use cases.
    pub registrar: Arc<Registrar>,
    /// Changes after every commit of anyone.
    pub changed: watch::Receiver<i64>,
}

/// The routes of the status addresses.
pub fn router(status: Status) -> Router {
    Router::new()
        .route("/crl/{file}", get(crl::show))
        .route("/aia/{file}", get(aia::show))
        .route("/ocsp/{issuer}", post(ocsp::post))
        .route("/ocsp/{issuer}/{*request}", get(ocsp::get))
        .route("/feed/{tenant}/{issuer}", get(feed::show))
        .fallback(|| async { StatusCode::NOT_FOUND })
        .with_state(status)
}

impl Status {
    /// The CA that a file such as `SB0001002C.crl` belongs to.
    fn authority(&self, file: &str, extension: &str) -> Option<&IssuingCa> {
        let name = file.strip_suffix(extension)?;
        let issuer: Issuer = name.parse().ok()?;
        let found = self.registrar.keyring().authorities().find(|ca| ca.name == issuer)?;
        (found.name.as_str() == name).then_some(found)
    }
}
