use askama::Template;
use tegata_text::{Lang, Text};

use crate::{STYLE, icon, to_html};

/// What surrounds the content of a page.
#[derive(Clone, Copy, Debug)]
pub struct Shell<'a> {
    /// Language of the content.
    pub lang: Lang,
    /// Title of the page, without the service's name.
    pub title: &'a str,
    /// The organisation that offers the service, in `lang`. May be empty.
    pub organisation: &'a str,
    /// The service's name, in `lang`.
    pub service: &'a str,
    /// Where the name in the header leads, when it leads anywhere.
    pub home: Option<&'a str>,
    /// Address of the same page in the other language, when there is one.
    pub switch: Option<&'a str>,
}

/// Width of the main column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Width {
    /// Up to 1024 px: tables and cards.
    #[default]
    Wide,
    /// Up to 816 px: text, at most 50 Japanese characters a line.
    Narrow,
}

/// Renders a page around `content`, which is HTML already and begins with the page's `<h1>`.
pub fn page(shell: &Shell<'_>, content: &str) -> String {
    page_with(shell, Width::Wide, None, content)
}

/// The same, with the column's width and a footer that says whom to call (plain text, line
/// breaks are kept).
pub fn page_with(shell: &Shell<'_>, width: Width, help: Option<&str>, content: &str) -> String {
    to_html(&View {
        shell,
        width: match width {
            Width::Wide => "full",
            Width::Narrow => "narrow",
        },
        help: help.filter(|help| !help.trim().is_empty()),
        content,
        style: STYLE,
        globe: icon::GLOBE,
        text: Text::of(shell.lang),
        other: Text::of(shell.lang.other()),
    })
}

#[derive(Template)]
#[template(path = "page.html")]
struct View<'a> {
    shell: &'a Shell<'a>,
    width: &'a str,
    help: Option<&'a str>,
    content: &'a str,
    style: &'a str,
    globe: &'a str,
    text: Text,
    other: Text,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{EVIL, assert_plain, shell};

    #[test]
    fn every_field_is_escaped() {
        let evil = Shell {
            lang: Lang::En,
            title: EVIL,
            organisation: EVIL,
            service: EVIL,
            home: Some(EVIL),
            switch: Some(EVIL),
        };
        let html = page_with(&evil, Width::Wide, Some(EVIL), "<p>content</p>");
        assert_plain(&html);
        assert_eq!(html.matches("&#60;script&#62;").count(), 7, "{html}");
        assert!(html.contains("<p>content</p>"));
    }

    #[test]
    fn each_language_names_itself_and_links_the_other() {
        for (lang, other, name) in [("ja", "en", "English"), ("en", "ja", "日本語")] {
            let html = page(&shell(Lang::from_tag(lang).unwrap()), "");
            assert!(html.contains(&format!(r#"<html lang="{lang}">"#)));
            let switch = format!(r#"href="?lang={other}" lang="{other}" hreflang="{other}">"#);
            let link = html.split_once(&switch).unwrap().1.split_once("</a>").unwrap().0;
            assert!(link.ends_with(name), "{link}");
        }
    }

    #[test]
    fn what_is_absent_leaves_no_trace() {
        let bare = Shell { organisation: "", home: None, switch: None, ..shell(Lang::Ja) };
        let html = page(&bare, "");
        for trace in
            ["class=\"organisation\"", "class=\"brand\" href", "class=\"language\"", "<footer"]
        {
            assert!(!html.contains(trace), "{trace}");
        }
    }

    #[test]
    fn landmarks_stand_once_and_the_skip_link_leads_into_main() {
        let html = page_with(&shell(Lang::Ja), Width::Narrow, Some("help"), "<h1>title</h1>");
        for once in ["<header", "<main id=\"main\"", "<footer", "<h1", "href=\"#main\""] {
            assert_eq!(html.matches(once).count(), 1, "{once}");
        }
    }

    #[test]
    fn the_shell_leaves_room_for_content_in_60_kb() {
        assert!(STYLE.len() < 15_000, "style sheet: {} bytes", STYLE.len());
        assert!(page(&shell(Lang::Ja), "").len() < 17_000);
    }
}
