//! Whom to call stands where it is needed.

use tegata_text::Lang;

use super::samples;
use crate::window::model::Screen;
use crate::window::model::settings::Look;
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
