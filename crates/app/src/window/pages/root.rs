use tegata_agent::Fingerprint;
use tegata_text::Text;

use crate::window::page::{Act, Block, Page, Tone};

/// Does this stand on the slip? Nothing has the focus: nobody shall say yes by holding Enter.
pub(super) fn page(fingerprint: &Fingerprint, text: Text) -> Page {
    let groups = fingerprint.grouped().split_whitespace().map(str::to_owned).collect();
    Page::new("root", text.window_root_heading())
        .block(Block::Lead(text.window_root_lead()))
        .block(Block::Subheading(text.window_root_label()))
        .block(Block::Fingerprint { label: text.window_root_label(), groups })
        .block(Block::Notice {
            tone: Tone::Warning,
            title: text.window_root_warning(),
            text: text.window_root_warning_do(),
        })
        .main(text.window_root_yes(), Act::Compared(true))
        .or_escape(text.window_root_no(), Act::Compared(false))
}
