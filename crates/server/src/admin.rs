//! The administration listener: whether this process lives and is ready. Never public.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use tegata_registrar::Registrar;

use crate::anchor::AnchorTrouble;
use crate::post::MailTrouble;

/// `/healthz` answers as long as the process runs, `/readyz` when it can also issue.
/// What keeps mails from leaving is said as well, and does not make it unready.
pub fn router(registrar: Arc<Registrar>, anchor: AnchorTrouble, mail: MailTrouble) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .with_state((registrar, anchor, mail))
}

/// Ready: the database answers, every CA has CRLs that have not run out, a responder, and a key
/// that can be used.
async fn ready(
    State((registrar, anchor, mail)): State<(Arc<Registrar>, AnchorTrouble, MailTrouble)>,
) -> (StatusCode, String) {
    // A token that hangs keeps a thread waiting that nobody else needs.
    let judged = tokio::task::spawn_blocking(move || {
        let mut troubles = registrar.troubles();
        troubles.extend(anchor.sentence());
        troubles
    });
    let troubles = judged.await.unwrap_or_else(|error| vec![error.to_string()]);
    let warnings = mail.sentences().into_iter().map(|said| format!("warning: {said}\n"));
    let warnings: String = warnings.collect();
    if troubles.is_empty() {
        (StatusCode::OK, format!("ready\n{warnings}"))
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, troubles.join("\n") + "\n" + &warnings)
    }
}
