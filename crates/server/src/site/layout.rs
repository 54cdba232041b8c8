//! What the pages of a service have in common.

use askama::Template;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, VARY};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use tegata_look::{Shell, Width, page_with};
use tegata_text::Lang;

use super::refused::{self, Cause};
use super::visit::Visit;

/// Shared caches keep nothing of a page; browsers ask each time whether it is still the same.
const PAGE_CACHE: (HeaderName, &str) = (CACHE_CONTROL, "private, no-cache");

/// What the language and the offered installer depend on.
const PAGE_VARY: (HeaderName, &str) =
    (VARY, "Accept-Language, Cookie, User-Agent, Sec-CH-UA-Platform");

/// Renders `content`, which begins with its `<h1>`, as a page of the visited service.
pub(super) fn page(visit: &Visit, width: Width, title: &str, content: &impl Template) -> Response {
    let (site, lang) = (&visit.site, visit.language.lang);
    let Ok(content) = content.render() else {
        return refused::page(Cause::Trouble, lang, Some(site));
    };
    let shell = Shell {
        lang,
        title,
        organisation: site.organisation(lang),
        service: site.name(lang),
        home: Some(&site.home()),
        switch: Some(switch(lang)),
    };
    html(StatusCode::OK, page_with(&shell, width, Some(site.help(lang)), &content))
}

/// The address of the same page in the other language.
pub(super) fn switch(lang: Lang) -> &'static str {
    match lang {
        Lang::Ja => "?lang=en",
        Lang::En => "?lang=ja",
    }
}

/// An answer with a page.
pub(super) fn html(status: StatusCode, page: String) -> Response {
    let tag = entity_tag(&Sha256::digest(&page));
    let headers =
        [(CONTENT_TYPE, "text/html; charset=utf-8"), PAGE_CACHE, PAGE_VARY, (ETAG, tag.as_str())];
    (status, headers, page).into_response()
}

/// A strong entity tag (RFC 9110 §8.8.3) out of a digest.
pub(super) fn entity_tag(digest: &[u8]) -> String {
    format!("\"{}\"", hex::encode(digest))
}
