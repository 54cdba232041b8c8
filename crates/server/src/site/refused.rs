use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::Response;
use tegata_look::{Refusal, Shell, refusal_with};
use tegata_text::{Lang, Text};

use super::language::Language;
use super::layout;
use super::service::{Site, Sites};

/// Why a request got no page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// There is nothing at the address, or no such service.
    NotFound,
    /// Neither GET nor HEAD.
    Method,
    /// The host name is none.
    Host,
    /// A file or the database could not be read.
    Trouble,
    /// The link of a mail works no longer, or never did.
    EmailLink,
    /// Too often: how long to wait.
    TooMany(Duration),
}

pub(super) async fn not_found(
    State(sites): State<Arc<Sites>>,
    language: Language,
    uri: Uri,
) -> Response {
    page(Cause::NotFound, language.lang, sites.around(uri.path()).as_deref())
}

pub(super) async fn method_not_allowed(
    State(sites): State<Arc<Sites>>,
    language: Language,
    uri: Uri,
) -> Response {
    page(Cause::Method, language.lang, sites.around(uri.path()).as_deref())
}

/// The page that says so, in the colours of the service when there is one.
pub(super) fn page(why: Cause, lang: Lang, site: Option<&Site>) -> Response {
    let text = Text::of(lang);
    let name = text.site_name();
    let home = site.map(Site::home);
    let (status, refusal) = told(why, text, site.is_some());
    let shell = Shell {
        lang,
        title: &refusal.headline,
        organisation: site.map_or("", |site| site.organisation(lang)),
        service: site.map_or(&name, |site| site.name(lang)),
        home: home.as_deref(),
        switch: Some(layout::switch(lang)),
    };
    let help = site.map(|site| site.help(lang));
    let mut response = layout::html(status, refusal_with(&shell, help, &refusal));
    if let Cause::TooMany(wait) = why {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait.as_secs() + 1));
    }
    response
}

fn told(cause: Cause, text: Text, in_service: bool) -> (StatusCode, Refusal) {
    let (status, headline, cause, mut steps) = match cause {
        Cause::NotFound => (
            StatusCode::NOT_FOUND,
            text.site_not_found_title(),
            text.site_not_found_cause(),
            vec![text.site_not_found_check()],
        ),
        Cause::Method => (
            StatusCode::METHOD_NOT_ALLOWED,
            text.site_method_title(),
            text.site_method_cause(),
            Vec::new(),
        ),
        Cause::Host => (
            StatusCode::BAD_REQUEST,
            text.site_host_title(),
            text.site_host_cause(),
            vec![text.site_not_found_check()],
        ),
        Cause::EmailLink => (
            StatusCode::GONE,
            text.site_email_gone_title(),
            text.site_email_gone_cause(),
            vec![text.site_email_gone_check(), text.site_email_gone_again()],
        ),
        Cause::TooMany(_) => (
            StatusCode::TOO_MANY_REQUESTS,
            text.site_too_many_title(),
            text.site_too_many_cause(),
            vec![text.site_trouble_retry()],
        ),
        Cause::Trouble => (
            StatusCode::INTERNAL_SERVER_ERROR,
            text.site_trouble_title(),
            text.site_trouble_cause(),
            vec![text.site_trouble_retry()],
        ),
    };
    if in_service {
        steps.push(text.site_not_found_home());
    }
    (status, Refusal { headline, cause, steps, reference: String::new() })
}
