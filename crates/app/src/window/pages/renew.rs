use tegata_text::Text;

use super::card;
use crate::window::model::Model;
use crate::window::page::{Act, Block, Page};

/// Renew this certificate? There is nothing to enter.
pub(super) fn page(serial: &str, model: &Model, text: Text) -> Page {
    let found = model.read().iter().find(|card| card.serial == serial);
    let is_browser = model.store().starts_with("nss");
    Page::new("renew", text.window_renew_heading())
        .block(Block::Lead(text.window_renew_lead()))
        .blocks(
            found.map(|found| {
                Block::Card(Box::new(card::block(found, is_browser, Vec::new(), text)))
            }),
        )
        .block(Block::Words(text.window_renew_after()))
        .main(text.window_renew(), Act::Submit)
        .or_escape(text.window_back(), Act::Menu)
        .focus_on_main()
}
