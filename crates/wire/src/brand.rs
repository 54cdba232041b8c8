//! What an installer says of the service that it was made for: `brand.json`, written by
//! `tegata service brand`, packed by `make package`, read by the application.
//!
//! Unknown members are refused: the file comes with the program that reads it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use tegata_domain::is_hidden;

use crate::Der;
use crate::api::Bilingual;

/// The file, beside the application's executable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Brand {
    /// The issuing site, `https://host/issueweb/TENANT/ISSUER/`.
    pub site: String,
    /// SHA-256 of the root certificate, 64 hexadecimal digits.
    pub root_sha256: String,
    /// The organisation that offers the service.
    pub organisation: Bilingual,
    /// The service's own name.
    pub name: Bilingual,
    /// Whom users call; shown under every error of the application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<HelpDesk>,
    /// The service's key colour, `#rrggbb`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_colour: Option<String>,
    /// Ed25519 public keys (RFC 8032, 32 octets) that may sign update manifests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub update_keys: Vec<Der>,
}

/// Whom users call, in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HelpDesk {
    /// Japanese.
    pub ja: HelpText,
    /// English.
    pub en: HelpText,
}

/// One line such as a name with a telephone number and its hours: 1 to 200 characters, none of
/// which controls a terminal or turns the direction of writing (UAX #9 §2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HelpText(String);

impl HelpText {
    /// Longest text, in characters: two or three lines of the window.
    pub const MAX_LEN: usize = 200;

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Settings keep the line breaks of what is said for help; everywhere but on pages it is one line.
pub fn one_line(help: &str) -> String {
    let lines = help.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(" ")
}

/// Not a line that can be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "whom to call is one line of 1 to {max} characters, without control characters",
    max = HelpText::MAX_LEN
)]
pub struct HelpTextError;

impl FromStr for HelpText {
    type Err = HelpTextError;

    fn from_str(text: &str) -> Result<Self, HelpTextError> {
        let text = text.trim();
        let is_short = text.chars().count() <= Self::MAX_LEN;
        if text.is_empty() || !is_short || text.chars().any(|c| c.is_control() || is_hidden(c)) {
            return Err(HelpTextError);
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for HelpText {
    type Error = HelpTextError;

    fn try_from(text: String) -> Result<Self, HelpTextError> {
        text.parse()
    }
}

impl From<HelpText> for String {
    fn from(text: HelpText) -> Self {
        text.0
    }
}

impl fmt::Display for HelpText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_to_call_is_one_short_line_that_controls_nothing() {
        let good = " サンプル銀行 ヘルプデスク 0120-000-000（平日 9:00～17:00） ";
        assert_eq!(good.parse::<HelpText>().unwrap().as_str(), good.trim());
        assert!("あ".repeat(200).parse::<HelpText>().is_ok());
        let long = "あ".repeat(201);
        for bad in ["", "  ", &long, "a\nb", "a\u{1b}[2Jb", "a\u{202e}b", "a\u{2028}b"] {
            assert_eq!(bad.parse::<HelpText>(), Err(HelpTextError), "{bad:?}");
            let json = serde_json::to_string(bad).unwrap();
            assert!(serde_json::from_str::<HelpText>(&json).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_brand_from_before_there_was_a_help_desk_is_read() {
        let json = r#"{"site":"s","root_sha256":"r","organisation":{"ja":"o","en":"o"},
            "name":{"ja":"n","en":"n"}}"#;
        let brand: Brand = serde_json::from_str(json).unwrap();
        assert_eq!(brand.help, None);
        assert!(!serde_json::to_string(&brand).unwrap().contains("help"));
    }
}
