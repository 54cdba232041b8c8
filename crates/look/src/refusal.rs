use askama::Template;
use tegata_text::Text;

use crate::{Shell, Width, icon, page_with, to_html};

/// The page that says that and why something was refused: first what happened, then what to
/// do now, then whom to call.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// What happened: the headline.
    pub headline: String,
    /// Why, in a sentence or two.
    pub cause: String,
    /// What to do now, one sentence each.
    pub steps: Vec<String>,
    /// Support reference. Empty when nothing was recorded that could be looked up.
    pub reference: String,
}

/// Renders a refusal page.
pub fn refusal(shell: &Shell<'_>, refusal: &Refusal) -> String {
    refusal_with(shell, None, refusal)
}

/// The same, with a footer that says whom to call (plain text, line breaks are kept).
pub fn refusal_with(shell: &Shell<'_>, help: Option<&str>, refusal: &Refusal) -> String {
    let content = to_html(&View { refusal, text: Text::of(shell.lang), mark: icon::WARNING });
    page_with(shell, Width::Narrow, help, &content)
}

#[derive(Template)]
#[template(path = "refusal.html")]
struct View<'a> {
    refusal: &'a Refusal,
    text: Text,
    mark: &'a str,
}

#[cfg(test)]
mod tests {
    use tegata_text::Lang;

    use super::*;
    use crate::tests::{EVIL, assert_plain, shell};

    #[test]
    fn every_field_is_escaped() {
        let evil = Refusal {
            headline: EVIL.into(),
            cause: EVIL.into(),
            steps: vec![EVIL.into(), EVIL.into()],
            reference: EVIL.into(),
        };
        let html = refusal_with(&shell(Lang::En), Some(EVIL), &evil);
        assert_plain(&html);
        assert_eq!(html.matches("&#60;script&#62;").count(), 6, "{html}");
    }

    #[test]
    fn happened_then_to_do_then_whom_to_call() {
        for lang in Lang::ALL {
            let some = Refusal {
                headline: "HEADLINE".into(),
                cause: "CAUSE".into(),
                steps: vec!["STEP-1".into(), "STEP-2".into()],
                reference: "R7K2-M9QX".into(),
            };
            let html = refusal_with(&shell(lang), Some("CALL"), &some);
            let places: Vec<_> = ["HEADLINE", "CAUSE", "STEP-1", "STEP-2", "R7K2-M9QX", "CALL"]
                .map(|what| html.find(what).unwrap())
                .into();
            assert!(places.is_sorted(), "{places:?}");
        }
    }

    #[test]
    fn without_steps_and_reference_there_are_no_headings_for_them() {
        let bare = Refusal {
            headline: "HEADLINE".into(),
            cause: String::new(),
            steps: Vec::new(),
            reference: String::new(),
        };
        assert!(!refusal(&shell(Lang::Ja), &bare).contains("<h2"));
    }
}
