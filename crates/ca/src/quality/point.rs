//! Points of elliptic curves.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ParsedPublicKey, VerificationAlgorithm,
};

use super::Weakness;
use crate::KeyKind;

/// Whether the point satisfies the equation of its curve. That it is uncompressed, and so not
/// the point at infinity, whose only encoding is one zero octet (SEC 1 §2.3.3), is part of
/// [`KeyKind::of`]; a curve of prime order has no small subgroups.
pub(super) fn check(point: &[u8], kind: KeyKind) -> Result<(), Weakness> {
    let algorithm: &'static dyn VerificationAlgorithm = match kind {
        KeyKind::EcP256 => &ECDSA_P256_SHA256_ASN1,
        KeyKind::EcP384 => &ECDSA_P384_SHA384_ASN1,
        KeyKind::Rsa(_) | KeyKind::Ed25519 => return Ok(()),
    };
    ParsedPublicKey::new(algorithm, point).map(drop).map_err(|_| Weakness::OffCurve)
}
