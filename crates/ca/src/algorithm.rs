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
    /// Ed25519 (RFC 8410): for CAs and the revocation feed, not for subscribers.
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
    /// RSASSA-PSS with SHA-256, MGF1 of the same and a salt of 32 octets (RFC 4055 §3.1).
    RsaPssSha256,
    /// RSASSA-PSS with SHA-384, MGF1 of the same and a salt of 48 octets.
    RsaPssSha384,
    /// Ed25519 (RFC 8410 §6).
    Ed25519,
}

impl SignatureAlgorithm {
    /// Every algorithm.
    pub const ALL: [Self; 7] = [
        Self::EcdsaSha256,
        Self::EcdsaSha384,
        Self::RsaSha256,
        Self::RsaSha384,
        Self::RsaPssSha256,
        Self::RsaPssSha384,
        Self::Ed25519,
    ];

    /// What a key of this kind signs with unless something else was chosen for it.
    pub fn usual(kind: KeyKind) -> Self {
        match kind {
            KeyKind::EcP256 => Self::EcdsaSha256,
            KeyKind::EcP384 => Self::EcdsaSha384,
            KeyKind::Rsa(_) => Self::RsaSha256,
            KeyKind::Ed25519 => Self::Ed25519,
        }
    }

    /// Whether a key of this kind signs this way. An elliptic curve has the hash of its size
    /// (FIPS 186-5 §6.1.1).
    pub fn suits(self, kind: KeyKind) -> bool {
        match self {
            Self::EcdsaSha256 => kind == KeyKind::EcP256,
            Self::EcdsaSha384 => kind == KeyKind::EcP384,
            Self::RsaSha256 | Self::RsaSha384 | Self::RsaPssSha256 | Self::RsaPssSha384 => {
                matches!(kind, KeyKind::Rsa(_))
            }
            Self::Ed25519 => kind == KeyKind::Ed25519,
        }
    }

    /// Its word in key files and key addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::EcdsaSha256 => "ecdsa-sha256",
            Self::EcdsaSha384 => "ecdsa-sha384",
            Self::RsaSha256 => "rsa-sha256",
            Self::RsaSha384 => "rsa-sha384",
            Self::RsaPssSha256 => "rsa-pss-sha256",
            Self::RsaPssSha384 => "rsa-pss-sha384",
            Self::Ed25519 => "ed25519",
        }
    }

    /// The algorithm of this word.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// Its object identifier; the two of RSASSA-PSS share theirs.
    pub fn oid(self) -> ObjectIdentifier {
        match self {
            Self::EcdsaSha256 => rfc5912::ECDSA_WITH_SHA_256,
            Self::EcdsaSha384 => rfc5912::ECDSA_WITH_SHA_384,
            Self::RsaSha256 => rfc5912::SHA_256_WITH_RSA_ENCRYPTION,
            Self::RsaSha384 => rfc5912::SHA_384_WITH_RSA_ENCRYPTION,
            Self::RsaPssSha256 | Self::RsaPssSha384 => rfc5912::ID_RSASSA_PSS,
            Self::Ed25519 => rfc8410::ID_ED_25519,
        }
    }

    /// The algorithm of an identifier that others wrote. Parameters are exactly ours, apart from
    /// what RFC 4055 bids to read as the same: NULL left out after PKCS#1 (§5) and after the
    /// hashes within RSASSA-PSS (§2.1).
    pub fn from_identifier(identifier: &AlgorithmIdentifierOwned) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| match algorithm.pss_hash() {
            Some(hash) => {
                identifier.oid == algorithm.oid()
                    && [true, false].into_iter().any(|null| {
                        [true, false].into_iter().any(|mask_null| {
                            identifier.parameters == pss_parameters(hash, null, mask_null)
                        })
                    })
            }
            None => {
                *identifier == algorithm.identifier()
                    || (matches!(algorithm, Self::RsaSha256 | Self::RsaSha384)
                        && identifier.oid == algorithm.oid()
                        && identifier.parameters.is_none())
            }
        })
    }

    /// The identifier as it stands in certificates: PKCS#1 with NULL (RFC 4055 §5), RSASSA-PSS
    /// with its hash, mask and salt (§3.1), the others without parameters (RFC 5758 §3.2,
    /// RFC 8410 §3).
    pub fn identifier(self) -> AlgorithmIdentifierOwned {
        let parameters = match self {
            Self::RsaSha256 | Self::RsaSha384 => Some(Any::from(Null)),
            _ => self.pss_hash().and_then(|hash| pss_parameters(hash, true, true)),
        };
        AlgorithmIdentifierOwned { oid: self.oid(), parameters }
    }

    /// Hash and salt length of RSASSA-PSS.
    fn pss_hash(self) -> Option<(ObjectIdentifier, u8)> {
        match self {
            Self::RsaPssSha256 => Some((rfc5912::ID_SHA_256, 32)),
            Self::RsaPssSha384 => Some((rfc5912::ID_SHA_384, 48)),
            _ => None,
        }
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
            // Both take a salt as long as the hash and no other.
            (Self::RsaPssSha256, Some(KeyKind::Rsa(_))) => &sig::RSA_PSS_2048_8192_SHA256,
            (Self::RsaPssSha384, Some(KeyKind::Rsa(_))) => &sig::RSA_PSS_2048_8192_SHA384,
            (Self::Ed25519, Some(KeyKind::Ed25519)) => &sig::ED25519,
            _ => return false,
        };
        spki.subject_public_key.as_bytes().is_some_and(|key| {
            sig::UnparsedPublicKey::new(algorithm, key).verify(message, signature).is_ok()
        })
    }
}

