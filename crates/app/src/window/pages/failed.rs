use tegata_text::Text;

use super::{paragraphs, quiet, second};
use crate::window::model::{Failed, Model, Work};
use crate::window::page::{Act, Block, Page, Tone};

/// What happened, what to do now, and what to tell the help desk.
pub(super) fn page(failed: &Failed, model: &Model, text: Text) -> Page {
    let said = &failed.explanation;
    let page = if failed.is_cancelled {
        Page::new("cancelled", text.window_cancelled_heading()).block(Block::Notice {
            tone: Tone::Info,
            title: said.title.clone(),
            text: said.detail.clone(),
        })
    } else {
        Page::new("failed", text.notice_error())
            .block(Block::Notice {
                tone: Tone::Error,
                title: said.title.clone(),
                text: String::new(),
            })
            .block(Block::Subheading(text.refusal_next_steps()))
            .blocks(paragraphs(instead(&said.code, text).as_ref().unwrap_or(&said.detail)))
    };
    let page = if said.reference.is_empty() {
        page
    } else {
        let copy = second(text.window_copy(), Act::Copy(said.reference.clone()));
        page.block(Block::Reference {
            label: text.support_reference(),
            help: text.support_reference_hint(),
            value: said.reference.clone(),
            copy: copy.spoken(text.window_copy_reference()),
        })
    };
    let page = match failed.work {
        _ if said.code == "app_too_old" => newer(page, model, text),
        Work::Site | Work::Issue => page.main(text.window_failed_form(), Act::Form),
        Work::Renewal { .. } => page.main(text.window_again(), Act::Form),
        Work::Look => page.main(text.window_again(), Act::Look),
        Work::Update => page.main(text.window_again(), Act::Update),
        Work::Removal | Work::Examination => page.main(text.window_menu(), Act::Menu),
    };
    let is_at_menu = matches!(failed.work, Work::Removal | Work::Examination);
    let page = if is_at_menu { page } else { page.or_escape(text.window_menu(), Act::Menu) };
    let is_about_settings = said.code.starts_with("store_")
        || ["no_connection", "proxy_failed", "host_not_found"].contains(&said.code.as_str());
    let page = if is_about_settings {
        page.block(Block::Actions(vec![quiet(text.window_menu_settings(), Act::OpenSettings)]))
    } else {
        page
    };
    page.focus_on_main()
}

/// The site wants a newer version: the application looks for it, or the person does.
fn newer(page: Page, model: &Model, text: Text) -> Page {
    match &model.service {
        Some(service) if !model.start.is_updatable => {
            page.main(text.window_update_site(), Act::OpenUrl(service.site.to_string()))
        }
        _ => page.main(text.window_update_look(), Act::Look),
    }
}

/// What to do now in the window, where the agent's sentence speaks of the command line.
fn instead(code: &str, text: Text) -> Option<String> {
    Some(match code {
        "proxy_failed" => text.window_failed_proxy_do(),
        "no_connection" => text.window_failed_connection_do(),
        "store_password_needed" | "store_unreadable" | "store_missing" => {
            text.window_failed_password_do()
        }
        "app_too_old" => text.window_update_required_do(),
        "update_unsigned"
        | "update_malformed"
        | "update_other_service"
        | "update_replayed"
        | "update_ambiguous" => text.window_update_not_believed_do(),
        "update_package_differs" | "update_io" | "disk_full" => text.window_update_again_do(),
        "store_occupied" => text.window_failed_occupied_do(),
        "store_tool_failed" => text.window_failed_browser_do(),
        _ => return None,
    })
}
