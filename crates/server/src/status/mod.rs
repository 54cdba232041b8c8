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
use tegata_store::AuthorityId;
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
    /// Row number and certificate of the CA that a file such as `SB0001002C.crl` belongs to,
    /// wherever its key is.
    fn of_record(&self, file: &str, extension: &str) -> Option<(AuthorityId, &[u8])> {
        if let Some(ca) = self.authority(file, extension) {
            return Some((ca.id, ca.authority.certificate()));
        }
        let name = file.strip_suffix(extension)?;
        let offline = self.registrar.keyring().offline();
        let found = offline.iter().find(|ca| ca.name.as_str() == name)?;
        Some((found.id, &found.certificate))
    }

    /// The CA with its key that a file such as `SB0001002C.crl` belongs to.
    fn authority(&self, file: &str, extension: &str) -> Option<&IssuingCa> {
        let name = file.strip_suffix(extension)?;
        let issuer: Issuer = name.parse().ok()?;
        let found = self.registrar.keyring().authorities().find(|ca| ca.name == issuer)?;
        (found.name.as_str() == name).then_some(found)
    }
}
