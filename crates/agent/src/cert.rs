//! What has to be read from a certificate, and the one signature check made outside TLS.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc4519::{CN, O, OU};
use const_oid::db::rfc5280::ID_KP_CLIENT_AUTH;
use der::asn1::{Any, PrintableStringRef, TeletexStringRef, Utf8StringRef};
use der::{Decode, Encode, Reader, SliceReader};
use jiff::Timestamp;
use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm, UnixTime};
use tegata_domain::{Serial, UserId};
use x509_cert::Certificate;
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage};
use x509_cert::name::Name;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use crate::error::plain;
use crate::key::Algorithm;

/// Longest certificate that is read, in octets. Ours have about 700; RSA 4096 ones about 2,000.
pub const MAX_LEN: usize = 16 * 1024;

/// Who issued a certificate, fit to be shown: common name and organisation, as far as there are any.
pub(crate) fn issuer_name(der: &[u8]) -> String {
    let Ok(parsed) = Certificate::from_der(der) else { return "?".to_owned() };
    let issuer = &parsed.tbs_certificate.issuer.0;
    let part = |oid| {
        let part = issuer.iter().flat_map(|rdn| rdn.0.iter()).find(|part| part.oid == oid)?;
        text(&part.value).map(|text| plain(&text)).filter(|text| !text.is_empty())
    };
    let name = match (part(CN).or_else(|| part(OU)), part(O)) {
        (Some(name), Some(organisation)) if name != organisation => {
            format!("{name} ({organisation})")
        }
        (Some(name), _) | (None, Some(name)) => name,
        (None, None) => plain(&parsed.tbs_certificate.issuer.to_string()),
    };
    if name.is_empty() { "?".to_owned() } else { name.chars().take(120).collect() }
}

/// A text of the forms that names are written in.
fn text(value: &Any) -> Option<String> {
    let utf8 = value.decode_as::<Utf8StringRef<'_>>().map(|text| text.as_str().to_owned());
    let printable =
        || value.decode_as::<PrintableStringRef<'_>>().map(|text| text.as_str().to_owned());
    let teletex = || value.decode_as::<TeletexStringRef<'_>>().map(|text| text.as_str().to_owned());
    utf8.or_else(|_| printable()).or_else(|_| teletex()).ok()
}

/// A certificate, parsed once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cert {
    der: Vec<u8>,
    parsed: Certificate,
}

/// Not a certificate that this program can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a readable X.509 certificate")]
pub struct CertError;

impl Cert {
    /// Reads one from DER.
    ///
    /// # Errors
    /// When the octets are not exactly one certificate of at most [`MAX_LEN`] octets.
    pub fn from_der(der: impl Into<Vec<u8>>) -> Result<Self, CertError> {
        let der = der.into();
        if der.len() > MAX_LEN {
            return Err(CertError);
        }
        Ok(Self { parsed: Certificate::from_der(&der).map_err(|_| CertError)?, der })
    }

    /// The octets it was read from.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Its parts.
    pub(crate) fn parsed(&self) -> &Certificate {
        &self.parsed
    }

    /// The subject's common name.
    pub fn common_name(&self) -> Option<String> {
        part(&self.parsed.tbs_certificate.subject, CN)
    }

    /// The issuer's common name.
    pub fn issuer_common_name(&self) -> Option<String> {
        part(&self.parsed.tbs_certificate.issuer, CN)
    }

    /// The organisation of the issuer: of one bank's CAs the same, whichever of them issued.
    pub fn organisation(&self) -> Option<String> {
        part(&self.parsed.tbs_certificate.issuer, O)
    }

    /// The serial number, when it is of the form that Tegata gives out.
    pub fn serial(&self) -> Option<Serial> {
        Serial::from_integer(self.parsed.tbs_certificate.serial_number.as_bytes()).ok()
    }

