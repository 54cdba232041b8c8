use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use der::Decode;
use der::asn1::{Ia5StringRef, PrintableStringRef, TeletexStringRef, Utf8StringRef};
use der::oid::db::rfc4519::COMMON_NAME;
use http::HeaderValue;
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls_pki_types::CertificateDer;
use tegata_domain::{Serial, UserId};
use x509_cert::Certificate;
use x509_cert::ext::pkix::KeyUsage;
use x509_cert::name::Name;

use crate::authorities::Authorities;
use crate::uses::LastNoted;
use crate::verdict::Authenticity;

/// A presented certificate: its facts, and what each service found of its origin.
#[derive(Debug)]
pub(crate) struct Leaf {
    der: CertificateDer<'static>,
    facts: Option<Facts>,
    /// For each service `generation << 2 | Authenticity`; 0 when not judged yet.
    judged: Box<[AtomicU64]>,
    /// When its use was noted last.
    pub(crate) noted: LastNoted,
}

/// What stands in a certificate that has the form of ours.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) serial: Serial,
    pub(crate) user: UserId,
    /// First and last second of validity (Unix time).
    pub(crate) validity: (i64, i64),
    /// The value of `Client-Cert` (RFC 9440 §2.2).
    pub(crate) client_cert: HeaderValue,
    /// The value of `X-Tegata-User`.
    pub(crate) user_header: HeaderValue,
    /// Whether the key usage, where there is one, allows a TLS signature (RFC 5246 §7.4.6).
    may_sign: bool,
}

impl Leaf {
    pub(crate) fn new(der: CertificateDer<'static>, services: usize) -> Self {
        let facts = facts(&der);
        let judged = (0..services).map(|_| AtomicU64::new(0)).collect();
        Self { der, facts, judged, noted: LastNoted::default() }
    }

    pub(crate) fn facts(&self) -> Option<&Facts> {
        self.facts.as_ref()
    }

    /// Whether this is a certificate of the service at `index`, whose CAs are `authorities`.
    /// The signature is checked once for each set of CAs.
    pub(crate) fn authenticity(
        &self,
        index: usize,
        authorities: &Authorities,
        algorithms: &WebPkiSupportedAlgorithms,
    ) -> Authenticity {
        let Some(facts) = &self.facts else { return Authenticity::WrongIssuer };
        let generation = authorities.generation();
        let judged = self.judged[index].load(Ordering::Relaxed);
        if judged >> 2 == generation {
            return unpack(judged);
        }
        let mut found = authorities.authenticity(&self.der, facts.validity.0, algorithms);
        if found == Authenticity::Genuine && !facts.may_sign {
            found = Authenticity::WrongUsage;
        }
        self.judged[index].store(generation << 2 | pack(found), Ordering::Relaxed);
        found
    }
}

fn pack(authenticity: Authenticity) -> u64 {
    match authenticity {
        Authenticity::Genuine => 1,
        Authenticity::WrongUsage => 2,
        Authenticity::WrongIssuer => 3,
    }
}

fn unpack(judged: u64) -> Authenticity {
    match judged & 3 {
        1 => Authenticity::Genuine,
        2 => Authenticity::WrongUsage,
        _ => Authenticity::WrongIssuer,
    }
}

fn facts(der: &CertificateDer<'_>) -> Option<Facts> {
    let certificate = Certificate::from_der(der).ok()?.tbs_certificate;
    let seconds =
        |time: x509_cert::time::Time| i64::try_from(time.to_unix_duration().as_secs()).ok();
    let user = user(&certificate.subject)?;
    let may_sign = match certificate.get::<KeyUsage>().ok()? {
        Some((_, usage)) => usage.digital_signature(),
        None => true,
    };
    Some(Facts {
        serial: Serial::from_integer(certificate.serial_number.as_bytes()).ok()?,
        validity: (
            seconds(certificate.validity.not_before)?,
            seconds(certificate.validity.not_after)?,
        ),
        client_cert: HeaderValue::try_from(format!(":{}:", STANDARD.encode(der))).ok()?,
        user_header: HeaderValue::try_from(user.as_str()).ok()?,
        user,
        may_sign,
    })
}

/// The user ID out of the subject's one common name, which must be in canonical form.
fn user(subject: &Name) -> Option<UserId> {
    let mut names = subject
        .0
        .iter()
        .flat_map(|rdn| rdn.0.iter())
        .filter(|attribute| attribute.oid == COMMON_NAME);
    let value = &names.next()?.value;
    if names.next().is_some() {
        return None;
    }
    let text = Utf8StringRef::try_from(value)
        .map(|text| text.as_str().to_owned())
        .or_else(|_| PrintableStringRef::try_from(value).map(|text| text.as_str().to_owned()))
        .or_else(|_| Ia5StringRef::try_from(value).map(|text| text.as_str().to_owned()))
        .or_else(|_| TeletexStringRef::try_from(value).map(|text| text.as_str().to_owned()))
        .ok()?;
    text.parse::<UserId>().ok().filter(|user| user.as_str() == text)
}

/// The genuine leaves seen lately, so that a returning client costs no second verification.
///
/// Two halves: what is used moves to the young one; when that is full the old one is forgotten.
/// Strangers' certificates never enter, so nobody can wash the others out.
#[derive(Debug)]
pub(crate) struct Leaves {
    half: usize,
    known: Mutex<Halves>,
}

#[derive(Debug, Default)]
struct Halves {
    young: HashMap<Digest, Arc<Leaf>>,
    old: HashMap<Digest, Arc<Leaf>>,
}

/// SHA-256 of a certificate.
type Digest = [u8; 32];

impl Leaves {
    /// Remembers at most `capacity` leaves.
    pub(crate) fn new(capacity: usize) -> Self {
        Self { half: capacity / 2, known: Mutex::default() }
    }

    /// The leaf of these octets; `judge` says whether a new one is worth remembering.
    pub(crate) fn get(
        &self,
        der: &CertificateDer<'_>,
        services: usize,
        judge: impl FnOnce(&Leaf) -> bool,
    ) -> Arc<Leaf> {
        let mut digest = Digest::default();
        digest.copy_from_slice(digest::digest(&digest::SHA256, der).as_ref());
        if let Some(leaf) = self.known().find(&digest, self.half) {
            return leaf;
        }
        let leaf = Arc::new(Leaf::new(der.clone().into_owned(), services));
        if judge(&leaf) {
            self.known().insert(digest, leaf.clone(), self.half);
        }
        leaf
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Halves> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Halves {
    fn find(&mut self, digest: &Digest, half: usize) -> Option<Arc<Leaf>> {
        if let Some(leaf) = self.young.get(digest) {
            return Some(leaf.clone());
        }
        let leaf = self.old.remove(digest)?;
        self.insert(*digest, leaf.clone(), half);
        Some(leaf)
    }

    fn insert(&mut self, digest: Digest, leaf: Arc<Leaf>, half: usize) {
        if self.young.len() >= half {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(digest, leaf);
    }
}

#[cfg(test)]
pub(crate) mod tests;
