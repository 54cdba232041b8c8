//! Weak keys of every kind, made here or published elsewhere, in honest requests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod weak;

use std::process::{Command, Stdio};
use std::time::Instant;

use aws_lc_rs::signature::{EcdsaKeyPair, KeyPair as _};
use num_bigint::BigUint;
use tegata_ca::{KeyKind, ProvenKey, RequestError, Signer, SoftwareKey, Weakness, fingerprints};
use weak::{Rsa, ec_spki, prime_from, rsa_spki};

fn judged(spki: &[u8]) -> Result<KeyKind, RequestError> {
    ProvenKey::own(spki).map(|key| key.kind())
}

fn weak(weakness: Weakness) -> Result<KeyKind, RequestError> {
    Err(RequestError::Weak(weakness))
}

fn sound() -> Rsa {
    Rsa::of(&prime_from(1024, 1), &prime_from(1024, 2), 65_537)
}

#[test]
fn a_sound_key_is_accepted_and_proves_possession() {
    assert_eq!(judged(&sound().spki()), Ok(KeyKind::Rsa(2048)));
    let request = sound().request();
    assert_eq!(ProvenKey::from_request(&request).unwrap().kind(), KeyKind::Rsa(2048));
}

#[test]
fn primes_next_to_each_other_are_refused_with_a_valid_proof() {
    let first = prime_from(1024, 3);
    let close = Rsa::of(&first, &weak::next_prime(&(&first + 2u32)), 65_537);
    let refused = ProvenKey::from_request(&close.request()).err();
    assert_eq!(refused, Some(RequestError::Weak(Weakness::ClosePrimes)));
    // Half the number equal is no longer found in 100 rounds, and no longer asked for.
    let apart =
        Rsa::of(&first, &weak::next_prime(&(&first + (BigUint::from(1u32) << 540u32))), 65_537);
    assert_eq!(judged(&apart.spki()), Ok(KeyKind::Rsa(2048)));
}

/// Scenarios send these through the real interface. `TEGATA_REGENERATE=1` writes them anew.
#[test]
fn the_requests_that_scenarios_send_are_those_made_here() {
    let first = prime_from(1024, 3);
    let close = Rsa::of(&first, &weak::next_prime(&(&first + 2u32)), 65_537);
    let roca = Rsa::of(&weak::roca_prime(1), &weak::roca_prime(2), 65_537);
    for (name, key) in [("close-primes", close), ("roca", roca)] {
        let label = "CERTIFICATE REQUEST";
        let pem = der::pem::encode_string(label, der::pem::LineEnding::LF, &key.request()).unwrap();
        let path = format!("{}/tests/weak/{name}.csr.pem", env!("CARGO_MANIFEST_DIR"));
        if std::env::var_os("TEGATA_REGENERATE").is_some() {
            std::fs::write(&path, &pem).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), pem, "{name}: stale");
    }
}

#[test]
fn a_key_of_3072_bits_with_close_primes_is_refused() {
    let first = prime_from(1536, 4);
    let close =
        Rsa::of(&first, &weak::next_prime(&(&first + (BigUint::from(1u32) << 700u32))), 65_537);
    assert_eq!(judged(&close.spki()), weak(Weakness::ClosePrimes));
}

#[test]
fn exponents_outside_the_standard_are_refused() {
    let modulus = sound().modulus;
    for exponent in [1u32, 2, 3, 17, 65_535, 65_536, 65_538] {
        let spki = rsa_spki(&modulus, &BigUint::from(exponent));
        assert_eq!(judged(&spki), weak(Weakness::Exponent), "{exponent}");
    }
    let long = (BigUint::from(1u32) << 256u32) + 1u32;
    assert_eq!(judged(&rsa_spki(&modulus, &long)), weak(Weakness::Exponent));
    let longest = (BigUint::from(1u32) << 256u32) - 1u32;
    assert_eq!(judged(&rsa_spki(&modulus, &longest)), Ok(KeyKind::Rsa(2048)));
}

#[test]
fn moduli_that_are_no_product_of_two_large_primes_are_refused() {
    let e = BigUint::from(65_537u32);
    let judge = |modulus: &BigUint| judged(&rsa_spki(modulus, &e));
    assert_eq!(judge(&(sound().modulus + 1u32)), weak(Weakness::SmallFactor), "even");
    for factor in [3u32, 751, 65_521] {
        let modulus = prime_from(2048 - (32 - factor.leading_zeros()) as u64 + 1, 5) * factor;
        assert_eq!(judge(&modulus), weak(Weakness::SmallFactor), "{factor}");
    }
    assert_eq!(judge(&prime_from(2048, 6)), weak(Weakness::PrimeModulus));
    assert_eq!(judge(&prime_from(1024, 7).pow(2)), weak(Weakness::PerfectPower));
    assert_eq!(judge(&prime_from(683, 8).pow(3)), weak(Weakness::PerfectPower));
    assert_eq!(judge(&prime_from(410, 9).pow(5)), weak(Weakness::PerfectPower));
}

/// What costs most is asked last, of keys that were proven.
#[test]
fn a_prime_modulus_is_refused_once_its_key_is_proven() {
    let prime = Rsa::of_prime(&prime_from(2048, 6), 65_537);
    let mut request = prime.request();
    let refused = |request: &[u8]| ProvenKey::from_request(request).err();
    assert_eq!(refused(&request), Some(RequestError::Weak(Weakness::PrimeModulus)));
    *request.last_mut().unwrap() ^= 1;
    assert_eq!(refused(&request), Some(RequestError::Possession));
}

