//! Certificates as a person sees them.

use jiff::Timestamp;
use tegata_agent::receipt::Receipt;
use tegata_agent::store::{Held, KeyLocation};

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

/// The certificates found in a store, with what receipts say of them: newest first, those of no
/// use any more at the end. One that a receipt ascribes to another site is left out.
pub(crate) fn cards(
    found: Vec<(Held, Option<Receipt>)>,
    site: Option<&str>,
    now: Timestamp,
) -> Vec<Card> {
    let of_this_site = |receipt: &Option<Receipt>| match (receipt, site) {
        (Some(receipt), Some(site)) => receipt.site == site,
        _ => true,
    };
    let found = found.into_iter().filter(|(_, receipt)| of_this_site(receipt));
    let mut cards: Vec<_> = found.map(|(held, receipt)| card(held, receipt, now)).collect();
    supersede(&mut cards);
    cards.sort_by_key(|card| (card.is_old(), std::cmp::Reverse(card.not_after)));
    cards
}

fn card(held: Held, receipt: Option<Receipt>, now: Timestamp) -> Card {
    let (not_before, not_after) = (held.certificate.not_before(), held.certificate.not_after());
    let renewable_from = receipt.as_ref().map(|receipt| receipt.renewable_from);
    let state = if now < not_before {
        State::NotYetValid
    } else if !held.certificate.valid_at(now) {
        State::Expired
    } else if held.key.is_none() {
        State::NoKey
    } else if renewable_from.is_some_and(|from| from <= now) {
        State::Renewable
    } else {
        State::Valid
    };
    Card {
        user: held.user.to_string(),
        serial: held.serial.to_string(),
        not_before,
        not_after,
        state,
        days_left: not_after.duration_since(now).as_hours().max(0) / 24,
        renewable_from,
        time_zone: receipt.as_ref().and_then(|receipt| receipt.time_zone.clone()),
        service_url: receipt.map(|receipt| receipt.service_url),
        place: held.location,
        key: held.key,
    }
}

fn supersede(cards: &mut [Card]) {
    let newest: Vec<_> = cards
        .iter()
        .filter(|card| card.is_usable())
        .map(|card| (card.user.clone(), card.not_after))
        .collect();
    for card in cards.iter_mut().filter(|card| card.is_usable()) {
        if newest.iter().any(|(user, until)| *user == card.user && *until > card.not_after) {
            card.state = State::Superseded;
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_usable_ones_of_a_seat_the_older_is_superseded() {
        let mut cards = vec![
            sample("A", "1", "2027-01-01T00:00:00Z", State::Renewable, 30),
            sample("A", "2", "2028-01-01T00:00:00Z", State::Valid, 395),
            sample("B", "3", "2027-01-01T00:00:00Z", State::Valid, 30),
        ];
        supersede(&mut cards);
        let states: Vec<_> = cards.iter().map(|card| card.state).collect();
        assert_eq!(states, [State::Superseded, State::Valid, State::Valid]);
    }

    #[test]
    fn an_expired_newer_one_supersedes_nothing() {
        let mut cards = vec![
            sample("A", "1", "2027-01-01T00:00:00Z", State::Valid, 30),
            sample("A", "2", "2028-01-01T00:00:00Z", State::NotYetValid, 395),
        ];
        supersede(&mut cards);
        assert_eq!(cards[0].state, State::Valid);
    }
}
