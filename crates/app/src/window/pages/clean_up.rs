use tegata_text::Text;

use super::{card, second};
use crate::window::model::Model;
use crate::window::model::card::Card;
use crate::window::page::{Act, Block, Page, Tone};

/// Certificates of no use any more, to be removed on closing.
pub(super) fn page(model: &Model, text: Text) -> Page {
    let old: Vec<_> = model.read().iter().filter(|card| card.is_old()).collect();
    let page = Page::new("clean-up", text.window_clean_heading())
        .block(Block::Lead(text.window_clean_lead()));
    let page = if old.is_empty() {
        page.block(Block::Words(text.window_clean_none()))
    } else {
        page.blocks(old.into_iter().map(|card| block(card, model, text)))
    };
    let mut page = page.main(text.window_menu(), Act::Menu).focus_on_main();
    page.escape = Some(Act::Menu);
    page
}

fn block(old: &Card, model: &Model, text: Text) -> Block {
    let is_marked = model.marked.contains(&old.serial);
    let (serial, until) = (old.serial.clone(), card::until(old, text));
    let button = if is_marked {
        let spoken = text.window_clean_undo_spoken(&until, &old.user);
        second(text.window_clean_undo(), Act::Unmark(serial)).spoken(spoken)
    } else {
        let spoken = text.window_clean_remove_spoken(&until, &old.user);
        second(text.window_clean_remove(), Act::Mark(serial)).spoken(spoken)
    };
    let is_browser = model.store().starts_with("nss");
    let mut block = card::block(old, is_browser, vec![button], text);
    if is_marked {
        block.badge = text.window_clean_marked();
        block.tone = Tone::Warning;
    }
    Block::Card(Box::new(block))
}
