//! Signing keys: the seam, and keys held in software.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    self as sig, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair, UnparsedPublicKey,
};
use const_oid::db::{rfc5912, rfc8410};
use der::asn1::{AnyRef, BitStringRef};
use der::{Decode, Encode, pem};
use pkcs8::pkcs5::pbes2;
use pkcs8::{EncryptedPrivateKeyInfo, PrivateKeyInfo};
use spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use tegata_domain::Entropy;
use zeroize::Zeroizing;

use crate::{CaKey, KeyKind, SignatureAlgorithm};

/// PBKDF2-HMAC-SHA256 rounds for keys at rest (OWASP Password Storage Cheat Sheet, 2023).
const ROUNDS: u32 = 600_000;

/// A private key that signs, wherever it lives. The whole seam for hardware.
pub trait Signer: Send + Sync {
    /// How it signs.
    fn algorithm(&self) -> SignatureAlgorithm;

    /// DER of its subject public key info.
    fn public_key(&self) -> &[u8];

    /// Signs `message`.
    ///
    /// # Errors
    /// When the key cannot be used now.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError>;

    /// Whether it could sign now, without signing anything.
    ///
    /// # Errors
    /// Why not, and what to do.
    fn ready(&self) -> Result<(), SignError> {
        Ok(())
    }

    /// Whether signing may take as long as a device or a network likes.
    fn may_wait(&self) -> bool {
        false
    }
}

/// The key could not be used.
#[derive(Debug, thiserror::Error)]
#[error("the signing key cannot be used: {0}")]
pub struct SignError(pub String);

/// Why a key could not be made or opened.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Decryption failed.
    #[error("the passphrase does not open this key")]
    WrongPassphrase,
    /// Not an encrypted PKCS#8 PEM file.
    #[error("not an encrypted private key in PEM form (PKCS#8, RFC 5958)")]
    NotAKey,
    /// A key of a kind that is not used here.
    #[error("{0} is not a kind of key that can sign here")]
    Unsupported(String),
    /// The library refused to make a key.
    #[error("the key could not be made")]
    Generation,
}

/// A key in the memory of this process, at rest as PKCS#8 under a passphrase.
pub struct SoftwareKey {
    pair: Pair,
    public_key: Vec<u8>,
    algorithm: SignatureAlgorithm,
}

/// Line before the PEM block that names how the key signs, when that is not usual for its kind
/// (RFC 7468 §2 leaves such lines to whoever writes them).
const ALGORITHM_LINE: &str = "Signature-Algorithm: ";

