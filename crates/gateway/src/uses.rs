//! Which certificates were admitted since the last report.
//!
//! A request leaves at most one entry a certificate and minute in a queue that was allocated at
//! the start; [`Pending`] makes of them what is reported, and keeps it until a server has it. Both
//! are bounded: when they are full the oldest is forgotten, and counted.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tegata_domain::Serial;
use tokio::sync::Notify;

use crate::metrics::Metrics;

/// Entries that wait for the reporter, 32 octets each.
const QUEUE: usize = 8_192;

/// Certificates that wait for a server, about 120 octets each.
pub(crate) const PENDING: usize = 100_000;

/// Seconds in which a certificate is noted once.
const GRAIN: i64 = 60;

/// The minute in which a certificate was noted last.
#[derive(Debug)]
pub(crate) struct LastNoted(AtomicI64);

impl Default for LastNoted {
    fn default() -> Self {
        Self(AtomicI64::new(i64::MIN))
    }
}

/// Uses of one service's certificates, as requests leave them.
#[derive(Debug)]
pub(crate) struct Uses {
    queue: Mutex<VecDeque<(Serial, i64)>>,
    half_full: Notify,
    wanted: bool,
}

impl Uses {
    /// An empty queue; one that nobody reports takes nothing.
    pub(crate) fn new(wanted: bool) -> Self {
        let queue = VecDeque::with_capacity(if wanted { QUEUE } else { 0 });
        Self { queue: Mutex::new(queue), half_full: Notify::new(), wanted }
    }

    /// Notes that a certificate was admitted at the second `now` (Unix time), unless it was noted
    /// in this minute. Allocates nothing; mostly it is one look at an integer.
    pub(crate) fn note(&self, last: &LastNoted, serial: Serial, now: i64, metrics: &Metrics) {
        let minute = now.div_euclid(GRAIN);
        if !self.wanted
            || last.0.load(Ordering::Relaxed) == minute
            || last.0.swap(minute, Ordering::Relaxed) == minute
        {
            return;
        }
        let mut queue = self.queue();
        if queue.len() == QUEUE {
            queue.pop_front();
            metrics.count_dropped_use();
        }
        queue.push_back((serial, now));
        let half = queue.len() == QUEUE / 2;
        drop(queue);
        if half {
            self.half_full.notify_one();
        }
    }

    /// Resolves when it is time to collect, before anything is lost.
    pub(crate) async fn half_full(&self) {
        self.half_full.notified().await;
    }

    /// Hands over what was noted, oldest first.
    pub(crate) fn collect(&self, into: &mut Pending, metrics: &Metrics) {
        let mut queue = self.queue();
        // Short: the requests that note something wait meanwhile.
        let noted: Vec<_> = queue.drain(..).collect();
        drop(queue);
        for (serial, at) in noted {
            into.add(serial, at, metrics);
        }
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<(Serial, i64)>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a server does not have yet, one entry a certificate.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    /// By the order in which certificates came.
    by_turn: BTreeMap<u64, Waiting>,
    turn_of: HashMap<Serial, u64>,
    next_turn: u64,
}

/// Uses of one certificate. Times are Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) serial: Serial,
    pub(crate) first: i64,
    pub(crate) last: i64,
}

impl Pending {
    pub(crate) fn is_empty(&self) -> bool {
        self.by_turn.is_empty()
    }

    fn add(&mut self, serial: Serial, at: i64, metrics: &Metrics) {
        let known = self.turn_of.get(&serial).and_then(|turn| self.by_turn.get_mut(turn));
        if let Some(known) = known {
            (known.first, known.last) = (known.first.min(at), known.last.max(at));
            return;
        }
        if self.by_turn.len() == PENDING
            && let Some((_, oldest)) = self.by_turn.pop_first()
        {
            self.turn_of.remove(&oldest.serial);
            metrics.count_dropped_use();
        }
        self.turn_of.insert(serial, self.next_turn);
        self.by_turn.insert(self.next_turn, Waiting { serial, first: at, last: at });
        self.next_turn += 1;
    }

