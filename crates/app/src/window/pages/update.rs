use tegata_text::Text;

use crate::window::model::Offer;
use crate::window::page::{Act, Block, Fact, Page, Tone};

/// There is a newer version, offered or demanded.
pub(super) fn page(offer: &Offer, version: &str, text: Text) -> Page {
    // Tenths of a megabyte, as downloads are shown.
    let tenths = offer.size.div_ceil(100_000);
    let facts = vec![
        Fact::new(text.window_update_current(), version),
        Fact::new(text.window_update_new(), offer.version.as_str()),
        Fact::new(text.window_update_size(), format!("{}.{} MB", tenths / 10, tenths % 10)),
    ];
    let page = Page::new("update", text.window_update_heading());
    let page = if offer.is_required {
        page.block(Block::Notice {
            tone: Tone::Warning,
            title: text.window_update_required(),
            text: text.window_update_required_do(),
        })
    } else {
        page
    };
    let page = page
        .block(Block::Lead(text.window_update_lead()))
        .block(Block::Facts(facts))
        .main(text.window_update_now(), Act::Update);
    let page = if offer.is_required {
        page.or_escape(text.window_clean_close(), Act::Close)
    } else {
        page.or_escape(text.window_update_later(), Act::UpdateLater)
    };
    page.focus_on_main()
}
