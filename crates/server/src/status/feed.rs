use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tegata_domain::ServiceKey;
use tegata_registrar::{PublishError, Service};
use tegata_store::{StoreError, View};
use tegata_wire::feed::{CONTENT_TYPE, Change, MAX_CHANGES, Page};
use tokio::time::Instant;

use super::Status;
use super::receipt::{self, Receipt};

/// Longest wait for news that a reader may ask for, in seconds.
const MAX_WAIT: u64 = 30;

#[derive(Deserialize)]
pub(super) struct Question {
    #[serde(default)]
    after: u64,
    #[serde(default)]
    wait: u64,
    #[serde(default)]
    receipt: String,
}

/// What changed behind position `after`; waits up to `wait` seconds until something did.
pub(super) async fn show(
    State(mut status): State<Status>,
    Path((tenant, issuer)): Path<(String, String)>,
    Query(question): Query<Question>,
) -> Response {
    let key: Option<ServiceKey> = format!("{tenant}/{issuer}").parse().ok();
    let Some(service) = key.and_then(|key| status.registrar.keyring().service(&key).cloned())
    else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let feed = status.registrar.keyring();
    let receipt = Receipt::read(&question.receipt, &service, feed.feed());
    if let Some(refused) = receipt.as_ref().and_then(|receipt| distrust(&status, receipt)) {
        return refused;
    }
    let mut service = service;
    let deadline = Instant::now() + Duration::from_secs(question.wait.min(MAX_WAIT));
    let mut replaced = status.registrar.replaced();
    let mut ending = false;
    loop {
        status.changed.mark_unchanged();
        replaced.mark_unchanged();
        let page = match status.registrar.feed(&service, question.after, MAX_CHANGES) {
            Ok(Ok(page)) => page,
            Ok(Err(behind)) => {
                tracing::error!(service = %service.key, %behind, "the database was rolled back");
                return (StatusCode::CONFLICT, behind.to_string()).into_response();
            }
            Err(error) => {
                tracing::error!(%error, "cannot read the feed");
                return StatusCode::SERVICE_UNAVAILABLE.into_response();
            }
        };
        // A reader that knows other CAs than there are now gets its answer at once.
        service = status.registrar.keyring().service(&service.key).cloned().unwrap_or(service);
        let stands =
            receipt.as_ref().is_none_or(|r| r.authorities == receipt::authorities(&service));
        let waiting = page.changes.is_empty() && stands;
        if !waiting || ending || Instant::now() >= deadline {
            return match signed(&status, &service, page) {
                Ok(octets) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], octets).into_response(),
                Err(error) => {
                    tracing::error!(%error, "cannot sign the feed");
                    StatusCode::SERVICE_UNAVAILABLE.into_response()
                }
            };
        }
        // News, the deadline, and the end of this server all lead to another look.
        let news = async {
            tokio::select! {
                news = status.changed.changed() => news.is_err(),
                news = replaced.changed() => news.is_err(),
            }
        };
        ending = tokio::time::timeout_at(deadline, news).await.unwrap_or(false);
    }
}

/// Refuses a reader that proves that this database is not the one it was, and with it everyone
/// who wants something signed.
fn distrust(status: &Status, receipt: &Receipt) -> Option<Response> {
    match status.registrar.check_anchor(&receipt.head()) {
        Ok(Ok(())) => None,
        Ok(Err(rollback)) => {
            tracing::error!(%rollback, "a gateway shows what this database does not know");
            let sentence = rollback.to_string();
            status.distrust.send_replace(Some(receipt.head()));
            status.registrar.distrust(sentence.clone());
            Some((StatusCode::CONFLICT, sentence).into_response())
        }
        Err(error) => {
            tracing::error!(%error, "cannot read the database");
            Some(StatusCode::SERVICE_UNAVAILABLE.into_response())
        }
    }
}

fn signed(
    status: &Status,
    service: &Service,
    page: tegata_registrar::FeedPage,
) -> Result<Vec<u8>, PublishError> {
    let (head, epoch) = status
        .registrar
        .store()
        .read(|view: View<'_>| Ok::<_, StoreError>((view.audit_head()?, view.epoch()?)))?;
    let receipt = Receipt {
        epoch,
        position: page.position,
        audit_seq: head.seq,
        audit_hash: head.hash,
        authorities: receipt::authorities(service),
    };
    let keyring = status.registrar.keyring();
    let signed = Page {
        service: service.key.to_string(),
        after: page.after,
        position: page.position,
        at: page.at,
        complete: page.complete,
        receipt: receipt.signed(service, keyring.feed())?,
        authorities: service.trusted().map(|ca| ca.authority.certificate().to_vec()).collect(),
        changes: page
            .changes
            .into_iter()
            .map(|(serial, status)| Change { serial, status })
            .collect(),
    }
    .to_signed_octets();
    let mut octets = keyring.feed().sign(&signed)?;
    octets.extend_from_slice(&signed);
    Ok(octets)
}
