//! Rules of RFC 5280 over the whole certificate, read back from its octets.
//!
//! The certificate was written by one path (`profile`, `prepare`) and is judged by another: what
//! is expected is taken from the profile's data, what is there from DER.

mod extensions;

use std::fmt;

use der::asn1::{OctetString, UintRef};
use der::{Decode, Encode, Tag, Tagged};
use x509_cert::certificate::Certificate;
use x509_cert::name::Name;
use x509_cert::time::Time;
use x509_cert::{TbsCertificate, Version};

use crate::{Attribute, KeyKind, Profile, SignatureAlgorithm};

/// A rule that is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where the rule stands.
    pub source: &'static str,
    /// What is wrong.
    pub rule: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.rule, self.source)
    }
}

/// When there is nothing to judge.
pub(crate) const UNSIGNABLE: Finding =
    Finding { source: "RFC 5280 §4.1.1.3", rule: "cannot be signed, not even to be judged" };

/// Most octets of a certificate; gateways and card readers have limits of 16 KiB and less.
const MAX_CERTIFICATE: usize = 16 * 1024;

/// Collects what is broken.
struct Judge(Vec<Finding>);

impl Judge {
    fn rule(&mut self, holds: bool, source: &'static str, rule: &'static str) {
        if !holds {
            self.0.push(Finding { source, rule });
        }
    }
}

/// Judges a certificate against RFC 5280 and against its own profile. `issuer_key` is the
/// issuer's name for its key; the signature is by another key of the same algorithm.
pub(crate) fn certificate(
    der: &[u8],
    profile: &Profile,
    algorithm: SignatureAlgorithm,
    issuer_key: &OctetString,
) -> Vec<Finding> {
    let mut judge = Judge(Vec::new());
    let Ok(certificate) = Certificate::from_der(der) else {
        judge.rule(false, "RFC 5280 §4.1", "is not DER of a Certificate");
        return judge.0;
    };
    judge.rule(
        certificate.to_der().is_ok_and(|again| again == der),
        "RFC 5280 §4.1",
        "is not written the one way that DER has",
    );
    judge.rule(der.len() <= MAX_CERTIFICATE, "profile", "has more than 16 KiB");
    outside(&mut judge, &certificate, algorithm);
    let tbs = &certificate.tbs_certificate;
    fields(&mut judge, tbs, profile);
    extensions::judge(&mut judge, tbs, profile, issuer_key);
    judge.0
}

/// What stands around the signed part.
fn outside(judge: &mut Judge, certificate: &Certificate, algorithm: SignatureAlgorithm) {
    judge.rule(
        certificate.signature_algorithm == certificate.tbs_certificate.signature,
        "RFC 5280 §4.1.1.2",
        "outer and inner signature algorithm differ",
    );
    judge.rule(
        certificate.tbs_certificate.signature == algorithm.identifier(),
        "RFC 5280 §4.1.2.3",
        "signature algorithm is not the signer's",
    );
    let signature = certificate.signature.as_bytes();
    judge.rule(
        signature.is_some_and(|octets| is_well_formed(octets, algorithm)),
        "RFC 5280 §4.1.1.3",
        "signature is not a BIT STRING of whole octets in the form of its algorithm",
    );
}

/// The form of RFC 3279 §2.2.3 for ECDSA, of as many octets as the modulus for RSA (RFC 8017
/// §8.1.1, §8.2.1), of 64 for Ed25519 (RFC 8410 §6).
fn is_well_formed(signature: &[u8], algorithm: SignatureAlgorithm) -> bool {
    #[derive(der::Sequence)]
    struct EcdsaSignature<'a> {
        r: UintRef<'a>,
        s: UintRef<'a>,
    }
    match algorithm {
        SignatureAlgorithm::EcdsaSha256 | SignatureAlgorithm::EcdsaSha384 => {
            EcdsaSignature::from_der(signature).is_ok_and(|pair| {
                let fits = |number: &UintRef<'_>| (1..=48).contains(&number.as_bytes().len());
                fits(&pair.r) && fits(&pair.s)
            })
        }
        SignatureAlgorithm::RsaSha256
        | SignatureAlgorithm::RsaSha384
        | SignatureAlgorithm::RsaPssSha256
        | SignatureAlgorithm::RsaPssSha384 => matches!(signature.len(), 256..=512),
        SignatureAlgorithm::Ed25519 => signature.len() == 64,
    }
}

