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
    let keyring = registrar.keyring();
    let online = keyring.authorities().map(|ca| (ca.id, &ca.name, ""));
    let how = ": have its ceremony make one and run `tegata ca publish-crl`";
    let offline = keyring.offline().iter().map(|ca| (ca.id, &ca.name, how));
    let published = online.chain(offline).map(|(id, name, how)| {
        let crl = registrar.store().read(|view: View<'_>| view.published_crl(id))?;
        Ok::<_, StoreError>((name, how, crl.is_some_and(|crl| now < crl.next_update)))
    });
    let mut missing = Vec::new();
    for outcome in published {
        match outcome {
            Ok((.., true)) => {}
            Ok((name, how, false)) => missing.push(format!("{name} has no current CRL{how}")),
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
