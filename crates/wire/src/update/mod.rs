//! Update manifests: which application there is, as the holder of an update key says.
//!
//! `GET update` answers with an [`Envelope`]: JSON around the octets of a [`Manifest`] and the
//! Ed25519 signatures (RFC 8032) of one or more update keys. What is signed is [`PREFIX`] and then
//! these very octets, so that no second reading of the JSON can differ from the one that was
//! signed. One good signature of a key that the application knows is enough: keys roll by being
//! known before they sign.
//!
//! This crate reads and writes; signing and verifying stand with the keys. A reader must verify a
//! signature over [`Envelope::message`] before it parses [`Envelope::signed`].

mod manifest;
mod names;
mod stamp;

use serde::{Deserialize, Serialize};

use crate::Der;

pub use manifest::{Manifest, Package};
pub use names::{FileName, Form, NameError, PackageDigest, Platform, Version};
pub use stamp::version_of_program;

/// What is signed begins with it, so that the signature means nothing elsewhere.
pub const PREFIX: &[u8] = b"tegata update manifest v1\0";

/// Most octets of an envelope. 32 packages with long notes in Japanese have about 40,000.
pub const MAX_ENVELOPE: usize = 128 * 1024;

/// Most signatures in an envelope: an old key, a new one, and room.
pub const MAX_SIGNATURES: usize = 4;

/// A manifest as received, its signatures not yet verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Envelope {
    /// The octets of the manifest, JSON.
    pub signed: Der,
    /// One or more signatures over them.
    pub signatures: Vec<Signature>,
}

/// The signature of one update key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Signature {
    /// The public key, 32 octets. Which keys are good the application knows; this only says
    /// which of them to try.
    pub key: Der,
    /// Ed25519 signature, 64 octets.
    pub signature: Der,
}

/// Why octets are not a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an update manifest: {0}")]
pub struct ManifestError(pub &'static str);

impl Envelope {
    /// Reads an envelope.
    ///
    /// # Errors
    /// When it is too long, has another form, or no signature.
    pub fn parse(octets: &[u8]) -> Result<Self, ManifestError> {
        if octets.len() > MAX_ENVELOPE {
            return Err(ManifestError("longer than any manifest"));
        }
        let envelope: Self = serde_json::from_slice(octets)
            .map_err(|_| ManifestError("the envelope has another form"))?;
        if envelope.signatures.is_empty() || envelope.signatures.len() > MAX_SIGNATURES {
            return Err(ManifestError("the number of signatures is not between 1 and 4"));
        }
        let fits = |one: &Signature| one.key.0.len() == 32 && one.signature.0.len() == 64;
        if !envelope.signatures.iter().all(fits) {
            return Err(ManifestError("a key has 32 octets and a signature 64"));
        }
        Ok(envelope)
    }

    /// What the signatures cover.
    pub fn message(&self) -> Vec<u8> {
        message(&self.signed.0)
    }
}

/// What a signature over the octets of a manifest covers.
pub fn message(signed: &[u8]) -> Vec<u8> {
    [PREFIX, signed].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope(signatures: usize) -> Envelope {
        let signature = Signature { key: Der(vec![1; 32]), signature: Der(vec![2; 64]) };
        Envelope { signed: Der(b"{}".to_vec()), signatures: vec![signature; signatures] }
    }

    fn written(envelope: &Envelope) -> Vec<u8> {
        serde_json::to_vec(envelope).unwrap()
    }

    #[test]
    fn an_envelope_reads_back_and_covers_exactly_its_octets() {
        let read = Envelope::parse(&written(&envelope(2))).unwrap();
        assert_eq!(read, envelope(2));
        assert_eq!(read.message(), b"tegata update manifest v1\0{}");
    }

    #[test]
    fn envelopes_without_signatures_with_many_and_of_other_lengths_are_refused() {
        for count in [0, 5] {
            Envelope::parse(&written(&envelope(count))).unwrap_err();
        }
        let mut short = envelope(1);
        short.signatures[0].signature.0.pop();
        Envelope::parse(&written(&short)).unwrap_err();
        let mut other = envelope(1);
        other.signatures[0].key.0.push(0);
        Envelope::parse(&written(&other)).unwrap_err();
    }

    #[test]
    fn a_huge_envelope_is_refused_before_it_is_read() {
        let mut octets = written(&envelope(1));
        octets.resize(MAX_ENVELOPE, b' ');
        assert!(Envelope::parse(&octets).is_ok());
        octets.push(b' ');
        assert_eq!(Envelope::parse(&octets), Err(ManifestError("longer than any manifest")));
    }
}
