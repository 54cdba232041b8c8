//! Keys that live as long as the process and sign nothing that leaves it.

use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self as sig, EcdsaKeyPair, Ed25519KeyPair, RsaEncoding, RsaKeyPair};

use crate::{SignatureAlgorithm, encoding};

static P256: LazyLock<Option<EcdsaKeyPair>> =
    LazyLock::new(|| EcdsaKeyPair::generate(&sig::ECDSA_P256_SHA256_ASN1_SIGNING).ok());
static P384: LazyLock<Option<EcdsaKeyPair>> =
    LazyLock::new(|| EcdsaKeyPair::generate(&sig::ECDSA_P384_SHA384_ASN1_SIGNING).ok());
/// The shortest: its signature costs a fifth of one with 4096 bits, and has the same form.
static RSA: LazyLock<Option<RsaKeyPair>> =
    LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).ok());
static ED25519: LazyLock<Option<Ed25519KeyPair>> =
    LazyLock::new(|| Ed25519KeyPair::generate().ok());

/// The certificate around these octets, signed the way of `algorithm` with a key that is worth
/// nothing. `None` when it cannot be made.
pub(crate) fn certificate(tbs: &[u8], algorithm: SignatureAlgorithm) -> Option<Vec<u8>> {
    let signature = sign(tbs, algorithm)?;
    encoding::signed(tbs, &algorithm.identifier(), &signature).ok()
}

fn sign(message: &[u8], algorithm: SignatureAlgorithm) -> Option<Vec<u8>> {
    let ecdsa = |pair: &Option<EcdsaKeyPair>| {
        let signature = pair.as_ref()?.sign(&SystemRandom::new(), message).ok()?;
        Some(signature.as_ref().to_vec())
    };
    let rsa = |encoding: &'static dyn RsaEncoding| {
        let pair = RSA.as_ref()?;
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(encoding, &SystemRandom::new(), message, &mut signature).ok()?;
        Some(signature)
    };
    match algorithm {
        SignatureAlgorithm::EcdsaSha256 => ecdsa(&P256),
        SignatureAlgorithm::EcdsaSha384 => ecdsa(&P384),
        SignatureAlgorithm::RsaSha256 => rsa(&sig::RSA_PKCS1_SHA256),
        SignatureAlgorithm::RsaSha384 => rsa(&sig::RSA_PKCS1_SHA384),
        SignatureAlgorithm::RsaPssSha256 => rsa(&sig::RSA_PSS_SHA256),
        SignatureAlgorithm::RsaPssSha384 => rsa(&sig::RSA_PSS_SHA384),
        SignatureAlgorithm::Ed25519 => Some(ED25519.as_ref()?.sign(message).as_ref().to_vec()),
    }
}