/// `RSASSA-PSS-params` of RFC 4055 §3.1. The trailer field has its default, which DER leaves out.
#[derive(der::Sequence)]
struct PssParameters {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    hash: AlgorithmIdentifierOwned,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT")]
    mask: AlgorithmIdentifierOwned,
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT")]
    salt: u8,
}

/// The parameters for this hash and salt length, with or without NULL after each mention of the
/// hash. The parts are fixed and always have a DER form.
fn pss_parameters((oid, salt): (ObjectIdentifier, u8), null: bool, mask_null: bool) -> Option<Any> {
    let hash =
        |null: bool| AlgorithmIdentifierOwned { oid, parameters: null.then(|| Any::from(Null)) };
    let mask = AlgorithmIdentifierOwned {
        oid: rfc5912::ID_MGF_1,
        parameters: Some(Any::encode_from(&hash(mask_null)).ok()?),
    };
    Any::encode_from(&PssParameters { hash: hash(null), mask, salt }).ok()
}

#[cfg(test)]
mod tests {
    use der::Encode;

    use super::*;

    /// The octets that the CA/Browser Forum writes out (Baseline Requirements §7.1.3.2.1).
    #[test]
    fn pss_identifiers_are_those_everyone_reads() {
        for (algorithm, octets) in [
            (
                SignatureAlgorithm::RsaPssSha256,
                "304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a\
                 864886f70d010108300d06096086480165030402010500a203020120",
            ),
            (
                SignatureAlgorithm::RsaPssSha384,
                "304106092a864886f70d01010a3034a00f300d06096086480165030402020500a11c301a06092a\
                 864886f70d010108300d06096086480165030402020500a203020130",
            ),
        ] {
            let der = algorithm.identifier().to_der().unwrap();
            let hex: String = der.iter().map(|octet| format!("{octet:02x}")).collect();
            assert_eq!(hex, octets);
        }
    }

    #[test]
    fn identifiers_are_read_back_and_others_are_not() {
        for algorithm in SignatureAlgorithm::ALL {
            let identifier = algorithm.identifier();
            assert_eq!(SignatureAlgorithm::from_identifier(&identifier), Some(algorithm));
            assert_eq!(SignatureAlgorithm::named(algorithm.name()), Some(algorithm));
        }
        let pss = |parameters| AlgorithmIdentifierOwned { oid: rfc5912::ID_RSASSA_PSS, parameters };
        let read = |identifier| SignatureAlgorithm::from_identifier(&identifier);
        let sha_256 = rfc5912::ID_SHA_256;
        for (parameters, algorithm) in [
            (pss_parameters((sha_256, 32), false, false), Some(SignatureAlgorithm::RsaPssSha256)),
            (pss_parameters((sha_256, 20), true, true), None),
            (pss_parameters((rfc5912::ID_SHA_1, 20), true, true), None),
            // Absent parameters mean SHA-1.
            (None, None),
            (Some(Any::from(Null)), None),
        ] {
            assert_eq!(read(pss(parameters)), algorithm);
        }
        let ecdsa = SignatureAlgorithm::EcdsaSha256.oid();
        assert_eq!(
            read(AlgorithmIdentifierOwned { oid: ecdsa, parameters: Some(Any::from(Null)) }),
            None
        );
        let rsa = SignatureAlgorithm::RsaSha256.oid();
        assert_eq!(
            read(AlgorithmIdentifierOwned { oid: rsa, parameters: None }),
            Some(SignatureAlgorithm::RsaSha256)
        );
    }
}
