use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Validity;

/// Why a certificate was revoked: the CRLReason values of RFC 5280 §5.3.1 that a client
/// certificate can carry. `unspecified` is the absence of a reason and is never encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Reason {
    /// No reason given.
    Unspecified,
    /// The private key is, or may be, in other hands.
    KeyCompromise,
    /// The subject has another affiliation now.
    AffiliationChanged,
    /// Replaced by another certificate.
    Superseded,
    /// The seat was given up.
    CessationOfOperation,
    /// On hold; the only reason that can be taken back.
    CertificateHold,
    /// The right to the certificate was withdrawn.
    PrivilegeWithdrawn,
}

impl Reason {
    /// Every reason, in the order of their codes.
    pub const ALL: [Self; 7] = [
        Self::Unspecified,
        Self::KeyCompromise,
        Self::AffiliationChanged,
        Self::Superseded,
        Self::CessationOfOperation,
        Self::CertificateHold,
        Self::PrivilegeWithdrawn,
    ];

    /// The CRLReason number.
    pub fn code(self) -> u8 {
        match self {
            Self::Unspecified => 0,
            Self::KeyCompromise => 1,
            Self::AffiliationChanged => 3,
            Self::Superseded => 4,
            Self::CessationOfOperation => 5,
            Self::CertificateHold => 6,
            Self::PrivilegeWithdrawn => 9,
        }
    }

    /// The reason with this CRLReason number.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }

    /// The name as RFC 5280 spells it, also the command line's word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::KeyCompromise => "keyCompromise",
            Self::AffiliationChanged => "affiliationChanged",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessationOfOperation",
            Self::CertificateHold => "certificateHold",
            Self::PrivilegeWithdrawn => "privilegeWithdrawn",
        }
    }
}

/// A revocation that is to be made: why, and since when the certificate was no good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    reason: Reason,
    invalid_since: Option<Timestamp>,
}

/// Why a revocation cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RevocationError {
    /// A hold can be taken back; a revocation cannot.
    #[error("certificateHold is no reason to revoke: use hold, which can be released")]
    Hold,
    /// The moment from which on the certificate was no good lies ahead.
    #[error("{since:.0} lies in the future: a revocation begins now, and tells what was before")]
    Future {
        /// What was given.
        since: Timestamp,
    },
}

impl Revocation {
    /// A revocation from now on.
    ///
    /// # Errors
    /// [`RevocationError::Hold`].
    pub fn new(reason: Reason) -> Result<Self, RevocationError> {
        match reason {
            Reason::CertificateHold => Err(RevocationError::Hold),
            reason => Ok(Self { reason, invalid_since: None }),
        }
    }

    /// The same, of certificates that are known or feared to be no good since an earlier moment:
    /// the invalidity date of RFC 5280 §5.3.2. The revocation itself is dated `now`, whatever is
    /// said here.
    ///
    /// # Errors
    /// [`RevocationError::Future`].
    pub fn since(self, since: Timestamp, now: Timestamp) -> Result<Self, RevocationError> {
        match since <= now {
            true => Ok(Self { invalid_since: Some(since), ..self }),
            false => Err(RevocationError::Future { since }),
        }
    }

    /// Why.
    pub fn reason(self) -> Reason {
        self.reason
    }

    /// Since when a certificate of this validity was no good: never before it began.
    pub fn invalid_since(self, validity: Validity) -> Option<Timestamp> {
        self.invalid_since.map(|since| since.max(validity.not_before))
    }
}

/// What relying parties are told of a serial number: the alphabet of the revocation feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RevocationStatus {
    /// Usable (again): only ever follows [`Self::Held`].
    Good,
    /// On hold.
    Held,
    /// Revoked for good; also every serial number whose issuance was voided.
    Revoked,
}

impl RevocationStatus {
    /// What stands after `later` was announced: a revocation is never taken back.
    #[must_use]
    pub fn then(self, later: Self) -> Self {
        match self {
            Self::Revoked => Self::Revoked,
            Self::Good | Self::Held => later,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn codes_and_names_read_back() {
        for reason in Reason::ALL {
            assert_eq!(Reason::from_code(reason.code()), Some(reason));
            assert_eq!(serde_name(reason), reason.name(), "the JSON name is the RFC's name");
        }
        for code in [2, 7, 8, 10, 255] {
            assert_eq!(Reason::from_code(code), None);
        }
    }

    fn serde_name(reason: Reason) -> String {
        use serde::de::IntoDeserializer;
        use serde::de::value::{Error, StrDeserializer};
        let name: StrDeserializer<'_, Error> = reason.name().into_deserializer();
        assert_eq!(Reason::deserialize(name), Ok(reason));
        reason.name().to_owned()
    }

    #[test]
    fn a_hold_is_no_revocation() {
        for reason in Reason::ALL {
            let made = Revocation::new(reason).map(Revocation::reason);
            let hold = reason == Reason::CertificateHold;
            assert_eq!(made, if hold { Err(RevocationError::Hold) } else { Ok(reason) });
        }
    }

    proptest! {
        /// Whatever is said, the invalidity date lies neither ahead nor before the certificate.
        #[test]
        fn invalidity_lies_between_the_beginning_and_now(
            begin in 0i64..1_000, age in 0i64..1_000, said in -500i64..3_000,
        ) {
            let at = |second| Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(second);
            let validity = Validity { not_before: at(begin), not_after: at(begin + 5_000) };
            let now = at(begin + age);
            let revocation = Revocation::new(Reason::KeyCompromise).unwrap();
            match revocation.since(at(said), now) {
                Ok(dated) => {
                    let since = dated.invalid_since(validity).unwrap();
                    prop_assert!(validity.not_before <= since && since <= now);
                    prop_assert!(since >= at(said));
                }
                Err(error) => {
                    prop_assert_eq!(error, RevocationError::Future { since: at(said) });
                    prop_assert!(at(said) > now);
                }
            }
        }
    }

    #[test]
    fn revoked_is_final() {
        use RevocationStatus::*;
        for later in [Good, Held, Revoked] {
            assert_eq!(Revoked.then(later), Revoked);
            assert_eq!(Held.then(later), later);
            assert_eq!(Good.then(later), later);
        }
    }
}
