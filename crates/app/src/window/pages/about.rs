use tegata_text::Text;

use crate::window::model::Model;
use crate::window::page::{Act, Block, Fact, Page};

/// Version and licences. That of Slint wants its attribution here.
pub(super) fn page(model: &Model, text: Text) -> Page {
    let mut facts = vec![Fact::new(text.window_about_version(), model.start.version)];
    if let Some(service) = &model.service {
        facts.push(Fact::new(text.window_about_site(), service.site.to_string()));
        facts.push(Fact::new(text.window_about_root(), service.root.grouped()));
    }
    let mut page = Page::new("about", text.window_about_heading())
        .block(Block::Facts(facts))
        .block(Block::Subheading(text.window_about_licences()))
        .blocks(
            [text.window_about_own(), text.window_about_font(), text.window_about_toolkit()]
                .map(Block::Words),
        )
        .block(Block::Attribution)
        .main(text.window_menu(), Act::Menu)
        .focus_on_main();
    page.escape = Some(Act::Menu);
    page
}
