use tegata_text::Text;

use super::{card, quiet, second, update};
use crate::window::model::card::{Card, SOON, State};
use crate::window::model::{Cards, Model, Note, Purpose};
use crate::window::page::{Act, Block, Button, Page, Tone};

/// The certificates of this service on this PC, and what can be done.
pub(super) fn page(model: &Model, text: Text) -> Page {
    let page = Page::new("menu", text.window_menu_heading())
        .blocks(note(model, text))
        .blocks(update::at_menu(model, text));
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
            page.blocks(model.due().map(|due| notice(due, text))).blocks(current.map(|found| {
                let buttons = buttons(found, model, text);
                Block::Card(Box::new(card::block(found, is_browser, buttons, text)))
            }))
        }
    };
    let page = page
        .block(Block::Subheading(text.window_menu_more()))
        .block(Block::Actions(more(model, text)));
    let main = match model.cards.purpose() {
        Purpose::Renew(due) => (text.window_menu_renew(), Act::OpenRenew(due.serial.clone())),
        Purpose::Open(url) => (text.window_menu_open(), Act::OpenUrl(url.to_owned())),
        Purpose::Issue => {
            return page.main(text.window_menu_issue(), Act::OpenIssue).focus_on_main();
        }
    };
    let page = page.main(main.0, main.1).also(text.window_menu_issue(), Act::OpenIssue);
    page.focus_on_main()
}

/// What the main action is for, where it is renewal.
fn notice(due: &Card, text: Text) -> Block {
    let title = match due.days_left {
        0 => text.window_menu_due_today(&due.user),
        1 => text.window_menu_due_one(&due.user),
        days => text.window_menu_due(&days.to_string(), &due.user),
    };
    let tone = if due.days_left < SOON { Tone::Warning } else { Tone::Info };
    Block::Notice { tone, title, text: text.window_menu_due_do() }
}

/// What has to be said once.
pub(super) fn note(model: &Model, text: Text) -> Option<Block> {
    let (title, what) = match model.note? {
        Note::Updated => {
            let title = text.window_updated(model.start.version);
            return Some(Block::Notice { tone: Tone::Success, title, text: String::new() });
        }
        Note::ForeignLink => (text.window_link_foreign(), text.window_link_foreign_do()),
        Note::SpentLink => (text.window_link_spent(), text.window_link_spent_do()),
        Note::NothingToRenew => (text.window_link_not_due(), String::new()),
    };
    Some(Block::Notice { tone: Tone::Warning, title, text: what })
}

/// What the page's main action does not do already.
fn buttons(card: &Card, model: &Model, text: Text) -> Vec<Button> {
    let mut buttons = Vec::new();
    let purpose = model.cards.purpose();
    if card.state == State::Renewable && purpose != Purpose::Renew(card) {
        let renew = second(text.window_menu_renew(), Act::OpenRenew(card.serial.clone()));
        buttons.push(renew.spoken(text.window_menu_renew_spoken(&card.user)));
    }
    if let (true, Some(url)) = (card.is_usable(), &card.service_url)
        && purpose != Purpose::Open(url)
    {
        let open = second(text.window_menu_open(), Act::OpenUrl(url.clone()));
        buttons.push(open.spoken(text.window_menu_open_spoken(&card.user)));
    }
    // Where it was issued only its receipt says.
    if card.is_usable() && card.renewable_from.is_some() {
        let email = quiet(text.window_email_open(), Act::OpenEmail(card.serial.clone()));
        buttons.push(email.spoken(text.window_email_open_spoken(&card.user)));
    }
    buttons
}

fn more(model: &Model, text: Text) -> Vec<Button> {
    let has_old = model.read().iter().any(Card::is_old);
    let offered = [
        (has_old, text.window_menu_clean_up(), Act::OpenCleanUp),
        (true, text.window_menu_doctor(), Act::OpenDoctor),
        (true, text.window_menu_proxy(), Act::OpenSettings),
        (true, text.window_menu_settings(), Act::OpenSettings),
        (true, text.window_menu_about(), Act::OpenAbout),
    ];
    let offered = offered.into_iter().filter(|(is_there, ..)| *is_there);
    offered.map(|(_, label, act)| quiet(label, act)).collect()
}
