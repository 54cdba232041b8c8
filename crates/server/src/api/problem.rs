//! Typed causes inside, problem documents (RFC 9457) at the edge.

use std::convert::Infallible;
use std::net::IpAddr;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tegata_domain::{EmailRefusal, Entropy, RenewalRefusal, RetirementRefusal};
use tegata_registrar::{
    AskEmailError, ChangeEmailError, EnrollError, Reference, RenewError, RetireError,
    StatementError,
};
use tegata_text::{Lang, Text, date_time};
use tegata_wire::{Problem, problem};

use crate::ambient::SystemEntropy;
use crate::listen::Peer;

/// Why a request is refused, as a caller may know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    CredentialRefused,
    Email,
    EmailSame,
    EmailOvertaken,
    /// By how much the caller's clock is fast; negative: slow.
    Clock(SignedDuration),
    Malformed,
    TooLarge,
    Key,
    WeakKey,
    KeyKind,
    KeyTaken,
    UnderWay,
    RenewalNotYours,
    RenewalEarly {
        /// When it opens.
        from: Timestamp,
        /// The service's time zone.
        zone: TimeZone,
    },
    RenewalExpired,
    RenewalDone,
    RenewalHeld,
    RenewalRevoked,
    NotRetired,
    Link,
    TooMany(Duration),
    NotFound,
    NoUpdate,
    Method,
    Unavailable,
}

