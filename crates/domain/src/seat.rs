use jiff::Timestamp;

use crate::Reason;
use crate::certificate::{Certificate, State};

/// Whether a seat may hold a certificate at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeatState {
    /// In use.
    Open,
    /// Given up.
    Closed,
}

/// Why a seat gets no certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssuanceRefusal {
    /// The seat was given up.
    #[error("the seat is closed")]
    SeatClosed,
    /// Another issuance for the seat is between intent and certificate.
    #[error("another issuance for the seat is under way")]
    UnderWay,
}

/// Which of a seat's certificates an issuance with a new credential replaces, and so revokes:
/// every one that the gateway would still admit now, later, or after a release. One live
/// certificate per seat is the rule; only a renewal overlaps.
///
/// # Errors
/// When the seat may not get a certificate now.
pub fn issuance_supersedes(
    seat: SeatState,
    existing: &[Certificate],
    now: Timestamp,
) -> Result<impl Iterator<Item = &Certificate>, IssuanceRefusal> {
    if seat == SeatState::Closed {
        return Err(IssuanceRefusal::SeatClosed);
    }
    if existing.iter().any(|c| matches!(c.state, State::Planned { .. })) {
        return Err(IssuanceRefusal::UnderWay);
    }
    Ok(standing(existing, now))
}

/// The certificates that the gateway would still admit now, later, or after a release: what goes
/// when a seat is closed, or its key was lost.
pub fn standing(existing: &[Certificate], now: Timestamp) -> impl Iterator<Item = &Certificate> {
    existing.iter().filter(move |certificate| {
        let revocable = matches!(
            certificate.state,
            State::Issued { .. } | State::Superseded { .. } | State::Held { .. }
        );
        revocable && !certificate.validity.is_over(now)
    })
}

/// What a new credential means for the certificates that a seat has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reissue {
    /// They stay good until the new one is issued, which revokes them: lapsed, expired, new PC.
    #[default]
    Planned,
    /// The key is gone, and nobody else has it: they are revoked before anything is issued.
    LostKey,
    /// Others have the key, or may: they are revoked before anything is issued, and the key is
    /// never certified again.
    Compromised,
}

impl Reissue {
    /// Why the seat's certificates are revoked at once, if they are.
    pub fn at_once(self) -> Option<Reason> {
        match self {
            Self::Planned => None,
            Self::LostKey => Some(Reason::Superseded),
            Self::Compromised => Some(Reason::KeyCompromise),
        }
    }
}

/// Why a seat or a company cannot be closed or opened again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClosingError {
    /// It is closed.
    #[error("closed already")]
    Closed,
    /// It is open.
    #[error("open already")]
    Open,
    /// A seat is open only within an open company.
    #[error("its company is closed: open that first")]
    CompanyClosed,
}

impl SeatState {
    /// Open → Closed.
    ///
    /// # Errors
    /// Unless it is open.
    pub fn close(self) -> Result<Self, ClosingError> {
        match self {
            Self::Open => Ok(Self::Closed),
            Self::Closed => Err(ClosingError::Closed),
        }
    }

    /// Closed → Open: a new decision, which brings nothing back that went with the closing.
    ///
    /// # Errors
    /// Unless it is closed, and its company is not.
    pub fn reopen(self, company: Self) -> Result<Self, ClosingError> {
        match (self, company) {
            (Self::Open, _) => Err(ClosingError::Open),
            (Self::Closed, Self::Closed) => Err(ClosingError::CompanyClosed),
            (Self::Closed, Self::Open) => Ok(Self::Open),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use proptest::prelude::*;

    use super::*;
    use crate::{Serial, Validity};

    const T0: Timestamp = Timestamp::UNIX_EPOCH;

    fn planned(first: u8) -> Certificate {
        Certificate {
            serial: Serial::from_octets(&[first; 16]).unwrap(),
            validity: Validity { not_before: T0, not_after: T0 + SignedDuration::from_secs(100) },
            state: State::Planned { at: T0 },
        }
    }

    fn replaced(existing: &[Certificate], now: Timestamp) -> Vec<Serial> {
        issuance_supersedes(SeatState::Open, existing, now).unwrap().map(|c| c.serial).collect()
    }

    #[test]
    fn every_certificate_that_could_still_be_used_is_replaced() {
        let issued = planned(1).issue(T0).unwrap();
        let superseded = planned(2).issue(T0).unwrap().supersede(T0).unwrap();
        let held = planned(3).issue(T0).unwrap().hold(T0).unwrap();
        let revoked = planned(4).issue(T0).unwrap().revoke(T0, Reason::KeyCompromise).unwrap();
        let void = planned(5).void(T0).unwrap();
        let all = [issued, superseded, held, revoked, void];
        assert_eq!(replaced(&all, T0), [issued.serial, superseded.serial, held.serial]);
        assert_eq!(replaced(&all, T0 + SignedDuration::from_secs(101)), []);
    }

    #[test]
    fn closed_seat_and_open_intent_refuse() {
        let refusal =
            |seat, existing: &[Certificate]| issuance_supersedes(seat, existing, T0).err();
        assert_eq!(refusal(SeatState::Closed, &[]), Some(IssuanceRefusal::SeatClosed));
        assert_eq!(refusal(SeatState::Open, &[planned(1)]), Some(IssuanceRefusal::UnderWay));
        assert_eq!(refusal(SeatState::Open, &[]), None);
    }

    #[test]
    fn a_seat_opens_again_only_within_an_open_company() {
        use SeatState::{Closed, Open};
        assert_eq!(Open.close(), Ok(Closed));
        assert_eq!(Closed.close(), Err(ClosingError::Closed));
        assert_eq!(Closed.reopen(Open), Ok(Open));
        assert_eq!(Closed.reopen(Closed), Err(ClosingError::CompanyClosed));
        assert_eq!(Open.reopen(Open), Err(ClosingError::Open));
    }

    proptest! {
        /// Whatever befell a seat's certificates: once those that stand are revoked, none is ever
        /// usable again, not even by a release.
        #[test]
        fn nothing_is_left_of_a_seat_whose_standing_certificates_are_revoked(
            lives in prop::collection::vec(prop::collection::vec(0u8..5, 0..6), 0..6),
            now in 0i64..150, later in 0i64..150,
        ) {
            let at = |second| T0 + SignedDuration::from_secs(second);
            let all: Vec<Certificate> = (1..).zip(&lives).map(|(first, steps)| {
                steps.iter().fold(planned(first), |certificate, step| {
                    let next = match step {
                        0 => certificate.issue(T0),
                        1 => certificate.supersede(T0),
                        2 => certificate.hold(T0),
                        3 => certificate.release(),
                        _ => certificate.void(T0),
                    };
                    next.unwrap_or(certificate)
                })
            }).collect();
            let gone: Vec<Serial> = standing(&all, at(now)).map(|c| c.serial).collect();
            for certificate in all {
                let left = match gone.contains(&certificate.serial) {
                    true => certificate.revoke(at(now), Reason::CessationOfOperation).unwrap(),
                    false => certificate,
                };
                prop_assert!(!left.is_usable(at(now + later)));
                let released = left.release().unwrap_or(left);
                prop_assert!(!released.is_usable(at(now + later)));
            }
        }
    }
}
