use std::fmt;
use std::str::FromStr;

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{Entropy, half_width};

/// Crockford's base 32: no I, L, O or U, so no two symbols of it look alike.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Symbols of a password: 16 of 5 bits, 80 bits.
const SYMBOLS: usize = 16;

/// An initial password in its canonical form, 16 symbols without hyphens.
///
/// Made by machine with 80 bits (more than NIST SP 800-63B §5.1.2.2 asks of a look-up secret).
/// Entry is forgiving: case, spaces, hyphens and width do not count, O reads as 0, I and L as 1.
/// Wiped when dropped; never shown by `Debug`.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct InitialPassword(String);

impl InitialPassword {
    /// Makes a new one.
    pub fn random(entropy: &dyn Entropy) -> Self {
        let mut octets = [0; SYMBOLS];
        entropy.fill(&mut octets);
        let text = octets.iter().map(|octet| ALPHABET[usize::from(octet & 31)] as char).collect();
        octets.zeroize();
        Self(text)
    }

    /// How many letters and digits a password has.
    pub const LENGTH: usize = SYMBOLS;

    /// How many of `text` count: width, spaces and hyphens do not. With any other number than
    /// [`Self::LENGTH`] a text is no password, which can be said without asking the server.
    pub fn length_of(text: &str) -> usize {
        counted(&Zeroizing::new(half_width(text))).count()
    }

    /// The canonical octets, for hashing.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// As printed on a slip, `ABCD-EFGH-JKMN-PQRS`. The caller shows it once and forgets it.
    pub fn reveal(&self) -> String {
        let mut text = String::with_capacity(SYMBOLS + 3);
        for (i, symbol) in self.0.chars().enumerate() {
            if i > 0 && i % 4 == 0 {
                text.push('-');
            }
            text.push(symbol);
        }
        text
    }
}

impl fmt::Debug for InitialPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InitialPassword(…)")
    }
}

/// Not something that could be an initial password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an initial password has 16 letters and digits")]
pub struct PasswordError;

/// The letters of a folded text that are part of a password.
fn counted(folded: &str) -> impl Iterator<Item = char> {
    folded.chars().filter(|c| !c.is_whitespace() && *c != '-')
}

impl FromStr for InitialPassword {
    type Err = PasswordError;

    fn from_str(text: &str) -> Result<Self, PasswordError> {
        if text.len() > 256 {
            return Err(PasswordError);
        }
        let folded = Zeroizing::new(half_width(text));
        let mut password = Self(String::with_capacity(SYMBOLS));
        for c in counted(&folded) {
            let symbol = match c.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                c => c,
            };
            if !symbol.is_ascii()
                || !ALPHABET.contains(&(symbol as u8))
                || password.0.len() == SYMBOLS
            {
                return Err(PasswordError);
            }
            password.0.push(symbol);
        }
        if password.0.len() == SYMBOLS { Ok(password) } else { Err(PasswordError) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    struct Fixed([u8; SYMBOLS]);

    impl Entropy for Fixed {
        fn fill(&self, octets: &mut [u8]) {
            octets.copy_from_slice(&self.0);
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_what_is_read(octets: [u8; SYMBOLS]) {
            let password = InitialPassword::random(&Fixed(octets));
            prop_assert_eq!(&password.reveal().parse::<InitialPassword>().unwrap(), &password);
            prop_assert_eq!(&password.reveal().to_lowercase().parse::<InitialPassword>().unwrap(), &password);
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,60}") {
            let _ = text.parse::<InitialPassword>();
        }
    }

    #[test]
    fn entry_is_forgiving() {
        let password: InitialPassword = "01AB-CDEF-GHJK-MNPQ".parse().unwrap();
        for text in [
            "01abcdefghjkmnpq",
            "oiab cdef ghjk mnpq",
            "０１ＡＢ－ＣＤＥＦ－ＧＨＪＫ－ＭＮＰＱ",
            " OLAB-CDEF\tGHJK MNPQ\n",
        ] {
            assert_eq!(text.parse::<InitialPassword>().unwrap(), password, "{text}");
        }
        for text in [
            "",
            "01AB-CDEF-GHJK-MNP",
            "01AB-CDEF-GHJK-MNPQR",
            "01AB-CDEF-GHJK-MNPU",
            "********",
            "パスワード",
        ] {
            assert!(text.parse::<InitialPassword>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_counts_is_what_is_parsed() {
        for (text, length) in [
            ("", 0),
            (" -\u{3000}ー", 0),
            ("01AB-CDEF-GH", 10),
            ("０１ＡＢ－ＣＤＥＦ－ＧＨＪＫ－ＭＮＰＱ", 16),
            (" OLAB-CDEF\tGHJK MNPQ\n", 16),
            ("01AB-CDEF-GHJK-MNPQR", 17),
        ] {
            assert_eq!(InitialPassword::length_of(text), length, "{text}");
            let is_right = length == InitialPassword::LENGTH;
            assert_eq!(text.parse::<InitialPassword>().is_ok(), is_right, "{text}");
        }
    }

    #[test]
    fn debug_never_shows_it() {
        let password: InitialPassword = "01AB-CDEF-GHJK-MNPQ".parse().unwrap();
        assert_eq!(format!("{password:?}"), "InitialPassword(…)");
    }
}
