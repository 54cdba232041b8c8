use tegata_text::Text;

use super::{card, quiet, second};
use crate::window::model::card::{Card, State};
use crate::window::model::{Cards, Model, Note};
use crate::window::page::{Act, Block, Button, Page, Tone};

/// The certificates of this service on this PC, and what can be done.
pub(super) fn page(model: &Model, text: Text) -> Page {
    let page = Page::new("menu", text.window_menu_heading()).blocks(note(model, text));
    let page = match &model.cards {
        Cards::Reading => page.block(Block::Words(text.window_menu_reading())),
        Cards::Failed(explanation) => page.block(Block::Notice {
            tone: Tone::Error,
            title: text.window_store_failed(),
            text: format!("{}\n{}", explanation.title, explanation.detail).trim().to_owned(),
        }),
        Cards::Read(cards) if !cards.iter().any(|card| !card.is_old()) => {
            page.block(Block::Notice {
                tone: Tone::Info,
                title: text.window_menu_none(),
                text: text.window_menu_none_do(),
            })
        }
        Cards::Read(cards) => {
            let current = cards.iter().filter(|card| !card.is_old());
            let is_browser = model.store().starts_with("nss");
            page.blocks(current.map(|found| {
                let buttons = buttons(found, model, text);
                Block::Card(Box::new(card::block(found, is_browser, buttons, text)))
            }))
        }
    };
    page.block(Block::Subheading(text.window_menu_more()))
        .block(Block::Actions(more(model, text)))
        .main(text.window_menu_issue(), Act::OpenIssue)
        .focus_on_main()
}

/// Why a link was not followed.
fn note(model: &Model, text: Text) -> Option<Block> {
    let (title, what) = match model.note? {
        Note::ForeignLink => (text.window_link_foreign(), text.window_link_foreign_do()),
        Note::SpentLink => (text.window_link_spent(), text.window_link_spent_do()),
        Note::NothingToRenew => (text.window_link_not_due(), String::new()),
    };
    Some(Block::Notice { tone: Tone::Warning, title, text: what })
}

fn buttons(card: &Card, model: &Model, text: Text) -> Vec<Button> {
    let mut buttons = Vec::new();
    if model.start.abilities.renewal && card.state == State::Renewable {
        let renew = second(text.window_menu_renew(), Act::OpenRenew(card.serial.clone()));
        buttons.push(renew.spoken(text.window_menu_renew_spoken(&card.user)));
    }
    if let (true, Some(url)) = (card.is_usable(), &card.service_url) {
        let open = second(text.window_menu_open(), Act::OpenUrl(url.clone()));
        buttons.push(open.spoken(text.window_menu_open_spoken(&card.user)));
    }
    buttons
}

fn more(model: &Model, text: Text) -> Vec<Button> {
    let abilities = model.start.abilities;
    let has_old = model.read().iter().any(Card::is_old);
    let offered = [
        (has_old, text.window_menu_clean_up(), Act::OpenCleanUp),
        (abilities.doctor, text.window_menu_doctor(), Act::OpenDoctor),
        (abilities.proxy, text.window_menu_proxy(), Act::OpenSettings),
        (true, text.window_menu_settings(), Act::OpenSettings),
        (true, text.window_menu_about(), Act::OpenAbout),
    ];
    let offered = offered.into_iter().filter(|(is_there, ..)| *is_there);
    offered.map(|(_, label, act)| quiet(label, act)).collect()
}
