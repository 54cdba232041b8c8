//! The page of each screen, in the words of a language. Nothing here knows how it is drawn.

mod about;
mod autoselect;
mod card;
mod clean_up;
mod doctor;
mod done;
mod email;
mod failed;
mod issue;
mod leaving;
mod mail;
mod menu;
mod proxy;
mod renew;
mod root;
mod running;
mod settings;
mod site;
mod update;

use tegata_text::{Lang, Text};

use super::model::form::{Entry, Wrong};
use super::model::news::News;
use super::model::{Cards, Doctor, Model, Screen, Severity};
use super::page::{Act, Block, Button, Field, FieldId, FieldKind, Page, Weight};

pub(super) use failed::in_window;

/// What stands above every page.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Header {
    /// Empty when it is not known.
    pub(crate) organisation: String,
    pub(crate) service: String,
    pub(crate) language: Button,
}

pub(crate) fn header(model: &Model) -> Header {
    let text = model.text();
    let names = model.service.as_ref().and_then(|service| service.brand.as_ref());
    let of = |names: &[String; 2]| names[usize::from(text.lang() == Lang::En)].clone();
    Header {
        organisation: names.map(|names| of(&names.organisation)).unwrap_or_default(),
        service: names.map_or_else(|| text.window_title(), |names| of(&names.service)),
        language: Button::new(text.window_language(), Act::SwitchLanguage, Weight::Quiet)
            .spoken(text.window_language_spoken()),
    }
}

/// The page of the screen of the moment.
pub(crate) fn page(model: &Model) -> Page {
    let mut page = of_screen(&model.screen, model);
    if model.is_filling() {
        // The menu has its place for it.
        page.blocks.splice(0..0, menu::note(model, model.text()));
    }
    if is_trouble(model) {
        let contact = contact(model, &page.blocks);
        page.blocks.extend(contact.into_iter().flatten());
    }
    if let Some(copied) = &model.copied {
        say_copied(&mut page, copied, model.text());
    }
    page
}

/// Whether the page says that something is wrong, or can be done by somebody else only.
fn is_trouble(model: &Model) -> bool {
    match &model.screen {
        Screen::Failed(failed) => !failed.is_cancelled,
        Screen::Doctor(Doctor::Found { findings, .. }) => {
            findings.iter().any(|finding| finding.severity != Severity::Fine)
        }
        Screen::Done(issued) => issued.unproven.is_some(),
        Screen::Menu => matches!(model.cards, Cards::Failed(_)),
        Screen::Update => matches!(model.news, News::TooOld { .. }),
        Screen::Told { .. } => true,
        _ => false,
    }
}

/// Whom to call, as the installer says it, or the server said it in the other language, where it
/// does not stand there already. Without both the sentences name the branch alone.
fn contact(model: &Model, said: &[Block]) -> Option<[Block; 2]> {
    let text = model.text();
    let brand = model.service.as_ref().and_then(|service| service.brand.as_ref());
    let help = match (brand.and_then(|brand| brand.help.as_ref()), &model.screen) {
        (Some(help), _) => help[usize::from(text.lang() == Lang::En)].clone(),
        (None, Screen::Failed(failed)) => failed::help(failed)?,
        (None, _) => return None,
    };
    let says = |block: &Block| matches!(block, Block::Words(words) if words.contains(&help));
    if said.iter().any(says) {
        return None;
    }
    Some([Block::Subheading(text.contact_heading()), Block::Words(help)])
}

/// The button that copied something says so.
fn say_copied(page: &mut Page, copied: &str, text: Text) {
    let of_blocks = page.blocks.iter_mut().filter_map(|block| match block {
        Block::Reference { copy, .. } => Some(copy),
        _ => None,
    });
    for button in page.actions.iter_mut().chain(of_blocks) {
        if matches!(&button.act, Act::Copy(text) if text == copied) {
            (button.label, button.spoken) = (text.window_copied(), String::new());
        }
    }
}

fn of_screen(screen: &Screen, model: &Model) -> Page {
    let text = model.text();
    match screen {
        Screen::Site => site::page(&model.site_form, text),
        Screen::Menu => menu::page(model, text),
        Screen::Issue => issue::page(&model.issue_form, text),
        Screen::Renew { serial } => renew::page(serial, model, text),
        Screen::Email => email::page(model, text),
        Screen::EmailAsked(asked) => email::asked(asked, text),
        Screen::Running(running) => running::page(running, text),
        Screen::Root { fingerprint, .. } => root::page(fingerprint, text),
        Screen::Proxy { form, .. } => proxy::page(form, text),
        Screen::Done(issued) => done::page(issued, model, text),
        Screen::Failed(failed) => failed::page(failed, model, text),
        Screen::Update => update::page(model, text),
        Screen::Told { command, version } => update::told(command, version, text),
        Screen::Doctor(doctor) => doctor::page(doctor, model, text),
        Screen::CleanUp => clean_up::page(model, text),
        Screen::Settings => settings::page(model, text),
        Screen::AutoSelect(page) => autoselect::page(page.seen.as_ref(), text),
        Screen::About => about::page(model, text),
        Screen::Leaving(_) => leaving::page(text),
    }
}

/// A field that must be filled.
fn required(id: FieldId, label: String, help: String, entry: &Entry) -> Field {
    Field {
        id,
        label,
        required: true,
        help,
        error: String::new(),
        value: entry.text.to_string(),
        kind: FieldKind::Plain,
        width: 36,
    }
}

/// The sentence for what is wrong with an entry; empty when nothing is.
fn error(entry: &Entry, missing: impl Fn() -> String, malformed: impl Fn() -> String) -> String {
    match entry.wrong {
        None => String::new(),
        Some(Wrong::Missing) => missing(),
        Some(Wrong::Malformed | Wrong::Differs | Wrong::Length(_)) => malformed(),
    }
}

fn hidden(is_shown: bool) -> FieldKind {
    if is_shown { FieldKind::Shown } else { FieldKind::Hidden }
}

/// Text that is nothing but a list of sentences.
fn paragraphs(text: &str) -> impl Iterator<Item = Block> {
    text.lines().map(|line| Block::Words(line.to_owned()))
}

/// What machines read, letter for letter.
fn code(text: &str) -> Block {
    Block::Code { label: String::new(), text: text.to_owned() }
}

fn quiet(label: String, act: Act) -> Button {
    Button::new(label, act, Weight::Quiet)
}

fn second(label: String, act: Act) -> Button {
    Button::new(label, act, Weight::Second)
}

/// The page's way back to the menu.
fn to_menu(page: Page, text: Text) -> Page {
    page.or_escape(text.window_menu(), Act::Menu)
}
