use std::time::Duration;

use axum::body::Body;
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use tegata_ca::MAX_RENEWAL;
use tegata_wire::Der;

use super::problem::Cause;

/// Most octets of a request body: base64 of the largest PKCS#10 request and room for the rest.
pub(super) const MAX_BODY: usize = 32 * 1024;

/// How far a body that is too long is read on, and forgotten: a client that writes everything
/// before it reads would meet a closed connection instead of the refusal.
const READ_ON: usize = 4 * 1024 * 1024;

/// Time for the whole of a body.
const PATIENCE: Duration = Duration::from_secs(20);

/// Reads a JSON body within the limit.
pub(super) async fn json<T: DeserializeOwned>(body: Body) -> Result<T, Cause> {
    let octets = tokio::time::timeout(PATIENCE, octets(body)).await;
    let octets = octets.map_err(|_| Cause::Malformed)??;
    serde_json::from_slice(&octets).map_err(|_| Cause::Malformed)
}

/// The octets of what the key of a certificate signed, within their own limit.
pub(super) fn signed(request: Der) -> Result<Vec<u8>, Cause> {
    if request.0.len() <= MAX_RENEWAL { Ok(request.0) } else { Err(Cause::TooLarge) }
}

async fn octets(mut body: Body) -> Result<Vec<u8>, Cause> {
    let (mut octets, mut read) = (Vec::new(), 0);
    while let Some(frame) = body.frame().await {
        // Trailers say nothing here.
        let Ok(data) = frame.map_err(|_| Cause::Malformed)?.into_data() else { continue };
        read += data.len();
        if read <= MAX_BODY {
            octets.extend_from_slice(&data);
        } else if read > READ_ON {
            break;
        }
    }
    if read <= MAX_BODY { Ok(octets) } else { Err(Cause::TooLarge) }
}