/// The broken library's primes: k·M + (65537^a mod M), M the product of the first 126 primes.
#[test]
fn keys_of_the_roca_library_are_refused() {
    let roca = Rsa::of(&weak::roca_prime(1), &weak::roca_prime(2), 65_537);
    assert_eq!(roca.modulus.bits(), 2048);
    let refused = ProvenKey::from_request(&roca.request()).err();
    assert_eq!(refused, Some(RequestError::Weak(Weakness::Roca)));
}

#[test]
fn points_off_the_curve_are_refused_before_their_proof_is_looked_at() {
    for (kind, length) in [(KeyKind::EcP256, 32), (KeyKind::EcP384, 48)] {
        let key = SoftwareKey::generate(kind).unwrap();
        let on_curve = key.public_key().to_vec();
        let mut off = on_curve.clone();
        *off.last_mut().unwrap() ^= 1;
        assert_eq!(judged(&on_curve), Ok(kind));
        assert_eq!(judged(&off), weak(Weakness::OffCurve), "{kind}");
        // In a request whose signature is nothing: the point comes first.
        let request = weak::request(&off, &weak::ECDSA_SHA256, &[0x30, 0]);
        let refused = ProvenKey::from_request(&request).err();
        assert_eq!(refused, Some(RequestError::Weak(Weakness::OffCurve)), "{kind}");
        for point in [vec![4; 1 + 2 * length], [&[4][..], &vec![0; 2 * length]].concat()] {
            let judged = judged(&ec_spki(kind, &point));
            assert_eq!(judged, weak(Weakness::OffCurve), "{kind} {:02x}", point[1]);
        }
        // Coordinates not below the field's prime.
        let point = [&[4][..], &vec![0xff; 2 * length]].concat();
        assert_eq!(judged(&ec_spki(kind, &point)), weak(Weakness::OffCurve));
        // Infinity and compressed points are other encodings: no kind of key that is accepted.
        let x = &on_curve[on_curve.len() - 2 * length..][..length];
        for point in [vec![0], [&[2][..], x].concat(), [&[3][..], x].concat()] {
            assert_eq!(judged(&ec_spki(kind, &point)), Err(RequestError::KeyKind));
        }
    }
}

/// The private key of RFC 9500 §2.3 makes a flawless request.
#[test]
fn published_keys_are_refused_with_a_valid_proof() {
    let pair = EcdsaKeyPair::from_pkcs8(
        &aws_lc_rs::signature::ECDSA_P256_SHA256_ASN1_SIGNING,
        &weak::RFC_9500_P256,
    )
    .unwrap();
    let spki = ec_spki(KeyKind::EcP256, pair.public_key().as_ref());
    let request = weak::request_signed(&spki, &weak::ECDSA_SHA256, |info| {
        let rng = aws_lc_rs::rand::SystemRandom::new();
        pair.sign(&rng, info).unwrap().as_ref().to_vec()
    });
    let refused = ProvenKey::from_request(&request).err();
    assert_eq!(refused, Some(RequestError::Weak(Weakness::Published)));
}

/// What OpenSSL's tools say of a Debian weak key is what the lists hold.
#[test]
fn a_debian_weak_key_has_the_fingerprints_of_the_lists() {
    let spki = weak::debian_spki();
    // Sound as far as arithmetic goes: only a list can tell.
    assert_eq!(judged(&spki), Ok(KeyKind::Rsa(2048)));
    let shell = |script: &str| {
        let mut child = Command::new("sh")
            .args(["-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), &spki).unwrap();
        let out = child.wait_with_output().unwrap();
        String::from_utf8(out.stdout).unwrap().split_whitespace().next().unwrap().to_owned()
    };
    let modulus = "openssl rsa -pubin -inform DER -noout -modulus";
    let sha1 = shell(&format!("{modulus} | sha1sum"));
    let hex: Vec<String> = fingerprints(&spki)
        .iter()
        .map(|octets| octets.iter().map(|octet| format!("{octet:02x}")).collect())
        .collect();
    assert_eq!(hex[0], shell("sha256sum"));
    assert_eq!(
        hex[1],
        shell(&format!("{modulus} | cut -d= -f2 | tr -d '\\n' | xxd -r -p | sha256sum"))
    );
    assert_eq!(hex[2], sha1[20..], "openssl-vulnkey takes the last 20 digits");
    assert_eq!(hex.len(), 3);
}

/// What the checks cost a request: everything but the search for a prime modulus, and that.
#[test]
fn the_cost_of_the_checks_is_printed() {
    for bits in [2048, 3072, 4096] {
        let key = SoftwareKey::generate(KeyKind::Rsa(bits)).unwrap();
        let sound = key.public_key();
        let close = {
            let first = prime_from(u64::from(bits / 2), 11);
            Rsa::of(&first, &weak::next_prime(&(&first + 2u32)), 65_537).spki()
        };
        judged(sound).unwrap();
        let per_check = |spki: &[u8], rounds: u32| {
            let begun = Instant::now();
            for _ in 0..rounds {
                let _ = std::hint::black_box(judged(std::hint::black_box(spki)));
            }
            begun.elapsed().as_micros() / u128::from(rounds)
        };
        println!(
            "RSA {bits}: {} µs for a sound key, {} µs until close primes are found",
            per_check(sound, 20),
            per_check(&close, 200),
        );
    }
    for kind in [KeyKind::EcP256, KeyKind::EcP384] {
        let key = SoftwareKey::generate(kind).unwrap();
        let begun = Instant::now();
        for _ in 0..200 {
            judged(key.public_key()).unwrap();
        }
        println!("{kind}: {} µs", begun.elapsed().as_micros() / 200);
    }
}
