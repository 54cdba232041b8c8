use jiff::Timestamp;

use crate::certificate::{Certificate, State};
use crate::policy::days;

/// A reminder that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Which threshold it is for; less urgent ones that were missed fall with it.
    pub threshold_days: u16,
}

/// Which reminder, if any, is due for `certificate` at `now`.
///
/// Only a live certificate without successor is reminded of. Of several thresholds that have
/// passed only the most urgent counts, and only when no reminder for it or a more urgent one
/// went out. `sent` holds the thresholds already served, in any order.
pub fn due(
    certificate: &Certificate,
    now: Timestamp,
    reminder_days: &[u16],
    sent: &[u16],
) -> Option<Due> {
    if !matches!(certificate.state, State::Issued { .. }) || !certificate.validity.contains(now) {
        return None;
    }
    let passed = |threshold: u16| {
        certificate
            .validity
            .not_after
            .saturating_sub(days(threshold.into()))
            .is_ok_and(|from| from <= now)
    };
    let threshold_days = reminder_days.iter().copied().filter(|t| passed(*t)).min()?;
    sent.iter().all(|served| *served > threshold_days).then_some(Due { threshold_days })
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use proptest::prelude::*;

    use super::*;
    use crate::{Reason, Serial, Validity};

    const START: Timestamp = Timestamp::UNIX_EPOCH;
    const THRESHOLDS: &[u16] = &[30, 7];

    fn end() -> Timestamp {
        START + days(365)
    }

    fn issued() -> Certificate {
        Certificate {
            serial: Serial::from_octets(&[0x41; 16]).unwrap(),
            validity: Validity { not_before: START, not_after: end() },
            state: State::Issued { at: START },
        }
    }

    fn threshold(certificate: &Certificate, now: Timestamp, sent: &[u16]) -> Option<u16> {
        due(certificate, now, THRESHOLDS, sent).map(|due| due.threshold_days)
    }

    #[test]
    fn each_threshold_begins_on_its_second() {
        let second = SignedDuration::from_secs(1);
        for (days_before, before, from) in [(30, None, Some(30)), (7, Some(30), Some(7))] {
            let at = end() - days(days_before);
            assert_eq!(threshold(&issued(), at - second, &[]), before);
            assert_eq!(threshold(&issued(), at, &[]), from);
        }
    }

    #[test]
    fn after_an_outage_only_the_most_urgent_goes_out() {
        let now = end() - days(2);
        assert_eq!(threshold(&issued(), now, &[]), Some(7));
        assert_eq!(threshold(&issued(), now, &[7]), None, "the missed one stays away");
        assert_eq!(threshold(&issued(), now, &[30]), Some(7));
    }

    #[test]
    fn none_for_superseded_held_revoked_or_expired() {
        let now = end() - days(5);
        for gone in [
            issued().supersede(now).unwrap(),
            issued().hold(now).unwrap(),
            issued().revoke(now, Reason::KeyCompromise).unwrap(),
        ] {
            assert_eq!(threshold(&gone, now, &[]), None);
        }
        assert_eq!(threshold(&issued(), end() + SignedDuration::from_secs(1), &[]), None);
    }

    proptest! {
        /// Looking at any moments in order and sending what is due sends each threshold at most once.
        #[test]
        fn never_twice(mut hours in prop::collection::vec(0i64..366 * 24, 0..200)) {
            hours.sort_unstable();
            let mut sent = Vec::new();
            for hour in hours {
                let now = START + SignedDuration::from_hours(hour);
                if let Some(t) = threshold(&issued(), now, &sent) {
                    prop_assert!(!sent.contains(&t));
                    sent.push(t);
                }
            }
            prop_assert!(sent.len() <= THRESHOLDS.len());
        }
    }
}
