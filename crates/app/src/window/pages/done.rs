use tegata_text::Text;

use super::card::key_text;
use super::{quiet, settings};
use crate::dates::Dates;
use crate::window::model::card::Card;
use crate::window::model::{Issued, Model};
use crate::window::page::{Act, Block, Fact, Page, Tone};

/// What was installed, where, until when, and what comes next.
pub(super) fn page(issued: &Issued, model: &Model, text: Text) -> Page {
    let dates = Dates::of_service(Some(&issued.time_zone), text);
    let heading =
        if issued.is_renewal { text.window_renewed_heading() } else { text.window_done_heading() };
    let renewal = text.window_card_renewal_from(&dates.day(issued.renewable_from));
    let key = key_text(issued.key, issued.is_browser, text);
    let facts = vec![
        Fact::new(text.window_done_user(), issued.user.as_str()),
        Fact::new(text.window_card_until(), dates.moment(issued.not_after)),
        Fact::new(text.window_card_renewal(), renewal),
        Fact::new(text.window_card_key(), key),
        Fact::new(text.window_card_place(), issued.place.as_str()),
        Fact::new(text.window_done_mail(), issued.email.as_deref().unwrap_or("–")),
    ];
    let remarks =
        [issued.is_under_initial_password.then(|| text.window_done_file()), issued.remark.clone()];
    let remarks: Vec<_> = remarks.into_iter().flatten().collect();
    let browser = match (issued.is_browser, issued.is_renewal) {
        (false, _) => String::new(),
        (true, false) => text.window_done_browser(),
        // The one that it replaces has the same name.
        (true, true) => {
            text.window_renewed_browser(ending(&issued.serial), &dates.moment(issued.not_after))
        }
    };
    let is_old = |card: &Card| card.user == issued.user && card.is_old();
    let has_old = issued.is_renewal && model.read().iter().any(is_old);
    let old = has_old.then(|| {
        let clean_up = quiet(text.window_menu_clean_up(), Act::OpenCleanUp);
        [Block::Words(text.window_renewed_old()), Block::Actions(vec![clean_up])]
    });
    let page = Page::new("done", heading).block(match &issued.unproven {
        None => Block::Notice { tone: Tone::Success, title: text.window_done(), text: browser },
        Some(why) => Block::Notice {
            tone: Tone::Warning,
            title: text.window_done_unproven(),
            text: why.clone(),
        },
    });
    page.blocks(offers(issued, model, text))
        .blocks(remarks.into_iter().map(Block::Words))
        .block(Block::Facts(facts))
        .blocks(old.into_iter().flatten())
        .main(text.window_done_open(), Act::OpenUrl(issued.service_url.clone()))
        .also(text.window_done_copy(), Act::Copy(issued.service_url.clone()))
        .or_escape(text.window_menu(), Act::Menu)
        .focus_on_main()
}

/// The end of a serial number, which is enough to tell two apart. Browsers write it in capitals.
fn ending(serial: &str) -> &str {
    let start = serial.char_indices().rev().nth(5).map_or(0, |(at, _)| at);
    &serial[start..]
}

/// What makes the next time easier; each asks for one press.
fn offers(issued: &Issued, model: &Model, text: Text) -> Vec<Block> {
    let renews = model.schedule == Some(true);
    let offered = [
        (model.schedule == Some(false), text.window_done_schedule_on(), Act::Schedule),
        (issued.unproven.is_none(), text.window_choice_open(), Act::OpenAutoSelect),
    ];
    let offered = offered.into_iter().filter(|(is_there, ..)| *is_there);
    let buttons: Vec<_> = offered.map(|(_, label, act)| quiet(label, act)).collect();
    let is_on = renews.then(|| Block::Words(text.schedule_is_on()));
    let buttons = (!buttons.is_empty()).then_some(Block::Actions(buttons));
    is_on.into_iter().chain(settings::lost(model)).chain(buttons).collect()
}
