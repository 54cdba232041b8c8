//! Keys that nobody should have, made the same way in each run.
#![allow(dead_code, reason = "each test file uses its own part")]

use der::asn1::{AnyRef, BitString, BitStringRef, ObjectIdentifier, UintRef};
use der::{Decode, Encode, Sequence};
use num_bigint::{BigInt, BigUint};
use num_traits::One;
use sha2::{Digest, Sha256};
use spki::{AlgorithmIdentifierOwned, AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use tegata_ca::KeyKind;

/// An RSA key with both halves.
pub(crate) struct Rsa {
    pub(crate) modulus: BigUint,
    exponent: BigUint,
    private: BigUint,
}

#[derive(Sequence)]
struct PublicKey<'a> {
    modulus: UintRef<'a>,
    exponent: UintRef<'a>,
}

impl Rsa {
    pub(crate) fn of(p: &BigUint, q: &BigUint, exponent: u32) -> Self {
        let phi = (p - 1u32) * (q - 1u32);
        let exponent = BigUint::from(exponent);
        let private = inverse(&exponent, &phi);
        Self { modulus: p * q, exponent, private }
    }

    /// A modulus that is itself prime: whoever knows it knows the private exponent.
    pub(crate) fn of_prime(prime: &BigUint, exponent: u32) -> Self {
        let exponent = BigUint::from(exponent);
        let private = inverse(&exponent, &(prime - 1u32));
        Self { modulus: prime.clone(), exponent, private }
    }

    pub(crate) fn spki(&self) -> Vec<u8> {
        rsa_spki(&self.modulus, &self.exponent)
    }

    /// A request with a valid proof: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 §8.2).
    pub(crate) fn request(&self) -> Vec<u8> {
        request_signed(&self.spki(), &RSA_SHA256, |info| {
            // DigestInfo of SHA-256 (RFC 8017 §9.2, note 1).
            let head = [
                0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
                0x01, 0x05, 0x00, 0x04, 0x20,
            ];
            let digest = [&head[..], &Sha256::digest(info)].concat();
            let length = self.modulus.bits().div_ceil(8) as usize;
            let mut message = vec![0xff; length - digest.len()];
            (message[0], message[1]) = (0, 1);
            *message.last_mut().unwrap() = 0;
            message.extend_from_slice(&digest);
            let signature =
                BigUint::from_bytes_be(&message).modpow(&self.private, &self.modulus).to_bytes_be();
            [vec![0; length - signature.len()], signature].concat()
        })
    }
}

/// ecdsa-with-SHA256 (RFC 5758 §3.2).
pub(crate) const ECDSA_SHA256: AlgorithmIdentifierRef<'static> = AlgorithmIdentifierRef {
    oid: ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2"),
    parameters: None,
};

/// sha256WithRSAEncryption (RFC 4055 §5).
const RSA_SHA256: AlgorithmIdentifierRef<'static> = AlgorithmIdentifierRef {
    oid: ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11"),
    parameters: Some(AnyRef::NULL),
};

/// A PKCS#10 request for this key whose signature is what `sign` makes of its content.
pub(crate) fn request_signed(
    spki: &[u8],
    algorithm: &AlgorithmIdentifierRef<'_>,
    sign: impl FnOnce(&[u8]) -> Vec<u8>,
) -> Vec<u8> {
    let info = [&[0x02, 1, 0, 0x30, 0][..], spki, &[0xa0, 0]].concat();
    let info = sequence(&info);
    let signature = sign(&info);
    let algorithm = AlgorithmIdentifierOwned::from_der(&algorithm.to_der().unwrap()).unwrap();
    let bits = BitString::from_bytes(&signature).unwrap();
    sequence(&[info, algorithm.to_der().unwrap(), bits.to_der().unwrap()].concat())
}

/// A PKCS#10 request with these octets for a signature.
pub(crate) fn request(
    spki: &[u8],
    algorithm: &AlgorithmIdentifierRef<'_>,
    signature: &[u8],
) -> Vec<u8> {
    request_signed(spki, algorithm, |_| signature.to_vec())
}

pub(crate) fn rsa_spki(modulus: &BigUint, exponent: &BigUint) -> Vec<u8> {
    let (modulus, exponent) = (modulus.to_bytes_be(), exponent.to_bytes_be());
    let key = PublicKey {
        modulus: UintRef::new(&modulus).unwrap(),
        exponent: UintRef::new(&exponent).unwrap(),
    };
    spki_of("1.2.840.113549.1.1.1", AnyRef::NULL, &key.to_der().unwrap())
}

pub(crate) fn ec_spki(kind: KeyKind, point: &[u8]) -> Vec<u8> {
    let curve = match kind {
        KeyKind::EcP256 => "1.2.840.10045.3.1.7",
        _ => "1.3.132.0.34",
    };
    let curve = ObjectIdentifier::new_unwrap(curve);
    spki_of("1.2.840.10045.2.1", AnyRef::from(&curve), point)
}

