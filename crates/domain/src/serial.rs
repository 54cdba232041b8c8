use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Entropy;

/// A certificate serial number: always exactly 16 octets, positive, without leading zero octet.
///
/// 126 random bits: RFC 5280 §4.1.2.2 asks for a positive number of at most 20 octets, the
/// CA/Browser Forum Baseline Requirements §7.1 for at least 64 bits from a CSPRNG. The fixed
/// length makes the DER form, the database key and the gateway's table the same octets.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Serial([u8; Serial::LEN]);

impl Serial {
    /// Length of every serial number in octets.
    pub const LEN: usize = 16;

    /// Draws a new serial number.
    pub fn random(entropy: &dyn Entropy) -> Self {
        let mut octets = [0; Self::LEN];
        entropy.fill(&mut octets);
        octets[0] = octets[0] & 0x3f | 0x40;
        Self(octets)
    }

    /// Takes the octets of a serial number as they stand in a certificate.
    ///
    /// # Errors
    /// When they are not 16, or the first is zero or has its top bit set.
    pub fn from_octets(octets: &[u8]) -> Result<Self, SerialError> {
        let octets: [u8; Self::LEN] = octets.try_into().map_err(|_| SerialError)?;
        match octets[0] {
            1..=0x7f => Ok(Self(octets)),
            _ => Err(SerialError),
        }
    }

    /// The octets, most significant first.
    pub fn octets(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

/// Not a serial number this system could have given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a serial number is 32 hexadecimal digits, the first pair from 01 to 7f")]
pub struct SerialError;

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl fmt::Debug for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl FromStr for Serial {
    type Err = SerialError;

    fn from_str(text: &str) -> Result<Self, SerialError> {
        Self::from_octets(&parse_hex::<{ Self::LEN }>(text).ok_or(SerialError)?)
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

/// Reads exactly `N` octets of hexadecimal digits of either case.
fn parse_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let mut octets = [0; N];
    for (octet, pair) in octets.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *octet = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(octets)
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
            prop_assert_eq!(Serial::from_octets(serial.octets()), Ok(serial));
            prop_assert_eq!(serial.to_string().parse::<Serial>(), Ok(serial));
        }

        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _ = text.parse::<Serial>();
        }
    }

    #[test]
    fn zero_negative_and_wrong_length_are_refused() {
        for first in [0x00, 0x80, 0xff] {
            let mut octets = [1; 16];
            octets[0] = first;
            assert_eq!(Serial::from_octets(&octets), Err(SerialError));
        }
        assert_eq!(Serial::from_octets(&[1; 15]), Err(SerialError));
        assert_eq!(Serial::from_octets(&[1; 17]), Err(SerialError));
    }
}