impl Cause {
    fn status(&self) -> StatusCode {
        match self {
            Self::CredentialRefused
            | Self::RenewalNotYours
            | Self::RenewalEarly { .. }
            | Self::RenewalExpired
            | Self::RenewalDone
            | Self::RenewalHeld
            | Self::RenewalRevoked
            | Self::NotRetired
            | Self::Clock(_)
            | Self::Link => StatusCode::FORBIDDEN,
            Self::Email | Self::Key | Self::WeakKey | Self::KeyKind => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::KeyTaken | Self::UnderWay | Self::EmailSame | Self::EmailOvertaken => {
                StatusCode::CONFLICT
            }
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::NotFound | Self::NoUpdate => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Stable word, title and detail.
    fn words(&self, text: Text) -> (&'static str, String, String) {
        match self {
            Self::CredentialRefused => (
                "credential_refused",
                text.problem_credential_refused(),
                text.problem_credential_refused_detail(),
            ),
            Self::Email => ("invalid_email", text.problem_email(), text.problem_email_detail()),
            Self::EmailSame => {
                ("email_unchanged", text.problem_email_same(), text.problem_email_same_detail())
            }
            Self::EmailOvertaken => (
                "email_overtaken",
                text.problem_email_overtaken(),
                text.problem_email_overtaken_detail(),
            ),
            Self::Clock(ahead) => {
                let minutes = (ahead.unsigned_abs().as_secs() / 60).to_string();
                let title = if ahead.is_negative() {
                    text.doctor_clock_behind(&minutes)
                } else {
                    text.doctor_clock_ahead(&minutes)
                };
                ("clock_wrong", title, text.problem_clock_detail())
            }
            Self::Malformed => {
                ("malformed_request", text.problem_malformed(), text.problem_malformed_detail())
            }
            Self::TooLarge => {
                ("request_too_large", text.problem_too_large(), text.problem_too_large_detail())
            }
            Self::Key => ("key_not_accepted", text.problem_key(), text.problem_key_detail()),
            Self::WeakKey => {
                ("key_not_accepted", text.problem_key(), text.problem_key_weak_detail())
            }
            Self::KeyKind => {
                ("key_not_accepted", text.problem_key(), text.problem_key_kind_detail())
            }
            Self::KeyTaken => {
                ("key_taken", text.problem_key_taken(), text.problem_key_taken_detail())
            }
            Self::UnderWay => {
                ("issuance_under_way", text.problem_under_way(), text.problem_under_way_detail())
            }
            Self::RenewalNotYours => (
                "renewal_not_authorised",
                text.problem_renewal_not_yours(),
                text.problem_renewal_not_yours_detail(),
            ),
            Self::RenewalEarly { from, zone } => (
                "renewal_too_early",
                text.problem_renewal_early(),
                text.problem_renewal_early_detail(&date_time(text.lang(), *from, zone)),
            ),
            Self::RenewalExpired => (
                "certificate_expired",
                text.problem_renewal_expired(),
                text.problem_renewal_expired_detail(),
            ),
            Self::RenewalDone => {
                ("already_renewed", text.problem_renewal_done(), text.problem_renewal_done_detail())
            }
            Self::RenewalHeld => (
                "certificate_held",
                text.problem_renewal_held(),
                text.problem_renewal_held_detail(),
            ),
            Self::RenewalRevoked => (
                "certificate_revoked",
                text.problem_renewal_revoked(),
                text.problem_renewal_revoked_detail(),
            ),
            Self::NotRetired => {
                ("not_retired", text.problem_not_retired(), text.problem_not_retired_detail())
            }
            Self::Link => ("link_not_valid", text.problem_link(), text.problem_link_detail()),
            Self::TooMany(_) => {
                ("too_many_requests", text.problem_too_many(), text.problem_too_many_detail())
            }
            Self::NotFound => {
                ("not_found", text.problem_not_found(), text.problem_not_found_detail())
            }
            Self::NoUpdate => {
                ("no_update", text.problem_no_update(), text.problem_no_update_detail())
            }
            Self::Method => {
                ("method_not_allowed", text.problem_method(), text.problem_method_detail())
            }
            Self::Unavailable => {
                ("unavailable", text.problem_unavailable(), text.problem_unavailable_detail())
            }
        }
    }

    /// Whether the next step may be a call. What a program got wrong, its maker mends.
    fn may_need_help(&self) -> bool {
        !matches!(
            self,
            Self::Malformed
                | Self::TooLarge
                | Self::Link
                | Self::NotFound
                | Self::NoUpdate
                | Self::Method
        )
    }

    /// When it may be tried again, where that is a moment and not a while.
    fn renewable_from(&self) -> Option<Timestamp> {
        match self {
            Self::RenewalEarly { from, .. } => Some(*from),
            _ => None,
        }
    }

    fn retry_after(&self) -> Option<u64> {
        match self {
            Self::TooMany(wait) => Some(wait.as_secs() + 1),
            Self::UnderWay => Some(1),
            Self::Unavailable => Some(5),
            _ => None,
        }
    }
}

impl From<&EnrollError> for Cause {
    fn from(error: &EnrollError) -> Self {
        match error {
            EnrollError::Refused => Self::CredentialRefused,
            EnrollError::Request(tegata_ca::RequestError::TooLarge) => Self::TooLarge,
            EnrollError::Request(tegata_ca::RequestError::Malformed) => Self::Malformed,
            EnrollError::Request(tegata_ca::RequestError::Weak(_)) | EnrollError::KeyBlocked(_) => {
                Self::WeakKey
            }
            EnrollError::Request(_) => Self::Key,
            EnrollError::Prepare(tegata_ca::PrepareError::KeyKind { .. }) => Self::KeyKind,
            EnrollError::KeyTaken => Self::KeyTaken,
            EnrollError::UnderWay => Self::UnderWay,
            EnrollError::Distrusted
            | EnrollError::NoIssuer
            | EnrollError::Prepare(_)
            | EnrollError::Lint(_)
            | EnrollError::Sign(_)
            | EnrollError::Store(_) => Self::Unavailable,
        }
    }
}

impl Cause {
    /// Of a renewal for a service whose dates are in `zone`.
    pub(super) fn of_renewal(error: &RenewError, zone: &TimeZone) -> Self {
        use tegata_ca::{RenewalError, RequestError};
        match error {
            RenewError::NotYours => Self::RenewalNotYours,
            RenewError::Request(error) => match error {
                RenewalError::Malformed
                | RenewalError::Algorithm
                | RenewalError::Request(RequestError::Malformed) => Self::Malformed,
                RenewalError::Signature => Self::RenewalNotYours,
                RenewalError::SameKey => Self::KeyTaken,
                RenewalError::Request(RequestError::TooLarge) => Self::TooLarge,
                RenewalError::Request(RequestError::Weak(_)) => Self::WeakKey,
                RenewalError::Request(_) => Self::Key,
            },
            RenewError::Refused(refusal) => match refusal {
                RenewalRefusal::TooEarly { opens_at } => {
                    Self::RenewalEarly { from: *opens_at, zone: zone.clone() }
                }
                RenewalRefusal::Expired => Self::RenewalExpired,
                RenewalRefusal::Superseded => Self::RenewalDone,
                RenewalRefusal::Held => Self::RenewalHeld,
                RenewalRefusal::Revoked => Self::RenewalRevoked,
                RenewalRefusal::IssuerEnds => Self::Unavailable,
            },
            RenewError::SeatClosed => Self::RenewalRevoked,
            RenewError::KeyTaken => Self::KeyTaken,
            RenewError::KeyBlocked(_) => Self::WeakKey,
            RenewError::UnderWay => Self::UnderWay,
            RenewError::Prepare(tegata_ca::PrepareError::KeyKind { .. }) => Self::KeyKind,
            RenewError::Distrusted
            | RenewError::NoIssuer
            | RenewError::Prepare(_)
            | RenewError::Lint(_)
            | RenewError::Sign(_)
            | RenewError::Store(_) => Self::Unavailable,
        }
    }
}

impl From<&StatementError> for Cause {
    fn from(error: &StatementError) -> Self {
        match error {
            StatementError::NotYours => Self::RenewalNotYours,
            StatementError::Request(_) => Self::Malformed,
            StatementError::Distrusted | StatementError::Store(_) => Self::Unavailable,
        }
    }
}

impl From<&RetireError> for Cause {
    fn from(error: &RetireError) -> Self {
        match error {
            RetireError::Statement(error) => error.into(),
            RetireError::Refused(refusal) => match refusal {
                RetirementRefusal::Held => Self::RenewalHeld,
                RetirementRefusal::Revoked => Self::RenewalRevoked,
                RetirementRefusal::Expired => Self::RenewalExpired,
                RetirementRefusal::NotSuperseded
                | RetirementRefusal::SuccessorHeld
                | RetirementRefusal::SuccessorGone
                | RetirementRefusal::TooEarly { .. } => Self::NotRetired,
            },
            RetireError::Store(_) => Self::Unavailable,
        }
    }
}

impl Cause {
    /// Why an address is not asked for, to whoever asks `now`.
    pub(super) fn of_email(error: &AskEmailError, now: Timestamp) -> Self {
        match error {
            AskEmailError::Statement(error) => error.into(),
            AskEmailError::Clock(wrong) => Self::Clock(wrong.ahead),
            AskEmailError::Refused(EmailRefusal::Held) => Self::RenewalHeld,
            AskEmailError::Refused(EmailRefusal::Revoked)
            | AskEmailError::Change(ChangeEmailError::Closed(_)) => Self::RenewalRevoked,
            AskEmailError::Refused(EmailRefusal::Expired) => Self::RenewalExpired,
            AskEmailError::Change(ChangeEmailError::Same(_)) => Self::EmailSame,
            AskEmailError::Change(ChangeEmailError::Overtaken(_)) => Self::EmailOvertaken,
            AskEmailError::Change(ChangeEmailError::TooMany(refused)) => {
                let seconds = refused.from.duration_since(now).as_secs().max(0);
                Self::TooMany(Duration::from_secs(seconds.unsigned_abs()))
            }
            AskEmailError::Change(
                ChangeEmailError::Target(_)
                | ChangeEmailError::NoSite
                | ChangeEmailError::Signer(_)
                | ChangeEmailError::Store(_),
            )
            | AskEmailError::Store(_) => Self::Unavailable,
        }
    }
}

/// Who asks, in which language, and the reference under which this request is known.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) address: Option<IpAddr>,
    pub(super) reference: Reference,
    pub(super) lang: Lang,
    /// Whom the service at hand says to call, in this language.
    pub(super) help: Option<String>,
}

impl Caller {
    pub(super) fn refuse(&self, cause: Cause) -> Response {
        let text = Text::of(self.lang);
        let (code, title, mut detail) = cause.words(text);
        if let Some(help) = self.help.as_deref().filter(|_| cause.may_need_help()) {
            detail = format!("{detail}\n{}", text.problem_help(help));
        }
        tracing::info!(code, reference = %self.reference, address = ?self.address, "refused");
        let status = cause.status();
        let reference = self.reference.to_string();
        let problem = Problem {
            renewable_from: cause.renewable_from(),
            ..Problem::new(code, status.as_u16(), title, detail, reference)
        };
        let mut response = (status, axum::Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(problem::CONTENT_TYPE));
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(self.lang.code()));
        if let Some(seconds) = cause.retry_after() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let accept = parts.headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok());
        let entropy: &dyn Entropy = &SystemEntropy;
        Ok(Self {
            address: parts.extensions.get::<Peer>().map(|peer| peer.0.ip()),
            reference: Reference::random(entropy),
            lang: Lang::negotiate(accept.unwrap_or_default()),
            help: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_renewal_that_is_too_early_says_from_when_in_the_services_time_zone() {
        let from = "2027-09-24T15:00:00Z".parse().unwrap();
        let error = RenewError::Refused(RenewalRefusal::TooEarly { opens_at: from });
        let cause = Cause::of_renewal(&error, &TimeZone::get("Asia/Tokyo").unwrap());
        assert_eq!(cause.renewable_from(), Some(from));
        for (lang, said) in
            [(Lang::Ja, "2027年9月25日(土) 00:00"), (Lang::En, "25 Sep 2027, 00:00 JST")]
        {
            let (code, _, detail) = cause.words(Text::of(lang));
            assert_eq!(code, "renewal_too_early");
            assert!(detail.contains(said), "{detail}");
        }
    }
}
