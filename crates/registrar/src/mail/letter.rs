use std::fmt;
use std::future::Future;

use tegata_domain::{Email, ServiceKey, is_hidden};

use super::trouble::ServerTrouble;

/// Longest text of a header, in characters: shorter than any server's line.
const LONGEST: usize = 200;

/// A text that can stand in a header of a mail: one line, and nothing that ends it. Whatever
/// names and templates hold, no header can be injected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderText(String);

impl HeaderText {
    /// Makes one line of a text: each run of control characters, line separators among them,
    /// becomes a space. What cannot be seen, or turns the direction of others, goes.
    pub fn new(text: &str) -> Self {
        let ends = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
        let shown = |c: &char| ends(*c) || !is_hidden(*c);
        let text: String = text.chars().filter(shown).collect();
        let words: Vec<_> = text.split(ends).filter(|part| !part.is_empty()).collect();
        Self(words.join(" ").trim().chars().take(LONGEST).collect())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HeaderText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialEq<str> for HeaderText {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for HeaderText {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

/// A mail as it will be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Whose service.
    pub service: ServiceKey,
    /// Shown name of the sender.
    pub from_name: HeaderText,
    /// To whom.
    pub to: Email,
    /// Subject.
    pub subject: HeaderText,
    /// Plain text.
    pub body: String,
    /// The same over every attempt, so that receivers can fold duplicates. Without brackets
    /// and domain.
    pub message_id: HeaderText,
}

/// How a mail was received by the mail server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Accepted.
    Accepted,
    /// Not now (4xx).
    Later(String),
    /// Not now, and no other mail either: something is wrong with the server as a whole, which
    /// said this.
    Away(ServerTrouble, String),
    /// Not before somebody here does something: the mail waits, however long.
    Waits(String),
    /// Never (5xx).
    Refused(String),
}

/// A way to a mail server.
pub trait Post: Send + Sync {
    /// Hands over one letter.
    fn deliver(&self, letter: Letter) -> impl Future<Output = Delivery> + Send;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_header_begins_in_a_text() {
        for (text, line) in [
            ("Sample\r\nBcc: x@example.jp", "Sample Bcc: x@example.jp"),
            ("a\u{2028}b\u{85}c\0d\u{7f}", "a b c d"),
            ("  件名\t ", "件名"),
            ("\n\n", ""),
            ("a\u{202e}b\u{200b}c\u{2066}d\u{feff}\u{61c}", "abcd"),
        ] {
            assert_eq!(HeaderText::new(text).as_str(), line);
        }
        assert_eq!(HeaderText::new(&"あ".repeat(999)).as_str().chars().count(), LONGEST);
    }
}
