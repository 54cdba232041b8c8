use http::header::{self, HeaderMap, HeaderValue};
use http::{Response, StatusCode};
use jiff::tz::TimeZone;
use tegata_domain::Verdict;
use tegata_look::{CONTENT_SECURITY_POLICY, Refusal, Shell};
use tegata_text::{Lang, Text, date_time};
use tegata_wire::problem::{self, Problem};

use crate::body::AnswerBody;
use crate::config::{Bilingual, ServiceConfig};
use crate::leaf::Facts;

/// Why a request was not answered by the protected service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The client may not pass.
    Verdict(Verdict),
    /// The protected service cannot be reached or broke off.
    UpstreamUnreachable,
    /// The protected service did not begin to answer in time.
    UpstreamTimeout,
    /// The request names two hosts, or none it could be forwarded under.
    BadRequest,
    /// `CONNECT` and `TRACE` are never forwarded.
    MethodNotAllowed,
}

impl Cause {
    #[cfg(test)]
    const OF_OURS: [Self; 4] = [
        Self::UpstreamUnreachable,
        Self::UpstreamTimeout,
        Self::BadRequest,
        Self::MethodNotAllowed,
    ];

    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::Verdict(Verdict::UnknownPath) => StatusCode::NOT_FOUND,
            Self::Verdict(_) => StatusCode::FORBIDDEN,
            Self::UpstreamUnreachable => StatusCode::BAD_GATEWAY,
            Self::UpstreamTimeout => StatusCode::GATEWAY_TIMEOUT,
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        }
    }

    /// The stable word for problem documents and logs.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Verdict(verdict) => verdict.code(),
            Self::UpstreamUnreachable => "upstream_unreachable",
            Self::UpstreamTimeout => "upstream_timeout",
            Self::BadRequest => "bad_request",
            Self::MethodNotAllowed => "method_not_allowed",
        }
    }
}

/// Which language and form a client would like its answer in.
#[derive(Clone, Debug)]
pub(crate) struct Wishes {
    accept: Option<HeaderValue>,
    languages: Option<HeaderValue>,
}

impl Wishes {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        Self {
            accept: headers.get(header::ACCEPT).cloned(),
            languages: headers.get(header::ACCEPT_LANGUAGE).cloned(),
        }
    }

    fn lang(&self) -> Lang {
        Lang::negotiate(text(self.languages.as_ref()))
    }

    /// Whether JSON is asked for by name and weighs more than HTML (RFC 9110 §12.5.1), or as
    /// much where HTML is not named.
    fn json(&self) -> bool {
        let (mut json, mut html, mut anything) = (0, None, 0);
        for range in text(self.accept.as_ref()).split(',').take(32) {
            let mut parts = range.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default().to_ascii_lowercase();
            let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(1_000, thousandths);
            match name.as_str() {
                problem::CONTENT_TYPE | "application/json" => json = json.max(weight),
                "text/html" | "application/xhtml+xml" => html = html.max(Some(weight)),
                "text/*" | "*/*" => anything = anything.max(weight),
                _ => {}
            }
        }
        match html {
            Some(html) => json > html,
            None => json > 0 && json >= anything,
        }
    }
}

fn text(value: Option<&HeaderValue>) -> &str {
    value.and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// A refusal, ready to be said in either language and form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) cause: Cause,
    /// The service at whose path it happened.
    pub(crate) service: Option<&'a ServiceConfig>,
    /// The certificate that was presented, for its dates.
    pub(crate) facts: Option<&'a Facts>,
    pub(crate) reference: &'a str,
}