    /// DER of the serial number, an INTEGER.
    pub(crate) fn serial_der(&self) -> Vec<u8> {
        self.parsed.tbs_certificate.serial_number.to_der().unwrap_or_default()
    }

    /// First second of validity.
    pub fn not_before(&self) -> Timestamp {
        timestamp(&self.parsed.tbs_certificate.validity.not_before)
    }

    /// Last second of validity.
    pub fn not_after(&self) -> Timestamp {
        timestamp(&self.parsed.tbs_certificate.validity.not_after)
    }

    /// Whether `at` lies within the validity, both ends included (RFC 5280 §4.1.2.5).
    pub fn valid_at(&self, at: Timestamp) -> bool {
        (self.not_before().as_second()..=self.not_after().as_second()).contains(&at.as_second())
    }

    /// DER of the subject public key info.
    pub fn spki(&self) -> Vec<u8> {
        self.parsed.tbs_certificate.subject_public_key_info.to_der().unwrap_or_default()
    }

    /// The public key itself, without algorithm: for P-256 the uncompressed point.
    pub fn public_key(&self) -> &[u8] {
        self.parsed.tbs_certificate.subject_public_key_info.subject_public_key.raw_bytes()
    }

    /// DER of the issuer's name.
    pub fn issuer(&self) -> Vec<u8> {
        self.parsed.tbs_certificate.issuer.to_der().unwrap_or_default()
    }

    /// Which of its issuer's keys signed it, as the certificate itself says (RFC 5280 §4.2.1.1).
    pub(crate) fn authority_key(&self) -> Option<Vec<u8>> {
        let (_, found) = self.parsed.tbs_certificate.get::<AuthorityKeyIdentifier>().ok()??;
        Some(found.key_identifier?.as_bytes().to_vec())
    }

    /// DER of the subject's name.
    pub fn subject(&self) -> Vec<u8> {
        self.parsed.tbs_certificate.subject.to_der().unwrap_or_default()
    }

    /// Whether it may sign certificates: CA:TRUE, and keyCertSign where a key usage is present
    /// (RFC 5280 §4.2.1.3, §4.2.1.9).
    pub fn is_authority(&self) -> bool {
        let tbs = &self.parsed.tbs_certificate;
        let ca =
            matches!(tbs.get::<BasicConstraints>(), Ok(Some((_, constraints))) if constraints.ca);
        let signs = match tbs.get::<KeyUsage>() {
            Ok(Some((_, usage))) => usage.key_cert_sign(),
            Ok(None) => true,
            Err(_) => false,
        };
        ca && signs
    }

    /// The seat it names, when it is a client certificate of the form that Tegata issues.
    pub fn seat(&self) -> Option<UserId> {
        let tbs = &self.parsed.tbs_certificate;
        let usage = tbs.get::<ExtendedKeyUsage>().ok()??.1;
        if !usage.0.contains(&ID_KP_CLIENT_AUTH) || self.is_authority() || self.serial().is_none() {
            return None;
        }
        let name = self.common_name()?;
        let user: UserId = name.parse().ok()?;
        (user.as_str() == name).then_some(user)
    }

    /// Whether `issuer`'s name stands in it and `issuer`'s key signed it.
    pub fn is_signed_by(&self, issuer: &Self) -> bool {
        if self.issuer() != issuer.subject() {
            return false;
        }
        signed_part(&self.der).is_some_and(|(signed, signature)| {
            issuer.verifies_with(&self.parsed.signature_algorithm, signed, &signature)
        })
    }

