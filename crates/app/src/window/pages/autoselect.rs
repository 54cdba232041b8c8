use tegata_agent::Explanation;
use tegata_text::{Lang, Text};

use super::code;
use crate::window::model::autoselect::{Said, Seen};
use crate::window::page::{Act, Block, Button, Page, Tone, Weight};

/// What the browser's choice of certificate would be, where it stands, and what came of writing or
/// removing it.
pub(super) fn page(seen: Option<&Seen>, text: Text) -> Page {
    let Some(seen) = seen else {
        return new(text)
            .block(Block::Lead(text.window_choice_looking()))
            .or_escape(text.window_back(), Act::Back);
    };
    if let Some(Said::Administrator { command, is_removal }) = &seen.said {
        return told(command, *is_removal, seen, text);
    }
    let page = new(text).blocks(said(seen, text));
    let page = if seen.entries.is_empty() {
        page
    } else {
        page.block(Block::Lead(text.window_choice_lead(&seen.service_url)))
            .blocks(seen.is_writable().then(|| Block::Words(text.window_choice_rights())))
            .blocks(places(seen, text))
            .block(Block::Words(text.choice_firefox()))
    };
    let is_taken = is_because(seen, "choice_taken");
    let needs_certificate = seen.entries.is_empty() && is_because(seen, "no_certificate");
    let page = match (seen.is_writable(), seen.is_written) {
        (true, false) if is_taken => {
            // For whoever writes the other one.
            let copy = Act::Copy(seen.entries.join("\n"));
            page.main(text.window_choice_copy_entries(), copy)
                .also(text.window_choice_write(), Act::WriteAutoSelect)
        }
        (true, false) => page.main(text.window_choice_write(), Act::WriteAutoSelect),
        (true, true) => page
            .main(text.window_choice_write(), Act::WriteAutoSelect)
            .also(text.window_choice_remove(), Act::RemoveAutoSelect),
        (false, true) => {
            let page = page.main(text.window_back(), Act::Back);
            let mut page = page.also(text.window_choice_remove(), Act::RemoveAutoSelect);
            page.escape = Some(Act::Back);
            return page.focus_on_main();
        }
        (false, false) if needs_certificate => page.main(text.window_menu_issue(), Act::OpenIssue),
        (false, false) => {
            let mut page = page.main(text.window_back(), Act::Back);
            page.escape = Some(Act::Back);
            return page.focus_on_main();
        }
    };
    page.or_escape(text.window_back(), Act::Back).focus_on_main()
}

fn new(text: Text) -> Page {
    Page::new("autoselect", text.window_choice_heading())
}

/// What came of the last act; else how it stands.
fn said(seen: &Seen, text: Text) -> Option<Block> {
    let (tone, title, detail) = match &seen.said {
        Some(Said::Written) => {
            (Tone::Success, text.window_choice_written(), text.window_choice_written_do())
        }
        Some(Said::Removed) => {
            (Tone::Success, text.window_choice_removed(), text.window_choice_removed_do())
        }
        Some(Said::Failed(all)) => failed(all, text),
        Some(Said::Administrator { .. }) => return None,
        None if seen.is_written && !seen.is_writable() => {
            (Tone::Success, text.window_choice_stands(), text.window_choice_stands_do())
        }
        None if !seen.entries.is_empty() && seen.places.is_empty() => {
            (Tone::Info, text.choice_no_browser(), String::new())
        }
        None => return None,
    };
    Some(Block::Notice { tone, title, text: detail })
}

fn failed(all: &[Explanation; 2], text: Text) -> (Tone, String, String) {
    let [ja, en] = all;
    let why = if text.lang() == Lang::Ja { ja } else { en };
    let is_missing = ["no_certificate", "no_browser"].contains(&why.code.as_str());
    let tone = if is_missing { Tone::Info } else { Tone::Error };
    let detail = match why.detail.as_str() {
        "" if !is_missing => text.window_choice_failed_do(),
        detail => detail.to_owned(),
    };
    (tone, why.title.clone(), detail)
}

fn is_because(seen: &Seen, code: &str) -> bool {
    matches!(&seen.said, Some(Said::Failed(all)) if all[0].code == code)
}

/// Exactly what is written, and where.
fn places(seen: &Seen, text: Text) -> Vec<Block> {
    if seen.places.is_empty() {
        return Vec::new();
    }
    let places = seen.places.iter().map(|place| {
        let browser = place.browser;
        let label = match place.is_written {
            true => text.window_choice_place_written(browser),
            false => browser.to_owned(),
        };
        // A key of the registry can be broken after each of its parts.
        Block::Code { label, text: place.location.replace('\\', "\\\u{200b}") }
    });
    entries(seen, text)
        .into_iter()
        .chain([Block::Subheading(text.window_choice_places())])
        .chain(places)
        .collect()
}

fn entries(seen: &Seen, text: Text) -> Vec<Block> {
    let heading = Block::Subheading(text.window_choice_entries());
    let entries = seen.entries.iter().map(|entry| code(entry));
    std::iter::once(heading).chain(entries).collect()
}

/// An administrator has to do it.
fn told(command: &str, is_removal: bool, seen: &Seen, text: Text) -> Page {
    let title =
        if is_removal { text.window_choice_told_remove() } else { text.window_choice_told_write() };
    let detail = match (cfg!(windows), is_removal) {
        (true, true) => text.window_choice_told_remove_windows_do(),
        (true, false) => text.window_choice_told_write_windows_do(),
        (false, _) => text.window_choice_told_do(),
    };
    let entries = if is_removal { Vec::new() } else { entries(seen, text) };
    let copy = |label, what: String| Button::new(label, Act::Copy(what), Weight::Second);
    let mut page = Page::new("autoselect-told", text.window_update_told_heading())
        .block(Block::Notice { tone: Tone::Info, title, text: detail })
        .block(Block::Subheading(text.window_choice_command()))
        .block(code(command))
        .blocks(entries)
        .main(text.window_choice_copy_command(), Act::Copy(command.to_owned()));
    if !is_removal {
        page.actions.push(copy(text.window_choice_copy_entries(), seen.entries.join("\n")));
    }
    page.or_escape(text.window_back(), Act::Back).focus_on_main()
}