impl Answer<'_> {
    /// The answer as the client wishes it.
    pub(crate) fn response(&self, wishes: &Wishes) -> Response<AnswerBody> {
        let lang = wishes.lang();
        let (content_type, body) = if wishes.json() {
            (problem::CONTENT_TYPE, self.problem(lang))
        } else {
            ("text/html; charset=utf-8", self.page(lang))
        };
        let mut response = Response::new(AnswerBody::page(body));
        *response.status_mut() = self.cause.status();
        let fields = response.headers_mut();
        fields.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        fields.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(lang.code()));
        if let Ok(policy) = HeaderValue::from_str(&CONTENT_SECURITY_POLICY) {
            fields.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        for (name, value) in &FIXED {
            fields.insert(name, HeaderValue::from_static(value));
        }
        response
    }

    fn page(&self, lang: Lang) -> String {
        let text = Text::of(lang);
        let refusal = self.refusal(text);
        let (contact, product) = (text.gateway_contact(), text.product());
        let of = |field: fn(&ServiceConfig) -> &Bilingual| {
            self.service.map_or("", |service| field(service).get(lang))
        };
        let shell = Shell {
            lang,
            title: &refusal.headline,
            organisation: of(|service| &service.organisation),
            service: self.service.map_or(&product, |service| service.name.get(lang)),
            home: self.service.and_then(|service| service.site.as_deref()),
            switch: None,
        };
        let help = match of(|service| &service.contact) {
            "" => &contact,
            contact => contact,
        };
        tegata_look::refusal_with(&shell, Some(help), &refusal)
    }

    fn problem(&self, lang: Lang) -> String {
        let Refusal { headline, cause, steps, reference } = self.refusal(Text::of(lang));
        let separator = match lang {
            Lang::Ja => "",
            Lang::En => " ",
        };
        let mut detail = std::iter::once(cause).chain(steps).collect::<Vec<_>>().join(separator);
        let contact = self.service.map_or("", |service| service.contact.get(lang));
        if !contact.is_empty() {
            detail = format!("{detail}\n{}", Text::of(lang).problem_help(contact));
        }
        let status = self.cause.status().as_u16();
        let problem = Problem::new(self.cause.code(), status, headline, detail, reference);
        serde_json::to_string(&problem).unwrap_or_default()
    }

    fn refusal(&self, text: Text) -> Refusal {
        let utc = TimeZone::UTC;
        let zone = self.service.map_or(&utc, |service| &service.zone);
        let date = |pick: fn((i64, i64)) -> i64| {
            self.facts
                .and_then(|facts| jiff::Timestamp::from_second(pick(facts.validity)).ok())
                .map_or_else(String::new, |at| date_time(text.lang(), at, zone))
        };
        let (headline, cause, steps) = match self.cause {
            Cause::Verdict(Verdict::NoCertificate) => (
                text.gateway_no_certificate_headline(),
                text.gateway_no_certificate_cause(),
                vec![text.gateway_choose_again(), text.gateway_issue()],
            ),
            Cause::Verdict(Verdict::NotYetValid) => (
                text.gateway_not_yet_valid_headline(),
                text.gateway_not_yet_valid_cause(&date(|(first, _)| first)),
                vec![text.gateway_not_yet_valid_step()],
            ),
            Cause::Verdict(Verdict::Expired) => (
                text.gateway_expired_headline(),
                text.gateway_expired_cause(&date(|(_, last)| last)),
                vec![text.gateway_choose_newer(), text.gateway_reissue()],
            ),
            Cause::Verdict(Verdict::WrongIssuer) => (
                text.gateway_wrong_issuer_headline(),
                text.gateway_wrong_issuer_cause(),
                vec![text.gateway_choose_again(), text.gateway_issue()],
            ),
            Cause::Verdict(Verdict::WrongUsage) => (
                text.gateway_wrong_usage_headline(),
                text.gateway_wrong_usage_cause(),
                vec![text.gateway_choose_again(), text.gateway_issue()],
            ),
            Cause::Verdict(Verdict::Held) => (
                text.gateway_held_headline(),
                text.gateway_held_cause(),
                vec![text.gateway_held_step()],
            ),
            Cause::Verdict(Verdict::Revoked) => (
                text.gateway_revoked_headline(),
                text.gateway_revoked_cause(),
                vec![
                    text.gateway_choose_newer(),
                    text.gateway_reissue(),
                    text.gateway_revoked_step(),
                ],
            ),
            Cause::Verdict(Verdict::UnknownPath) => (
                text.gateway_unknown_path_headline(),
                text.gateway_unknown_path_cause(),
                vec![text.gateway_unknown_path_step()],
            ),
            // `Admitted` is not refused; should it ever come here, nothing false is said.
            Cause::Verdict(Verdict::StatusStale | Verdict::Admitted) => (
                text.gateway_status_stale_headline(),
                text.gateway_status_stale_cause(),
                vec![text.gateway_try_later()],
            ),
            Cause::UpstreamUnreachable => (
                text.gateway_upstream_unreachable_headline(),
                text.gateway_upstream_unreachable_cause(),
                vec![text.gateway_upstream_timeout_step(), text.gateway_try_later()],
            ),
            Cause::UpstreamTimeout => (
                text.gateway_upstream_timeout_headline(),
                text.gateway_upstream_timeout_cause(),
                vec![text.gateway_upstream_timeout_step(), text.gateway_try_later()],
            ),
            Cause::BadRequest => (
                text.gateway_bad_request_headline(),
                text.gateway_bad_request_cause(),
                vec![text.gateway_bad_request_step()],
            ),
            Cause::MethodNotAllowed => (
                text.gateway_method_not_allowed_headline(),
                text.gateway_method_not_allowed_cause(),
                vec![text.gateway_method_not_allowed_step()],
            ),
        };
        Refusal { headline, cause, steps, reference: self.reference.to_owned() }
    }
}

