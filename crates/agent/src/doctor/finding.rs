use serde::Serialize;
use tegata_domain::Serial;

/// What was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Whether the issuing site can be reached, and how.
    Network,
    /// Whether the site is the right one.
    Site,
    /// Whether this PC's clock agrees with the site's.
    Clock,
    /// Whether this application is new enough.
    Version,
    /// Whether there is a newer version of this application.
    Update,
    /// Whether the browser trusts the root.
    Root,
    /// Which certificates the browser will offer.
    Certificates,
    /// Whether the key of the right one answers.
    Key,
    /// Whether the gateway lets it in.
    Gateway,
    /// What a page meant by which the gateway refused.
    Refusal,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Good,
    /// It works, but could be better; or it could not be looked at.
    Notice,
    /// It keeps the person from the service.
    Bad,
}

/// What one press can do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fix {
    /// Install root and issuing CA certificates.
    Trust,
    /// Issue a certificate.
    Issue,
    /// Renew this one.
    Renew(Serial),
    /// Remove these, which are not needed any more.
    Remove(Vec<Serial>),
    /// Look at the proxy settings.
    Proxy,
    /// Get a newer version of this application.
    Update,
    /// Open the protected service.
    Open(String),
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: Check,
    /// How bad it is.
    pub verdict: Verdict,
    /// Stable word for programs, of the error that was met; empty where none was.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub code: String,
    /// What was found.
    pub title: String,
    /// What to do; empty when there is nothing to do.
    pub detail: String,
    /// What one press can do about it.
    pub fix: Option<Fix>,
}

impl Finding {
    pub(super) fn good(check: Check, title: String) -> Self {
        Self::of(check, Verdict::Good, title, String::new())
    }

    pub(super) fn notice(check: Check, title: String, detail: String) -> Self {
        Self::of(check, Verdict::Notice, title, detail)
    }

    pub(super) fn bad(check: Check, title: String, detail: String) -> Self {
        Self::of(check, Verdict::Bad, title, detail)
    }

    /// Without a code, and without anything that one press can do.
    pub fn of(check: Check, verdict: Verdict, title: String, detail: String) -> Self {
        Self { check, verdict, code: String::new(), title, detail, fix: None }
    }

    pub(super) fn with(self, fix: Fix) -> Self {
        Self { fix: Some(fix), ..self }
    }
}
