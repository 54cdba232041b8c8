//! Status over plain HTTP: CRLs, OCSP, CA certificates, the revocation feed of the gateways, and
//! what they report. Everything here is signed by itself, reports by the gateway that sends them.

mod aia;
mod crl;
mod feed;
mod ocsp;
mod receipt;
mod used;

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tegata_domain::Issuer;
use tegata_registrar::{AnchorHead, IssuingCa, Registrar};
use tegata_store::AuthorityId;
use tokio::sync::watch;

/// What the handlers share.
#[derive(Clone)]
pub struct Status {
    /// Use cases.
    pub registrar: Arc<Registrar>,
    /// Changes after every commit of anyone.
    pub changed: watch::Receiver<i64>,
    /// Told when a gateway proves that the database is not the one it was.
    distrust: watch::Sender<Option<AnchorHead>>,
    crls: crl::Shown,
}

/// The routes of the status addresses.
pub fn router(status: Status) -> Router {
    Router::new()
        .route("/crl/{file}", get(crl::complete))
        .route("/crl/{issuer}/{file}", get(crl::shard))
        .route("/crl/{issuer}/{shard}/delta.crl", get(crl::delta))
        .route("/aia/{file}", get(aia::show))
        .route("/ocsp/{issuer}", post(ocsp::post))
        .route("/ocsp/{issuer}/{*request}", get(ocsp::get))
        .route("/feed/{tenant}/{issuer}", get(feed::show))
        .route("/feed/{tenant}/{issuer}/used", post(used::take))
        .fallback(|| async { StatusCode::NOT_FOUND })
        .with_state(status)
}

impl Status {
    /// Puts the handlers' state together; `changed` gets a new value after every commit.
    /// `distrust` is told when a gateway proves that the database is not the one it was.
    pub fn new(
        registrar: Arc<Registrar>,
        changed: watch::Receiver<i64>,
        distrust: watch::Sender<Option<AnchorHead>>,
    ) -> Self {
        Self { registrar, changed, distrust, crls: crl::Shown::default() }
    }

    /// Row number and certificate of the CA that a file such as `SB0001002C.crl` belongs to,
    /// wherever its key is.
    fn of_record(&self, file: &str, extension: &str) -> Option<(AuthorityId, Vec<u8>)> {
        if let Some(ca) = self.authority(file, extension) {
            return Some((ca.id, ca.authority.certificate().to_vec()));
        }
        let name = file.strip_suffix(extension)?;
        let keyring = self.registrar.keyring();
        let found = keyring.offline().iter().find(|ca| ca.name.as_str() == name)?;
        Some((found.id, found.certificate.clone()))
    }

    /// The CA with its key that a file such as `SB0001002C.crl` belongs to.
    fn authority(&self, file: &str, extension: &str) -> Option<IssuingCa> {
        let name = file.strip_suffix(extension)?;
        let issuer: Issuer = name.parse().ok()?;
        let keyring = self.registrar.keyring();
        let found = keyring.authorities().find(|ca| ca.name == issuer)?;
        (found.name.as_str() == name).then(|| found.clone())
    }
}

/// A signed object with the caching that RFC 5019 §6.2 asks for: good until `due`, kept for
/// `age` seconds at most without asking, and not sent again to a reader that has it.
fn cached(
    asked: &HeaderMap,
    etag: &str,
    [published, due]: [&str; 2],
    age: i64,
    body: impl IntoResponse,
) -> Response {
    let control = format!("max-age={age}, public, no-transform, must-revalidate");
    let headers = [
        (header::ETAG, etag),
        (header::CACHE_CONTROL, &control),
        (header::LAST_MODIFIED, published),
        (header::EXPIRES, due),
    ];
    let known = asked.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let known = known.is_some_and(|list| list.split(',').any(|tag| tag.trim() == etag));
    let mut response =
        if known { StatusCode::NOT_MODIFIED.into_response() } else { body.into_response() };
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
