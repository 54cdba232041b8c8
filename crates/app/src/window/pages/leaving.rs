use tegata_text::Text;

use crate::window::page::{Act, Block, Page};

/// Close although something runs?
pub(super) fn page(text: Text) -> Page {
    let mut page = Page::new("leaving", text.window_leave_heading())
        .block(Block::Lead(text.window_leave()))
        .main(text.window_leave_stay(), Act::Stay)
        .also(text.window_leave_go(), Act::Leave)
        .focus_on_main();
    page.escape = Some(Act::Stay);
    page
}
