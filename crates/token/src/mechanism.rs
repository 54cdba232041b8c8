use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsPssParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::ObjectHandle;
use cryptoki::session::Session;
use sha2::{Digest, Sha256, Sha384};
use tegata_ca::SignatureAlgorithm;
use tegata_pkcs11::pair::ecdsa_der;

/// How a token is asked for a signature. Hashing here comes first: what goes to the token is
/// short then, however long the CRL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// CKM_ECDSA over our hash.
    Ecdsa,
    /// CKM_RSA_PKCS over a DigestInfo of ours, or CKM_RSA_PKCS_PSS over our hash.
    RsaOverHash,
    /// CKM_SHA…_RSA_PKCS or CKM_SHA…_RSA_PKCS_PSS over the message.
    RsaOverMessage,
    /// CKM_EDDSA.
    Eddsa,
}

/// `DigestInfo` of RFC 8017 §9.2 note 1 without the hash itself.
const DIGEST_INFO_SHA_256: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
    0x00, 0x04, 0x20,
];
const DIGEST_INFO_SHA_384: [u8; 19] = [
    0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05,
    0x00, 0x04, 0x30,
];

/// The way in which a token with these mechanisms makes such signatures.
pub(crate) fn way(algorithm: SignatureAlgorithm, has: &[MechanismType]) -> Option<Way> {
    let either = |over_hash, over_message| {
        if has.contains(&over_hash) {
            Some(Way::RsaOverHash)
        } else {
            has.contains(&over_message).then_some(Way::RsaOverMessage)
        }
    };
    match algorithm {
        SignatureAlgorithm::EcdsaSha256 | SignatureAlgorithm::EcdsaSha384 => {
            has.contains(&MechanismType::ECDSA).then_some(Way::Ecdsa)
        }
        SignatureAlgorithm::RsaSha256 => {
            either(MechanismType::RSA_PKCS, MechanismType::SHA256_RSA_PKCS)
        }
        SignatureAlgorithm::RsaSha384 => {
            either(MechanismType::RSA_PKCS, MechanismType::SHA384_RSA_PKCS)
        }
        SignatureAlgorithm::RsaPssSha256 => {
            either(MechanismType::RSA_PKCS_PSS, MechanismType::SHA256_RSA_PKCS_PSS)
        }
        SignatureAlgorithm::RsaPssSha384 => {
            either(MechanismType::RSA_PKCS_PSS, MechanismType::SHA384_RSA_PKCS_PSS)
        }
        SignatureAlgorithm::Ed25519 => has.contains(&MechanismType::EDDSA).then_some(Way::Eddsa),
    }
}

/// The mechanisms of [`way`], for an error.
pub(crate) fn wanted(algorithm: SignatureAlgorithm) -> &'static str {
    match algorithm {
        SignatureAlgorithm::EcdsaSha256 | SignatureAlgorithm::EcdsaSha384 => "CKM_ECDSA",
        SignatureAlgorithm::RsaSha256 => "CKM_RSA_PKCS, no CKM_SHA256_RSA_PKCS",
        SignatureAlgorithm::RsaSha384 => "CKM_RSA_PKCS, no CKM_SHA384_RSA_PKCS",
        SignatureAlgorithm::RsaPssSha256 => "CKM_RSA_PKCS_PSS, no CKM_SHA256_RSA_PKCS_PSS",
        SignatureAlgorithm::RsaPssSha384 => "CKM_RSA_PKCS_PSS, no CKM_SHA384_RSA_PKCS_PSS",
        SignatureAlgorithm::Ed25519 => "CKM_EDDSA",
    }
}

/// A signature in the form that X.509 wants.
pub(crate) fn sign(
    session: &Session,
    key: ObjectHandle,
    algorithm: SignatureAlgorithm,
    way: Way,
    message: &[u8],
) -> Result<Vec<u8>, Error> {
    let pss =
        matches!(algorithm, SignatureAlgorithm::RsaPssSha256 | SignatureAlgorithm::RsaPssSha384);
    let is_384 = is_sha_384(algorithm);
    match way {
        Way::Ecdsa => {
            let raw = session.sign(&Mechanism::Ecdsa, key, &hash(algorithm, message))?;
            ecdsa_der(&raw)
                .ok_or(Error::Pkcs11(RvError::SignatureLenRange, cryptoki::context::Function::Sign))
        }
        Way::RsaOverHash if pss => {
            session.sign(&Mechanism::RsaPkcsPss(parameters(is_384)), key, &hash(algorithm, message))
        }
        Way::RsaOverHash => {
            let prefix = if is_384 { DIGEST_INFO_SHA_384 } else { DIGEST_INFO_SHA_256 };
            let info = [&prefix[..], &hash(algorithm, message)].concat();
            session.sign(&Mechanism::RsaPkcs, key, &info)
        }
        Way::RsaOverMessage => {
            let mechanism = match (pss, is_384) {
                (true, true) => Mechanism::Sha384RsaPkcsPss(parameters(true)),
                (true, false) => Mechanism::Sha256RsaPkcsPss(parameters(false)),
                (false, true) => Mechanism::Sha384RsaPkcs,
                (false, false) => Mechanism::Sha256RsaPkcs,
            };
            session.sign(&mechanism, key, message)
        }
        Way::Eddsa => {
            let pure = EddsaParams::new(EddsaSignatureScheme::Ed25519);
            session.sign(&Mechanism::Eddsa(pure), key, message)
        }
    }
}

fn is_sha_384(algorithm: SignatureAlgorithm) -> bool {
    matches!(
        algorithm,
        SignatureAlgorithm::EcdsaSha384
            | SignatureAlgorithm::RsaSha384
            | SignatureAlgorithm::RsaPssSha384
    )
}

fn hash(algorithm: SignatureAlgorithm, message: &[u8]) -> Vec<u8> {
    if is_sha_384(algorithm) {
        Sha384::digest(message).to_vec()
    } else {
        Sha256::digest(message).to_vec()
    }
}

/// MGF1 with the same hash, a salt as long as the hash (RFC 4055 §3.1).
fn parameters(is_384: bool) -> PkcsPssParams {
    if is_384 {
        PkcsPssParams {
            hash_alg: MechanismType::SHA384,
            mgf: PkcsMgfType::MGF1_SHA384,
            s_len: 48.into(),
        }
    } else {
        PkcsPssParams {
            hash_alg: MechanismType::SHA256,
            mgf: PkcsMgfType::MGF1_SHA256,
            s_len: 32.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_asked_for_what_it_has() {
        let pss = SignatureAlgorithm::RsaPssSha256;
        assert_eq!(way(pss, &[MechanismType::RSA_PKCS]), None);
        assert_eq!(way(pss, &[MechanismType::SHA256_RSA_PKCS_PSS]), Some(Way::RsaOverMessage));
        let both = [MechanismType::SHA256_RSA_PKCS_PSS, MechanismType::RSA_PKCS_PSS];
        assert_eq!(way(pss, &both), Some(Way::RsaOverHash));
    }
}
