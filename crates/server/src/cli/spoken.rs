use sha2::{Digest, Sha256};
use tegata_ceremony::words;

/// A SHA-256 as people compare it: in figures, and in words that two can read to each other.
pub(super) struct Spoken {
    pub(super) sha256: String,
    pub(super) words: String,
}

impl Spoken {
    /// That of a certificate or CRL, DER.
    pub(super) fn of(der: &[u8]) -> Self {
        Self::digest(Sha256::digest(der).into())
    }

    /// One that was computed before.
    pub(super) fn digest(sha256: [u8; 32]) -> Self {
        Self { sha256: hex::encode(sha256), words: words(&sha256) }
    }

    /// Both, below each other, the words as the transcript of a ceremony has them.
    pub(super) fn lines(&self, name: &str) -> String {
        let (first, second) = match self.words.match_indices("  ").nth(1) {
            Some((at, gap)) => (&self.words[..at], &self.words[at + gap.len()..]),
            None => (self.words.as_str(), ""),
        };
        format!(
            "  {name:<16}  {}\n  {:<16}  {first}\n  {:<16}  {second}",
            self.sha256, "in words", ""
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_has_two_lines_of_eight_words() {
        let half = "babab babab babab babab  babab babab babab babab";
        let figures = "0".repeat(64);
        assert_eq!(
            Spoken::digest([0; 32]).lines("SHA-256"),
            format!(
                "  SHA-256           {figures}\n  in words          {half}\n                    {half}"
            )
        );
    }
}
