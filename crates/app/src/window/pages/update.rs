use tegata_agent::update::megabytes;
use tegata_text::{Lang, Text};

use super::{code, paragraphs, quiet, second};
use crate::window::model::Model;
use crate::window::model::news::{News, Offer};
use crate::window::page::{Act, Block, Button, Fact, Page, Tone};

/// There is another version, offered or demanded.
pub(super) fn page(model: &Model, text: Text) -> Page {
    let version = model.start.version;
    let Some(offer) = model.news.offer() else { return too_old(model, text) };
    let page = Page::new("update", heading(offer, text));
    let page = match (offer.is_required, offer.is_downgrade) {
        (true, _) => page.block(Block::Notice {
            tone: Tone::Warning,
            title: text.window_update_required(),
            text: text.window_update_required_do(),
        }),
        (false, true) => page.block(Block::Notice {
            tone: Tone::Info,
            title: text.window_update_downgrade(),
            text: String::new(),
        }),
        (false, false) => page,
    };
    let page = page
        .block(Block::Lead(text.window_update_lead()))
        .block(Block::Facts(vec![
            Fact::new(text.window_update_current(), version),
            Fact::new(text.window_update_new(), offer.version.as_str()),
            Fact::new(text.window_update_size(), format!("{} MB", megabytes(offer.size))),
        ]))
        .blocks(notes(offer, text))
        .blocks(offer.is_required.then(|| beside(text)))
        .main(text.window_update_now(), Act::Update);
    let page = if offer.is_required {
        page.or_escape(text.window_clean_close(), Act::Close)
    } else {
        page.or_escape(text.window_update_later(), Act::UpdateLater)
    };
    page.focus_on_main()
}

fn heading(offer: &Offer, text: Text) -> String {
    if offer.is_required || offer.is_downgrade {
        text.window_update_heading_required()
    } else {
        text.window_update_heading()
    }
}

/// What is new.
fn notes(offer: &Offer, text: Text) -> Vec<Block> {
    let [ja, en] = &offer.notes;
    let notes = if text.lang() == Lang::Ja { ja } else { en };
    let lines = notes.iter().flat_map(|notes| paragraphs(notes));
    let head = notes.iter().map(|_| Block::Subheading(text.window_update_notes()));
    head.chain(lines).collect()
}

/// This version must not be used, and the site offers no other for this PC.
fn too_old(model: &Model, text: Text) -> Page {
    let minimum = match &model.news {
        News::TooOld { minimum } => minimum.as_str(),
        _ => "–",
    };
    let page = Page::new("update", text.window_update_required())
        .block(Block::Notice {
            tone: Tone::Warning,
            title: text.update_too_old(minimum, model.start.version),
            text: text.update_from_site_do(),
        })
        .block(beside(text));
    let page = match &model.service {
        Some(service) => {
            page.main(text.window_update_site(), Act::OpenUrl(service.site.to_string()))
        }
        None => page,
    };
    page.or_escape(text.window_clean_close(), Act::Close).focus_on_main()
}

/// What may help where the new version cannot be fetched.
fn beside(text: Text) -> Block {
    Block::Actions(vec![
        quiet(text.window_menu_doctor(), Act::OpenDoctor),
        quiet(text.window_menu_settings(), Act::OpenSettings),
        quiet(text.window_menu_about(), Act::OpenAbout),
    ])
}

/// The offer at the menu, unless the person has said *later*.
pub(super) fn at_menu(model: &Model, text: Text) -> Vec<Block> {
    let offer = model.news.offer().filter(|offer| !offer.is_postponed && !offer.is_required);
    let Some(offer) = offer else { return Vec::new() };
    let said = Block::Notice {
        tone: Tone::Info,
        title: text.window_update_offered(&offer.version),
        text: text.window_update_offered_do(&megabytes(offer.size), model.start.version),
    };
    let buttons: Vec<Button> = vec![
        second(text.window_update_now(), Act::Update),
        quiet(text.window_update_later(), Act::UpdateLater),
    ];
    vec![said, Block::Actions(buttons)]
}

/// An administrator has to install it.
pub(super) fn told(command: &str, version: &str, text: Text) -> Page {
    let mut page = Page::new("told", text.window_update_told_heading())
        .block(Block::Notice {
            tone: Tone::Info,
            title: text.window_update_told(version),
            text: text.window_update_told_do(),
        })
        .block(Block::Subheading(text.window_update_command()))
        .block(code(command))
        .main(text.window_copy(), Act::Copy(command.to_owned()))
        .also(text.window_menu(), Act::Menu)
        .focus_on_main();
    page.escape = Some(Act::Menu);
    page
}
