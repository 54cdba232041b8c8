//! The administration listener: whether this process lives and is ready. Never public.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use tegata_registrar::Registrar;

use crate::anchor::AnchorTrouble;

/// `/healthz` answers as long as the process runs, `/readyz` when it can also issue.
pub fn router(registrar: Arc<Registrar>, anchor: AnchorTrouble) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .with_state((registrar, anchor))
}

/// Ready: the database answers, every CA has CRLs that have not run out, a responder, and a key
/// that can be used.
async fn ready(
    State((registrar, anchor)): State<(Arc<Registrar>, AnchorTrouble)>,
) -> (StatusCode, String) {
    // A token that hangs keeps a thread waiting that nobody else needs.
    let judged = tokio::task::spawn_blocking(move || {
        let mut troubles = registrar.troubles();
        troubles.extend(anchor.sentence());
        troubles
    });
    let troubles = judged.await.unwrap_or_else(|error| vec![error.to_string()]);
    if troubles.is_empty() {
        (StatusCode::OK, "ready\n".to_owned())
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, troubles.join("\n") + "\n")
    }
}
