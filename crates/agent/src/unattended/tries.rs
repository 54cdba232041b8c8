//! What failed, when it is tried again, and when somebody is told.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tegata_domain::Entropy;

use super::TRIES;
use crate::Remedy;
use crate::files::{self, Access, Existing};

/// Wait after the first failure. Each further one doubles it.
const FIRST: SignedDuration = SignedDuration::from_hours(1);
/// Longest wait: less than a day by more than the daily run's random delay, so that none of the
/// daily runs is passed over.
const LONGEST: SignedDuration = SignedDuration::from_hours(18);
/// From this failure on somebody is told, however long there is.
const TOLD_AT: u32 = 3;
/// With fewer days left somebody is told at once.
const URGENT: i64 = 14;
/// Between two tellings of the same thing, by whether it is urgent.
const AGAIN: SignedDuration = SignedDuration::from_hours(7 * 24);
const AGAIN_URGENT: SignedDuration = SignedDuration::from_hours(20);

/// Longest file that is read, in octets.
const MAX_LEN: u64 = 256 * 1024;

/// What failed before, by serial number of the certificate that is due.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tries(BTreeMap<String, Failed>);

/// A renewal that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// How often in a row.
    pub failures: u32,
    /// When it is tried again.
    pub not_before: Timestamp,
    /// Why it failed, as a word for programs.
    pub code: String,
    /// Whether a person has to do something first: then it is not tried again before.
    #[serde(default)]
    pub stopped: bool,
    /// When somebody was told last: when it was shown.
    #[serde(default)]
    pub told_at: Option<Timestamp>,
}

/// Whether it is tried now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict<'a> {
    /// Yes.
    Try,
    /// Later, by itself.
    Wait(&'a Failed),
    /// Not before a person did something.
    Stopped(&'a Failed),
}

impl Tries {
    /// What was kept in the folder of state. A file that cannot be read is as good as none: the
    /// worst that comes of it is one try too many.
    pub fn read(state: &Path) -> Self {
        let json = files::read(&state.join(TRIES), MAX_LEN).ok().flatten();
        json.and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default()
    }

    /// Keeps it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, state: &Path) -> io::Result<()> {
        let path = state.join(TRIES);
        if self.0.is_empty() {
            return files::remove(&path);
        }
        let json = serde_json::to_vec_pretty(self)?;
        files::write(&path, &json, Access::Private, Existing::Replace)
    }

    /// Forgets all: somebody just set it up anew, and may have put right what was wrong.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn forget(state: &Path) -> io::Result<()> {
        files::remove(&state.join(TRIES))
    }

    /// Whether `serial` is tried at `now`. A clock that was set back does not make it wait longer
    /// than it ever would.
    pub fn verdict(&self, serial: &str, now: Timestamp) -> Verdict<'_> {
        match self.0.get(serial) {
            Some(failed) if failed.stopped => Verdict::Stopped(failed),
            Some(failed) if now < failed.not_before && failed.not_before <= now + LONGEST => {
                Verdict::Wait(failed)
            }
            _ => Verdict::Try,
        }
    }

    /// Notes that `serial`, which ends in `days_left` days, could not be renewed. Returns whether
    /// somebody is to be told.
    pub fn failed(
        &mut self,
        serial: &str,
        (code, remedy): (&str, Remedy),
        days_left: i64,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> bool {
        let before = self.0.remove(serial);
        let failures = before.as_ref().map_or(0, |before| before.failures).saturating_add(1);
        let told_at = before.and_then(|before| before.told_at);
        let failed = Failed {
            failures,
            not_before: now + wait(failures, entropy),
            code: code.to_owned(),
            stopped: remedy == Remedy::PersonFirst,
            told_at,
        };
        let matters = remedy != Remedy::Time || failures >= TOLD_AT || days_left < URGENT;
        let tells = matters && failed.may_tell(days_left, now);
        self.0.insert(serial.to_owned(), failed);
        tells
    }

    /// Whether somebody is to be told again of what is not tried any more.
    pub fn reminds(&self, serial: &str, days_left: i64, now: Timestamp) -> bool {
        let failed = self.0.get(serial).filter(|failed| failed.stopped);
        failed.is_some_and(|failed| failed.may_tell(days_left, now))
    }

    /// Notes that somebody was told: that it was shown, not that it was tried.
    pub fn told(&mut self, serial: &str, now: Timestamp) {
        if let Some(failed) = self.0.get_mut(serial) {
            failed.told_at = Some(now);
        }
    }

    /// Forgets one that was renewed.
    pub fn renewed(&mut self, serial: &str) {
        self.0.remove(serial);
    }

    /// Forgets all but these: the others were renewed, or are gone.
    pub fn keep_only(&mut self, due: &[String]) {
        self.0.retain(|serial, _| due.contains(serial));
    }
}