enum Pair {
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
    Rsa(RsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl SoftwareKey {
    /// Makes a key: P-256, P-384, RSA of 2048, 3072, 4096 bits, or Ed25519.
    ///
    /// # Errors
    /// [`KeyError::Unsupported`] for another size.
    pub fn generate(kind: KeyKind) -> Result<Self, KeyError> {
        let pair = match kind {
            KeyKind::EcP256 => Pair::P256(ecdsa(&sig::ECDSA_P256_SHA256_ASN1_SIGNING)?),
            KeyKind::EcP384 => Pair::P384(ecdsa(&sig::ECDSA_P384_SHA384_ASN1_SIGNING)?),
            KeyKind::Rsa(bits) => {
                let size = match bits {
                    2048 => KeySize::Rsa2048,
                    3072 => KeySize::Rsa3072,
                    4096 => KeySize::Rsa4096,
                    _ => return Err(KeyError::Unsupported(kind.to_string())),
                };
                Pair::Rsa(RsaKeyPair::generate(size).map_err(|_| KeyError::Generation)?)
            }
            KeyKind::Ed25519 => {
                Pair::Ed25519(Ed25519KeyPair::generate().map_err(|_| KeyError::Generation)?)
            }
        };
        Self::of(pair)
    }

    /// The same key, signing with this algorithm.
    ///
    /// # Errors
    /// [`KeyError::Unsupported`] when a key of its kind cannot.
    pub fn signing_with(self, algorithm: SignatureAlgorithm) -> Result<Self, KeyError> {
        if algorithm.suits(self.kind()) {
            Ok(Self { algorithm, ..self })
        } else {
            Err(KeyError::Unsupported(format!("{} with {}", self.kind(), algorithm.name())))
        }
    }

    /// Opens a key from its encrypted PEM form.
    ///
    /// # Errors
    /// [`KeyError::WrongPassphrase`], or what is wrong with the file.
    pub fn from_encrypted_pem(text: &str, passphrase: &[u8]) -> Result<Self, KeyError> {
        let (label, der) = pem::decode_vec(text.as_bytes()).map_err(|_| KeyError::NotAKey)?;
        if label != "ENCRYPTED PRIVATE KEY" {
            return Err(KeyError::NotAKey);
        }
        let encrypted =
            EncryptedPrivateKeyInfo::try_from(der.as_slice()).map_err(|_| KeyError::NotAKey)?;
        let plain = encrypted.decrypt(passphrase).map_err(|_| KeyError::WrongPassphrase)?;
        let key = Self::from_pkcs8(plain.as_bytes())?;
        match text.lines().find_map(|line| line.strip_prefix(ALGORITHM_LINE)) {
            None => Ok(key),
            Some(name) => {
                let algorithm = SignatureAlgorithm::named(name.trim());
                key.signing_with(algorithm.ok_or_else(|| KeyError::Unsupported(name.to_owned()))?)
            }
        }
    }

    /// Its form at rest: PKCS#8 under PBES2 with PBKDF2-HMAC-SHA256 and AES-256-CBC (RFC 8018).
    ///
    /// # Errors
    /// When the library refuses.
    pub fn to_encrypted_pem(
        &self,
        passphrase: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<String, KeyError> {
        let (mut salt, mut iv) = ([0; 16], [0; 16]);
        entropy.fill(&mut salt);
        entropy.fill(&mut iv);
        let plain = self.to_pkcs8()?;
        let parameters = pbes2::Parameters::pbkdf2_sha256_aes256cbc(ROUNDS, &salt, &iv)
            .map_err(|_| KeyError::Generation)?;
        let encrypted = PrivateKeyInfo::from_der(&plain)
            .and_then(|info| {
                info.encrypt_with_params(parameters, passphrase)
                    .map_err(|_| der::ErrorKind::Failed.into())
            })
            .map_err(|_| KeyError::Generation)?;
        let text = encrypted
            .to_pem("ENCRYPTED PRIVATE KEY", pem::LineEnding::LF)
            .map_err(|_| KeyError::Generation)?;
        if self.algorithm == SignatureAlgorithm::usual(self.kind()) {
            return Ok(text.to_string());
        }
        Ok(format!("{ALGORITHM_LINE}{}\n{}", self.algorithm.name(), *text))
    }

    /// Makes a CA key of this kind.
    ///
    /// # Errors
    /// When the library refuses.
    pub fn generate_for_ca(choice: CaKey) -> Result<Self, KeyError> {
        Self::generate(choice.kind())?.signing_with(choice.algorithm())
    }

    /// Opens a key from its unencrypted PKCS#8 DER form.
    ///
    /// # Errors
    /// When it is not a key of a supported kind.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        let info = PrivateKeyInfo::from_der(der).map_err(|_| KeyError::NotAKey)?;
        let unsupported = |_| KeyError::Unsupported(info.algorithm.oid.to_string());
        let curve = info.algorithm.parameters_oid();
        let pair = match (info.algorithm.oid, curve) {
            (rfc5912::ID_EC_PUBLIC_KEY, Ok(rfc5912::SECP_256_R_1)) => Pair::P256(
                EcdsaKeyPair::from_pkcs8(&sig::ECDSA_P256_SHA256_ASN1_SIGNING, der)
                    .map_err(unsupported)?,
            ),
            (rfc5912::ID_EC_PUBLIC_KEY, Ok(rfc5912::SECP_384_R_1)) => Pair::P384(
                EcdsaKeyPair::from_pkcs8(&sig::ECDSA_P384_SHA384_ASN1_SIGNING, der)
                    .map_err(unsupported)?,
            ),
            (rfc5912::RSA_ENCRYPTION, _) => {
                Pair::Rsa(RsaKeyPair::from_pkcs8(der).map_err(unsupported)?)
            }
            (rfc8410::ID_ED_25519, _) => {
                Pair::Ed25519(Ed25519KeyPair::from_pkcs8(der).map_err(unsupported)?)
            }
            (oid, _) => return Err(KeyError::Unsupported(oid.to_string())),
        };
        Self::of(pair)
    }

    /// Its unencrypted PKCS#8 DER form, wiped when dropped: for TLS servers in this process.
    ///
    /// # Errors
    /// When the library refuses.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let failed = |_| KeyError::Generation;
        Ok(Zeroizing::new(match &self.pair {
            Pair::P256(pair) | Pair::P384(pair) => {
                pair.to_pkcs8v1().map_err(failed)?.as_ref().to_vec()
            }
            Pair::Rsa(pair) => pair.as_der().map_err(failed)?.as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.to_pkcs8v1().map_err(failed)?.as_ref().to_vec(),
        }))
    }

    fn of(pair: Pair) -> Result<Self, KeyError> {
        let public_key = pair.public_key().map_err(|_| KeyError::Generation)?;
        let algorithm = SignatureAlgorithm::usual(pair.kind());
        Ok(Self { pair, public_key, algorithm })
    }

    fn kind(&self) -> KeyKind {
        self.pair.kind()
    }
}

impl Signer for SoftwareKey {
    fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let rng = SystemRandom::new();
        let refused = |_| SignError("the library refused".to_owned());
        match &self.pair {
            Pair::P256(pair) | Pair::P384(pair) => {
                pair.sign(&rng, message).map(|s| s.as_ref().to_vec()).map_err(refused)
            }
            Pair::Rsa(pair) => {
                let padding: &'static dyn sig::RsaEncoding = match self.algorithm {
                    SignatureAlgorithm::RsaSha384 => &sig::RSA_PKCS1_SHA384,
                    SignatureAlgorithm::RsaPssSha256 => &sig::RSA_PSS_SHA256,
                    SignatureAlgorithm::RsaPssSha384 => &sig::RSA_PSS_SHA384,
                    _ => &sig::RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &rng, message, &mut signature).map_err(refused)?;
                Ok(signature)
            }
            Pair::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
        }
    }
}

