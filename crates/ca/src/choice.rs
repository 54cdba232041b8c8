use std::fmt;
use std::str::FromStr;

use crate::{KeyKind, SignatureAlgorithm};

/// What a new CA key can be: kind, size, and how it signs. RSA of 2048 bits is not among them:
/// CAs outlive its 112 bits of strength (NIST SP 800-57 part 1 §5.6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaKey {
    /// ECDSA on P-256 with SHA-256.
    P256,
    /// ECDSA on P-384 with SHA-384.
    P384,
    /// RSA 3072, PKCS#1 v1.5 with SHA-256.
    Rsa3072,
    /// RSA 4096, PKCS#1 v1.5 with SHA-256.
    Rsa4096,
    /// RSA 3072, PSS with SHA-256.
    RsaPss3072,
    /// RSA 4096, PSS with SHA-384.
    RsaPss4096,
    /// Ed25519.
    Ed25519,
}

/// There is no such kind of CA key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a CA key is p256, p384, rsa3072, rsa4096, rsa-pss3072, rsa-pss4096 or ed25519")]
pub struct CaKeyError;

impl CaKey {
    /// Every one.
    pub const ALL: [Self; 7] = [
        Self::P256,
        Self::P384,
        Self::Rsa3072,
        Self::Rsa4096,
        Self::RsaPss3072,
        Self::RsaPss4096,
        Self::Ed25519,
    ];

    /// Its word.
    pub fn name(self) -> &'static str {
        match self {
            Self::P256 => "p256",
            Self::P384 => "p384",
            Self::Rsa3072 => "rsa3072",
            Self::Rsa4096 => "rsa4096",
            Self::RsaPss3072 => "rsa-pss3072",
            Self::RsaPss4096 => "rsa-pss4096",
            Self::Ed25519 => "ed25519",
        }
    }

    /// The choice that led to a key such as this one, or the nearest.
    pub fn like(signer: &dyn crate::Signer) -> Self {
        let kind = crate::key_kind(signer.public_key());
        let same = |key: &&Self| Some(key.kind()) == kind && key.algorithm() == signer.algorithm();
        let near = |key: &&Self| key.algorithm() == signer.algorithm();
        let all = Self::ALL.iter();
        *all.clone().find(same).or_else(|| all.clone().find(near)).unwrap_or(&Self::P256)
    }

    /// Kind and size.
    pub fn kind(self) -> KeyKind {
        match self {
            Self::P256 => KeyKind::EcP256,
            Self::P384 => KeyKind::EcP384,
            Self::Rsa3072 | Self::RsaPss3072 => KeyKind::Rsa(3072),
            Self::Rsa4096 | Self::RsaPss4096 => KeyKind::Rsa(4096),
            Self::Ed25519 => KeyKind::Ed25519,
        }
    }

    /// How it signs.
    pub fn algorithm(self) -> SignatureAlgorithm {
        match self {
            Self::RsaPss3072 => SignatureAlgorithm::RsaPssSha256,
            Self::RsaPss4096 => SignatureAlgorithm::RsaPssSha384,
            _ => SignatureAlgorithm::usual(self.kind()),
        }
    }
}

impl FromStr for CaKey {
    type Err = CaKeyError;

    fn from_str(name: &str) -> Result<Self, CaKeyError> {
        Self::ALL.into_iter().find(|key| key.name() == name).ok_or(CaKeyError)
    }
}

impl fmt::Display for CaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
