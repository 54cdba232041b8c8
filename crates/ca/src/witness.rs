use der::{Decode, Encode};
use spki::SubjectPublicKeyInfoRef;
use x509_cert::Certificate;

use crate::{KeyKind, SignatureAlgorithm};

/// Whether the key of `certificate`, DER, signed `message`, the way that keys of its kind usually
/// sign ([`SignatureAlgorithm::usual`]). Whether the certificate is to be believed is for the
/// caller to know.
pub fn verify_by_certificate(certificate: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let Ok(certificate) = Certificate::from_der(certificate) else { return false };
    let spki = certificate.tbs_certificate.subject_public_key_info.to_der();
    let Ok(spki) = spki else { return false };
    let Ok(key) = SubjectPublicKeyInfoRef::from_der(&spki) else { return false };
    KeyKind::of(&key)
        .is_some_and(|kind| SignatureAlgorithm::usual(kind).verifies(&key, message, signature))
}
