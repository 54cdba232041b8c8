use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use tegata_store::View;

use super::Status;

/// The CRL of a CA, DER (RFC 2585 §4.2). Caches may keep it for a minute: what is revoked must
/// be known soon.
pub(super) async fn show(State(status): State<Status>, Path(file): Path<String>) -> Response {
    let Some((id, _)) = status.of_record(&file, ".crl") else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let crl = status.registrar.store().read(|view: View<'_>| view.published_crl(id));
    match crl {
        Ok(Some(crl)) => (
            [
                (header::CONTENT_TYPE, "application/pkix-crl"),
                (header::CACHE_CONTROL, "public, max-age=60"),
            ],
            crl.der,
        )
            .into_response(),
        Ok(None) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Err(error) => {
            tracing::error!(%error, "cannot read a CRL");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}
