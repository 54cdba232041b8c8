use jiff::{SignedDuration, Timestamp};

use crate::certificate::{Certificate, State};
use crate::{Serial, ServiceKey};

/// Why a superseded certificate is not retired now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RetirementRefusal {
    /// It was not renewed: nothing would take its place.
    #[error("the certificate was not renewed")]
    NotSuperseded,
    /// It is on hold; whoever holds it may still find that its key was stolen.
    #[error("the certificate is on hold")]
    Held,
    /// It is revoked already.
    #[error("the certificate is revoked")]
    Revoked,
    /// It has expired; nothing needs to be done.
    #[error("the certificate has expired")]
    Expired,
    /// Its successor is on hold.
    #[error("the renewed certificate is on hold")]
    SuccessorHeld,
    /// Its successor is revoked, has expired, or there is none.
    #[error("the renewed certificate is not live")]
    SuccessorGone,
    /// Its successor was seen too lately.
    #[error("the certificate is retired at {at}")]
    TooEarly {
        /// When it will be retired.
        at: Timestamp,
    },
}

impl RetirementRefusal {
    /// Whether no later moment makes it permitted.
    pub fn is_final(self) -> bool {
        match self {
            Self::Revoked | Self::Expired | Self::SuccessorGone => true,
            Self::NotSuperseded | Self::Held | Self::SuccessorHeld | Self::TooEarly { .. } => false,
        }
    }
}

/// When a certificate is retired by itself whose successor was first seen at `seen_at`.
pub fn retires_at(seen_at: Timestamp, overlap: SignedDuration) -> Timestamp {
    seen_at.saturating_add(overlap).unwrap_or(Timestamp::MAX)
}

/// Whether `old` may be retired at `now`, because its holder says so: only while `successor` can
/// take its place.
///
/// # Errors
/// The reason why not.
pub fn retirement_permitted(
    old: &Certificate,
    successor: Option<&Certificate>,
    now: Timestamp,
) -> Result<(), RetirementRefusal> {
    match old.state {
        State::Superseded { .. } => {}
        State::Issued { .. } | State::Planned { .. } => {
            return Err(RetirementRefusal::NotSuperseded);
        }
        State::Held { .. } => return Err(RetirementRefusal::Held),
        State::Revoked { .. } | State::Void { .. } => return Err(RetirementRefusal::Revoked),
    }
    if old.validity.is_over(now) {
        return Err(RetirementRefusal::Expired);
    }
    match successor {
        Some(one) if matches!(one.state, State::Held { .. }) => {
            Err(RetirementRefusal::SuccessorHeld)
        }
        Some(one) if one.is_usable(now) => Ok(()),
        _ => Err(RetirementRefusal::SuccessorGone),
    }
}

/// Whether `old` is retired at `now` by itself: `overlap` after a gateway first saw its
/// successor, at `seen_at`.
///
/// # Errors
/// The reason why not.
pub fn retirement_due(
    old: &Certificate,
    successor: Option<&Certificate>,
    seen_at: Timestamp,
    now: Timestamp,
    overlap: SignedDuration,
) -> Result<(), RetirementRefusal> {
    retirement_permitted(old, successor, now)?;
    let at = retires_at(seen_at, overlap);
    if now < at { Err(RetirementRefusal::TooEarly { at }) } else { Ok(()) }
}

/// What the key of a certificate signs to have it retired: a text that says what it is for, and
/// of which certificate, so that it is nothing else anywhere.
pub fn retirement_statement(service: &ServiceKey, serial: Serial) -> String {
    format!("tegata, version 1: retire this certificate\nservice {service}\nserial {serial}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Reason, Validity};

    const T0: Timestamp = Timestamp::UNIX_EPOCH;
    const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

    fn second(count: i64) -> Timestamp {
        T0 + SignedDuration::from_secs(count)
    }

    fn issued() -> Certificate {
        Certificate {
            serial: Serial::from_octets(&[0x41; 16]).unwrap(),
            validity: Validity { not_before: T0, not_after: second(10_000_000) },
            state: State::Issued { at: T0 },
        }
    }

    #[test]
    fn retired_on_the_second_after_the_successor_was_seen() {
        let (old, new) = (issued().supersede(second(5)).unwrap(), issued());
        let seen = second(1_000);
        let due = seen + WEEK;
        let at = |now| retirement_due(&old, Some(&new), seen, now, WEEK);
        assert_eq!(
            at(due - SignedDuration::from_secs(1)),
            Err(RetirementRefusal::TooEarly { at: due })
        );
        assert_eq!(at(due), Ok(()));
    }

    #[test]
    fn nothing_is_retired_that_nothing_live_replaces() {
        let (old, new) = (issued().supersede(second(5)).unwrap(), issued());
        let now = second(6);
        let refusal = |old: &Certificate, new: Option<&Certificate>| {
            retirement_permitted(old, new, now).unwrap_err()
        };
        assert_eq!(refusal(&old, None), RetirementRefusal::SuccessorGone);
        let held = new.hold(now).unwrap();
        assert_eq!(refusal(&old, Some(&held)), RetirementRefusal::SuccessorHeld);
        let revoked = new.revoke(now, Reason::KeyCompromise).unwrap();
        assert_eq!(refusal(&old, Some(&revoked)), RetirementRefusal::SuccessorGone);
        assert_eq!(refusal(&issued(), Some(&new)), RetirementRefusal::NotSuperseded);
        assert_eq!(refusal(&old.hold(now).unwrap(), Some(&new)), RetirementRefusal::Held);
        let gone = old.revoke(now, Reason::Superseded).unwrap();
        assert_eq!(refusal(&gone, Some(&new)), RetirementRefusal::Revoked);
        let late = retirement_permitted(&old, Some(&new), second(10_000_001));
        assert_eq!(late, Err(RetirementRefusal::Expired));
        assert_eq!(retirement_permitted(&old, Some(&new), now), Ok(()));
        let renewed_again = new.supersede(now).unwrap();
        assert_eq!(retirement_permitted(&old, Some(&renewed_again), now), Ok(()));
    }
}