/// On every answer of ours.
static FIXED: [(header::HeaderName, &str); 6] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
    (header::VARY, "Accept, Accept-Language"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
];

fn thousandths(weight: &str) -> u32 {
    weight.parse::<f32>().map_or(0, |weight| (weight.clamp(0.0, 1.0) * 1_000.0) as u32)
}

#[cfg(test)]
mod tests {
    use tegata_wire::reference::{RANDOM, Reference};

    use super::*;

    #[test]
    fn json_only_when_preferred_by_name() {
        for (accept, json) in [
            ("", false),
            ("*/*", false),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", false),
            ("application/json", true),
            ("application/problem+json", true),
            ("application/json, text/plain, */*", true),
            ("application/json;q=0.5, */*", false),
            ("text/html, application/json", false),
            ("text/html;q=0.5, application/json", true),
            ("Application/JSON ; q=0.9, text/html;q=0.1", true),
            ("application/json;q=0", false),
            (";;,,=", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, accept.parse().unwrap());
            assert_eq!(Wishes::of(&headers).json(), json, "{accept}");
        }
    }

    #[test]
    fn every_cause_has_its_own_words_in_both_languages() {
        let verdicts = Verdict::ALL.into_iter().filter(|v| *v != Verdict::Admitted);
        let causes: Vec<_> = verdicts.map(Cause::Verdict).chain(Cause::OF_OURS).collect();
        for lang in Lang::ALL {
            let mut headlines = Vec::new();
            for cause in &causes {
                let known = Reference::new(cause.code(), [0; RANDOM]).code();
                assert_eq!(known, Some(cause.code()), "its reference tells the cause");
                let answer =
                    Answer { cause: *cause, service: None, facts: None, reference: "G-7K3M9QWX" };
                let refusal = answer.refusal(Text::of(lang));
                assert!(!refusal.cause.is_empty() && !refusal.steps.is_empty(), "{cause:?}");
                assert!(answer.page(lang).contains("G-7K3M9QWX"));
                let problem: Problem = serde_json::from_str(&answer.problem(lang)).unwrap();
                assert_eq!(problem.code, cause.code());
                assert_eq!(problem.status, cause.status().as_u16());
                headlines.push(refusal.headline);
            }
            headlines.sort();
            headlines.dedup();
            assert_eq!(headlines.len(), causes.len());
        }
    }
}
