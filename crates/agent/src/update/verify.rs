//! Octets from the network become a [`Verified`] manifest, or nothing.

use jiff::{SignedDuration, Timestamp};
use ring::signature::{ED25519, UnparsedPublicKey};
use sha2::{Digest, Sha256};
use tegata_domain::ServiceKey;
use tegata_wire::update::{Envelope, Manifest, ManifestError, PackageDigest};

/// How far a PC's clock may be behind the signer's.
const SKEW: SignedDuration = SignedDuration::from_mins(10);

/// A manifest that a known key signed for this service and that is good now. [`verify`] alone
/// makes one; what is offered, downloaded and run follows from one.
#[derive(Clone, Debug)]
pub(super) struct Verified {
    manifest: Manifest,
    digest: PackageDigest,
}

/// What a manifest has to fit.
pub(super) struct Expected<'a> {
    pub(super) service: &'a ServiceKey,
    /// Any one of these may have signed.
    pub(super) keys: &'a [[u8; 32]],
    pub(super) now: Timestamp,
}

/// Why a manifest is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not of the form of a manifest.
    #[error(transparent)]
    Malformed(#[from] ManifestError),
    /// No signature of a key that the application knows.
    #[error("no known key signed the update manifest")]
    Unsigned,
    /// Of another service.
    #[error("the update manifest is for service {0}")]
    OtherService(ServiceKey),
    /// No longer good, or the PC's clock is ahead.
    #[error("the update manifest ended at {0}")]
    Expired(Timestamp),
    /// Not good yet, or the PC's clock is behind.
    #[error("the update manifest was signed in the future, at {0}")]
    FromFuture(Timestamp),
    /// An older one than was seen before: somebody plays an old one again.
    #[error("update manifest {found} comes after {seen} was seen")]
    Replayed {
        /// The last one seen.
        seen: u64,
        /// This one.
        found: u64,
    },
    /// Two manifests under one number: one of them is not what the operator published.
    #[error("update manifest {0} is not the one seen under this number before")]
    Ambiguous(u64),
}

impl Verified {
    pub(super) fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// SHA-256 of the signed octets.
    pub(super) fn digest(&self) -> PackageDigest {
        self.digest
    }
}

/// Verifies a signature, then reads, then compares: nothing that nobody signed is parsed beyond
/// its envelope.
pub(super) fn verify(octets: &[u8], expected: &Expected<'_>) -> Result<Verified, Refusal> {
    let envelope = Envelope::parse(octets)?;
    let message = envelope.message();
    let is_good = envelope.signatures.iter().any(|one| {
        let is_known = expected.keys.iter().any(|key| key.as_slice() == one.key.0);
        let key = UnparsedPublicKey::new(&ED25519, &one.key.0);
        is_known && key.verify(&message, &one.signature.0).is_ok()
    });
    if !is_good {
        return Err(Refusal::Unsigned);
    }
    let manifest = Manifest::parse(&envelope.signed.0)?;
    if manifest.service != *expected.service {
        return Err(Refusal::OtherService(manifest.service));
    }
    if manifest.issued_at > expected.now + SKEW {
        return Err(Refusal::FromFuture(manifest.issued_at));
    }
    if manifest.expires_at <= expected.now {
        return Err(Refusal::Expired(manifest.expires_at));
    }
    let digest = PackageDigest(Sha256::digest(&envelope.signed.0).into());
    Ok(Verified { manifest, digest })
}
