//! The issuing site: the public pages of every service under `/issueweb/{tenant}/{issuer}/`.
//!
//! | address | page |
//! |---|---|
//! | `` | three choices: issue, renew, root certificate download |
//! | `issue`, `renew` | the steps that are possible with what `download/` has for this PC |
//! | `root-certificate`, `root` | the root's fingerprint; the zip with the DER files |
//! | `download/`, `download/{file}` | everything that can be downloaded |
//! | `email/{nonce}` | the confirmation of an address; the one page with a button that posts |
//!
//! Anyone may read everything here; but for that one nothing here changes anything, so only GET
//! and HEAD are answered. Pages speak Japanese or English, work without scripts, and never show a value of
//! the request except the checked host name.

mod download;
mod email;
mod encode;
mod headers;
mod home;
mod installer;
mod issue;
mod language;
mod layout;
mod offer;
mod origin;
mod pc;
mod range;
mod refused;
mod renew;
mod root;
mod service;
mod visit;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;

use crate::link::Links;
pub(crate) use email::Desk;
use language::Language;
use refused::Cause;
pub use service::SiteService;
use service::Sites;
use visit::Visit;

/// The pages of `services`.
///
/// The router brings the fallback that answers every unknown address with a page; what it is
/// merged with must not bring another (nested routers may).
///
/// Addresses are confirmed at `desk`; without one there are no such pages.
pub(crate) fn router(services: Vec<SiteService>, links: Arc<Links>, desk: Option<Desk>) -> Router {
    let sites = Arc::new(Sites::new(services, links));
    let mut router = Router::new()
        .route("/", get(front))
        .route("/issueweb/{tenant}/{issuer}", get(to_home))
        .route("/issueweb/{tenant}/{issuer}/", get(home::show))
        .route("/issueweb/{tenant}/{issuer}/issue", get(issue::show))
        .route("/issueweb/{tenant}/{issuer}/renew", get(renew::show))
        .route("/issueweb/{tenant}/{issuer}/root-certificate", get(root::show))
        .route("/issueweb/{tenant}/{issuer}/root", get(root::archive))
        .route("/issueweb/{tenant}/{issuer}/download", get(to_downloads))
        .route("/issueweb/{tenant}/{issuer}/download/", get(download::list))
        .route("/issueweb/{tenant}/{issuer}/download/{file}", get(download::file));
    if let Some(desk) = desk {
        let routes = email::routes(sites.clone(), desk);
        router = router.route("/issueweb/{tenant}/{issuer}/email/{nonce}", routes);
    }
    router
        .fallback(refused::not_found)
        .method_not_allowed_fallback(refused::method_not_allowed)
        .with_state(sites)
        .layer(from_fn(language::choose))
        .layer(from_fn(headers::protect))
}

/// `/`: the home of the only service, when there is only one.
async fn front(State(sites): State<Arc<Sites>>, language: Language) -> Response {
    match sites.only() {
        Some(site) => Redirect::temporary(&language.keep(&site.home())).into_response(),
        None => refused::page(Cause::NotFound, language.lang, None),
    }
}

async fn to_home(visit: Visit) -> Redirect {
    Redirect::permanent(&visit.language.keep(&visit.site.home()))
}

async fn to_downloads(visit: Visit) -> Redirect {
    Redirect::permanent(&visit.language.keep(&visit.site.at("download/")))
}
