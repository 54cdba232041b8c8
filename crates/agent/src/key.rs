use der::{Decode, Encode};
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{DerSignature, SigningKey};
use p256::elliptic_curve::pkcs8::{
    DecodePrivateKey, EncodePrivateKey, EncodePublicKey, LineEnding,
};
use tegata_domain::{Entropy, UserId};
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::name::{RdnSequence, RelativeDistinguishedName};
use x509_cert::request::{CertReq, CertReqInfo, Version};
use x509_cert::spki::AlgorithmIdentifierOwned;
use zeroize::Zeroizing;

/// A key of a seat, wherever it lives: it signs, and it does not come out.
pub trait SeatKey: Send + Sync {
    /// DER of its subject public key info.
    fn spki(&self) -> Vec<u8>;

    /// How it signs.
    fn algorithm(&self) -> Algorithm;

    /// A signature over `message` by [`SeatKey::algorithm`]; `None` when the key does not answer.
    fn sign(&self, message: &[u8]) -> Option<Vec<u8>>;
}

/// How a key of a seat signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256, the signature as DER (RFC 5480).
    EcdsaP256,
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 §8.2): what older Windows stores can do.
    RsaPkcs1,
}

impl Algorithm {
    /// The identifier that stands beside a signature (RFC 5758 §3.2, RFC 4055 §5).
    pub fn identifier(self) -> AlgorithmIdentifierOwned {
        let (oid, parameters) = match self {
            Self::EcdsaP256 => (const_oid::db::rfc5912::ECDSA_WITH_SHA_256, None),
            Self::RsaPkcs1 => {
                (const_oid::db::rfc5912::SHA_256_WITH_RSA_ENCRYPTION, Some(der::Any::null()))
            }
        };
        AlgorithmIdentifierOwned { oid, parameters }
    }
}

/// An ECDSA P-256 key in memory, wiped when dropped.
pub(crate) struct FileKey(SigningKey);

impl FileKey {
    /// Makes a new one.
    pub(crate) fn random(entropy: &dyn Entropy) -> Self {
        loop {
            let mut octets = Zeroizing::new([0; 32]);
            entropy.fill(octets.as_mut());
            // Zero and numbers from the group order up are no keys: one draw in 2^32 at most.
            if let Ok(key) = SigningKey::from_slice(octets.as_ref()) {
                return Self(key);
            }
        }
    }

    /// PKCS#8 (RFC 5958) as PEM.
    pub(crate) fn to_pem(&self) -> Option<Zeroizing<String>> {
        self.0.to_pkcs8_pem(LineEnding::LF).ok()
    }

    /// PKCS#8 as DER.
    pub(crate) fn to_pkcs8(&self) -> Option<Zeroizing<Vec<u8>>> {
        self.0.to_pkcs8_der().ok().map(|document| document.to_bytes())
    }

    /// The number itself, 32 octets.
    #[cfg(target_os = "linux")]
    pub(crate) fn to_scalar(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.to_bytes().to_vec())
    }

    /// Reads PKCS#8 PEM.
    pub(crate) fn from_pem(pem: &str) -> Option<Self> {
        SigningKey::from_pkcs8_pem(pem).ok().map(Self)
    }

    /// Reads PKCS#8 DER.
    pub(crate) fn from_pkcs8(der: &[u8]) -> Option<Self> {
        SigningKey::from_pkcs8_der(der).ok().map(Self)
    }
}

impl SeatKey for FileKey {
    fn spki(&self) -> Vec<u8> {
        self.0.verifying_key().to_public_key_der().map(|der| der.into_vec()).unwrap_or_default()
    }

    fn algorithm(&self) -> Algorithm {
        Algorithm::EcdsaP256
    }

    fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let signature: DerSignature = self.0.try_sign(message).ok()?;
        Some(signature.as_bytes().to_vec())
    }
}

/// A PKCS#10 request (RFC 2986) for `key`. The common name is for people who read the request;
/// the server takes only the key and its proof of possession.
pub(crate) fn request(user: &UserId, key: &dyn SeatKey) -> Option<Vec<u8>> {
    let name = AttributeTypeAndValue {
        oid: const_oid::db::rfc4519::CN,
        value: der::Any::new(der::Tag::Utf8String, user.as_str().as_bytes()).ok()?,
    };
    let rdn = RelativeDistinguishedName::from(der::asn1::SetOfVec::try_from(vec![name]).ok()?);
    let info = CertReqInfo {
        version: Version::V1,
        subject: RdnSequence(vec![rdn]),
        public_key: x509_cert::spki::SubjectPublicKeyInfoOwned::from_der(&key.spki()).ok()?,
        attributes: der::asn1::SetOfVec::new(),
    };
    let signature = key.sign(&info.to_der().ok()?)?;
    CertReq {
        info,
        algorithm: key.algorithm().identifier(),
        signature: der::asn1::BitString::from_bytes(&signature).ok()?,
    }
    .to_der()
    .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Counter, openssl};

    #[test]
    fn openssl_accepts_the_request_and_its_proof_of_possession() {
        let key = FileKey::random(&Counter::new(1));
        let der = request(&"CMSM950-006-401".parse().unwrap(), &key).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("request.der");
        std::fs::write(&path, der).unwrap();
        let path = path.to_str().unwrap();
        let said =
            openssl(&["req", "-inform", "DER", "-in", path, "-verify", "-noout", "-subject"]);
        assert!(said.contains("verify OK"), "{said}");
        assert!(said.contains("CN = CMSM950-006-401"), "{said}");
    }

    #[test]
    fn a_key_reads_back_from_both_forms() {
        let key = FileKey::random(&Counter::new(1));
        let pem = FileKey::from_pem(&key.to_pem().unwrap()).unwrap();
        let der = FileKey::from_pkcs8(&key.to_pkcs8().unwrap()).unwrap();
        assert_eq!(pem.spki(), key.spki());
        assert_eq!(der.spki(), key.spki());
    }

    #[test]
    fn octets_that_are_no_key_are_drawn_again() {
        struct ZerosThenOnes(std::sync::atomic::AtomicU8);
        impl Entropy for ZerosThenOnes {
            fn fill(&self, octets: &mut [u8]) {
                octets.fill(self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
            }
        }
        let key = FileKey::random(&ZerosThenOnes(0.into()));
        assert_eq!(key.spki(), FileKey(SigningKey::from_slice(&[1; 32]).unwrap()).spki());
    }
}
