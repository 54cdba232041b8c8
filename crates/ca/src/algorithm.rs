use const_oid::ObjectIdentifier;
use const_oid::db::{rfc5912, rfc8410};
use der::Decode;
use der::asn1::{Any, AnyRef, Null};
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoRef};

/// The kind and size of a key. Algorithms are data: adding one touches this file and its signer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// ECDSA on P-256 (FIPS 186-5).
    EcP256,
    /// ECDSA on P-384.
    EcP384,
    /// RSA with a modulus of this many bits.
    Rsa(u32),
    /// Ed25519 (RFC 8410): for the revocation feed.
    Ed25519,
}

impl KeyKind {
    /// Reads the kind of a subject public key info (RFC 5280 §4.1.2.7); `None` for every
    /// algorithm, curve or encoding not in this list.
    pub fn of(spki: &SubjectPublicKeyInfoRef<'_>) -> Option<Self> {
        let bits = spki.subject_public_key.as_bytes()?;
        if spki.algorithm.oid == rfc5912::ID_EC_PUBLIC_KEY {
            let curve: ObjectIdentifier = spki.algorithm.parameters?.decode_as().ok()?;
            // Uncompressed points only (RFC 5480 §2.2): every relying party reads them.
            return match (curve, bits.len(), bits.first()) {
                (rfc5912::SECP_256_R_1, 65, Some(4)) => Some(Self::EcP256),
                (rfc5912::SECP_384_R_1, 97, Some(4)) => Some(Self::EcP384),
                _ => None,
            };
        }
        if spki.algorithm.oid == rfc5912::RSA_ENCRYPTION {
            // NULL and nothing else (RFC 3279 §2.3.1): one key has one encoding, and nobody's
            // own octets get signed.
            if spki.algorithm.parameters != Some(AnyRef::NULL) {
                return None;
            }
            let modulus_bits = RsaPublicKey::from_der(bits).ok()?.modulus_bits();
            return Some(Self::Rsa(modulus_bits));
        }
        (spki.algorithm.oid == rfc8410::ID_ED_25519 && bits.len() == 32).then_some(Self::Ed25519)
    }
}

impl std::fmt::Display for KeyKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::EcP256 => f.write_str("ECDSA P-256"),
            Self::EcP384 => f.write_str("ECDSA P-384"),
            Self::Rsa(bits) => write!(f, "RSA {bits}"),
            Self::Ed25519 => f.write_str("Ed25519"),
        }
    }
}

/// `RSAPublicKey` of RFC 8017 appendix A.1.1.
#[derive(der::Sequence)]
pub(crate) struct RsaPublicKey<'a> {
    modulus: der::asn1::UintRef<'a>,
    exponent: der::asn1::UintRef<'a>,
}

impl RsaPublicKey<'_> {
    pub(crate) fn modulus_bits(&self) -> u32 {
        let octets = self.modulus.as_bytes();
        let leading = octets.first().map_or(0, |first| first.leading_zeros());
        (octets.len() as u32 * 8).saturating_sub(leading)
    }

    /// The modulus, most significant octet first, and the exponent.
    pub(crate) fn parts(&self) -> (&[u8], &[u8]) {
        (self.modulus.as_bytes(), self.exponent.as_bytes())
    }
}

/// How a signature is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignatureAlgorithm {
    /// ecdsa-with-SHA256 (RFC 5758 §3.2).
    EcdsaSha256,
    /// ecdsa-with-SHA384.
    EcdsaSha384,
    /// sha256WithRSAEncryption (RFC 4055 §5).
    RsaSha256,
    /// sha384WithRSAEncryption.
    RsaSha384,
    /// Ed25519 (RFC 8410 §6).
    Ed25519,
}

impl SignatureAlgorithm {
    /// Every algorithm.
    pub const ALL: [Self; 5] =
        [Self::EcdsaSha256, Self::EcdsaSha384, Self::RsaSha256, Self::RsaSha384, Self::Ed25519];

    /// Its object identifier.
    pub fn oid(self) -> ObjectIdentifier {
        match self {
            Self::EcdsaSha256 => rfc5912::ECDSA_WITH_SHA_256,
            Self::EcdsaSha384 => rfc5912::ECDSA_WITH_SHA_384,
            Self::RsaSha256 => rfc5912::SHA_256_WITH_RSA_ENCRYPTION,
            Self::RsaSha384 => rfc5912::SHA_384_WITH_RSA_ENCRYPTION,
            Self::Ed25519 => rfc8410::ID_ED_25519,
        }
    }

    /// The algorithm with this identifier.
    pub fn from_oid(oid: ObjectIdentifier) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.oid() == oid)
    }

    /// The identifier as it stands in certificates: RSA with NULL (RFC 4055 §5), the others
    /// without parameters (RFC 5758 §3.2, RFC 8410 §3).
    pub fn identifier(self) -> AlgorithmIdentifierOwned {
        let parameters = matches!(self, Self::RsaSha256 | Self::RsaSha384).then(|| Any::from(Null));
        AlgorithmIdentifierOwned { oid: self.oid(), parameters }
    }

    /// Whether `signature` over `message` verifies with the key of `spki`.
    pub fn verifies(
        self,
        spki: &SubjectPublicKeyInfoRef<'_>,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        use aws_lc_rs::signature as sig;
        let algorithm: &dyn sig::VerificationAlgorithm = match (self, KeyKind::of(spki)) {
            (Self::EcdsaSha256, Some(KeyKind::EcP256)) => &sig::ECDSA_P256_SHA256_ASN1,
            (Self::EcdsaSha384, Some(KeyKind::EcP256)) => &sig::ECDSA_P256_SHA384_ASN1,
            (Self::EcdsaSha256, Some(KeyKind::EcP384)) => &sig::ECDSA_P384_SHA256_ASN1,
            (Self::EcdsaSha384, Some(KeyKind::EcP384)) => &sig::ECDSA_P384_SHA384_ASN1,
            (Self::RsaSha256, Some(KeyKind::Rsa(_))) => &sig::RSA_PKCS1_2048_8192_SHA256,
            (Self::RsaSha384, Some(KeyKind::Rsa(_))) => &sig::RSA_PKCS1_2048_8192_SHA384,
            (Self::Ed25519, Some(KeyKind::Ed25519)) => &sig::ED25519,
            _ => return false,
        };
        spki.subject_public_key.as_bytes().is_some_and(|key| {
            sig::UnparsedPublicKey::new(algorithm, key).verify(message, signature).is_ok()
        })
    }
}
