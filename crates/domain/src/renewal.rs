use jiff::{SignedDuration, Timestamp};

use crate::certificate::{Certificate, State};

/// Why a certificate cannot be renewed now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenewalRefusal {
    /// The window has not opened yet.
    #[error("renewal opens at {opens_at}")]
    TooEarly {
        /// When it opens.
        opens_at: Timestamp,
    },
    /// It has expired: the branch reissues.
    #[error("the certificate has expired")]
    Expired,
    /// It has a successor.
    #[error("the certificate was already renewed")]
    Superseded,
    /// It is on hold.
    #[error("the certificate is on hold")]
    Held,
    /// It is revoked, or was never issued.
    #[error("the certificate is revoked")]
    Revoked,
    /// Its issuing CA would end no later than the certificate does now.
    #[error("the issuing CA cannot extend the certificate")]
    IssuerEnds,
}

/// First moment at which a certificate that ends at `not_after` can be renewed.
pub fn renewal_opens_at(not_after: Timestamp, window: SignedDuration) -> Timestamp {
    not_after.saturating_sub(window).unwrap_or(Timestamp::MIN)
}

/// Whether `certificate` can be renewed at `now`: from the opening of the window to the last
/// second of validity, while it is live and has no successor.
///
/// # Errors
/// The reason why not.
pub fn renewal_permitted(
    certificate: &Certificate,
    now: Timestamp,
    window: SignedDuration,
) -> Result<(), RenewalRefusal> {
    match certificate.state {
        State::Issued { .. } => {}
        State::Superseded { .. } => return Err(RenewalRefusal::Superseded),
        State::Held { .. } => return Err(RenewalRefusal::Held),
        State::Planned { .. } | State::Revoked { .. } | State::Void { .. } => {
            return Err(RenewalRefusal::Revoked);
        }
    }
    let opens_at = renewal_opens_at(certificate.validity.not_after, window);
    if certificate.validity.is_over(now) {
        Err(RenewalRefusal::Expired)
    } else if now < opens_at {
        Err(RenewalRefusal::TooEarly { opens_at })
    } else {
        Ok(())
    }
}

/// The end of the renewed certificate: old end plus lifetime, but never past its issuer's.
///
/// # Errors
/// [`RenewalRefusal::IssuerEnds`] when nothing would be gained.
pub fn renewed_not_after(
    old: Timestamp,
    lifetime: SignedDuration,
    issuer: Timestamp,
) -> Result<Timestamp, RenewalRefusal> {
    let end = old.saturating_add(lifetime).unwrap_or(Timestamp::MAX).min(issuer);
    if end > old { Ok(end) } else { Err(RenewalRefusal::IssuerEnds) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::days;
    use crate::{Reason, Serial, Validity};

    const NOT_BEFORE: Timestamp = Timestamp::UNIX_EPOCH;

    fn not_after() -> Timestamp {
        NOT_BEFORE + days(365)
    }

    fn second() -> SignedDuration {
        SignedDuration::from_secs(1)
    }

    fn issued() -> Certificate {
        Certificate {
            serial: Serial::from_octets(&[0x41; 16]).unwrap(),
            validity: Validity { not_before: NOT_BEFORE, not_after: not_after() },
            state: State::Issued { at: NOT_BEFORE },
        }
    }

    fn permitted(certificate: Certificate, now: Timestamp) -> Result<(), RenewalRefusal> {
        renewal_permitted(&certificate, now, days(60))
    }

    #[test]
    fn renewal_refused_one_second_before_window() {
        let opens_at = not_after() - days(60);
        assert_eq!(
            permitted(issued(), opens_at - second()),
            Err(RenewalRefusal::TooEarly { opens_at })
        );
        assert_eq!(permitted(issued(), opens_at), Ok(()));
    }

    #[test]
    fn renewal_refused_one_second_after_expiry() {
        assert_eq!(permitted(issued(), not_after()), Ok(()));
        assert_eq!(permitted(issued(), not_after() + second()), Err(RenewalRefusal::Expired));
    }

    #[test]
    fn renewal_refused_for_every_state_but_issued() {
        let now = not_after() - days(10);
        let issued = issued();
        for (certificate, refusal) in [
            (issued.supersede(now).unwrap(), RenewalRefusal::Superseded),
            (issued.hold(now).unwrap(), RenewalRefusal::Held),
            (issued.revoke(now, Reason::KeyCompromise).unwrap(), RenewalRefusal::Revoked),
        ] {
            assert_eq!(permitted(certificate, now), Err(refusal));
        }
    }

    #[test]
    fn renewed_end_is_old_end_plus_lifetime_within_the_issuers() {
        let far = not_after() + days(3650);
        assert_eq!(renewed_not_after(not_after(), days(365), far), Ok(not_after() + days(365)));
        let near = not_after() + second();
        assert_eq!(renewed_not_after(not_after(), days(365), near), Ok(near));
        assert_eq!(
            renewed_not_after(not_after(), days(365), not_after()),
            Err(RenewalRefusal::IssuerEnds)
        );
    }
}
