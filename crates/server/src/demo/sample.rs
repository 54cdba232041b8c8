//! The sample protected service: greets the user ID that the gateway told it.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use tegata_look::Shell;
use tegata_registrar::Words;
use tegata_text::{Lang, Text};

pub(super) fn router(organisation: Words, name: Words) -> Router {
    Router::new().fallback(greet).with_state((organisation, name))
}

async fn greet(State((organisation, name)): State<(Words, Words)>, headers: HeaderMap) -> Response {
    let value = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let lang = Lang::negotiate(value("accept-language").unwrap_or_default());
    let text = Text::of(lang);
    let user_id = value("x-tegata-user").unwrap_or_default();
    if !value("accept").unwrap_or_default().contains("text/html") {
        return (text.sample_greeting(user_id) + "\n").into_response();
    }
    tracing::info!(user = user_id, "the sample service opened its page");
    let shell = Shell {
        lang,
        title: &text.sample_title(),
        organisation: pick(&organisation, lang),
        service: pick(&name, lang),
        home: None,
        switch: None,
    };
    let content = Sample { title: text.sample_title(), greeting: text.sample_greeting(user_id) };
    let body = askama::Template::render(&content).unwrap_or_default();
    let mut response = Html(tegata_look::page(&shell, &body)).into_response();
    if let Ok(policy) = HeaderValue::from_str(&tegata_look::CONTENT_SECURITY_POLICY) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

#[derive(askama::Template)]
#[template(source = "<h1>{{ title }}</h1>\n<p class=\"lead\">{{ greeting }}</p>", ext = "html")]
struct Sample {
    title: String,
    greeting: String,
}

fn pick(words: &Words, lang: Lang) -> &str {
    match lang {
        Lang::Ja => &words.ja,
        Lang::En => &words.en,
    }
}