fn fields(judge: &mut Judge, tbs: &TbsCertificate, profile: &Profile) {
    let serial = tbs.serial_number.as_bytes();
    judge.rule(tbs.version == Version::V3, "RFC 5280 §4.1.2.1", "version is not 3");
    judge.rule(
        (8..=20).contains(&serial.len()) && serial[0] & 0x80 == 0,
        "RFC 5280 §4.1.2.2",
        "serial number is not positive with 8 to 20 octets",
    );
    judge.rule(!tbs.issuer.is_empty(), "RFC 5280 §4.1.2.4", "issuer is empty");
    judge.rule(!tbs.subject.is_empty(), "RFC 5280 §4.1.2.6", "subject is empty");
    judge.rule(
        profile.taken_name().is_some() || strings_are_sound(&tbs.subject),
        "RFC 5280 §4.1.2.6, appendix A.1",
        "a value of the subject is no UTF8String of 1 to 64 characters, or the country no \
         PrintableString of two",
    );
    judge.rule(
        is_as_said(&tbs.subject, profile),
        "profile",
        "subject is not the profile's, or has no common name",
    );
    judge.rule(
        tbs.issuer_unique_id.is_none() && tbs.subject_unique_id.is_none(),
        "RFC 5280 §4.1.2.8",
        "has a unique identifier",
    );
    let times = tbs.validity;
    judge.rule(
        encoded_as_required(&times.not_before) && encoded_as_required(&times.not_after),
        "RFC 5280 §4.1.2.5",
        "time through 2049 is not UTCTime or later time not GeneralizedTime",
    );
    judge.rule(
        times.not_before.to_unix_duration() < times.not_after.to_unix_duration(),
        "RFC 5280 §4.1.2.5",
        "validity ends before it begins",
    );
    judge.rule(
        lifetime_is_within(tbs, profile),
        "profile",
        "validity is longer than the profile's lifetime",
    );
    let kind = tbs
        .subject_public_key_info
        .to_der()
        .ok()
        .and_then(|der| KeyKind::of(&spki::SubjectPublicKeyInfoRef::from_der(&der).ok()?));
    judge.rule(
        kind.is_some_and(|kind| profile.keys().contains(kind)),
        "profile",
        "the key is of a kind that the profile does not certify",
    );
}

fn strings_are_sound(name: &Name) -> bool {
    name.0.iter().flat_map(|rdn| rdn.0.iter()).all(|attribute| {
        let Ok(text) = std::str::from_utf8(attribute.value.value()) else { return false };
        if attribute.oid == Attribute::Country.oid() {
            return attribute.value.tag() == Tag::PrintableString && text.len() == 2;
        }
        attribute.value.tag() == Tag::Utf8String && (1..=64).contains(&text.chars().count())
    })
}

/// Whether the subject is the one that the filled-in profile gives, or that the CA has already.
/// Where the caller said it (CAs, servers of our own), it has a common name at least.
fn is_as_said(subject: &Name, profile: &Profile) -> bool {
    if let Some(taken) = profile.taken_name() {
        return taken == subject;
    }
    let found: Vec<_> = subject.0.iter().flat_map(|rdn| rdn.0.iter()).collect();
    found.len() == subject.0.len()
        && found.iter().any(|attribute| attribute.oid == Attribute::CommonName.oid())
        && profile
            .subject()
            .is_none_or(|wanted| wanted.to_name().is_ok_and(|wanted| wanted == *subject))
}

fn lifetime_is_within(tbs: &TbsCertificate, profile: &Profile) -> bool {
    let content = profile.content();
    let most = 86_400 * u64::from(content.lifetime_days)
        + 60 * u64::from(content.backdate_minutes)
        + profile.rest().unsigned_abs().as_secs();
    let ends = tbs.validity.not_after.to_unix_duration();
    let lasts = ends.saturating_sub(tbs.validity.not_before.to_unix_duration());
    // Where the caller said the subject it says the validity as well.
    profile.subject().is_none() || lasts.as_secs() <= most
}

pub(crate) fn encoded_as_required(time: &Time) -> bool {
    match time {
        Time::UtcTime(_) => true,
        Time::GeneralTime(general) => general.to_date_time().year() >= 2050,
    }
}
