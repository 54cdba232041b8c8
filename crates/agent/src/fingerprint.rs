use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};
use tegata_domain::half_width;

/// SHA-256 of a certificate's DER: how a root is compared with the slip.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of a certificate.
    pub fn of(der: &[u8]) -> Self {
        Self(Sha256::digest(der).into())
    }

    /// For reading aloud: two lines of eight groups of four capital digits.
    pub fn grouped(&self) -> String {
        let mut text = String::with_capacity(80);
        for (i, pair) in self.0.chunks(2).enumerate() {
            text.push_str(match i {
                0 => "",
                8 => "\n",
                _ => " ",
            });
            pair.iter().for_each(|octet| text.push_str(&format!("{octet:02X}")));
        }
        text
    }
}

/// Not 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint has 64 hexadecimal digits")]
pub struct FingerprintError;

/// Any width and case, with or without colons, hyphens and spaces.
impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        if text.len() > 1024 {
            return Err(FingerprintError);
        }
        let digits = half_width(text)
            .chars()
            .filter(|c| !c.is_whitespace() && !matches!(c, ':' | '-'))
            .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
            .collect::<Option<Vec<u8>>>()
            .ok_or(FingerprintError)?;
        if digits.len() != 64 {
            return Err(FingerprintError);
        }
        let mut octets = [0; 32];
        for (octet, pair) in octets.iter_mut().zip(digits.chunks(2)) {
            *octet = pair[0] << 4 | pair[1];
        }
        Ok(Self(octets))
    }
}

/// 64 lower-case digits.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_way_of_writing_it_reads_back(octets: [u8; 32]) {
            let fingerprint = Fingerprint(octets);
            let plain = fingerprint.to_string();
            let colons: Vec<_> = octets.iter().map(|o| format!("{o:02X}")).collect();
            for text in [plain.clone(), plain.to_uppercase(), colons.join(":"), fingerprint.grouped()] {
                prop_assert_eq!(text.parse::<Fingerprint>(), Ok(fingerprint));
            }
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,80}") {
            let _ = text.parse::<Fingerprint>();
        }
    }

    #[test]
    fn anything_but_64_digits_is_refused() {
        let digits = "0".repeat(64);
        assert!(digits.parse::<Fingerprint>().is_ok());
        assert!("０".repeat(64).parse::<Fingerprint>().is_ok(), "full width");
        for text in [&digits[1..], &format!("{digits}0"), "", &format!("g{}", &digits[1..])] {
            assert_eq!(text.parse::<Fingerprint>(), Err(FingerprintError), "{text}");
        }
    }

    #[test]
    fn groups_are_two_lines_of_eight() {
        let lines: Vec<_> = Fingerprint([0xab; 32]).grouped().lines().map(str::to_owned).collect();
        assert_eq!(lines, ["ABAB ".repeat(8).trim(), "ABAB ".repeat(8).trim()]);
    }
}
