use std::fmt::Write;

use jiff::Timestamp;
use serde::Serialize;

use crate::words;

/// The record of a ceremony.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Transcript {
    /// What it was for.
    pub title: String,
    /// When it began.
    pub at: Timestamp,
    /// What matters of machine and program.
    pub facts: Vec<Fact>,
    /// What was made, in order.
    pub made: Vec<Made>,
    /// Who signs.
    pub witnesses: Vec<String>,
}

/// Something that matters of the machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// What.
    pub name: &'static str,
    /// How it is.
    pub value: String,
}

/// Something that the ceremony made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Made {
    /// What, in words.
    pub step: String,
    /// Its file in the output.
    pub file: String,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    /// The same as words.
    pub words: String,
    /// SHA-256 of the subject public key info, hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_sha256: Option<String>,
    /// The same as words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_words: Option<String>,
    /// Whatever else should be read.
    pub details: Vec<(&'static str, String)>,
}

impl Made {
    /// Takes down a file by its SHA-256.
    pub fn file(step: String, file: String, sha256: [u8; 32]) -> Self {
        Self { step, file, sha256: hex(&sha256), words: words(&sha256), ..Self::default() }
    }

    /// With the SHA-256 of a key.
    pub fn key(self, sha256: [u8; 32]) -> Self {
        Self { key_sha256: Some(hex(&sha256)), key_words: Some(words(&sha256)), ..self }
    }

    /// With something else to be read.
    pub fn detail(mut self, name: &'static str, value: impl ToString) -> Self {
        self.details.push((name, value.to_string()));
        self
    }
}

impl Transcript {
    /// The transcript as people read and sign it.
    pub fn text(&self) -> String {
        let mut out = format!("KEY CEREMONY\n\n{}\n\n", self.title);
        let mut line = |name: &str, value: &str| {
            let _ = writeln!(out, "{name:<16}  {value}");
        };
        line("date", &self.at.to_string());
        for fact in &self.facts {
            line(fact.name, &fact.value);
        }
        for (i, made) in self.made.iter().enumerate() {
            let _ = writeln!(out, "\n{}. {}\n", i + 1, made.step);
            let mut line = |name: &str, value: &str| {
                let _ = writeln!(out, "   {name:<13}  {value}");
            };
            line("file", &made.file);
            for (name, value) in &made.details {
                line(name, value);
            }
            line("SHA-256", &made.sha256);
            spoken(&made.words, &mut line);
            if let (Some(sha256), Some(words)) = (&made.key_sha256, &made.key_words) {
                line("key SHA-256", sha256);
                spoken(words, &mut line);
            }
        }
        out.push_str(
            "\nThe fingerprints were compared with what the other side reads: word by word, by \
             voice.\n",
        );
        for witness in &self.witnesses {
            let _ = write!(out, "\n\n{witness}\n\n{:_<40}  {:_<20}\n", "", "");
            let _ = writeln!(out, "{:<40}  date", "signature");
        }
        out
    }
}

/// Sixteen words, eight a line.
fn spoken(words: &str, line: &mut impl FnMut(&str, &str)) {
    let groups: Vec<_> = words.split("  ").collect();
    for (i, pair) in groups.chunks(2).enumerate() {
        line(if i == 0 { "in words" } else { "" }, &pair.join("  "));
    }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transcript_reads_as_it_should() {
        let made = Made::file("Certificate of root R".to_owned(), "R.cer".to_owned(), [0; 32])
            .key([0xff; 32])
            .detail("valid until", "2046");
        let transcript = Transcript {
            title: "Root R".to_owned(),
            at: "2026-01-31T00:00:00Z".parse().unwrap(),
            facts: vec![Fact { name: "host", value: "safe".to_owned() }],
            made: vec![made],
            witnesses: vec!["Taro Yamada".to_owned()],
        };
        let text = transcript.text();
        let zeros = "babab babab babab babab  babab babab babab babab";
        for part in [
            "KEY CEREMONY\n\nRoot R\n",
            "date              2026-01-31T00:00:00Z\nhost              safe\n",
            "1. Certificate of root R\n\n   file           R.cer\n   valid until    2046\n",
            &format!("   in words       {zeros}\n                  {zeros}\n"),
            "zuzuz",
            "Taro Yamada\n\n____",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        let json = serde_json::to_value(&transcript).unwrap();
        assert_eq!(json["made"][0]["key_sha256"], "f".repeat(64));
    }
}
