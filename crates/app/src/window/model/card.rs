//! Certificates as a person sees them.

use jiff::Timestamp;
use tegata_agent::inventory::{self, Item};
use tegata_agent::store::KeyLocation;

/// A certificate of the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Card {
    pub(crate) user: String,
    pub(crate) serial: String,
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
    pub(crate) state: State,
    /// Whole days of validity left.
    pub(crate) days_left: i64,
    /// First moment at which renewal is possible, where a receipt says it.
    pub(crate) renewable_from: Option<Timestamp>,
    /// IANA name of the service's time zone.
    pub(crate) time_zone: Option<String>,
    pub(crate) service_url: Option<String>,
    pub(crate) place: String,
    pub(crate) key: Option<KeyLocation>,
}

/// What can be done with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    NotYetValid,
    Valid,
    /// Valid, and its renewal is open.
    Renewable,
    Expired,
    /// A newer valid one of the same seat is there.
    Superseded,
    /// The key is not in the store: it cannot be used.
    NoKey,
}

/// Days before expiry from which a certificate is pointed out.
pub(crate) const SOON: i64 = 30;

impl Card {
    /// Whether it is of no use any more and may be offered for removal.
    pub(crate) fn is_old(&self) -> bool {
        matches!(self.state, State::Expired | State::Superseded | State::NoKey)
    }

    /// Whether the service opens with it.
    pub(crate) fn is_usable(&self) -> bool {
        matches!(self.state, State::Valid | State::Renewable)
    }
}

/// The certificates of the service: newest first, those of no use any more at the end.
pub(crate) fn cards(items: Vec<Item>, now: Timestamp) -> Vec<Card> {
    let mut cards: Vec<_> = items.into_iter().map(|item| card(item, now)).collect();
    cards.sort_by_key(|card| (card.is_old(), std::cmp::Reverse(card.not_after)));
    cards
}

fn card(item: Item, now: Timestamp) -> Card {
    let (days_left, is_due) = (item.days_left(now), item.is_due(now));
    let Item { held, receipt, state } = item;
    let (not_before, not_after) = (held.certificate.not_before(), held.certificate.not_after());
    let renewable_from = receipt.as_ref().map(|receipt| receipt.renewable_from);
    let state = match state {
        inventory::State::NotYetValid => State::NotYetValid,
        inventory::State::Expired => State::Expired,
        _ if held.key.is_none() => State::NoKey,
        inventory::State::Superseded => State::Superseded,
        inventory::State::Valid if is_due => State::Renewable,
        inventory::State::Valid => State::Valid,
    };
    Card {
        user: held.user.to_string(),
        serial: held.serial.to_string(),
        not_before,
        not_after,
        state,
        days_left,
        renewable_from,
        time_zone: receipt.as_ref().and_then(|receipt| receipt.time_zone.clone()),
        service_url: receipt.map(|receipt| receipt.service_url),
        place: held.location,
        key: held.key,
    }
}

#[cfg(test)]
pub(crate) fn sample(user: &str, serial: &str, until: &str, state: State, days_left: i64) -> Card {
    let not_after: Timestamp = until.parse().unwrap();
    let day = 24 * 3600;
    Card {
        user: user.to_owned(),
        serial: serial.to_owned(),
        not_before: not_after - jiff::SignedDuration::from_secs(365 * day),
        not_after,
        state,
        days_left,
        renewable_from: Some(not_after - jiff::SignedDuration::from_secs(60 * day)),
        time_zone: Some("Asia/Tokyo".to_owned()),
        service_url: Some("https://service.example.jp/SAMPLE01/cms".to_owned()),
        place: "/home/taro/.pki/nssdb".to_owned(),
        key: Some(KeyLocation::System),
    }
}
