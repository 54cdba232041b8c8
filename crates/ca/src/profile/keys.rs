use std::fmt;
use std::ops::RangeInclusive;

use super::Holder;
use crate::KeyKind;

/// Which kinds of keys a profile certifies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedKeys {
    p256: bool,
    p384: bool,
    rsa: Option<RangeInclusive<u32>>,
    ed25519: bool,
}

/// What every request is held to, whatever a profile says.
const RSA: RangeInclusive<u32> = 2048..=4096;

impl AcceptedKeys {
    /// Everything that this system certifies at all.
    pub(super) const EVERY: Self = Self { p256: true, p384: true, rsa: Some(RSA), ed25519: true };

    /// Reads `ec-p256`, `ec-p384`, `rsa-3072`, `rsa-2048..4096`, and for a responder `ed25519`,
    /// which browsers and operating systems do not take in certificates of clients and servers.
    ///
    /// # Errors
    /// Each word that makes no sense, with its place.
    pub(super) fn parse(holder: Holder, words: &[String]) -> Result<Self, Vec<(usize, String)>> {
        let mut keys = Self { p256: false, p384: false, rsa: None, ed25519: false };
        let mut errors = Vec::new();
        for (place, word) in words.iter().enumerate() {
            let twice = match word.as_str() {
                "ec-p256" => std::mem::replace(&mut keys.p256, true),
                "ec-p384" => std::mem::replace(&mut keys.p384, true),
                "ed25519" if holder == Holder::OcspResponder => {
                    std::mem::replace(&mut keys.ed25519, true)
                }
                "ed25519" => {
                    errors.push((
                        place,
                        "ed25519 belongs to CAs and their responders: browsers do not take it"
                            .to_owned(),
                    ));
                    false
                }
                word => match rsa(word) {
                    Some(range) => keys.rsa.replace(range).is_some(),
                    None => {
                        errors.push((
                            place,
                            format!(
                                "{word} is none of ec-p256, ec-p384, rsa-BITS, rsa-MIN..MAX with \
                                 2048 to 4096 bits"
                            ),
                        ));
                        false
                    }
                },
            };
            if twice {
                errors.push((place, format!("{word} stands twice")));
            }
        }
        if words.is_empty() {
            errors.push((0, "no kind of key is accepted".to_owned()));
        }
        if errors.is_empty() { Ok(keys) } else { Err(errors) }
    }

    /// Whether a key of this kind is certified.
    pub fn contains(&self, kind: KeyKind) -> bool {
        match kind {
            KeyKind::EcP256 => self.p256,
            KeyKind::EcP384 => self.p384,
            KeyKind::Rsa(bits) => self.rsa.as_ref().is_some_and(|range| range.contains(&bits)),
            KeyKind::Ed25519 => self.ed25519,
        }
    }

    /// One kind that is certified, for previews.
    pub fn example(&self) -> KeyKind {
        match &self.rsa {
            _ if self.p256 => KeyKind::EcP256,
            _ if self.p384 => KeyKind::EcP384,
            None => KeyKind::Ed25519,
            // Sizes that a throwaway key can be made in.
            Some(range) if range.contains(&2048) => KeyKind::Rsa(2048),
            Some(range) if range.contains(&3072) => KeyKind::Rsa(3072),
            _ => KeyKind::Rsa(4096),
        }
    }

    pub(super) fn has_rsa(&self) -> bool {
        self.rsa.is_some()
    }

    pub(super) fn has_ec(&self) -> bool {
        self.p256 || self.p384
    }
}

impl fmt::Display for AcceptedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = Vec::new();
        words.extend(self.p256.then(|| "ECDSA P-256".to_owned()));
        words.extend(self.p384.then(|| "ECDSA P-384".to_owned()));
        words.extend(self.rsa.as_ref().map(|range| match (range.start(), range.end()) {
            (min, max) if min == max => format!("RSA {min}"),
            (min, max) => format!("RSA {min} to {max}"),
        }));
        words.extend(self.ed25519.then(|| "Ed25519".to_owned()));
        f.write_str(&words.join(", "))
    }
}

fn rsa(word: &str) -> Option<RangeInclusive<u32>> {
    let sizes = word.strip_prefix("rsa-")?;
    let (min, max) = sizes.split_once("..").unwrap_or((sizes, sizes));
    // Also as `rsa-2048..rsa-4096`.
    let max = max.strip_prefix("rsa-").unwrap_or(max);
    let bits = |text: &str| text.parse().ok().filter(|bits| RSA.contains(bits));
    let (min, max) = (bits(min)?, bits(max)?);
    (min <= max).then_some(min..=max)
}
