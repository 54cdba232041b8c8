use std::fmt;

use tegata_domain::Entropy;

/// A support reference such as `R-7K3M-9QWX`: shown to the caller, written to the audit log,
/// and nothing else. 40 random bits in Crockford's base 32.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference(String);

impl Reference {
    /// Draws a new one.
    pub fn random(entropy: &dyn Entropy) -> Self {
        const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        let mut octets = [0; 8];
        entropy.fill(&mut octets);
        let mut text = String::from("R-");
        for (i, octet) in octets.iter().enumerate() {
            if i == 4 {
                text.push('-');
            }
            text.push(ALPHABET[usize::from(octet & 31)] as char);
        }
        Self(text)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
