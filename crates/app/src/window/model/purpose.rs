//! What a person most likely opened the window for, by the certificates that are there.

use tegata_agent::Explanation;

use super::Model;
use super::card::{Card, State};

/// The certificates of the store.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cards {
    Reading,
    Read(Vec<Card>),
    Failed(Explanation),
}

/// The menu's main action.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Purpose<'a> {
    /// Nothing here opens the service.
    Issue,
    /// The certificate whose renewal is due, and that ends first.
    Renew(&'a Card),
    /// The service at this address lets one of the certificates in.
    Open(&'a str),
}

impl Cards {
    /// Those read so far.
    pub(crate) fn read(&self) -> &[Card] {
        match self {
            Self::Read(cards) => cards,
            Self::Reading | Self::Failed(_) => &[],
        }
    }

    /// What they are there for.
    pub(crate) fn purpose(&self) -> Purpose<'_> {
        let cards = self.read();
        let due = cards.iter().filter(|card| card.state == State::Renewable);
        if let Some(due) = due.min_by_key(|card| card.not_after) {
            return Purpose::Renew(due);
        }
        let mut usable = cards.iter().filter(|card| card.is_usable());
        usable.find_map(|card| card.service_url.as_deref()).map_or(Purpose::Issue, Purpose::Open)
    }
}

impl Model {
    /// The certificates read so far.
    pub(crate) fn read(&self) -> &[Card] {
        self.cards.read()
    }

    /// The certificate whose renewal is due, and that ends first.
    pub(crate) fn due(&self) -> Option<&Card> {
        match self.cards.purpose() {
            Purpose::Renew(due) => Some(due),
            Purpose::Issue | Purpose::Open(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::model::tests::{model, report};
    use crate::window::model::{Message, Report, Screen};
    use crate::window::page::Act;

    const URL: &str = "https://service.example/";

    fn card(serial: &str, state: State, not_after: &str) -> Card {
        Card {
            user: "CMSM950-006-401".to_owned(),
            serial: serial.to_owned(),
            not_before: "2026-01-01T00:00:00Z".parse().unwrap(),
            not_after: not_after.parse().unwrap(),
            state,
            days_left: 9,
            renewable_from: None,
            time_zone: None,
            service_url: Some(URL.to_owned()),
            place: String::new(),
            key: None,
        }
    }

    #[test]
    fn what_is_due_first_comes_first_then_what_is_usable() {
        let valid = card("01", State::Valid, "2026-12-01T00:00:00Z");
        let later = card("02", State::Renewable, "2027-02-01T00:00:00Z");
        let sooner = card("03", State::Renewable, "2027-01-01T00:00:00Z");
        let old = card("04", State::Expired, "2026-01-01T00:00:00Z");
        let of = |cards: &[&Card]| Cards::Read(cards.iter().copied().cloned().collect());
        let all = of(&[&valid, &later, &sooner, &old]);
        assert_eq!(all.purpose(), Purpose::Renew(&sooner));
        assert_eq!(of(&[&old, &valid]).purpose(), Purpose::Open(URL));
        assert_eq!(of(&[&old]).purpose(), Purpose::Issue);
        let foreign = Card { service_url: None, ..valid };
        assert_eq!(of(&[&foreign]).purpose(), Purpose::Issue);
        assert_eq!(Cards::Reading.purpose(), Purpose::Issue);
    }

    #[test]
    fn the_focus_follows_the_main_action() {
        let mut model = model();
        assert_eq!(model.screen, Screen::Menu);
        let valid = card("01", State::Valid, "2026-12-01T00:00:00Z");
        let mut turns = vec![model.focus_turn];
        for cards in [vec![valid.clone()], vec![valid.clone()], Vec::new()] {
            report(&mut model, Report::Loaded(Ok(cards)));
            turns.push(model.focus_turn);
        }
        assert_eq!(turns, [turns[0], turns[0] + 1, turns[0] + 1, turns[0] + 2]);
        report(&mut model, Report::Loaded(Ok(vec![valid])));
        // A new issue is still one press away.
        model.update(Message::Pressed(Act::OpenIssue));
        assert_eq!(model.screen, Screen::Issue);
    }
}
