//! The reference on a page by which the gateway refused, such as `G-R7K3M9QW2`.
//!
//! `G-` and nine signs of Crockford's base 32: why it refused, seven at random that find the line
//! in the gateway's log, and one that notices a slip. The page says the cause in words to whoever
//! sees the reference, so it tells strangers nothing new; but a person who copied it can be told
//! by the application what it means on *their* PC, without asking anybody.

use std::fmt;
use std::str::FromStr;

use tegata_domain::half_width;

/// Crockford's base 32: nothing that looks like something else.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Random signs: 35 bits. Together with the day, enough to find one line in any log.
pub const RANDOM: usize = 7;

/// The stable word of each cause and its sign. A sign is never used for another cause.
const CAUSES: [(u8, &str); 13] = [
    (b'N', "no_certificate"),
    (b'Y', "not_yet_valid"),
    (b'E', "expired"),
    (b'W', "wrong_issuer"),
    (b'K', "wrong_usage"),
    (b'H', "held"),
    (b'R', "revoked"),
    (b'P', "unknown_path"),
    (b'S', "status_stale"),
    (b'X', "upstream_unreachable"),
    (b'T', "upstream_timeout"),
    (b'B', "bad_request"),
    (b'M', "method_not_allowed"),
];

/// The sign of a cause that has none of its own.
const OTHER: u8 = b'0';

/// A reference of a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference {
    signs: [u8; RANDOM + 1],
}

/// Not a reference of a gateway, or mistyped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the reference of a gateway's page")]
pub struct NotAReference;

impl Reference {
    /// The reference of a refusal with this code, of random octets.
    pub fn new(code: &str, random: [u8; RANDOM]) -> Self {
        let sign = CAUSES.iter().find(|(_, known)| *known == code).map_or(OTHER, |(sign, _)| *sign);
        let mut signs = [sign; RANDOM + 1];
        for (sign, octet) in signs[1..].iter_mut().zip(random) {
            *sign = ALPHABET[usize::from(octet % 32)];
        }
        Self { signs }
    }

    /// The code of the refusal, as in its problem document; `None` when it is one that this
    /// version does not know.
    pub fn code(&self) -> Option<&'static str> {
        CAUSES.iter().find(|(sign, _)| *sign == self.signs[0]).map(|(_, code)| *code)
    }

    /// Weighted by odd numbers, which have an inverse modulo 32: no single wrong sign goes
    /// unnoticed, and of two neighbours that changed places only those 16 apart do.
    fn check(&self) -> u8 {
        let values = self.signs.iter().filter_map(|sign| value(*sign));
        let sum: usize = values.zip((1..).step_by(2)).map(|(value, weight)| value * weight).sum();
        ALPHABET[sum % 32]
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("G-")?;
        self.signs.iter().chain([&self.check()]).try_for_each(|sign| write!(f, "{}", *sign as char))
    }
}

impl FromStr for Reference {
    type Err = NotAReference;

    /// Forgives full-width letters, case, spaces, hyphens, and O, I and L for the digits that they
    /// look like.
    fn from_str(text: &str) -> Result<Self, NotAReference> {
        let folded = folded(text);
        let signs = folded.strip_prefix('G').ok_or(NotAReference)?.as_bytes();
        let (last, signs) = signs.split_last().ok_or(NotAReference)?;
        let signs: [u8; RANDOM + 1] = signs.try_into().map_err(|_| NotAReference)?;
        let reference = Self { signs };
        let is_whole = signs.iter().all(|sign| value(*sign).is_some());
        if is_whole && reference.check() == *last { Ok(reference) } else { Err(NotAReference) }
    }
}

/// Whether it is the reference of an answer of the issuing site, such as `R-7K3M-9QWX`: `R-` and
/// eight signs, all at random. It tells nobody anything but who has the site's records. As forgiving
/// as the reading of a gateway's.
pub fn is_of_site(text: &str) -> bool {
    let folded = folded(text);
    let signs = folded.strip_prefix('R').unwrap_or_default().as_bytes();
    signs.len() == 8 && signs.iter().all(|sign| value(*sign).is_some())
}

fn folded(text: &str) -> String {
    half_width(text)
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .map(|c| match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        })
        .collect()
}

fn value(sign: u8) -> Option<usize> {
    ALPHABET.iter().position(|known| *known == sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Reference {
        Reference::new("revoked", [7, 19, 3, 20, 9, 23, 28])
    }

    #[test]
    fn every_cause_reads_back_and_signs_are_told_apart() {
        let mut signs = Vec::new();
        for (sign, code) in CAUSES {
            let reference = Reference::new(code, [255, 0, 31, 32, 1, 2, 3]);
            let read: Reference = reference.to_string().parse().unwrap();
            assert_eq!((read, read.code()), (reference, Some(code)));
            assert!(value(sign).is_some_and(|value| value > 9), "a letter of the alphabet");
            signs.push(sign);
        }
        signs.sort_unstable();
        signs.dedup();
        assert_eq!(signs.len(), CAUSES.len());
    }

    #[test]
    fn the_reference_of_the_site_is_told_apart() {
        for good in ["R-7K3M-9QWX", " r7k3m9qwx", "Ｒ－７Ｋ３Ｍ－９ＱＷＸ", "R-OIL0-9QWX"]
        {
            assert!(is_of_site(good), "{good}");
            assert_eq!(good.parse::<Reference>(), Err(NotAReference));
        }
        let ours = sample().to_string();
        for bad in ["", "R-", "R-7K3M-9QW", "R-7K3M-9QWXX", "R-7K3M-9QWU", &ours] {
            assert!(!is_of_site(bad), "{bad}");
        }
    }

    #[test]
    fn what_a_later_gateway_says_is_a_reference_without_a_known_cause() {
        let reference = Reference::new("something_new", [0; RANDOM]);
        assert_eq!(reference.to_string().parse(), Ok(reference));
        assert_eq!(reference.code(), None);
    }

    #[test]
    fn it_forgives_how_people_copy_it() {
        let (reference, text) = (sample(), sample().to_string());
        let wide: String = text
            .chars()
            .map(|c| if c == '-' { '－' } else { char::from_u32(c as u32 + 0xfee0).unwrap() })
            .collect();
        let spaced = format!("\u{3000}{} {}\n", &text[..6], &text[6..]);
        for copied in [text.to_lowercase(), wide, spaced, text.replace('-', "ー")] {
            assert_eq!(copied.parse(), Ok(reference), "{copied}");
        }
        let zeros = Reference::new("held", [0, 1, 0, 1, 0, 1, 0]);
        assert_eq!(
            zeros.to_string().replacen('0', "o", 1).replacen('1', "l", 1).parse(),
            Ok(zeros)
        );
    }

    #[test]
    fn one_wrong_sign_is_noticed_wherever_it_is() {
        let text = sample().to_string();
        for at in 2..text.len() {
            for sign in ALPHABET.iter().map(|sign| *sign as char) {
                let mut wrong: Vec<char> = text.chars().collect();
                if wrong[at] == sign {
                    continue;
                }
                wrong[at] = sign;
                let wrong: String = wrong.into_iter().collect();
                assert_eq!(wrong.parse::<Reference>(), Err(NotAReference), "{wrong}");
            }
        }
    }

    #[test]
    fn other_references_and_nonsense_are_none() {
        for text in ["", "G", "G-", "R-7K3M-9QWX", "G-7K3M9QWX", "G-R7K3M9QW2X", "G-あ", "Ｇ"] {
            assert_eq!(text.parse::<Reference>(), Err(NotAReference), "{text}");
        }
        assert!("G".repeat(100_000).parse::<Reference>().is_err());
    }
}