    /// The oldest, at most `limit`.
    pub(crate) fn oldest(&self, limit: usize) -> Vec<Waiting> {
        self.by_turn.values().take(limit).copied().collect()
    }

    /// A server has these. What was used again meanwhile stays.
    pub(crate) fn done(&mut self, reported: &[Waiting]) {
        for seen in reported {
            let Some(turn) = self.turn_of.get(&seen.serial).copied() else { continue };
            if self.by_turn.get(&turn) == Some(seen) {
                self.by_turn.remove(&turn);
                self.turn_of.remove(&seen.serial);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn serial(number: u32) -> Serial {
        let mut octets = [0x41; 16];
        octets[12..].copy_from_slice(&number.to_be_bytes());
        Serial::from_octets(&octets).unwrap()
    }

    fn waiting(number: u32, first: i64, last: i64) -> Waiting {
        Waiting { serial: serial(number), first, last }
    }

    #[test]
    fn noted_once_a_minute() {
        let (uses, metrics, last) = (Uses::new(true), Metrics::default(), LastNoted::default());
        for now in [0, 1, 59, 60, 61, 119, 120] {
            uses.note(&last, serial(1), now, &metrics);
        }
        let noted: Vec<_> = uses.queue().iter().map(|(_, at)| *at).collect();
        assert_eq!(noted, [0, 60, 120]);
        let mut pending = Pending::default();
        uses.collect(&mut pending, &metrics);
        assert_eq!(pending.oldest(10), [waiting(1, 0, 120)]);
        assert!(uses.queue().is_empty());
    }

    #[test]
    fn nothing_is_kept_that_nobody_reports() {
        let uses = Uses::new(false);
        uses.note(&LastNoted::default(), serial(1), 0, &Metrics::default());
        assert!(uses.queue().is_empty());
    }

    #[test]
    fn a_full_queue_loses_its_oldest_and_counts_it_and_never_grows() {
        let (uses, metrics) = (Uses::new(true), Metrics::default());
        let room = uses.queue().capacity();
        for number in 0..QUEUE as u32 + 3 {
            uses.note(&LastNoted::default(), serial(number), 0, &metrics);
        }
        let queue = uses.queue();
        assert_eq!(queue.front().unwrap().0, serial(3));
        assert_eq!((queue.len(), queue.capacity()), (QUEUE, room));
        assert_eq!(metrics.dropped_uses(), 3);
    }

    #[tokio::test]
    async fn a_half_full_queue_asks_to_be_collected() {
        let (uses, metrics) = (Uses::new(true), Metrics::default());
        for number in 0..QUEUE as u32 / 2 {
            uses.note(&LastNoted::default(), serial(number), 0, &metrics);
        }
        uses.half_full().await;
    }

    #[test]
    fn what_waits_is_bounded_and_the_oldest_goes() {
        let (mut pending, metrics) = (Pending::default(), Metrics::default());
        for number in 0..PENDING as u32 + 2 {
            pending.add(serial(number), 5, &metrics);
        }
        assert_eq!(pending.by_turn.len(), PENDING);
        assert_eq!(pending.turn_of.len(), PENDING);
        assert_eq!(pending.oldest(1), [waiting(2, 5, 5)]);
        assert_eq!(metrics.dropped_uses(), 2);
    }

    #[test]
    fn what_was_used_again_while_it_was_reported_stays() {
        let (mut pending, metrics) = (Pending::default(), Metrics::default());
        pending.add(serial(1), 5, &metrics);
        pending.add(serial(2), 6, &metrics);
        let sent = pending.oldest(10);
        pending.add(serial(2), 66, &metrics);
        pending.done(&sent);
        assert_eq!(pending.oldest(10), [waiting(2, 6, 66)]);
        pending.done(&pending.oldest(10));
        assert!(pending.is_empty() && pending.turn_of.is_empty());
    }
}
