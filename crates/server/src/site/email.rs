//! The page behind the link in a mail that confirms an address.
//!
//! Opening it changes nothing: mail scanners open links, and browsers fetch ahead. A button posts
//! to the same address, whose last part nobody knows but who reads the mail: that is the whole
//! authority, so no other site can press the button for them.

use std::convert::Infallible;
use std::sync::Arc;

use askama::Template;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, ETAG};
use axum::http::request::Parts;
use axum::response::Response;
use axum::routing::{MethodRouter, get};
use serde::Deserialize;
use tegata_domain::{Email, UserId};
use tegata_look::{Notice, Width};
use tegata_registrar::{ChangedEmail, LinkNonce, Registrar};
use tegata_store::{ServiceId, StoreError};
use tegata_text::Text;

use super::layout;
use super::refused::{self, Cause};
use super::service::Sites;
use super::visit::Visit;
use crate::limits::Limits;
use crate::listen::Peer;

/// Where addresses are confirmed.
#[derive(Clone)]
pub(crate) struct Desk {
    /// Use cases.
    pub(crate) registrar: Arc<Registrar>,
    /// How often who may ask.
    pub(crate) limits: Arc<Limits>,
}

#[derive(Clone)]
struct Place {
    sites: Arc<Sites>,
    desk: Desk,
}

/// The page and what its button does.
pub(super) fn routes(sites: Arc<Sites>, desk: Desk) -> MethodRouter<Arc<Sites>, Infallible> {
    get(show).post(confirm).with_state(Place { sites, desk })
}

/// A visit with a link whose text could be one.
struct Link {
    visit: Visit,
    service: ServiceId,
    nonce: LinkNonce,
}

#[derive(Deserialize)]
struct Last {
    nonce: String,
}

impl FromRequestParts<Place> for Link {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, place: &Place) -> Result<Self, Response> {
        let visit = Visit::from_request_parts(parts, &place.sites).await?;
        if let Some(peer) = parts.extensions.get::<Peer>()
            && let Err(wait) = place.desk.limits.address(peer.0.ip())
        {
            return Err(refuse(&visit, Cause::TooMany(wait)));
        }
        let last = Path::<Last>::from_request_parts(parts, place).await;
        let nonce = last.ok().and_then(|Path(last)| LinkNonce::from_text(&last.nonce));
        let service = place.desk.registrar.keyring().service(&visit.site.key()).map(|s| s.id);
        match (nonce, service) {
            (Some(nonce), Some(service)) => Ok(Self { visit, service, nonce }),
            _ => Err(refuse(&visit, Cause::EmailLink)),
        }
    }
}

async fn show(State(Place { desk, .. }): State<Place>, link: Link) -> Response {
    let Link { visit, service, nonce } = link;
    answer(&visit, desk.registrar.email_behind(service, &nonce), |text, changed| {
        let view = View {
            text,
            service: visit.site.name(text.lang()),
            user_id: &changed.user_id,
            email: &changed.email,
            unknown: Notice::Warning
                .plain(&text.site_email_unknown_label(), &[text.site_email_unknown()]),
        };
        layout::page(&visit, Width::Narrow, &text.site_email_title(), &view)
    })
}

async fn confirm(State(Place { desk, .. }): State<Place>, link: Link) -> Response {
    let Link { visit, service, nonce } = link;
    let registrar = desk.registrar.clone();
    // Who closes the browser now has pressed the button all the same.
    let confirming = tokio::spawn(async move { registrar.confirm_email(service, nonce).await });
    let Ok(confirmed) = confirming.await else { return refuse(&visit, Cause::Trouble) };
    answer(&visit, confirmed, |text, changed| {
        let view = DoneView {
            text,
            home: visit.site.home(),
            done: Notice::Success.plain(
                &text.site_email_done_title(),
                &[text.site_email_done(changed.email.as_str())],
            ),
        };
        layout::page(&visit, Width::Narrow, &text.site_email_done_title(), &view)
    })
}

fn answer(
    visit: &Visit,
    found: Result<Option<ChangedEmail>, StoreError>,
    page: impl FnOnce(Text, ChangedEmail) -> Response,
) -> Response {
    match found {
        Ok(Some(changed)) => private(page(Text::of(visit.language.lang), changed)),
        Ok(None) => refuse(visit, Cause::EmailLink),
        Err(error) => {
            tracing::error!(%error, "an e-mail address is not confirmed");
            refuse(visit, Cause::Trouble)
        }
    }
}

fn refuse(visit: &Visit, cause: Cause) -> Response {
    private(refused::page(cause, visit.language.lang, Some(&visit.site)))
}

/// What such a page says is kept nowhere.
fn private(mut response: Response) -> Response {
    response.headers_mut().remove(ETAG);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[derive(Template)]
#[template(path = "site/email.html")]
struct View<'a> {
    text: Text,
    service: &'a str,
    user_id: &'a UserId,
    email: &'a Email,
    unknown: String,
}

#[derive(Template)]
#[template(path = "site/email-done.html")]
struct DoneView {
    text: Text,
    home: String,
    done: String,
}
