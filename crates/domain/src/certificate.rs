use jiff::Timestamp;

use crate::{Reason, RevocationStatus, Serial};

/// A certificate of record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Its serial number.
    pub serial: Serial,
    /// When it is valid.
    pub validity: Validity,
    /// Where it stands.
    pub state: State,
}

/// First and last second of validity; both belong to it (RFC 5280 §4.1.2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// First valid second.
    pub not_before: Timestamp,
    /// Last valid second.
    pub not_after: Timestamp,
}

impl Validity {
    /// Whether `now` lies within.
    pub fn contains(&self, now: Timestamp) -> bool {
        self.not_before <= now && now.as_second() <= self.not_after.as_second()
    }

    /// Whether the last valid second is over.
    pub fn is_over(&self, now: Timestamp) -> bool {
        now.as_second() > self.not_after.as_second()
    }
}

/// Where a certificate stands. That it expired follows from the time and is not recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Intended, not signed yet.
    Planned {
        /// When the intent was committed.
        at: Timestamp,
    },
    /// Signed and given out.
    Issued {
        /// When.
        at: Timestamp,
    },
    /// Its successor was issued; still valid until it is retired.
    Superseded {
        /// When the successor was issued.
        at: Timestamp,
    },
    /// On hold.
    Held {
        /// Since when.
        at: Timestamp,
        /// When its successor was issued, if one was before the hold.
        superseded: Option<Timestamp>,
        /// When it was issued, to return to.
        issued: Timestamp,
    },
    /// Revoked for good.
    Revoked {
        /// When.
        at: Timestamp,
        /// Why.
        reason: Reason,
    },
    /// Intended, but never completed: its serial number stands on the CRL.
    Void {
        /// When that was settled.
        at: Timestamp,
    },
}

/// A transition that the state does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// It was never issued.
    #[error("the certificate was never issued")]
    NeverIssued,
    /// It is revoked.
    #[error("the certificate is revoked")]
    Revoked,
    /// It is on hold.
    #[error("the certificate is on hold")]
    Held,
    /// It is not on hold.
    #[error("the certificate is not on hold")]
    NotHeld,
    /// It was already issued or voided.
    #[error("the issuance is already settled")]
    Settled,
    /// It has a successor already.
    #[error("the certificate already has a successor")]
    Superseded,
}

impl Certificate {
    /// What relying parties are told.
    pub fn status(&self) -> RevocationStatus {
        match self.state {
            State::Planned { .. } | State::Issued { .. } | State::Superseded { .. } => {
                RevocationStatus::Good
            }
            State::Held { .. } => RevocationStatus::Held,
            State::Revoked { .. } | State::Void { .. } => RevocationStatus::Revoked,
        }
    }

    /// Whether the gateway admits it at `now`.
    pub fn is_usable(&self, now: Timestamp) -> bool {
        matches!(self.state, State::Issued { .. } | State::Superseded { .. })
            && self.validity.contains(now)
    }

    /// Planned → Issued.
    ///
    /// # Errors
    /// Unless planned.
    pub fn issue(self, now: Timestamp) -> Result<Self, CertificateError> {
        match self.state {
            State::Planned { .. } => Ok(self.to(State::Issued { at: now })),
            _ => Err(CertificateError::Settled),
        }
    }

    /// Planned → Void.
    ///
    /// # Errors
    /// Unless planned.
    pub fn void(self, now: Timestamp) -> Result<Self, CertificateError> {
        match self.state {
            State::Planned { .. } => Ok(self.to(State::Void { at: now })),
            _ => Err(CertificateError::Settled),
        }
    }

    /// Issued → Superseded.
    ///
    /// # Errors
    /// Unless issued.
    pub fn supersede(self, now: Timestamp) -> Result<Self, CertificateError> {
        match self.state {
            State::Issued { .. } => Ok(self.to(State::Superseded { at: now })),
            State::Superseded { .. } => Err(CertificateError::Superseded),
            State::Held { .. } => Err(CertificateError::Held),
            State::Revoked { .. } => Err(CertificateError::Revoked),
            State::Planned { .. } | State::Void { .. } => Err(CertificateError::NeverIssued),
        }
    }

