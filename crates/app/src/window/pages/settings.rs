use tegata_text::{Lang, Text};

use super::{error, quiet, required};
use crate::window::model::Model;
use crate::window::model::settings::{Look, ProxyChoice};
use crate::window::page::{Act, Block, Choice, Field, FieldId, Page, Tone};

/// What a person may set. Choices apply at once.
pub(super) fn page(model: &Model, text: Text) -> Page {
    let settings = &model.settings;
    let mut page = Page::new("settings", text.window_settings_heading());
    if let Some(why) = &model.settings_lost {
        page = page.block(Block::Notice {
            tone: Tone::Warning,
            title: text.window_settings_lost(why),
            text: String::new(),
        });
    }
    page = page
        .block(Block::Choice(Choice {
            id: FieldId::Language,
            label: text.window_settings_language(),
            help: String::new(),
            options: vec![text.window_settings_japanese(), text.window_settings_english()],
            chosen: Lang::ALL.iter().position(|lang| *lang == text.lang()).unwrap_or(0),
        }))
        .block(Block::Choice(Choice {
            id: FieldId::Look,
            label: text.window_settings_look(),
            help: String::new(),
            options: Look::ALL.map(|look| look_text(look, text)).to_vec(),
            chosen: Look::ALL.iter().position(|look| *look == settings.look).unwrap_or(0),
        }));
    if model.start.stores.len() > 1 {
        let stores = &model.start.stores;
        page = page.block(Block::Choice(Choice {
            id: FieldId::Store,
            label: text.window_settings_store(),
            help: text.window_settings_store_help(),
            options: stores.iter().map(|store| store_text(store, text)).collect(),
            chosen: stores.iter().position(|store| store == model.store()).unwrap_or(0),
        }));
    }
    page = page
        .blocks(schedule(model, text))
        .blocks(proxy(model, text))
        .block(Block::Subheading(text.window_choice_heading()))
        .block(Block::Actions(vec![quiet(text.window_choice_open(), Act::OpenAutoSelect)]));
    let is_branded = model.service.as_ref().is_some_and(|service| service.brand.is_some());
    if let (false, Some(service)) = (is_branded, &model.service) {
        page = page
            .block(Block::Subheading(text.window_settings_site()))
            .block(Block::Words(service.site.to_string()))
            .block(Block::Actions(vec![quiet(text.window_settings_site_change(), Act::OpenSite)]));
    }
    let mut page = page.main(text.window_menu(), Act::Menu);
    page.escape = Some(Act::Menu);
    page
}

/// Whether this PC renews by itself, where that is known.
fn schedule(model: &Model, text: Text) -> Vec<Block> {
    let choice = model.schedule.map(|is_on| {
        Block::Choice(Choice {
            id: FieldId::Schedule,
            label: text.window_settings_schedule(),
            help: text.window_settings_schedule_help(),
            options: vec![text.window_settings_schedule_off(), text.window_settings_schedule_on()],
            chosen: usize::from(is_on),
        })
    });
    choice.into_iter().chain(lost(model)).collect()
}

/// Why that could not be changed.
pub(super) fn lost(model: &Model) -> Option<Block> {
    model.schedule_lost.as_ref().map(|why| Block::Notice {
        tone: Tone::Warning,
        title: why.title.clone(),
        text: why.detail.clone(),
    })
}

fn look_text(look: Look, text: Text) -> String {
    match look {
        Look::System => text.window_look_system(),
        Look::Light => text.window_look_light(),
        Look::Dark => text.window_look_dark(),
        Look::Contrast => text.window_look_contrast(),
    }
}

fn store_text(store: &str, text: Text) -> String {
    match store {
        "windows" => text.window_store_windows(),
        "nss" => text.window_store_nss(),
        "keychain" => text.window_store_keychain(),
        place => text.window_store_other(place),
    }
}

fn proxy(model: &Model, text: Text) -> Vec<Block> {
    let (settings, form) = (&model.settings, &model.settings_form);
    let proxies = ProxyChoice::ALL;
    let choice = Block::Choice(Choice {
        id: FieldId::Proxy,
        label: text.window_settings_proxy(),
        help: text.window_settings_proxy_help(),
        options: vec![
            text.window_proxy_automatic(),
            text.window_proxy_none(),
            text.window_proxy_manual(),
            text.window_proxy_script(),
        ],
        chosen: proxies.iter().position(|proxy| *proxy == settings.proxy).unwrap_or(0),
    });
    let field = match settings.proxy {
        ProxyChoice::Automatic | ProxyChoice::None => None,
        ProxyChoice::Address => {
            let (label, help) = (text.window_proxy_manual_label(), text.window_proxy_manual_help());
            let bad = || text.window_proxy_manual_bad();
            Some(Field {
                error: error(&form.address, bad, bad),
                ..required(FieldId::ProxyAddress, label, help, &form.address)
            })
        }
        ProxyChoice::Script => {
            let (label, help) = (text.window_proxy_script_label(), text.window_proxy_script_help());
            let bad = || text.window_proxy_script_bad();
            Some(Field {
                error: error(&form.script, bad, bad),
                width: 64,
                ..required(FieldId::ProxyScript, label, help, &form.script)
            })
        }
    };
    [Some(choice), field.map(Block::Field)].into_iter().flatten().collect()
}