impl Failed {
    fn may_tell(&self, days_left: i64, now: Timestamp) -> bool {
        let again = if days_left < URGENT { AGAIN_URGENT } else { AGAIN };
        self.told_at.is_none_or(|told_at| told_at + again <= now || now < told_at)
    }
}

/// The wait after so many failures in a row, shorter by up to a quarter at random.
fn wait(failures: u32, entropy: &dyn Entropy) -> SignedDuration {
    let mut octet = [0];
    entropy.fill(&mut octet);
    let doubled = 1_i32.checked_shl(failures.saturating_sub(1).min(16)).unwrap_or(i32::MAX);
    let whole = FIRST.checked_mul(doubled).unwrap_or(LONGEST).min(LONGEST);
    whole - whole / 4 * i32::from(octet[0]) / 255
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::now;

    struct Always(u8);

    impl Entropy for Always {
        fn fill(&self, octets: &mut [u8]) {
            octets.fill(self.0);
        }
    }

    const SERIAL: &str = "4102";
    const AWAY: (&str, Remedy) = ("no_connection", Remedy::Time);

    fn hours(hours: i64) -> SignedDuration {
        SignedDuration::from_hours(hours)
    }

    #[test]
    fn the_wait_doubles_to_less_than_a_day_and_is_shorter_by_a_quarter_at_most() {
        let waits = (1..8).map(|failures| wait(failures, &Always(0)).as_hours());
        assert_eq!(waits.collect::<Vec<_>>(), [1, 2, 4, 8, 16, 18, 18]);
        assert_eq!(wait(3, &Always(0xff)), hours(3));
        assert_eq!(wait(u32::MAX, &Always(0)), LONGEST);
    }

    #[test]
    fn it_waits_is_kept_and_is_tried_again_to_the_second() {
        let state = tempfile::tempdir().unwrap();
        let mut tries = Tries::default();
        assert!(!tries.failed(SERIAL, AWAY, 50, now(), &Always(0)), "nobody is bothered yet");
        tries.write(state.path()).unwrap();
        let kept = Tries::read(state.path());
        assert_eq!(kept, tries);
        let second = SignedDuration::from_secs(1);
        assert!(matches!(kept.verdict(SERIAL, now() + hours(1) - second), Verdict::Wait(_)));
        assert_eq!(kept.verdict(SERIAL, now() + hours(1)), Verdict::Try);
        assert_eq!(kept.verdict("other", now()), Verdict::Try);
        let set_back = now() - hours(24 * 30);
        assert_eq!(kept.verdict(SERIAL, set_back), Verdict::Try, "a clock set back");
        tries.keep_only(&[]);
        tries.write(state.path()).unwrap();
        assert!(!state.path().join(TRIES).exists());
    }

    #[test]
    fn told_at_the_third_failure_and_then_once_a_week() {
        let (mut tries, mut at, mut told) = (Tries::default(), now(), Vec::new());
        for day in 0..20 {
            if tries.failed(SERIAL, AWAY, 50 - day, at, &Always(0)) {
                tries.told(SERIAL, at);
                told.push(day);
            }
            at += hours(24);
        }
        assert_eq!(told, [2, 9, 16]);
    }

    #[test]
    fn told_daily_when_little_time_is_left() {
        let mut tries = Tries::default();
        assert!(tries.failed(SERIAL, AWAY, 13, now(), &Always(0)));
        tries.told(SERIAL, now());
        assert!(!tries.failed(SERIAL, AWAY, 13, now() + hours(3), &Always(0)));
        assert!(tries.failed(SERIAL, AWAY, 12, now() + hours(24), &Always(0)));
    }

    #[test]
    fn what_only_a_person_can_do_is_told_at_once() {
        let mut tries = Tries::default();
        assert!(tries.failed(SERIAL, ("proxy_refused", Remedy::Person), 50, now(), &Always(0)));
        assert!(matches!(tries.verdict(SERIAL, now()), Verdict::Wait(_)));
    }

    #[test]
    fn a_wrong_pin_is_never_tried_twice() {
        let mut tries = Tries::default();
        let wrong = ("token_pin_wrong", Remedy::PersonFirst);
        assert!(tries.failed(SERIAL, wrong, 50, now(), &Always(0)));
        tries.told(SERIAL, now());
        let later = now() + hours(24 * 30);
        assert!(matches!(tries.verdict(SERIAL, later), Verdict::Stopped(_)));
        assert!(tries.reminds(SERIAL, 20, later));
        assert!(!tries.reminds(SERIAL, 50, now() + hours(24)));
    }
}
