use std::convert::Infallible;

use axum::extract::{FromRequestParts, Request};
use axum::http::header::{ACCEPT_LANGUAGE, COOKIE, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tegata_text::Lang;

/// The language of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Language {
    /// The language.
    pub(super) lang: Lang,
    /// Whether this very request asked for it with `?lang=`.
    asked: bool,
}

impl Language {
    /// `?lang=` wins over the cookie, the cookie over `Accept-Language`.
    fn of(request: &Request) -> Self {
        let asked = request.uri().query().and_then(|query| value(query, '&'));
        Self {
            lang: asked
                .or_else(|| remembered(request.headers()))
                .unwrap_or_else(|| accepted(request.headers())),
            asked: asked.is_some(),
        }
    }

    /// The target of a redirect, which must not lose what was asked for.
    pub(super) fn keep(self, path: &str) -> String {
        match self.asked {
            true => format!("{path}?lang={}", self.lang.code()),
            false => path.to_owned(),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Language {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().copied().unwrap_or_default())
    }
}

/// Chooses the language of a request, and remembers the choice for a year when it was made
/// with the switch.
pub(super) async fn choose(mut request: Request, next: Next) -> Response {
    let language = Language::of(&request);
    request.extensions_mut().insert(language);
    let mut response = next.run(request).await;
    if language.asked {
        response.headers_mut().append(SET_COOKIE, cookie(language.lang));
    }
    response
}

fn cookie(lang: Lang) -> HeaderValue {
    HeaderValue::from_static(match lang {
        Lang::Ja => "lang=ja; Path=/issueweb; Max-Age=31536000; Secure; HttpOnly; SameSite=Lax",
        Lang::En => "lang=en; Path=/issueweb; Max-Age=31536000; Secure; HttpOnly; SameSite=Lax",
    })
}

fn remembered(headers: &HeaderMap) -> Option<Lang> {
    headers.get_all(COOKIE).iter().find_map(|cookies| value(cookies.to_str().ok()?, ';'))
}

fn accepted(headers: &HeaderMap) -> Lang {
    let ranges: Vec<_> =
        headers.get_all(ACCEPT_LANGUAGE).iter().filter_map(|value| value.to_str().ok()).collect();
    Lang::negotiate(&ranges.join(","))
}

/// The language in `lang=…` among pairs.
fn value(pairs: &str, separator: char) -> Option<Lang> {
    pairs
        .split(separator)
        .find_map(|pair| pair.trim_start().strip_prefix("lang="))
        .and_then(|tag| Lang::ALL.into_iter().find(|lang| lang.code() == tag.trim_end()))
}