    /// Whether this certificate's key made `signature` by `algorithm` over `message`.
    pub fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        self.verifies_with(&algorithm.identifier(), message, signature)
    }

    fn verifies_with(
        &self,
        algorithm: &AlgorithmIdentifierOwned,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        let key = &self.parsed.tbs_certificate.subject_public_key_info;
        verifies(key, algorithm, message, signature)
    }

    /// Whether a path leads from this client certificate over `intermediates` to `root`, as a
    /// gateway will see it (RFC 5280 §6). Judged at the certificate's own start of validity, so
    /// that a PC with a slow clock still takes what it was given.
    pub fn chains_to(&self, root: &Self, intermediates: &[Self]) -> bool {
        let root = CertificateDer::from(root.der());
        let der: Vec<_> = intermediates.iter().map(|c| CertificateDer::from(c.der())).collect();
        let leaf = CertificateDer::from(self.der());
        let Ok(anchor) = webpki::anchor_from_trusted_cert(&root) else { return false };
        let Ok(leaf) = webpki::EndEntityCert::try_from(&leaf) else { return false };
        let seconds = u64::try_from(self.not_before().as_second()).unwrap_or_default();
        leaf.verify_for_usage(
            algorithms(),
            &[anchor],
            &der,
            UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds)),
            webpki::KeyUsage::client_auth(),
            None,
            None,
        )
        .is_ok()
    }
}

/// The first value of this type in a name.
fn part(name: &Name, oid: ObjectIdentifier) -> Option<String> {
    let found = name.0.iter().flat_map(|rdn| rdn.0.iter()).find(|part| part.oid == oid)?;
    let utf8 = found.value.decode_as::<Utf8StringRef<'_>>().map(|text| text.as_str().to_owned());
    utf8.or_else(|_| {
        found.value.decode_as::<PrintableStringRef<'_>>().map(|text| text.as_str().to_owned())
    })
    .ok()
}

/// Whether the key of `spki` (DER) made `signature` by `algorithm` over `message`.
#[cfg(windows)]
pub(crate) fn key_verifies(
    spki: &[u8],
    algorithm: Algorithm,
    message: &[u8],
    signature: &[u8],
) -> bool {
    SubjectPublicKeyInfoOwned::from_der(spki)
        .is_ok_and(|key| verifies(&key, &algorithm.identifier(), message, signature))
}

fn verifies(
    key: &SubjectPublicKeyInfoOwned,
    algorithm: &AlgorithmIdentifierOwned,
    message: &[u8],
    signature: &[u8],
) -> bool {
    let (Some(key_id), Some(signature_id)) = (contents(&key.algorithm), contents(algorithm)) else {
        return false;
    };
    algorithms()
        .iter()
        .filter(|known| {
            known.public_key_alg_id().as_ref() == key_id
                && known.signature_alg_id().as_ref() == signature_id
        })
        .any(|known| {
            let key = key.subject_public_key.raw_bytes();
            known.verify_signature(key, message, signature).is_ok()
        })
}

fn algorithms() -> &'static [&'static dyn SignatureVerificationAlgorithm] {
    static ALL: std::sync::LazyLock<&[&dyn SignatureVerificationAlgorithm]> =
        std::sync::LazyLock::new(|| {
            rustls::crypto::ring::default_provider().signature_verification_algorithms.all
        });
    &ALL
}

/// An algorithm identifier without its outer tag and length, as `rustls` compares them.
fn contents(algorithm: &AlgorithmIdentifierOwned) -> Option<Vec<u8>> {
    let der = algorithm.to_der().ok()?;
    Some(der::asn1::AnyRef::from_der(&der).ok()?.value().to_vec())
}

/// Splits a certificate or a PKCS#10 request into what was signed, octet for octet as received,
/// and the signature.
pub(crate) fn signed_part(der: &[u8]) -> Option<(&[u8], Vec<u8>)> {
    let mut outer = SliceReader::new(der).ok()?;
    der::Header::decode(&mut outer).ok()?;
    let signed = outer.tlv_bytes().ok()?;
    AlgorithmIdentifierOwned::decode(&mut outer).ok()?;
    let signature = der::asn1::BitString::decode(&mut outer).ok()?;
    Some((signed, signature.as_bytes()?.to_vec()))
}

fn timestamp(time: &x509_cert::time::Time) -> Timestamp {
    let seconds = i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}
