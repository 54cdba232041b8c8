//! Whether a public key is one that only its owner can use.
//!
//! What is judged here depends on the key alone. What depends on memory (keys that were
//! compromised, lists an operator loaded, keys of other seats) the registrar asks of the store,
//! by [`fingerprints`].

mod fingerprint;
mod point;
mod published;
mod rsa;

use spki::SubjectPublicKeyInfoRef;

use crate::KeyKind;

pub use fingerprint::{fingerprints, public_key_of};

/// What is wrong with a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Weakness {
    /// FIPS 186-5 §A.1.1: 2^16 < e < 2^256, odd.
    #[error("its public exponent is even, at most 65536, or at least 2^256 (FIPS 186-5 §A.1.1)")]
    Exponent,
    /// A prime below 65,536 divides the modulus (NIST SP 800-89 §5.3.3).
    #[error("a small prime divides its modulus (NIST SP 800-89 §5.3.3)")]
    SmallFactor,
    /// CVE-2017-15361.
    #[error("it has the fingerprint of ROCA (CVE-2017-15361)")]
    Roca,
    /// Fermat's method factors the modulus within 100 rounds (CA/Browser Forum Baseline
    /// Requirements §6.1.1.3).
    #[error("its primes are too close to each other (Baseline Requirements §6.1.1.3)")]
    ClosePrimes,
    /// The modulus is a power of a smaller number (NIST SP 800-89 §5.3.3).
    #[error("its modulus is a power of a smaller number (NIST SP 800-89 §5.3.3)")]
    PerfectPower,
    /// The modulus is itself prime, so that anyone knows the private exponent
    /// (NIST SP 800-89 §5.3.3).
    #[error("its modulus is a prime (NIST SP 800-89 §5.3.3)")]
    PrimeModulus,
    /// The point does not satisfy the equation of its curve (NIST SP 800-56A §5.6.2.3.4).
    #[error("its point is not on the curve (NIST SP 800-56A rev. 3 §5.6.2.3.4)")]
    OffCurve,
    /// The private half stands in a public document.
    #[error("its private half is published")]
    Published,
}

/// Judges a key whose kind is accepted, apart from [`check_thoroughly`].
///
/// # Errors
/// The first weakness found; the cheap checks come first.
pub(crate) fn check(
    spki: &SubjectPublicKeyInfoRef<'_>,
    der: &[u8],
    kind: KeyKind,
) -> Result<(), Weakness> {
    let bits = spki.subject_public_key.raw_bytes();
    if let KeyKind::EcP256 | KeyKind::EcP384 = kind {
        point::check(bits, kind)?;
    }
    if published::contains(der) {
        return Err(Weakness::Published);
    }
    match kind {
        KeyKind::Rsa(_) => rsa::check(bits),
        KeyKind::EcP256 | KeyKind::EcP384 | KeyKind::Ed25519 => Ok(()),
    }
}

/// What costs more than everything else together, the proof of possession included: for keys
/// that passed all of it.
///
/// # Errors
/// [`Weakness::PrimeModulus`].
pub(crate) fn check_thoroughly(
    spki: &SubjectPublicKeyInfoRef<'_>,
    kind: KeyKind,
) -> Result<(), Weakness> {
    match kind {
        KeyKind::Rsa(_) => rsa::check_thoroughly(spki.subject_public_key.raw_bytes()),
        KeyKind::EcP256 | KeyKind::EcP384 | KeyKind::Ed25519 => Ok(()),
    }
}
