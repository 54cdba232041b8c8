use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jiff::Timestamp;
use tegata_domain::{RevocationStatus, Serial};
use tegata_wire::feed::{Change, Page};

use crate::authorities::Authorities;
use crate::statuses::Statuses;
use crate::verdict::Freshness;

/// What the gateway knows of a service: its issuing CAs, who is not good, and how fresh that is.
#[derive(Debug)]
pub(crate) struct Knowledge {
    statuses: Statuses,
    authorities: RwLock<Arc<Authorities>>,
    /// Unix seconds up to which revocations are known; [`NEVER`] before the first page.
    known_at: AtomicI64,
    max_staleness: i64,
}

const NEVER: i64 = i64::MIN;

impl Knowledge {
    pub(crate) fn new(max_staleness: Duration) -> Self {
        Self {
            statuses: Statuses::new(),
            authorities: RwLock::new(Arc::new(Authorities::none())),
            known_at: AtomicI64::new(NEVER),
            max_staleness: i64::try_from(max_staleness.as_secs()).unwrap_or(i64::MAX),
        }
    }

    /// The status of `serial`.
    pub(crate) fn status(&self, serial: &Serial) -> RevocationStatus {
        self.statuses.get(serial)
    }

    /// How many certificates are not good.
    pub(crate) fn not_good(&self) -> usize {
        self.statuses.len()
    }

    /// The issuing CAs.
    pub(crate) fn authorities(&self) -> Arc<Authorities> {
        self.authorities.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How well revocations are known at the second `now` (Unix time).
    pub(crate) fn freshness(&self, now: i64) -> Freshness {
        match self.known_at.load(Ordering::Acquire) {
            NEVER => Freshness::Never,
            at if now.saturating_sub(at) > self.max_staleness => Freshness::Stale,
            _ => Freshness::Fresh,
        }
    }

    /// Up to when revocations are known.
    pub(crate) fn known_at(&self) -> Option<Timestamp> {
        match self.known_at.load(Ordering::Acquire) {
            NEVER => None,
            at => Timestamp::from_second(at).ok(),
        }
    }

    /// Takes in the changes of a page that follows what is known, in their order.
    /// Returns whose certificates are not good after it.
    pub(crate) fn learn(&self, changes: &[Change]) -> Vec<Serial> {
        self.announce(changes.iter())
    }

    /// Takes in only the bad news of a page whose predecessors are missing: true it is, but
    /// whether a release is the last word on its certificate is not known.
    pub(crate) fn learn_worse(&self, changes: &[Change]) -> Vec<Serial> {
        self.announce(changes.iter().filter(|change| change.status != RevocationStatus::Good))
    }

    /// Takes over the issuing CAs. Returns whether they changed.
    pub(crate) fn trust(&self, ders: &[Vec<u8>]) -> bool {
        let mut authorities = self.authorities.write().unwrap_or_else(PoisonError::into_inner);
        if authorities.are(ders) {
            return false;
        }
        *authorities = Arc::new(authorities.next(ders));
        true
    }

    /// Counts revocations as known at the time the server signed `page`, or at `now` when that
    /// is earlier: a server's fast clock must not make its silence look fresh, and an old page
    /// sent again proves nothing new.
    pub(crate) fn refresh(&self, page: &Page, now: Timestamp) {
        let at = page.at.as_second().min(now.as_second());
        let known = self.known_at.load(Ordering::Acquire);
        // A time ahead of `now` comes from a clock that was set back since; it would hide silence.
        let at = if known > now.as_second() { at } else { at.max(known) };
        self.known_at.store(at, Ordering::Release);
    }

    fn announce<'a>(&self, changes: impl Iterator<Item = &'a Change>) -> Vec<Serial> {
        changes
            .filter(|change| {
                self.statuses.announce(change.serial, change.status) != RevocationStatus::Good
            })
            .map(|change| change.serial)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(at: i64) -> Page {
        Page {
            service: "0001/SB0001002C".into(),
            after: 0,
            position: 0,
            at: second(at),
            complete: true,
            receipt: Vec::new(),
            authorities: Vec::new(),
            changes: Vec::new(),
        }
    }

    fn second(at: i64) -> Timestamp {
        Timestamp::from_second(at).unwrap()
    }

    #[test]
    fn stale_one_second_after_the_limit() {
        let knowledge = Knowledge::new(Duration::from_secs(100));
        assert_eq!(knowledge.freshness(1_000), Freshness::Never);
        knowledge.refresh(&page(1_000), second(1_000));
        assert_eq!(knowledge.freshness(1_100), Freshness::Fresh);
        assert_eq!(knowledge.freshness(1_101), Freshness::Stale);
    }

    #[test]
    fn an_old_page_sent_again_refreshes_nothing() {
        let knowledge = Knowledge::new(Duration::from_secs(100));
        knowledge.refresh(&page(1_000), second(1_000));
        knowledge.refresh(&page(900), second(1_090));
        assert_eq!(knowledge.known_at(), Some(second(1_000)));
    }

    #[test]
    fn a_fast_server_clock_does_not_buy_time() {
        let knowledge = Knowledge::new(Duration::from_secs(100));
        knowledge.refresh(&page(9_999), second(1_000));
        assert_eq!(knowledge.freshness(1_101), Freshness::Stale);
    }

    #[test]
    fn after_the_clock_was_set_back_silence_still_counts() {
        let knowledge = Knowledge::new(Duration::from_secs(100));
        knowledge.refresh(&page(9_000), second(9_000));
        knowledge.refresh(&page(1_000), second(1_000));
        assert_eq!(knowledge.freshness(1_101), Freshness::Stale);
    }
}
