use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::{Map, Value};
use tegata_domain::{Serial, UserId};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A certificate can be renewed from now on.
    RenewalOpens,
    /// A reminder was made: `threshold_days` before the end; `mailed` says whether to anybody.
    Reminder,
    /// A certificate took the place of another, `replaces`.
    Renewed,
    /// A certificate has a successor, `successor`.
    Superseded,
    /// A superseded certificate was revoked since its successor is in use.
    Retired,
    /// A certificate ended.
    Expired,
    /// A list was published.
    Crl,
    /// A responder has a new key and certificate.
    ResponderRenewed,
    /// A new issuing CA was made.
    Rollover,
    /// Something would have gone wrong; `problem` says what, `severity` how bad it is.
    Problem,
}

impl Kind {
    /// Its words in a table.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::RenewalOpens => "renewal opens",
            Self::Reminder => "reminder",
            Self::Renewed => "renewed",
            Self::Superseded => "superseded",
            Self::Retired => "retired",
            Self::Expired => "expired",
            Self::Crl => "CRL",
            Self::ResponderRenewed => "OCSP responder renewed",
            Self::Rollover => "rollover",
            Self::Problem => "PROBLEM",
        }
    }
}

/// What would have gone wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
    /// A certificate of an open seat ended and nothing took its place.
    ExpiredWithoutSuccessor,
    /// A subscriber tried to renew and was refused.
    RenewalRefused,
    /// A renewed certificate ends earlier than it should, with its CA.
    Shortened,
    /// The issuing CA gets too short for full lifetimes, and there is no new one.
    CaTooShort,
    /// The server would not be ready: a list is overdue, a responder or a CA is missing.
    NotReady,
    /// A job of the server failed.
    JobFailed,
    /// A reminder was due and there is no address.
    MailWithoutRecipient,
    /// A mail could not be written or delivered.
    MailNotWritten,
    /// Mails wait, for nothing signs them.
    NoSigner,
    /// Mails go without a signature, as `mail.unsigned` allows.
    MailUnsigned,
    /// A branch with companies has no address for its digest.
    BranchWithoutAddress,
    /// An initial password lapses unused.
    CredentialLapsed,
    /// The certificate of one of our own servers ends, and nothing renewed it.
    ServerCertificateEnds,
}

impl Problem {
    /// Whether it is only told: what a person leaves undone, or does anyway, is no failure.
    pub fn is_notice(self) -> bool {
        matches!(
            self,
            Self::MailUnsigned
                | Self::BranchWithoutAddress
                | Self::CredentialLapsed
                | Self::ServerCertificateEnds
        )
    }

    /// Its words in a table.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::ExpiredWithoutSuccessor => "certificates expire without successor",
            Self::RenewalRefused => "renewals are refused",
            Self::Shortened => "certificates are shortened, their CA ends too soon",
            Self::CaTooShort => "an issuing CA gets too short and none follows",
            Self::NotReady => "the server is not ready",
            Self::JobFailed => "a job fails",
            Self::MailWithoutRecipient => "reminders have no recipient",
            Self::MailNotWritten => "mails cannot be written",
            Self::NoSigner => "mails wait, nothing signs them",
            Self::MailUnsigned => "mails go without a signature",
            Self::BranchWithoutAddress => "branches get no digest, for want of an address",
            Self::CredentialLapsed => "initial passwords lapse unused",
            Self::ServerCertificateEnds => "TLS certificates of our own end, nothing renews them",
        }
    }
}

/// One line of the timeline.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    pub event: Kind,
    /// Whose service, as TENANT/ISSUER.
    pub service: Option<String>,
    /// Whose certificate.
    pub user_id: Option<UserId>,
    /// Which certificate.
    pub serial: Option<Serial>,
    /// Why it is a problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    /// What else is to be said of this kind.
    #[serde(flatten)]
    pub detail: Map<String, Value>,
}

/// A moment as people read it: `2027-01-03 03:53:32 JST`.
pub(super) fn in_zone(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%F %T %Z").to_string()
}

impl Event {
    pub(super) fn new(at: Timestamp, event: Kind) -> Self {
        Self {
            at,
            event,
            service: None,
            user_id: None,
            serial: None,
            problem: None,
            detail: Map::new(),
        }
    }

    /// A problem, and a sentence about it.
    pub(super) fn problem(at: Timestamp, problem: Problem, sentence: impl Into<String>) -> Self {
        let severity = if problem.is_notice() { "notice" } else { "failure" };
        Self { problem: Some(problem), ..Self::new(at, Kind::Problem) }
            .with("severity", severity)
            .with("detail", sentence.into())
    }

    pub(super) fn of(self, service: &impl ToString) -> Self {
        Self { service: Some(service.to_string()), ..self }
    }

    pub(super) fn about(self, user_id: &UserId, serial: Serial) -> Self {
        Self { user_id: Some(user_id.clone()), serial: Some(serial), ..self }
    }

    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.detail.insert(name.to_owned(), value.into());
        self
    }

    /// What else is said, in words, with moments of this zone.
    pub(super) fn words(&self, zone: &TimeZone) -> String {
        let mut words: Vec<String> = self.user_id.iter().map(ToString::to_string).collect();
        words.extend(self.serial.iter().map(ToString::to_string));
        let of = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let moment = |value: &Value| {
            let at: Option<Timestamp> = value.as_str().and_then(|text| text.parse().ok());
            at.map_or_else(|| of(value), |at| in_zone(at, zone))
        };
        words.extend(self.detail.iter().filter(|(name, _)| *name != "severity").map(
            |(name, value)| match name.as_str() {
                "detail" => of(value),
                "not_after" => format!("ends {}", moment(value)),
                "issues_from" => format!("issues from {}", moment(value)),
                "mailed" if value.as_bool() == Some(true) => "by mail".to_owned(),
                "mailed" => "to nobody".to_owned(),
                name => format!("{name} {}", of(value)),
            },
        ));
        words.join("  ")
    }
}
