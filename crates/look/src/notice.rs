use askama::Template;
use tegata_text::{Lang, Text};

use crate::{icon, to_html};

/// The kind of a notice. Each has its icon and its word; colour is only the third sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Good to know.
    Info,
    /// It worked.
    Success,
    /// To be done or avoided.
    Warning,
    /// It did not work.
    Error,
}

impl Notice {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Info, Self::Success, Self::Warning, Self::Error];

    /// Renders the notice around `content`, which is HTML already, under the word of its kind.
    pub fn html(self, lang: Lang, content: &str) -> String {
        let text = Text::of(lang);
        self.labelled(
            &match self {
                Self::Info => text.notice_info(),
                Self::Success => text.notice_success(),
                Self::Warning => text.notice_warning(),
                Self::Error => text.notice_error(),
            },
            content,
        )
    }

    /// Renders the notice with paragraphs of plain text under a `label` of its own.
    pub fn plain(self, label: &str, paragraphs: &[impl AsRef<str>]) -> String {
        let paragraphs = paragraphs.iter().map(AsRef::as_ref).collect();
        self.labelled(label, &to_html(&Paragraphs { paragraphs }))
    }

    /// Renders the notice under a `label` (plain text) that says more than the kind's word.
    pub fn labelled(self, label: &str, content: &str) -> String {
        let (class, icon) = match self {
            Self::Info => ("info", icon::INFO),
            Self::Success => ("success", icon::SUCCESS),
            Self::Warning => ("warning", icon::WARNING),
            Self::Error => ("error", icon::ERROR),
        };
        to_html(&View { class, icon, label, content })
    }
}

#[derive(Template)]
#[template(path = "notice.html")]
struct View<'a> {
    class: &'a str,
    icon: &'a str,
    label: &'a str,
    content: &'a str,
}

#[derive(Template)]
#[template(source = "{% for text in paragraphs %}<p>{{ text }}</p>{% endfor %}", ext = "html")]
struct Paragraphs<'a> {
    paragraphs: Vec<&'a str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_notice_has_an_icon_and_a_word() {
        for lang in Lang::ALL {
            for notice in Notice::ALL {
                let html = notice.html(lang, "<p>content</p>");
                let label = html.split_once("</svg>").unwrap().1.split_once("</p>").unwrap().0;
                assert!(!label.trim().is_empty(), "{notice:?} {lang:?}");
                assert!(html.contains("<p>content</p>"));
            }
        }
    }

    #[test]
    fn labels_and_plain_paragraphs_are_escaped() {
        let html = Notice::Info.plain("<script>", &["<b>", "&"]);
        assert!(html.contains("&#60;script&#62;"), "{html}");
        assert!(html.contains("<p>&#60;b&#62;</p><p>&#38;</p>"), "{html}");
    }
}
