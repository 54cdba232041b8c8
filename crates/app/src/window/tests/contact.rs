//! Whom to call stands where it is needed.

use tegata_text::{Lang, Text};

use super::samples;
use crate::window::model::Screen;
use crate::window::model::settings::Look;
use crate::window::page::Block;
use crate::window::pages::page;

/// Screens that say that something is wrong.
const TROUBLE: [&str; 8] = [
    "failed",
    "email-failed",
    "told",
    "update-unsigned",
    "done-unproven",
    "doctor",
    "update-too-old",
    "menu-failed",
];

#[test]
fn whom_to_call_stands_under_every_error_and_nowhere_else() {
    for lang in Lang::ALL {
        let help = if lang == Lang::Ja { "ヘルプデスク 0120" } else { "help desk, 0120" };
        for (name, mut model) in samples::all(lang, Look::Light) {
            let said = format!("{:?}", page(&model).blocks.last());
            assert_eq!(said.contains(help), TROUBLE.contains(&name), "{name}: {said}");
            // An installer that does not say it changes nothing else.
            let with = page(&model).blocks.len();
            let names = model.service.as_mut().and_then(|service| service.brand.as_mut());
            let had = names.and_then(|names| names.help.take()).is_some();
            let more = if had && TROUBLE.contains(&name) { 2 } else { 0 };
            assert_eq!(page(&model).blocks.len() + more, with, "{name}");
        }
    }
}

#[test]
fn what_the_server_said_of_whom_to_call_is_not_said_twice() {
    for lang in Lang::ALL {
        let help = if lang == Lang::Ja { "ヘルプデスク 0120" } else { "help desk, 0120" };
        let failed =
            samples::all(lang, Look::Light).into_iter().find(|(name, _)| *name == "failed");
        let (_, mut model) = failed.unwrap();
        let brand = model.service.as_ref().and_then(|service| service.brand.as_ref()).unwrap();
        let said = brand.help.as_ref().unwrap()[usize::from(lang == Lang::En)].clone();
        let Screen::Failed(failed) = &mut model.screen else { unreachable!("the sample is one") };
        failed.explanation.detail = format!("{}\n{said}", failed.explanation.detail);
        let page = format!("{:?}", page(&model));
        assert_eq!(page.matches(help).count(), 1, "{page}");
    }
}

#[test]
fn whom_the_server_said_to_call_stays_when_the_language_is_changed() {
    for lang in Lang::ALL {
        let failed =
            samples::all(lang, Look::Light).into_iter().find(|(name, _)| *name == "failed");
        let (_, mut model) = failed.unwrap();
        let service = model.service.as_mut().unwrap();
        service.brand = None;
        let Screen::Failed(failed) = &mut model.screen else { unreachable!("the sample is one") };
        // What the server writes on a line of its own is one line by then.
        let said = Text::of(lang).problem_help("Sample Bank 0120-000-000");
        failed.explanation.detail = format!("{} {said}", failed.explanation.detail);
        for shown in [lang, lang.other()] {
            model.settings.language = Some(shown.code().to_owned());
            let page = page(&model);
            let drawn = format!("{page:?}");
            assert_eq!(drawn.matches("0120-000-000").count(), 1, "{drawn}");
            let heading = Block::Subheading(Text::of(shown).contact_heading());
            assert_eq!(page.blocks.contains(&heading), shown != lang, "{drawn}");
        }
    }
}
