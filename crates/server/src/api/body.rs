use axum::body::Body;
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use super::problem::Cause;

/// Most octets of a request body: base64 of the largest PKCS#10 request and room for the rest.
pub(super) const MAX_BODY: usize = 32 * 1024;

/// Reads a JSON body within the limit.
pub(super) async fn json<T: DeserializeOwned>(body: Body) -> Result<T, Cause> {
    let octets: Bytes = match Limited::new(body, MAX_BODY).collect().await {
        Ok(collected) => collected.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return Err(Cause::TooLarge),
        Err(_) => return Err(Cause::Malformed),
    };
    serde_json::from_slice(&octets).map_err(|_| Cause::Malformed)
}
