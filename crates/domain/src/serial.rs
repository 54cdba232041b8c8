use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Entropy;

/// A certificate serial number: a positive integer of at most 20 octets in DER (RFC 5280
/// §4.1.2.2).
///
/// Those drawn here have 16 octets with 126 random bits; the CA/Browser Forum Baseline
/// Requirements §7.1 ask for 64 from a CSPRNG. Others come in with an imported CA.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Serial([u8; Serial::MAX_LEN]);

impl Serial {
    /// Most octets of a serial number.
    pub const MAX_LEN: usize = 20;

    /// Octets of a serial number that this system draws.
    const DRAWN_LEN: usize = 16;

    /// Draws a new serial number.
    pub fn random(entropy: &dyn Entropy) -> Self {
        let mut octets = [0; Self::DRAWN_LEN];
        entropy.fill(&mut octets);
        octets[0] = octets[0] & 0x3f | 0x40;
        Self::right_aligned(&octets)
    }

    /// Takes the content octets of an INTEGER as they stand in a certificate.
    ///
    /// # Errors
    /// When they are not the shortest form of a positive number of at most 20 octets.
    pub fn from_integer(content: &[u8]) -> Result<Self, SerialError> {
        if content.len() > Self::MAX_LEN {
            return Err(SerialError);
        }
        match content {
            [0, rest @ ..] if rest.first().is_some_and(|first| first & 0x80 != 0) => {
                Ok(Self::right_aligned(rest))
            }
            [1..=0x7f, ..] => Ok(Self::right_aligned(content)),
            _ => Err(SerialError),
        }
    }

    /// Takes the octets of the number, most significant first, leading zeros or not.
    ///
    /// # Errors
    /// When the number is zero or its INTEGER would have more than 20 octets.
    pub fn from_octets(octets: &[u8]) -> Result<Self, SerialError> {
        let zeros = octets.iter().take_while(|octet| **octet == 0).count();
        let significant = &octets[zeros..];
        match significant {
            [] => Err(SerialError),
            [first, ..] if significant.len() + usize::from(first >> 7) > Self::MAX_LEN => {
                Err(SerialError)
            }
            _ => Ok(Self::right_aligned(significant)),
        }
    }

    /// The octets of the number, most significant first, without leading zeros.
    pub fn octets(&self) -> &[u8] {
        let zeros = self.0.iter().take_while(|octet| **octet == 0).count();
        &self.0[zeros..]
    }

    /// The octets of the number, most significant first, always 20.
    pub fn padded(&self) -> &[u8; Self::MAX_LEN] {
        &self.0
    }

    /// `octets` are at most 20: every caller looked.
    fn right_aligned(octets: &[u8]) -> Self {
        let mut padded = [0; Self::MAX_LEN];
        padded[Self::MAX_LEN - octets.len()..].copy_from_slice(octets);
        Self(padded)
    }
}

/// Not a serial number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a serial number is a positive number of 2 to 40 hexadecimal digits, in pairs")]
pub struct SerialError;

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(self.octets(), f)
    }
}

impl fmt::Debug for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(self.octets(), f)
    }
}

impl FromStr for Serial {
    type Err = SerialError;

    fn from_str(text: &str) -> Result<Self, SerialError> {
        if text.len() > 2 * (Self::MAX_LEN + 1) {
            return Err(SerialError);
        }
        Self::from_octets(&parse_hex(text).ok_or(SerialError)?)
    }
}

impl TryFrom<String> for Serial {
    type Error = SerialError;

    fn try_from(text: String) -> Result<Self, SerialError> {
        text.parse()
    }
}

impl From<Serial> for String {
    fn from(serial: Serial) -> Self {
        serial.to_string()
    }
}

/// SHA-256 of a subject public key info: the identity of a key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyHash(pub [u8; 32]);

impl fmt::Display for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

fn write_hex(octets: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    octets.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
}

/// Reads pairs of hexadecimal digits of either case.
fn parse_hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let pairs = text.as_bytes().chunks_exact(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    struct Fixed([u8; 16]);

    impl Entropy for Fixed {
        fn fill(&self, octets: &mut [u8]) {
            octets.copy_from_slice(&self.0);
        }
    }

    proptest! {
        #[test]
        fn every_random_serial_reads_back(octets: [u8; 16]) {
            let serial = Serial::random(&Fixed(octets));
            prop_assert_eq!(serial.octets().len(), 16);
            prop_assert_eq!(Serial::from_octets(serial.octets()), Ok(serial));
            prop_assert_eq!(Serial::from_octets(serial.padded()), Ok(serial));
            prop_assert_eq!(Serial::from_integer(serial.octets()), Ok(serial));
            prop_assert_eq!(serial.to_string().parse::<Serial>(), Ok(serial));
        }

        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _ = text.parse::<Serial>();
        }
    }

    #[test]
    fn zero_negative_and_too_long_integers_are_refused() {
        for content in [&[][..], &[0], &[0x80; 16], &[0xff], &[0, 1], &[0, 0, 0x80], &[1; 21]] {
            assert_eq!(Serial::from_integer(content), Err(SerialError), "{content:?}");
        }
        let high = [&[0][..], &[0xff; 19]].concat();
        assert_eq!(Serial::from_integer(&high).unwrap().octets(), [0xff; 19]);
        assert_eq!(Serial::from_integer(&[1]).unwrap().to_string(), "01");
        assert_eq!(Serial::from_octets(&[0xff; 20]), Err(SerialError), "21 octets as INTEGER");
        assert_eq!(Serial::from_octets(&[0; 4]), Err(SerialError));
    }

    #[test]
    fn leading_zeros_make_no_difference() {
        assert_eq!("0001".parse::<Serial>(), "01".parse::<Serial>());
        assert_eq!(Serial::from_octets(&[0, 0, 7]), Serial::from_integer(&[7]));
        assert!("01".parse::<Serial>().unwrap() < "0100".parse::<Serial>().unwrap());
    }
}
