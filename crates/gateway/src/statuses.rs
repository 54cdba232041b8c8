use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use tegata_domain::{RevocationStatus, Serial};

/// Number of buckets; a power of two. With a million entries each holds about 244.
const BUCKETS: usize = 4_096;

/// Entries for which a full bucket makes room: bounds the slack to 168 octets a bucket.
const STEP: usize = 8;

/// Which serial numbers are not good: 21 octets each and under two of overhead at a million.
///
/// Entries lie sorted in buckets, each behind its own lock, so that a reader waits at most for
/// one insertion into one bucket, and no rebuilding ever happens.
#[derive(Debug)]
pub(crate) struct Statuses {
    buckets: Box<[RwLock<Vec<Entry>>]>,
    len: AtomicUsize,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    serial: Serial,
    mark: Mark,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Held,
    Revoked,
}

impl Statuses {
    pub(crate) fn new() -> Self {
        Self {
            buckets: (0..BUCKETS).map(|_| RwLock::new(Vec::new())).collect(),
            len: AtomicUsize::new(0),
        }
    }

    /// How many are not good.
    pub(crate) fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed)
    }

    /// The status of `serial`.
    pub(crate) fn get(&self, serial: &Serial) -> RevocationStatus {
        let bucket = self.read(serial);
        match bucket.binary_search_by_key(serial, |entry| entry.serial) {
            Ok(place) => bucket[place].mark.into(),
            Err(_) => RevocationStatus::Good,
        }
    }

    /// Takes in an announcement and says what stands now ([`RevocationStatus::then`]).
    pub(crate) fn announce(&self, serial: Serial, later: RevocationStatus) -> RevocationStatus {
        let mut bucket = self.write(&serial);
        let place = bucket.binary_search_by_key(&serial, |entry| entry.serial);
        let before = place.map_or(RevocationStatus::Good, |place| bucket[place].mark.into());
        let after = before.then(later);
        match (place, Mark::of(after)) {
            (Ok(place), Some(mark)) => bucket[place].mark = mark,
            (Ok(place), None) => {
                bucket.remove(place);
                self.len.fetch_sub(1, Ordering::Relaxed);
            }
            (Err(place), Some(mark)) => {
                if bucket.len() == bucket.capacity() {
                    bucket.reserve_exact(STEP);
                }
                bucket.insert(place, Entry { serial, mark });
                self.len.fetch_add(1, Ordering::Relaxed);
            }
            (Err(_), None) => {}
        }
        after
    }

    fn read(&self, serial: &Serial) -> RwLockReadGuard<'_, Vec<Entry>> {
        self.buckets[bucket_of(serial)].read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, serial: &Serial) -> RwLockWriteGuard<'_, Vec<Entry>> {
        self.buckets[bucket_of(serial)].write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Mark {
    fn of(status: RevocationStatus) -> Option<Self> {
        match status {
            RevocationStatus::Good => None,
            RevocationStatus::Held => Some(Self::Held),
            RevocationStatus::Revoked => Some(Self::Revoked),
        }
    }
}

impl From<Mark> for RevocationStatus {
    fn from(mark: Mark) -> Self {
        match mark {
            Mark::Held => Self::Held,
            Mark::Revoked => Self::Revoked,
        }
    }
}

/// Serial numbers are random, but tests and imported ones may count up: multiply by 2⁶⁴/φ.
fn bucket_of(serial: &Serial) -> usize {
    let folded = serial.padded().chunks(8).fold(0u64, |folded, chunk| {
        chunk.iter().fold(folded.rotate_left(29), |f, octet| f.rotate_left(8) ^ u64::from(*octet))
    });
    (folded.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - BUCKETS.trailing_zeros())) as usize
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use RevocationStatus::{Good, Held, Revoked};
    use proptest::prelude::*;

    use super::*;

    pub(crate) fn serial(number: u64) -> Serial {
        let mut octets = [0x40; 16];
        octets[8..].copy_from_slice(&number.to_be_bytes());
        Serial::from_octets(&octets).unwrap()
    }

    #[test]
    fn a_hold_is_released_and_a_revocation_is_not() {
        let statuses = Statuses::new();
        assert_eq!(statuses.announce(serial(1), Held), Held);
        assert_eq!(statuses.announce(serial(1), Good), Good);
        assert_eq!(statuses.len(), 0);
        assert_eq!(statuses.announce(serial(1), Revoked), Revoked);
        assert_eq!(statuses.announce(serial(1), Good), Revoked);
        assert_eq!(statuses.announce(serial(1), Held), Revoked);
        assert_eq!(statuses.get(&serial(1)), Revoked);
        assert_eq!(statuses.get(&serial(2)), Good);
        assert_eq!(statuses.len(), 1);
    }

    proptest! {
        #[test]
        fn agrees_with_a_plain_map(changes in prop::collection::vec((0..50u64, 0..3u8), 0..300)) {
            let statuses = Statuses::new();
            let mut map = HashMap::new();
            for (number, status) in changes {
                let status = [Good, Held, Revoked][usize::from(status)];
                let known = map.entry(number).or_insert(Good);
                *known = known.then(status);
                prop_assert_eq!(statuses.announce(serial(number), status), *known);
            }
            for number in 0..50 {
                let known = map.get(&number).copied().unwrap_or(Good);
                prop_assert_eq!(statuses.get(&serial(number)), known);
            }
            prop_assert_eq!(statuses.len(), map.values().filter(|s| **s != Good).count());
        }
    }

    #[test]
    fn a_million_entries_take_under_24_octets_each() {
        let statuses = Statuses::new();
        for number in 0..1_000_000 {
            statuses.announce(serial(number), Revoked);
        }
        assert_eq!(statuses.len(), 1_000_000);
        let octets: usize = statuses
            .buckets
            .iter()
            .map(|bucket| {
                let entries = bucket.read().unwrap().capacity();
                size_of::<RwLock<Vec<Entry>>>() + entries * size_of::<Entry>()
            })
            .sum();
        assert!(octets < 24_000_000, "{octets}");
        let longest = statuses.buckets.iter().map(|b| b.read().unwrap().len()).max();
        assert!(longest < Some(1_000), "{longest:?}");
    }
}
