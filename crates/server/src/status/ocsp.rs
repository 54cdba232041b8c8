use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt, Limited};
use tegata_ca::{OcspAnswer, OcspError};
use tegata_registrar::{AnswerError, SharedAnswer};

use super::{Status, cached};

const TYPE: &str = "application/ocsp-response";

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
        _ => return plain(tegata_ca::ocsp_malformed()),
    };
    match answer(&status, &issuer, &request) {
        // A POST is not cached by anyone, but the reader may keep the answer itself.
        Ok(shared) => plain(shared.answer.der.clone()),
        Err(response) => *response,
    }
}

/// Longest time for which others may give an answer again without asking, in seconds: the
/// answer itself is good for longer, but a revocation should be known soon.
const MOST_AGE: i64 = 300;

/// OCSP over GET: the request as base64 in the path (RFC 6960 appendix A.1, RFC 5019 §5).
pub(super) async fn get(
    State(status): State<Status>,
    Path((issuer, encoded)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let Ok(request) = STANDARD.decode(encoded.as_bytes()) else {
        return plain(tegata_ca::ocsp_malformed());
    };
    match answer(&status, &issuer, &request) {
        Ok(shared) if shared.answer.shareable.is_some() => {
            let OcspAnswer { next_update, der, .. } = &shared.answer;
            let left = next_update.duration_since(status.registrar.now()).as_secs();
            let age = left.clamp(0, MOST_AGE);
            let body = ([(header::CONTENT_TYPE, TYPE)], Bytes::copy_from_slice(der));
            cached(&headers, &shared.etag, [&shared.last_modified, &shared.expires], age, body)
        }
        Ok(shared) => plain(shared.answer.der.clone()),
        Err(response) => *response,
    }
}

fn answer(
    status: &Status,
    issuer: &str,
    request: &[u8],
) -> Result<Arc<SharedAnswer>, Box<Response>> {
    // The keyring is held, not copied: this is the way that everybody walks.
    let keyring = status.registrar.keyring();
    let Some(ca) = keyring.authorities().find(|ca| ca.name.as_str() == issuer) else {
        return Err(Box::new(StatusCode::NOT_FOUND.into_response()));
    };
    status.registrar.answer(ca, request).map_err(|error| match error {
        AnswerError::Ocsp(OcspError::Malformed) => Box::new(plain(tegata_ca::ocsp_malformed())),
        _ if ca.parent.is_none() => Box::new(plain(tegata_ca::ocsp_unauthorized())), // a root
        error => {
            tracing::error!(%error, "no OCSP answer");
            Box::new(plain(tegata_ca::ocsp_try_later()))
        }
    })
}

/// An answer for whoever asked and nobody else.
fn plain(der: Vec<u8>) -> Response {
    let headers = [(header::CONTENT_TYPE, TYPE), (header::CACHE_CONTROL, "no-store")];
    (headers, der).into_response()
}
