use jiff::Timestamp;

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
    Ok(existing.iter().filter(move |certificate| {
        let revocable = matches!(
            certificate.state,
            State::Issued { .. } | State::Superseded { .. } | State::Held { .. }
        );
        revocable && !certificate.validity.is_over(now)
    }))
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::{Reason, Serial, Validity};

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
}
