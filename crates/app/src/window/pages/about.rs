use tegata_text::Text;

use super::second;
use crate::window::model::Model;
use crate::window::model::news::News;
use crate::window::page::{Act, Block, Fact, Page};

/// Version and licences. That of Slint wants its attribution here.
pub(super) fn page(model: &Model, text: Text) -> Page {
    let mut facts = vec![Fact::new(text.window_about_version(), model.start.version)];
    if let Some(service) = &model.service {
        facts.push(Fact::new(text.window_about_site(), service.site.to_string()));
        facts.push(Fact::new(text.window_about_root(), service.root.grouped()));
    }
    if model.start.is_updatable {
        facts.insert(1, Fact::new(text.window_about_update(), news(&model.news, text)));
    }
    let look = || Block::Actions(vec![second(text.window_update_look(), Act::Look)]);
    let mut page = Page::new("about", text.window_about_heading())
        .block(Block::Facts(facts))
        .blocks(model.start.is_updatable.then(look))
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

/// What is known of newer versions.
fn news(news: &News, text: Text) -> String {
    match news {
        News::Unknown => text.window_about_update_unknown(),
        News::UpToDate => text.window_about_update_none(),
        News::Offered(offer) => text.window_update_offered(&offer.version),
        News::TooOld { .. } => text.window_update_required(),
        News::Failed(why) => text.window_about_update_failed(&why.title),
    }
}
