use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::fmt::rfc2822::DateTimePrinter;
use tegata_store::{AuthorityId, CrlScope, PublishedCrl, StoreError, View};

use super::{Status, cached};

/// The octets of the CRLs that were asked for, with their numbers: one copy for all readers.
#[derive(Clone, Default)]
pub(super) struct Shown(Arc<Mutex<Numbered>>);

/// Full CRLs and deltas, each with its number.
type Numbered = HashMap<(CrlScope, bool), (u64, Bytes)>;

/// The CRL over everything that a CA issued: `/crl/{issuer}.crl`.
pub(super) async fn complete(
    State(status): State<Status>,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Response {
    show(&status, status.of_record(&file, ".crl"), Some(0), false, &headers)
}

/// The CRL of a shard, `/crl/{issuer}/{shard}.crl`, or the delta over everything,
/// `/crl/{issuer}/delta.crl`.
pub(super) async fn shard(
    State(status): State<Status>,
    Path((issuer, file)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let ca = status.of_record(&issuer, "");
    if file == "delta.crl" {
        return show(&status, ca, Some(0), true, &headers);
    }
    show(&status, ca, file.strip_suffix(".crl").and_then(number), false, &headers)
}

/// The delta of a shard: `/crl/{issuer}/{shard}/delta.crl`.
pub(super) async fn delta(
    State(status): State<Status>,
    Path((issuer, shard)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    show(&status, status.of_record(&issuer, ""), number(&shard), true, &headers)
}

/// One spelling only: what is cached once is not asked for under other names.
fn number(text: &str) -> Option<u32> {
    let number: u32 = text.parse().ok()?;
    (number > 0 && number.to_string() == text).then_some(number)
}

fn show(
    status: &Status,
    ca: Option<(AuthorityId, Vec<u8>)>,
    shard: Option<u32>,
    delta: bool,
    headers: &HeaderMap,
) -> Response {
    let Some(((authority, _), shard)) = ca.zip(shard) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let scope = CrlScope { authority, shard };
    match find(status, scope, delta) {
        Ok(Some((crl, octets))) => {
            let etag = format!("\"{}\"", crl.number);
            let date =
                |at| DateTimePrinter::new().timestamp_to_rfc9110_string(at).unwrap_or_default();
            let (published, due) = (date(&crl.this_update), date(&crl.next_update));
            // A change is on the next CRL within seconds; nobody should sit on an old one.
            let age = if delta { 10 } else { 60 };
            let kind = (header::CONTENT_TYPE, "application/pkix-crl");
            cached(headers, &etag, [&published, &due], age, (([kind]), octets))
        }
        Ok(None) => not_yet(status, scope),
        Err(error) => {
            tracing::error!(%error, "cannot read a CRL");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

/// A shard that exists gets its CRL any moment.
fn not_yet(status: &Status, scope: CrlScope) -> Response {
    match status.registrar.store().read(|view: View<'_>| view.shard_address(scope)) {
        Ok(None) if scope.shard > 0 => StatusCode::NOT_FOUND,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    }
    .into_response()
}

fn find(
    status: &Status,
    scope: CrlScope,
    delta: bool,
) -> Result<Option<(PublishedCrl, Bytes)>, StoreError> {
    let store = status.registrar.store();
    let Some(head) = store.read(|view: View<'_>| view.published_crl_head(scope, delta))? else {
        return Ok(None);
    };
    let shown = || status.crls.0.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((number, octets)) = shown().get(&(scope, delta))
        && *number == head.number
    {
        return Ok(Some((head, octets.clone())));
    }
    let Some(crl) = store.read(|view: View<'_>| view.published_crl(scope, delta))? else {
        return Ok(None);
    };
    let octets = Bytes::from(crl.der);
    shown().insert((scope, delta), (crl.number, octets.clone()));
    Ok(Some((PublishedCrl { der: Vec::new(), ..crl }, octets)))
}
