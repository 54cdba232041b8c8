use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::Status;

/// A CA certificate, DER (RFC 5280 §4.2.2.1, RFC 2585 §4.1).
pub(super) async fn show(State(status): State<Status>, Path(file): Path<String>) -> Response {
    match status.of_record(&file, ".cer") {
        Some((_, certificate)) => (
            [
                (header::CONTENT_TYPE, "application/pkix-cert"),
                (header::CACHE_CONTROL, "public, max-age=86400"),
            ],
            certificate,
        )
            .into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
