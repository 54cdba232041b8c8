use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt, Limited};
use tegata_ca::OcspError;
use tegata_registrar::AnswerError;

use super::Status;

/// Time for the whole of a request's body.
const PATIENCE: Duration = Duration::from_secs(10);

/// OCSP over POST (RFC 6960 appendix A.1).
pub(super) async fn post(
    State(status): State<Status>,
    Path(issuer): Path<String>,
    body: Body,
) -> Response {
    let body = Limited::new(body, tegata_ca::MAX_OCSP_REQUEST).collect();
    let request: Bytes = match tokio::time::timeout(PATIENCE, body).await {
        Ok(Ok(collected)) => collected.to_bytes(),
        _ => return malformed(),
    };
    answer(&status, &issuer, &request, "no-store")
}

/// OCSP over GET: the request as base64 in the path (RFC 6960 appendix A.1).
pub(super) async fn get(
    State(status): State<Status>,
    Path((issuer, encoded)): Path<(String, String)>,
) -> Response {
    match STANDARD.decode(encoded.as_bytes()) {
        Ok(request) => answer(&status, &issuer, &request, "public, max-age=60"),
        Err(_) => malformed(),
    }
}

fn answer(status: &Status, issuer: &str, request: &[u8], caching: &'static str) -> Response {
    let Some(ca) = status.authority(issuer, "") else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match status.registrar.answer(ca, request) {
        Ok(der) => respond(der, caching),
        Err(AnswerError::Ocsp(OcspError::Malformed)) => malformed(),
        Err(error) => {
            tracing::error!(%error, "no OCSP answer");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

fn malformed() -> Response {
    respond(tegata_ca::ocsp_malformed(), "no-store")
}

fn respond(der: Vec<u8>, caching: &'static str) -> Response {
    let headers =
        [(header::CONTENT_TYPE, "application/ocsp-response"), (header::CACHE_CONTROL, caching)];
    (headers, der).into_response()
}
