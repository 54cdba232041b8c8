//! OCSP answers that were signed before, by the octets of their request.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use sha2::{Digest, Sha256};
use tegata_ca::OcspAnswer;
use tegata_domain::Serial;
use tegata_store::AuthorityId;

/// Parts, each behind its own lock.
const PARTS: usize = 16;

/// Most answers in a part: with about a kilobyte each, 64 MiB in all.
const MOST: usize = 4_096;

/// An answer and what HTTP says of it.
#[derive(Debug)]
pub struct SharedAnswer {
    /// The answer.
    pub answer: OcspAnswer,
    /// Its entity tag: the beginning of its SHA-256, in quotes.
    pub etag: String,
    /// [`OcspAnswer::this_update`] as HTTP writes it.
    pub last_modified: String,
    /// [`OcspAnswer::next_update`] as HTTP writes it.
    pub expires: String,
}

/// Answers that may be given again.
pub(crate) struct Answers(Vec<Mutex<Part>>);

/// A request, and the CA that it was put to.
type Asked = (AuthorityId, Box<[u8]>);

#[derive(Default)]
struct Part {
    /// By CA, so that a lookup needs no key of its own.
    answers: HashMap<AuthorityId, HashMap<Box<[u8]>, Kept>>,
    /// How many there are.
    count: usize,
    /// Which requests are about a certificate.
    about: HashMap<Serial, Vec<Asked>>,
    /// Position of the feed up to which changes were taken in.
    position: u64,
}

struct Kept {
    shared: Arc<SharedAnswer>,
    serial: Serial,
    /// Signed anew from then on.
    until: Timestamp,
}

impl Part {
    fn clear(&mut self) {
        self.answers.clear();
        self.about.clear();
        self.count = 0;
    }
}

impl Default for Answers {
    fn default() -> Self {
        Self((0..PARTS).map(|_| Mutex::default()).collect())
    }
}

impl SharedAnswer {
    pub(crate) fn new(answer: OcspAnswer) -> Self {
        let digest = Sha256::digest(&answer.der);
        let date = |at: Timestamp| {
            DateTimePrinter::new().timestamp_to_rfc9110_string(&at).unwrap_or_default()
        };
        Self {
            etag: format!("\"{}\"", hex::encode(&digest[..12])),
            last_modified: date(answer.this_update),
            expires: date(answer.next_update),
            answer,
        }
    }
}

impl Answers {
    /// The answer that was given to the same request, while it is in the first half of its life.
    pub(crate) fn find(
        &self,
        ca: AuthorityId,
        request: &[u8],
        now: Timestamp,
    ) -> Option<Arc<SharedAnswer>> {
        let part = self.part(request);
        let kept = part.answers.get(&ca)?.get(request)?;
        let begun = kept.shared.answer.this_update;
        (begun..kept.until).contains(&now).then(|| kept.shared.clone())
    }

    /// Keeps an answer that says what stood at `position` of the feed, unless its certificate
    /// may have changed since.
    pub(crate) fn keep(
        &self,
        ca: AuthorityId,
        request: &[u8],
        shared: &Arc<SharedAnswer>,
        position: u64,
    ) {
        let Some(serial) = shared.answer.shareable else { return };
        let mut part = self.part(request);
        if position < part.position {
            return;
        }
        if part.count >= MOST {
            // Rare, and what is asked for comes back by itself.
            part.clear();
        }
        let (this, next) = (shared.answer.this_update, shared.answer.next_update);
        let until = this + next.duration_since(this) / 2;
        let key: (AuthorityId, Box<[u8]>) = (ca, request.into());
        let about = key.clone();
        let kept = Kept { shared: shared.clone(), serial, until };
        if part.answers.entry(ca).or_default().insert(key.1, kept).is_none() {
            part.count += 1;
            part.about.entry(serial).or_default().push(about);
        }
    }

    /// Takes in changes up to `position`: what was said of these certificates is said no more.
    /// Returns the requests that were about them, so that they can be answered ahead.
    pub(crate) fn change(
        &self,
        serials: &[Serial],
        position: u64,
    ) -> Vec<(AuthorityId, Box<[u8]>)> {
        let mut gone = Vec::new();
        for part in &self.0 {
            let mut part = part.lock().unwrap_or_else(PoisonError::into_inner);
            part.position = part.position.max(position);
            for serial in serials {
                for key in part.about.remove(serial).unwrap_or_default() {
                    let of_ca = part.answers.entry(key.0).or_default();
                    if of_ca.remove(&key.1).is_some_and(|kept| kept.serial == *serial) {
                        part.count -= 1;
                        gone.push(key);
                    }
                }
            }
        }
        gone
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        for part in &self.0 {
            part.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }

    /// By the request's last octets, which are the serial number's.
    fn part(&self, request: &[u8]) -> MutexGuard<'_, Part> {
        let last = request.last().copied().unwrap_or_default();
        self.0[usize::from(last) % PARTS].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(serial: Serial, at: i64) -> Arc<SharedAnswer> {
        let second = |at| Timestamp::from_second(at).unwrap();
        Arc::new(SharedAnswer::new(OcspAnswer {
            der: vec![1],
            this_update: second(at),
            next_update: second(at + 100),
            shareable: Some(serial),
        }))
    }

    fn ca() -> AuthorityId {
        AuthorityId::for_tests(1)
    }

    #[test]
    fn an_answer_is_given_again_in_the_first_half_of_its_life() {
        let (answers, serial) = (Answers::default(), Serial::from_octets(&[7]).unwrap());
        answers.keep(ca(), b"ask", &answer(serial, 1_000), 0);
        let found = |at| answers.find(ca(), b"ask", Timestamp::from_second(at).unwrap()).is_some();
        assert!(found(1_000) && found(1_049));
        assert!(!found(1_050) && !found(999), "the clock went back");
    }

    #[test]
    fn what_changed_is_not_said_again_nor_kept_late() {
        let (answers, serial) = (Answers::default(), Serial::from_octets(&[7]).unwrap());
        answers.keep(ca(), b"ask", &answer(serial, 1_000), 4);
        assert_eq!(answers.change(&[serial], 5), [(ca(), b"ask".as_slice().into())]);
        let at = Timestamp::from_second(1_001).unwrap();
        assert!(answers.find(ca(), b"ask", at).is_none());
        // Signed from what stood before the change, but handed in after it.
        answers.keep(ca(), b"ask", &answer(serial, 1_000), 4);
        assert!(answers.find(ca(), b"ask", at).is_none());
        answers.keep(ca(), b"ask", &answer(serial, 1_000), 5);
        assert!(answers.find(ca(), b"ask", at).is_some());
    }

    #[test]
    fn there_are_never_more_than_the_bound() {
        let answers = Answers::default();
        for number in 1..=(2 * MOST as u32) {
            let serial = Serial::from_octets(&number.to_be_bytes()).unwrap();
            let request = [&number.to_be_bytes()[..], &[0]].concat();
            answers.keep(ca(), &request, &answer(serial, 1_000), 0);
        }
        let kept: usize = answers.0.iter().map(|part| part.lock().unwrap().answers.len()).sum();
        assert!(kept <= MOST, "{kept}");
    }
}