    /// Issued or Superseded → Held.
    ///
    /// # Errors
    /// Unless usable apart from time.
    pub fn hold(self, now: Timestamp) -> Result<Self, CertificateError> {
        let (issued, superseded) = match self.state {
            State::Issued { at } => (at, None),
            State::Superseded { at } => (at, Some(at)),
            State::Held { .. } => return Err(CertificateError::Held),
            State::Revoked { .. } => return Err(CertificateError::Revoked),
            State::Planned { .. } | State::Void { .. } => {
                return Err(CertificateError::NeverIssued);
            }
        };
        Ok(self.to(State::Held { at: now, superseded, issued }))
    }

    /// Held → what it was before.
    ///
    /// # Errors
    /// Unless held.
    pub fn release(self) -> Result<Self, CertificateError> {
        match self.state {
            State::Held { superseded: Some(at), .. } => Ok(self.to(State::Superseded { at })),
            State::Held { superseded: None, issued, .. } => {
                Ok(self.to(State::Issued { at: issued }))
            }
            State::Revoked { .. } => Err(CertificateError::Revoked),
            _ => Err(CertificateError::NotHeld),
        }
    }

    /// Issued, Superseded or Held → Revoked.
    ///
    /// # Errors
    /// Unless it was issued and is not revoked yet.
    pub fn revoke(self, now: Timestamp, reason: Reason) -> Result<Self, CertificateError> {
        match self.state {
            State::Issued { .. } | State::Superseded { .. } | State::Held { .. } => {
                Ok(self.to(State::Revoked { at: now, reason }))
            }
            State::Revoked { .. } => Err(CertificateError::Revoked),
            State::Planned { .. } | State::Void { .. } => Err(CertificateError::NeverIssued),
        }
    }

    fn to(self, state: State) -> Self {
        Self { state, ..self }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use proptest::prelude::*;

    use super::*;

    const T0: Timestamp = Timestamp::UNIX_EPOCH;

    fn second(count: i64) -> Timestamp {
        T0 + SignedDuration::from_secs(count)
    }

    fn planned() -> Certificate {
        Certificate {
            serial: Serial::from_octets(&[0x41; 16]).unwrap(),
            validity: Validity { not_before: second(100), not_after: second(200) },
            state: State::Planned { at: T0 },
        }
    }

    #[test]
    fn validity_holds_both_its_ends() {
        let validity = planned().validity;
        assert!(!validity.contains(second(99)));
        assert!(validity.contains(second(100)));
        assert!(validity.contains(second(200)));
        assert!(validity.contains(second(200) + SignedDuration::from_millis(999)));
        assert!(!validity.contains(second(201)));
        assert!(!validity.is_over(second(200)));
        assert!(validity.is_over(second(201)));
    }

    #[test]
    fn hold_and_release_return_to_where_it_was() {
        let issued = planned().issue(second(1)).unwrap();
        assert_eq!(issued.hold(second(2)).unwrap().release(), Ok(issued));
        let superseded = issued.supersede(second(3)).unwrap();
        assert_eq!(superseded.hold(second(4)).unwrap().release(), Ok(superseded));
        assert_eq!(issued.release(), Err(CertificateError::NotHeld));
    }

    #[test]
    fn a_void_issuance_cannot_become_anything() {
        let void = planned().void(T0).unwrap();
        assert_eq!(void.issue(T0), Err(CertificateError::Settled));
        assert_eq!(void.revoke(T0, Reason::Unspecified), Err(CertificateError::NeverIssued));
        assert_eq!(void.hold(T0), Err(CertificateError::NeverIssued));
        assert_eq!(void.status(), RevocationStatus::Revoked);
    }

    proptest! {
        /// No order of events makes a revoked or void certificate usable again.
        #[test]
        fn revoked_and_void_are_final(steps in prop::collection::vec(0u8..6, 0..30)) {
            let mut certificate = planned();
            let mut dead = false;
            for step in steps {
                let next = match step {
                    0 => certificate.issue(T0),
                    1 => certificate.void(T0),
                    2 => certificate.supersede(T0),
                    3 => certificate.hold(T0),
                    4 => certificate.release(),
                    _ => certificate.revoke(T0, Reason::KeyCompromise),
                };
                prop_assert!(!(dead && next.is_ok()));
                certificate = next.unwrap_or(certificate);
                dead = certificate.status() == RevocationStatus::Revoked;
                prop_assert!(!(dead && certificate.is_usable(second(150))));
            }
        }
    }
}
