use der::{Decode, Encode};
use sha2::{Digest, Sha256};
use spki::SubjectPublicKeyInfoRef;
use tegata_domain::KeyHash;
use x509_cert::request::CertReq;

use crate::quality::{self, Weakness};
use crate::{KeyKind, SignatureAlgorithm};

/// Most octets of a PKCS#10 request: an RSA-4096 request with every usual attribute has 2 KiB.
pub const MAX_REQUEST: usize = 16 * 1024;

/// A public key whose holder proved possession. All that is ever taken from a request:
/// subject and attributes are not even kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenKey {
    spki: Vec<u8>,
    kind: KeyKind,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// More than [`MAX_REQUEST`] octets.
    #[error("the request is too large")]
    TooLarge,
    /// Not DER of a CertificationRequest.
    #[error("not a PKCS#10 request (RFC 2986) in DER")]
    Malformed,
    /// Algorithm, curve or size is not accepted.
    #[error("the key must be ECDSA P-256 or P-384, or RSA of 2048 to 4096 bits")]
    KeyKind,
    /// Anyone could come by its private half.
    #[error("the key is weak: {0}")]
    Weak(#[from] Weakness),
    /// The self-signature is by an algorithm that is not accepted.
    #[error("the request must be signed with SHA-256 or SHA-384")]
    SignatureAlgorithm,
    /// The self-signature does not verify.
    #[error("the request does not prove possession of its key")]
    Possession,
}

impl ProvenKey {
    /// Reads a PKCS#10 request within limits, checks its key and the proof of possession.
    ///
    /// # Errors
    /// The first check that failed.
    pub fn from_request(der: &[u8]) -> Result<Self, RequestError> {
        let key = Self::from_authority_request(der)?;
        // Browsers and operating systems do not take Ed25519 in client certificates.
        if key.kind == KeyKind::Ed25519 { Err(RequestError::KeyKind) } else { Ok(key) }
    }

    /// Reads the PKCS#10 request of a CA: like [`Self::from_request`], but Ed25519 is accepted.
    ///
    /// # Errors
    /// The first check that failed.
    pub fn from_authority_request(der: &[u8]) -> Result<Self, RequestError> {
        if der.len() > MAX_REQUEST {
            return Err(RequestError::TooLarge);
        }
        let request = CertReq::from_der(der).map_err(|_| RequestError::Malformed)?;
        let spki = request.info.public_key.to_der().map_err(|_| RequestError::Malformed)?;
        let key = Self::accepted(&spki)?;
        let algorithm = SignatureAlgorithm::from_identifier(&request.algorithm)
            .ok_or(RequestError::SignatureAlgorithm)?;
        let message = request.info.to_der().map_err(|_| RequestError::Malformed)?;
        let signature = request.signature.as_bytes().ok_or(RequestError::Malformed)?;
        let parsed =
            SubjectPublicKeyInfoRef::from_der(&spki).map_err(|_| RequestError::Malformed)?;
        if !algorithm.verifies(&parsed, &message, signature) {
            return Err(RequestError::Possession);
        }
        // Not before: nobody makes us work for keys of which they prove nothing.
        quality::check_thoroughly(&parsed, key.kind)?;
        Ok(key)
    }

    /// A key of our own, which needs no proof: for CA, server and responder certificates.
    ///
    /// # Errors
    /// When its kind or size is not accepted.
    pub fn own(spki: &[u8]) -> Result<Self, RequestError> {
        let key = Self::accepted(spki)?;
        let parsed =
            SubjectPublicKeyInfoRef::from_der(spki).map_err(|_| RequestError::Malformed)?;
        quality::check_thoroughly(&parsed, key.kind)?;
        Ok(key)
    }

    /// DER of the subject public key info.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// Kind and size.
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The key's identity.
    pub fn hash(&self) -> KeyHash {
        KeyHash(Sha256::digest(&self.spki).into())
    }

    /// Every name under which a list of weak keys may hold it; see
    /// [`fingerprints`](crate::fingerprints).
    pub fn fingerprints(&self) -> Vec<Vec<u8>> {
        quality::fingerprints(&self.spki)
    }

    fn accepted(der: &[u8]) -> Result<Self, RequestError> {
        let spki = SubjectPublicKeyInfoRef::from_der(der).map_err(|_| RequestError::Malformed)?;
        let kind = KeyKind::of(&spki).ok_or(RequestError::KeyKind)?;
        match kind {
            KeyKind::EcP256 | KeyKind::EcP384 | KeyKind::Ed25519 | KeyKind::Rsa(2048..=4096) => {}
            KeyKind::Rsa(_) => return Err(RequestError::KeyKind),
        }
        quality::check(&spki, der, kind)?;
        Ok(Self { spki: der.to_vec(), kind })
    }
}
