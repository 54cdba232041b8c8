//! The one visual language: style sheet, page shell, and the page that says why something
//! was refused. Every page is self-contained; its style sheet is allowed by its hash, and
//! there is no script and no `style` attribute anywhere.
//!
//! Content uses these classes of `style.css` (the example `gallery` shows them all):
//!
//! | class | for |
//! |---|---|
//! | `button`, with `large`, `small`, `secondary`, `danger`; `actions` around several | the one main action of a page is plain `button` |
//! | `choices` on a list | cards that are one link each: icon, heading with the link, a sentence |
//! | `steps` on an ordered list | numbered actions with a heading each |
//! | `facts` on a `dl`, a `div` around each pair | names and values; `fingerprint`, `digest` inside |
//! | `files` on a list | downloads |
//! | `notice` | made by [`Notice`] |
//! | `field`, `required`, `help`, `error`, `tick` | forms: label, help, error, then the field |
//! | `table` around a `table`, `badge` with `good`, `warn`, `bad` | the console |
//! | `lead`, `quiet`, `lines`, `mono`, `reference`, `trail` | text |
//!
//! A service's own key colour goes into `--service-key`, `--service-key-strong` and their
//! `-dark` forms, each with a contrast of 4.5:1 to the page.

mod fingerprint;
pub mod icon;
mod notice;
mod page;
mod refusal;

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

pub use fingerprint::{fingerprint, fingerprint_html};
pub use notice::Notice;
pub use page::{Shell, Width, page, page_with};
pub use refusal::{Refusal, refusal, refusal_with};

/// The `Content-Security-Policy` of every page: nothing but its own style sheet.
pub static CONTENT_SECURITY_POLICY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "default-src 'none'; style-src 'sha256-{}'; img-src 'self' data:; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'none'",
        STANDARD.encode(Sha256::digest(STYLE))
    )
});

/// The style sheet.
pub const STYLE: &str = include_str!("style.css");

#[expect(clippy::expect_used, reason = "the templates write text into a String, nothing else")]
fn to_html(template: &impl askama::Template) -> String {
    template.render().expect("a String takes everything")
}

#[cfg(test)]
mod tests {
    use tegata_text::Lang;

    use super::*;

    pub(crate) const EVIL: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";

    pub(crate) fn shell(lang: Lang) -> Shell<'static> {
        Shell {
            lang,
            title: "Issue",
            organisation: "Sample Bank, Ltd.",
            service: "Sample Lite CMS",
            home: Some("/"),
            switch: Some(match lang {
                Lang::Ja => "?lang=en",
                Lang::En => "?lang=ja",
            }),
        }
    }

    /// No tag and no attribute of [`EVIL`] came through, and nothing needs a script.
    pub(crate) fn assert_plain(html: &str) {
        for trace in ["<script", "<img", "\"'>", " style="] {
            assert!(!html.contains(trace), "{trace} in {html}");
        }
    }

    #[test]
    fn the_policy_allows_exactly_the_emitted_style_sheet() {
        let html = page(&shell(Lang::Ja), "");
        let (_, rest) = html.split_once("<style>").unwrap();
        let (emitted, rest) = rest.split_once("</style>").unwrap();
        assert!(!rest.contains("<style"), "one style sheet only");
        let hash = STANDARD.encode(Sha256::digest(emitted));
        assert!(CONTENT_SECURITY_POLICY.contains(&format!("style-src 'sha256-{hash}';")));
    }

    #[test]
    fn the_style_sheet_loads_nothing_and_stays_inside_its_element() {
        for forbidden in ["url(", "@import", "@font-face", "</", "\r", "\0"] {
            assert!(!STYLE.contains(forbidden), "{forbidden:?}");
        }
    }
}
