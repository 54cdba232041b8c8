use serde::{Deserialize, Serialize};

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
    fn revoked_is_final() {
        use RevocationStatus::*;
        for later in [Good, Held, Revoked] {
            assert_eq!(Revoked.then(later), Revoked);
            assert_eq!(Held.then(later), later);
            assert_eq!(Good.then(later), later);
        }
    }
}
