//! The certificates on this PC: what a store holds, beside what the receipts remember.

use jiff::Timestamp;
use serde::Serialize;

use crate::receipt::{Receipt, Receipts};
use crate::store::{Held, KeyStore, StoreError};

/// One certificate with what is remembered of it.
#[derive(Clone, Debug)]
pub struct Item {
    /// What the store holds.
    pub held: Held,
    /// What the issuing site told when it was issued; `None` for one issued elsewhere.
    pub receipt: Option<Receipt>,
    /// How it stands.
    pub state: State,
}

/// How a certificate stands, as far as this PC knows. Whether it was revoked, only the gateway
/// and the issuing site can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It can be used.
    Valid,
    /// A newer one of the same seat is here and can be used: this one is not needed any more.
    Superseded,
    /// Its time is over.
    Expired,
    /// Its time has not begun: the clock of this PC may be wrong.
    NotYetValid,
}

/// The certificates of `store`, those that can be used first, then the later ending first.
///
/// # Errors
/// When the store cannot be read. One that does not exist yet holds nothing.
pub fn take(
    store: &dyn KeyStore,
    receipts: Option<&Receipts>,
    now: Timestamp,
) -> Result<Vec<Item>, StoreError> {
    let held = match store.list() {
        Err(StoreError::Missing(_)) => Vec::new(),
        other => other?,
    };
    let mut items: Vec<_> = held
        .iter()
        .map(|one| Item {
            receipt: receipts.and_then(|receipts| receipts.find(one.serial)),
            state: state(one, &held, now),
            held: one.clone(),
        })
        .collect();
    items.sort_by_key(|item| {
        (item.state != State::Valid, std::cmp::Reverse(item.held.certificate.not_after()))
    });
    Ok(items)
}

/// The certificate of `items` that took the place of `old`: of the same seat, usable, and ending
/// last.
pub fn successor<'a>(items: &'a [Item], old: &Item) -> Option<&'a Item> {
    let organisation = old.held.certificate.organisation();
    items
        .iter()
        .filter(|item| {
            item.state == State::Valid
                && item.held.key.is_some()
                && item.held.user == old.held.user
                && item.held.certificate.organisation() == organisation
                && item.held.certificate.not_after() > old.held.certificate.not_after()
        })
        .max_by_key(|item| item.held.certificate.not_after())
}

fn state(one: &Held, all: &[Held], now: Timestamp) -> State {
    if now < one.certificate.not_before() {
        return State::NotYetValid;
    }
    if !one.certificate.valid_at(now) {
        return State::Expired;
    }
    // Of one seat the certificate that ends last is the one that replaced the others.
    let is_replaced = all.iter().any(|other| {
        other.user == one.user
            && other.key.is_some()
            && other.certificate.valid_at(now)
            && other.certificate.organisation() == one.certificate.organisation()
            && other.certificate.not_after() > one.certificate.not_after()
    });
    if is_replaced { State::Superseded } else { State::Valid }
}

impl Item {
    /// Whole days until the end of validity; none when it has passed.
    pub fn days_left(&self, now: Timestamp) -> i64 {
        self.held.certificate.not_after().duration_since(now).as_hours().max(0) / 24
    }

    /// Whether it can be renewed now: its key is here and the site said that it is time.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.state == State::Valid
            && self.held.key.is_some()
            && self.receipt.as_ref().is_some_and(|receipt| receipt.renewable_from <= now)
    }

    /// Whether nothing is lost when it is removed: its time is over, or another took its place.
    pub fn is_old(&self) -> bool {
        matches!(self.state, State::Superseded | State::Expired)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cert::Cert;
    use crate::key::{FileKey, SeatKey};
    use crate::store::KeyLocation;
    use crate::testing::{Authority, Counter, now};

    fn held(authority: &Authority, user: &str, (from, until): (&str, &str), n: u8) -> Held {
        let key = FileKey::random(&Counter::new(u64::from(n)));
        let der = authority.leaf_between(user, &key.spki(), n, from, until);
        let certificate = Cert::from_der(der).unwrap();
        Held::of(certificate, "here".to_owned(), Some(KeyLocation::File)).unwrap()
    }

    #[test]
    fn of_one_seat_the_latest_counts_and_of_the_others_each_its_own() {
        let authority = Authority::new();
        let (old, new) = (("2025-06-01", "2026-06-01"), ("2026-02-01", "2027-06-01"));
        let all = [
            held(&authority, "CMSM950-006-401", old, 1),
            held(&authority, "CMSM950-006-401", new, 2),
            held(&authority, "CMSM950-006-402", old, 3),
            held(&authority, "CMSM950-006-403", ("2025-01-01", "2026-01-01"), 4),
            held(&authority, "CMSM950-006-404", ("2026-04-01", "2027-04-01"), 5),
        ];
        let states: Vec<_> = all.iter().map(|one| state(one, &all, now())).collect();
        use State::{Expired, NotYetValid, Superseded, Valid};
        assert_eq!(states, [Superseded, Valid, Valid, Expired, NotYetValid]);
    }

    #[test]
    fn one_without_a_key_replaces_nothing() {
        let authority = Authority::new();
        let mut all = [
            held(&authority, "CMSM950-006-401", ("2025-06-01", "2026-06-01"), 1),
            held(&authority, "CMSM950-006-401", ("2026-02-01", "2027-06-01"), 2),
        ];
        all[1].key = None;
        assert_eq!(state(&all[0], &all, now()), State::Valid);
    }
}
