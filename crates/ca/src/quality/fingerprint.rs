//! The names that published lists of weak keys give to a key.

use std::fmt::Write;

use der::{Decode, Encode};
use sha1::{Digest, Sha1};
use sha2::Sha256;
use spki::{SubjectPublicKeyInfoOwned, SubjectPublicKeyInfoRef};
use x509_cert::Certificate;
use x509_cert::request::CertReq;

use crate::KeyKind;
use crate::algorithm::RsaPublicKey;

/// Every fingerprint under which a list may hold the key of this SubjectPublicKeyInfo:
///
/// 1. SHA-256 of the SubjectPublicKeyInfo, 32 octets: the identity of a key in this system, in
///    Certificate Transparency and in most lists of compromised keys.
/// 2. SHA-256 of the modulus, or of the x coordinate, as a number without leading zeros,
///    32 octets: the lists of Debian weak keys of the CVE-2008-0166 project.
/// 3. RSA only: the last 10 octets of SHA-1 over `Modulus=`, the modulus in capital hexadecimal
///    digits and a line feed: the lists of Debian's package openssl-blacklist.
///
/// Ten octets of SHA-1 against a list of 2^20 keys are wrong once in 2^60 sound keys.
pub fn fingerprints(spki: &[u8]) -> Vec<Vec<u8>> {
    let mut list = vec![Sha256::digest(spki).to_vec()];
    let Ok(parsed) = SubjectPublicKeyInfoRef::from_der(spki) else { return list };
    let bits = parsed.subject_public_key.raw_bytes();
    match KeyKind::of(&parsed) {
        Some(KeyKind::Rsa(_)) => {
            if let Ok(key) = RsaPublicKey::from_der(bits) {
                let (modulus, _) = key.parts();
                list.push(Sha256::digest(modulus).to_vec());
                list.push(debian(modulus));
            }
        }
        Some(KeyKind::EcP256 | KeyKind::EcP384) => {
            let x = &bits[1..=bits.len() / 2];
            let zeros = x.iter().take_while(|octet| **octet == 0).count();
            list.push(Sha256::digest(&x[zeros..]).to_vec());
        }
        Some(KeyKind::Ed25519) | None => {}
    }
    list
}

/// The SubjectPublicKeyInfo, DER, of whatever holds one: a certificate, a PKCS#10 request, or
/// itself. Nothing of it is judged.
pub fn public_key_of(der: &[u8]) -> Option<Vec<u8>> {
    let spki = if let Ok(certificate) = Certificate::from_der(der) {
        certificate.tbs_certificate.subject_public_key_info
    } else if let Ok(request) = CertReq::from_der(der) {
        request.info.public_key
    } else {
        SubjectPublicKeyInfoOwned::from_der(der).ok()?
    };
    spki.to_der().ok()
}

fn debian(modulus: &[u8]) -> Vec<u8> {
    let mut line = "Modulus=".to_owned();
    for octet in modulus {
        // Writing to a string cannot fail.
        let _ = write!(line, "{octet:02X}");
    }
    line.push('\n');
    Sha1::digest(line)[10..].to_vec()
}
