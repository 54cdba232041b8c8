//! A renewal request: a PKCS#10 request for the new key inside a CMS SignedData (RFC 5652) that
//! the present key signed. It proves both keys, and survives a proxy that breaks TLS open.

use sha2::{Digest, Sha256};
use tegata_domain::{KeyHash, Serial};

use crate::sealed::{SealError, Sealed};
use crate::{ProvenKey, RequestError};

/// Most octets of a renewal request: a PKCS#10 request, a chain, a signature.
pub const MAX_RENEWAL: usize = 20 * 1024;

/// A renewal request that has been read but not believed.
#[derive(Clone, Debug)]
pub struct RenewalRequest(Sealed);

/// Why a renewal request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenewalError {
    /// Not what a renewal request must be.
    #[error(
        "not a renewal request: DER of a CMS SignedData (RFC 5652) with one signer, signed \
         attributes, and a PKCS#10 request inside"
    )]
    Malformed,
    /// Signed with an algorithm that is not accepted.
    #[error("the renewal request must be signed with SHA-256 or SHA-384")]
    Algorithm,
    /// Not signed by the key of the certificate that it names.
    #[error("the renewal request is not signed with the key of the present certificate")]
    Signature,
    /// The new key is the old one.
    #[error("a renewal needs a new key")]
    SameKey,
    /// The request for the new key.
    #[error(transparent)]
    Request(#[from] RequestError),
}

impl From<SealError> for RenewalError {
    fn from(error: SealError) -> Self {
        match error {
            SealError::Malformed => Self::Malformed,
            SealError::Algorithm => Self::Algorithm,
        }
    }
}

impl RenewalRequest {
    /// Reads a renewal request within limits. Certificates inside are not looked at: who signed
    /// is on record.
    ///
    /// # Errors
    /// [`RenewalError::Malformed`] or [`RenewalError::Algorithm`].
    pub fn parse(der: &[u8]) -> Result<Self, RenewalError> {
        Ok(Self(Sealed::parse(der, MAX_RENEWAL)?))
    }

    /// Serial number of the certificate that it says it renews.
    pub fn serial(&self) -> Serial {
        self.0.serial
    }

    /// Believes the request when the key of `current`, the certificate on record with this
    /// serial number, DER, signed it; answers the new key.
    ///
    /// # Errors
    /// Why it is not believed, or what is wrong with the new key.
    pub fn verify(&self, current: &[u8]) -> Result<ProvenKey, RenewalError> {
        let spki = self.0.holder_key(current).ok_or(RenewalError::Signature)?;
        let new = ProvenKey::from_request(&self.0.content)?;
        let old = KeyHash(Sha256::digest(&spki).into());
        if new.hash() == old { Err(RenewalError::SameKey) } else { Ok(new) }
    }
}