impl Pair {
    fn kind(&self) -> KeyKind {
        match self {
            Self::P256(_) => KeyKind::EcP256,
            Self::P384(_) => KeyKind::EcP384,
            // Moduli here are whole octets.
            Self::Rsa(pair) => KeyKind::Rsa(pair.public_modulus_len() as u32 * 8),
            Self::Ed25519(_) => KeyKind::Ed25519,
        }
    }

    fn public_key(&self) -> der::Result<Vec<u8>> {
        let (oid, curve, bits) = match self {
            Self::P256(pair) => {
                (rfc5912::ID_EC_PUBLIC_KEY, Some(rfc5912::SECP_256_R_1), pair.public_key().as_ref())
            }
            Self::P384(pair) => {
                (rfc5912::ID_EC_PUBLIC_KEY, Some(rfc5912::SECP_384_R_1), pair.public_key().as_ref())
            }
            Self::Rsa(pair) => (rfc5912::RSA_ENCRYPTION, None, pair.public_key().as_ref()),
            Self::Ed25519(pair) => (rfc8410::ID_ED_25519, None, pair.public_key().as_ref()),
        };
        let parameters = match (self, &curve) {
            (Self::Rsa(_), _) => Some(AnyRef::NULL),
            (_, Some(curve)) => Some(AnyRef::from(curve)),
            (_, None) => None,
        };
        SubjectPublicKeyInfoRef {
            algorithm: AlgorithmIdentifierRef { oid, parameters },
            subject_public_key: BitStringRef::from_bytes(bits)?,
        }
        .to_der()
    }
}

