use std::fmt::Write;

use jiff::Timestamp;
use tegata_text::Text;

use super::{Finding, Verdict};
use crate::error::plain;

/// What can be handed to a help desk. It holds no password and no key: findings, versions, and
/// the names and serial numbers that certificates show anyway.
pub struct Report<'a> {
    /// What was found.
    pub findings: &'a [Finding],
    /// When.
    pub at: Timestamp,
    /// Version of this application.
    pub app_version: &'a str,
    /// The operating system, such as `windows x86_64`.
    pub system: &'a str,
    /// The reference of a page that refused, as a person copied it; may be empty.
    pub reference: &'a str,
}

impl Report<'_> {
    /// The report as plain text in the language of `text`.
    pub fn to_text(&self, text: Text) -> String {
        let mut out = String::new();
        let _ = writeln!(out, "{}", text.doctor_report());
        let _ = writeln!(out, "{}  tegata-app {}  {}", self.at, self.app_version, self.system);
        let reference = plain(self.reference);
        if !reference.is_empty() {
            let _ = writeln!(out, "{}", text.app_reference(&reference));
        }
        for Finding { verdict, title, detail, .. } in self.findings {
            let mark = match verdict {
                Verdict::Good => "[ok]",
                Verdict::Notice => "[--]",
                Verdict::Bad => "[!!]",
            };
            let _ = writeln!(out, "\n{mark} {title}");
            for line in detail.lines() {
                let _ = writeln!(out, "     {line}");
            }
        }
        out
    }
}
