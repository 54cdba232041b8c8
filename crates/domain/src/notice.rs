use jiff::Timestamp;

use crate::certificate::{Certificate, State};
use crate::policy::{LifecyclePolicy, days};

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

/// When [`due`] may say something else than at `now`, as long as the certificate stays as it is.
///
/// `None` when nothing will be due any more. `sent` as in [`due`].
pub fn next_due(
    certificate: &Certificate,
    now: Timestamp,
    reminder_days: &[u16],
    sent: &[u16],
) -> Option<Timestamp> {
    let Certificate { state: State::Issued { .. }, validity, .. } = certificate else {
        return None;
    };
    let to_come = reminder_days
        .iter()
        .filter(|threshold| sent.iter().all(|served| served > *threshold))
        .filter_map(|threshold| validity.not_after.saturating_sub(days((*threshold).into())).ok())
        .map(|from| from.max(validity.not_before));
    to_come.filter(|at| *at > now && *at <= validity.not_after).min()
}

/// What the holder of a certificate has to do about its expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Renew.
    Renew,
    /// Renew, but only from this moment on.
    RenewFrom(Timestamp),
    /// Nothing: the PC renews by itself.
    Nothing,
    /// Renew, because the PC should have and has not.
    Overdue,
}

/// What the reminder `due` asks for. A PC that renews by itself (`unattended`) has until the most
/// urgent threshold; from there on its holder is asked to see to it.
pub fn expiry_action(
    certificate: &Certificate,
    now: Timestamp,
    policy: &LifecyclePolicy,
    due: Due,
    unattended: bool,
) -> Action {
    let opens = crate::renewal_opens_at(certificate.validity.not_after, policy.renewal_window);
    let last = policy.reminder_days.iter().min() == Some(&due.threshold_days);
    match unattended {
        true if last && opens <= now => Action::Overdue,
        true => Action::Nothing,
        false if now < opens => Action::RenewFrom(opens),
        false => Action::Renew,
    }
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

    #[test]
    fn whether_action_is_needed() {
        let policy = LifecyclePolicy::default();
        let asked = |threshold_days: u16, unattended| {
            let now = end() - days(threshold_days.into());
            expiry_action(&issued(), now, &policy, Due { threshold_days }, unattended)
        };
        assert_eq!(asked(30, false), Action::Renew);
        assert_eq!(asked(7, false), Action::Renew);
        assert_eq!(asked(30, true), Action::Nothing, "the PC has until the last threshold");
        assert_eq!(asked(7, true), Action::Overdue, "it should have renewed weeks ago");
        let opens = end() - days(60);
        assert_eq!(asked(90, false), Action::RenewFrom(opens), "before the window");
        assert_eq!(asked(90, true), Action::Nothing);
    }

    proptest! {
        /// Nothing becomes due between now and the next moment, and something does then.
        #[test]
        fn next_due_misses_nothing_and_never_comes_in_vain(
            thresholds in prop::collection::btree_set(1u16..360, 0..5),
            sent in prop::collection::btree_set(1u16..360, 0..3),
            hour in -100i64..366 * 24,
            between in 0f64..1.0,
        ) {
            let days: Vec<u16> = thresholds.into_iter().rev().collect();
            let sent: Vec<u16> = sent.into_iter().collect();
            let now = START + SignedDuration::from_hours(hour);
            let said = due(&issued(), now, &days, &sent);
            let second = SignedDuration::from_secs(1);
            let next = next_due(&issued(), now, &days, &sent);
            let until = next.unwrap_or(end() + second);
            let span = (until - second).duration_since(now).as_secs().max(0);
            let somewhere = now + SignedDuration::from_secs((span as f64 * between) as i64);
            if somewhere <= end() && somewhere >= START {
                prop_assert!(due(&issued(), somewhere, &days, &sent) == said || now < START);
            }
            if let Some(at) = next {
                prop_assert!(due(&issued(), at, &days, &sent).is_some());
            }
        }

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
