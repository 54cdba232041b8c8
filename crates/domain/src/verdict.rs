use serde::{Deserialize, Serialize};

/// What the gateway found of a request's client certificate. Everything but [`Self::Admitted`]
/// is an answer of 403, [`Self::UnknownPath`] of 404.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Live, ours, and for this service.
    Admitted,
    /// No certificate was presented.
    NoCertificate,
    /// `notBefore` lies ahead.
    NotYetValid,
    /// `notAfter` has passed.
    Expired,
    /// Not issued by an issuing CA of this service, or not a certificate at all.
    WrongIssuer,
    /// The extended key usage does not allow client authentication.
    WrongUsage,
    /// On hold.
    Held,
    /// Revoked.
    Revoked,
    /// No service is published under this path.
    UnknownPath,
    /// The revocation state is older than the gateway may rely on.
    StatusStale,
}

impl Verdict {
    /// Every verdict, for tables and tests.
    pub const ALL: [Self; 10] = [
        Self::Admitted,
        Self::NoCertificate,
        Self::NotYetValid,
        Self::Expired,
        Self::WrongIssuer,
        Self::WrongUsage,
        Self::Held,
        Self::Revoked,
        Self::UnknownPath,
        Self::StatusStale,
    ];

    /// The stable word for problem documents, logs and metrics.
    pub fn code(self) -> &'static str {
        match self {
            Self::Admitted => "admitted",
            Self::NoCertificate => "no_certificate",
            Self::NotYetValid => "not_yet_valid",
            Self::Expired => "expired",
            Self::WrongIssuer => "wrong_issuer",
            Self::WrongUsage => "wrong_usage",
            Self::Held => "held",
            Self::Revoked => "revoked",
            Self::UnknownPath => "unknown_path",
            Self::StatusStale => "status_stale",
        }
    }
}
