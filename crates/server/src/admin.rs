//! The administration listener: whether this process lives and is ready. Never public.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use tegata_registrar::Registrar;
use tegata_store::{StoreError, View};

/// `/healthz` answers as long as the process runs, `/readyz` when it can also issue.
pub fn router(registrar: Arc<Registrar>) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .with_state(registrar)
}

/// Ready: the database answers, every CA has a CRL that has not run out and its key can be used.
async fn ready(State(registrar): State<Arc<Registrar>>) -> (StatusCode, String) {
    // A token that hangs keeps a thread waiting that nobody else needs.
    match tokio::task::spawn_blocking(move || judge(&registrar)).await {
        Ok(verdict) => verdict,
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")),
    }
}

fn judge(registrar: &Registrar) -> (StatusCode, String) {
    let now = registrar.now();
    let published = registrar.keyring().authorities().map(|ca| {
        let crl = registrar.store().read(|view: View<'_>| view.published_crl(ca.id))?;
        Ok::<_, StoreError>((ca, crl.is_some_and(|crl| now < crl.next_update)))
    });
    let mut missing = Vec::new();
    for outcome in published {
        match outcome {
            Ok((_, true)) => {}
            Ok((ca, false)) => missing.push(format!("{} has no current CRL", ca.name)),
            Err(error) => missing.push(error.to_string()),
        }
    }
    for ca in registrar.keyring().authorities() {
        if let Err(error) = ca.authority.signer().ready() {
            missing.push(format!("{}: {error}", ca.name));
        }
    }
    if missing.is_empty() {
        (StatusCode::OK, "ready\n".to_owned())
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, missing.join("\n") + "\n")
    }
}
