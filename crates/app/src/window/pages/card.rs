use tegata_agent::store::KeyLocation;
use tegata_text::Text;

use crate::dates::Dates;
use crate::window::model::card::{Card, SOON, State};
use crate::window::page::{Button, CardBlock, Fact, Tone};

/// The end of a certificate's validity as a person reads it.
pub(super) fn until(card: &Card, text: Text) -> String {
    Dates::of_service(card.time_zone.as_deref(), text).moment(card.not_after)
}

/// A certificate with what can be done with it.
pub(super) fn block(card: &Card, is_browser: bool, buttons: Vec<Button>, text: Text) -> CardBlock {
    let dates = Dates::of_service(card.time_zone.as_deref(), text);
    let is_soon = card.is_usable() && card.days_left < SOON;
    let (badge, tone) = match card.state {
        _ if is_soon => (text.window_card_soon(), Tone::Warning),
        State::Valid => (text.window_card_valid(), Tone::Success),
        State::Renewable => (text.window_card_renewable(), Tone::Info),
        State::Expired => (text.window_card_expired(), Tone::Error),
        State::NotYetValid => (text.window_card_not_yet(), Tone::Warning),
        State::Superseded => (text.window_card_old(), Tone::Plain),
        State::NoKey => (text.window_card_no_key(), Tone::Error),
    };
    let end = until(card, text);
    // On its last day the date says more than a nought.
    let end = if card.is_usable() && card.days_left > 0 {
        text.window_card_days(&card.days_left.to_string(), &end)
    } else {
        end
    };
    let mut facts = vec![Fact::new(text.window_card_until(), end)];
    if let (true, Some(from)) = (card.is_usable(), card.renewable_from) {
        let from = text.window_card_renewal_from(&dates.day(from));
        facts.push(Fact::new(text.window_card_renewal(), from));
    }
    if let Some(key) = card.key {
        facts.push(Fact::new(text.window_card_key(), key_text(key, is_browser, text)));
    }
    facts.push(Fact::new(text.window_card_place(), card.place.clone()));
    CardBlock { title: card.user.clone(), badge, tone, text: String::new(), facts, buttons }
}

pub(super) fn key_text(key: KeyLocation, is_browser: bool, text: Text) -> String {
    match key {
        KeyLocation::Hardware => text.window_key_hardware(),
        KeyLocation::System if is_browser => text.window_key_browser(),
        KeyLocation::System => text.window_key_system(),
        KeyLocation::File => text.window_key_file(),
    }
}