fn spki_of(oid: &str, parameters: AnyRef<'_>, bits: &[u8]) -> Vec<u8> {
    let oid = ObjectIdentifier::new_unwrap(oid);
    SubjectPublicKeyInfoRef {
        algorithm: AlgorithmIdentifierRef { oid, parameters: Some(parameters) },
        subject_public_key: BitStringRef::from_bytes(bits).unwrap(),
    }
    .to_der()
    .unwrap()
}

fn sequence(content: &[u8]) -> Vec<u8> {
    AnyRef::new(der::Tag::Sequence, content).unwrap().to_der().unwrap()
}

/// The first prime of so many bits, its two highest set, after a number that `seed` decides.
pub(crate) fn prime_from(bits: u64, seed: u8) -> BigUint {
    let octets: Vec<u8> =
        (0..16u8).flat_map(|block| Sha256::digest([seed, block]).to_vec()).collect();
    let mut start = BigUint::from_bytes_be(&octets) >> (octets.len() as u64 * 8 - bits);
    start.set_bit(bits - 1, true);
    start.set_bit(bits - 2, true);
    next_prime(&start)
}

/// The first prime from here on.
pub(crate) fn next_prime(from: &BigUint) -> BigUint {
    let mut candidate = from.clone();
    candidate.set_bit(0, true);
    while !is_prime(&candidate) {
        candidate += 2u32;
    }
    candidate
}

fn is_prime(number: &BigUint) -> bool {
    let small = (3u32..10_000).step_by(2).find(|by| (number % by).bits() == 0);
    small.is_none() && BigUint::from(2u32).modpow(&(number - 1u32), number).is_one()
}

/// A prime of 1024 bits as the library of CVE-2017-15361 made them.
pub(crate) fn roca_prime(seed: u8) -> BigUint {
    let primes = (2u32..).filter(|n| (2..*n).all(|by| n % by != 0)).take(126);
    let m = primes.fold(BigUint::one(), |product, prime| product * prime);
    let residue =
        BigUint::from(65_537u32).modpow(&BigUint::from(1_000_003u32 * u32::from(seed)), &m);
    let mut k = (prime_from(1024, seed) / &m) + 1u32;
    loop {
        let candidate = &k * &m + &residue;
        if BigUint::from(2u32).modpow(&(&candidate - 1u32), &candidate).is_one() {
            return candidate;
        }
        k += 1u32;
    }
}

fn inverse(number: &BigUint, modulus: &BigUint) -> BigUint {
    let (number, modulus) = (BigInt::from(number.clone()), BigInt::from(modulus.clone()));
    let gcd = num_integer::Integer::extended_gcd(&number, &modulus);
    assert!(gcd.gcd.is_one(), "the exponent has an inverse");
    num_integer::Integer::mod_floor(&gcd.x, &modulus).to_biguint().unwrap()
}

/// The P-256 private key of RFC 9500 §2.3, PKCS#8.
pub(crate) static RFC_9500_P256: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| {
    der::pem::decode_vec(
        b"-----BEGIN PRIVATE KEY-----\n\
          MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg5stb3YCqRa6clejB\n\
          VHZnn/7JU8FoUecR50OTlYnGT8GhRANCAARCJUj4j7eC/7Xso3REUscqHlWPvW9z\n\
          vl5I6TIyzEXFsWxM0QxMuNW4oXE56UiCyJklcpk0JfQUGat+kKQqSUJy\n\
          -----END PRIVATE KEY-----\n",
    )
    .unwrap()
    .1
});

/// A public key made on a system with CVE-2008-0166. Its modulus is a fact of that bug; this
/// specimen is `rsa-debianweak.key` among the test data of badkeys (Hanno Böck, MIT).
pub(crate) fn debian_spki() -> Vec<u8> {
    let (_, key) = der::pem::decode_vec(
        b"-----BEGIN RSA PUBLIC KEY-----\n\
          MIIBCgKCAQEAwJZTDExKND/DiP+LbhTIi2F0hZZt0PdX897LLwPf3+b1GOCUj1OH\n\
          BZvVqhJPJtOPE53W68I0NgVhaJdY6bFOA/cUUIFnN0y/ZOJOJsPNle1aXQTjxAS+\n\
          FXu4CQ6a2pzcU+9+gGwed7XxAkIVCiTprfmRCI2vIKdb61S8kf5D3YdVRH/Tq977\n\
          nxyYeosEGYJFBOIT+N0mqca37S8hA9hCJyD3p0AM40dD5M5ARAxpAT7+oqOXkPzf\n\
          zLtCTaHYJK3+WAce121Br4NuQJPqYPVxniUPohT4YxFTqB7vwX2C4/gZ2ldpHtlg\n\
          JVAHT96nOsnlz+EPa5GtwxtALD43CwOlWQIDAQAB\n\
          -----END RSA PUBLIC KEY-----\n",
    )
    .unwrap();
    spki_of("1.2.840.113549.1.1.1", AnyRef::NULL, &key)
}