/// Never shows the private half.
impl std::fmt::Debug for SoftwareKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SoftwareKey({:?})", self.algorithm())
    }
}

fn ecdsa(algorithm: &'static sig::EcdsaSigningAlgorithm) -> Result<EcdsaKeyPair, KeyError> {
    EcdsaKeyPair::generate(algorithm).map_err(|_| KeyError::Generation)
}

/// Whether an Ed25519 `signature` over `message` verifies with the raw public key.
pub fn verify_ed25519(public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&sig::ED25519, public_key).verify(message, signature).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Zeros;

    impl Entropy for Zeros {
        fn fill(&self, octets: &mut [u8]) {
            octets.fill(7);
        }
    }

    #[test]
    fn every_kind_signs_and_survives_rest() {
        for kind in [KeyKind::EcP256, KeyKind::EcP384, KeyKind::Rsa(2048), KeyKind::Ed25519] {
            let key = SoftwareKey::generate(kind).unwrap();
            let pem = key.to_encrypted_pem(b"correct horse", &Zeros).unwrap();
            let again = SoftwareKey::from_encrypted_pem(&pem, b"correct horse").unwrap();
            assert_eq!(again.public_key(), key.public_key());
            let spki = SubjectPublicKeyInfoRef::from_der(key.public_key()).unwrap();
            assert_eq!(KeyKind::of(&spki), Some(kind));
            let signature = again.sign(b"message").unwrap();
            assert!(key.algorithm().verifies(&spki, b"message", &signature));
            assert!(!key.algorithm().verifies(&spki, b"massage", &signature));
        }
    }

    #[test]
    fn a_key_file_remembers_how_its_key_signs() {
        for algorithm in [
            SignatureAlgorithm::RsaSha384,
            SignatureAlgorithm::RsaPssSha256,
            SignatureAlgorithm::RsaPssSha384,
        ] {
            let key = SoftwareKey::generate(KeyKind::Rsa(2048)).unwrap();
            let key = key.signing_with(algorithm).unwrap();
            let pem = key.to_encrypted_pem(b"correct horse", &Zeros).unwrap();
            let again = SoftwareKey::from_encrypted_pem(&pem, b"correct horse").unwrap();
            assert_eq!(again.algorithm(), algorithm);
            let spki = SubjectPublicKeyInfoRef::from_der(key.public_key()).unwrap();
            let signature = again.sign(b"message").unwrap();
            for judge in SignatureAlgorithm::ALL {
                let verdict = judge.verifies(&spki, b"message", &signature);
                assert_eq!(verdict, judge == algorithm, "{judge:?}");
            }
            let other = pem.replace(algorithm.name(), "ed25519");
            let opened = SoftwareKey::from_encrypted_pem(&other, b"correct horse");
            assert!(matches!(opened, Err(KeyError::Unsupported(_))));
        }
    }

    #[test]
    fn wrong_passphrase_and_no_key_are_told_apart() {
        let key = SoftwareKey::generate(KeyKind::EcP256).unwrap();
        let pem = key.to_encrypted_pem(b"right", &Zeros).unwrap();
        let opened = |text: &str, pass: &[u8]| SoftwareKey::from_encrypted_pem(text, pass).err();
        assert_eq!(opened(&pem, b"wrong"), Some(KeyError::WrongPassphrase));
        assert_eq!(opened("", b"right"), Some(KeyError::NotAKey));
        assert_eq!(opened(&pem.replace("ENCRYPTED ", ""), b"right"), Some(KeyError::NotAKey));
    }

    #[test]
    fn odd_rsa_sizes_are_refused() {
        assert!(matches!(SoftwareKey::generate(KeyKind::Rsa(1024)), Err(KeyError::Unsupported(_))));
    }
}
