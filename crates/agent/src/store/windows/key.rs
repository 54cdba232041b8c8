//! A key that Windows keeps: how it is found, and how it signs.

use der::asn1::{BitString, UintRef};
use der::{Encode, Sequence};
use p256::ecdsa::Signature;
use sha2::{Digest, Sha256};
use tegata_windows::Refused;
use tegata_windows::key::{Key, KeyName, Public};
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use super::super::KeyLocation;
use crate::cert;
use crate::key::{Algorithm, SeatKey};

/// A key in the TPM or in a file that Windows guards. It is opened for each signature: nothing
/// of it is held in between, and what signs is what is on the disk.
pub(super) struct SystemKey {
    name: KeyName,
    spki: Vec<u8>,
    algorithm: Algorithm,
    location: KeyLocation,
}

impl SystemKey {
    /// Finds a key; `None` when it is not there, or is of a kind that is none of ours.
    pub(super) fn find(name: &KeyName) -> Result<Option<Self>, Refused> {
        Ok(name.open()?.as_ref().and_then(|key| Self::of(name, key)))
    }

    /// Of a key that is open.
    pub(super) fn of(name: &KeyName, key: &Key) -> Option<Self> {
        let (spki, algorithm) = spki(&key.public().ok()?)?;
        // Only what the provider itself calls hardware is called so.
        let location = if key.is_hardware() { KeyLocation::Hardware } else { KeyLocation::System };
        Some(Self { name: name.clone(), spki, algorithm, location })
    }

    /// Where it is found.
    pub(super) fn name(&self) -> &KeyName {
        &self.name
    }

    /// What guards it.
    pub(super) fn location(&self) -> KeyLocation {
        self.location
    }

    /// Whether it signs, and its own public half verifies that.
    pub(super) fn works(&self) -> bool {
        const MESSAGE: &[u8] = b"tegata: this key signs";
        self.sign(MESSAGE).is_some_and(|signature| {
            cert::key_verifies(&self.spki, self.algorithm, MESSAGE, &signature)
        })
    }
}

impl SeatKey for SystemKey {
    fn spki(&self) -> Vec<u8> {
        self.spki.clone()
    }

    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        sign(&self.name.open().ok()??, self.algorithm, message)
    }
}

/// A signature in the form of certificates.
pub(super) fn sign(key: &Key, algorithm: Algorithm, message: &[u8]) -> Option<Vec<u8>> {
    let signature = key.sign(&Sha256::digest(message).into()).ok()?;
    match algorithm {
        // Windows gives both numbers side by side; certificates want a sequence (RFC 3279 §2.2.3).
        Algorithm::EcdsaP256 => {
            Some(Signature::from_slice(&signature).ok()?.to_der().as_bytes().to_vec())
        }
        Algorithm::RsaPkcs1 => Some(signature),
    }
}

/// DER of the subject public key info (RFC 5480 §2.1.1, RFC 3279 §2.3.1), and how the key signs.
pub(super) fn spki(public: &Public) -> Option<(Vec<u8>, Algorithm)> {
    let (oid, parameters, key, algorithm) = match public {
        Public::P256(point) => (
            const_oid::db::rfc5912::ID_EC_PUBLIC_KEY,
            der::Any::from(const_oid::db::rfc5912::SECP_256_R_1),
            point.clone(),
            Algorithm::EcdsaP256,
        ),
        Public::Rsa { modulus, exponent } => (
            const_oid::db::rfc5912::RSA_ENCRYPTION,
            der::Any::null(),
            RsaPublicKey {
                modulus: UintRef::new(modulus).ok()?,
                exponent: UintRef::new(exponent).ok()?,
            }
            .to_der()
            .ok()?,
            Algorithm::RsaPkcs1,
        ),
    };
    let info = SubjectPublicKeyInfoOwned {
        algorithm: AlgorithmIdentifierOwned { oid, parameters: Some(parameters) },
        subject_public_key: BitString::from_bytes(&key).ok()?,
    };
    Some((info.to_der().ok()?, algorithm))
}

/// RFC 8017 §A.1.1.
#[derive(Sequence)]
struct RsaPublicKey<'a> {
    modulus: UintRef<'a>,
    exponent: UintRef<'a>,
}
