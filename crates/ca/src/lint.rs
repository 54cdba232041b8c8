//! Rules of RFC 5280 over what is about to be signed, read back from its octets.

use std::fmt;

use const_oid::ObjectIdentifier;
use const_oid::db::{rfc5280, rfc6960};
use der::Decode;
use x509_cert::Version;
use x509_cert::certificate::TbsCertificate;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages};
use x509_cert::time::Time;

use crate::profile::{ExtendedUsage, Kind};
use crate::{Profile, SignatureAlgorithm};

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

/// Judges a to-be-signed certificate against RFC 5280 and against its own profile.
pub(crate) fn certificate(
    tbs: &[u8],
    profile: &Profile,
    algorithm: SignatureAlgorithm,
) -> Vec<Finding> {
    let Ok(tbs) = TbsCertificate::from_der(tbs) else {
        return vec![Finding { source: "RFC 5280 §4.1", rule: "is not DER of a TBSCertificate" }];
    };
    let mut findings = Vec::new();
    let mut rule = |holds: bool, source, rule| {
        if !holds {
            findings.push(Finding { source, rule });
        }
    };
    let serial = tbs.serial_number.as_bytes();
    rule(tbs.version == Version::V3, "RFC 5280 §4.1.2.1", "version is not 3");
    rule(
        (8..=20).contains(&serial.len()) && serial[0] & 0x80 == 0,
        "RFC 5280 §4.1.2.2",
        "serial number is not positive with 8 to 20 octets",
    );
    rule(
        tbs.signature == algorithm.identifier(),
        "RFC 5280 §4.1.2.3",
        "signature algorithm is not the signer's",
    );
    rule(!tbs.issuer.is_empty(), "RFC 5280 §4.1.2.4", "issuer is empty");
    rule(!tbs.subject.is_empty(), "RFC 5280 §4.1.2.6", "subject is empty");
    rule(
        encoded_as_required(&tbs.validity.not_before)
            && encoded_as_required(&tbs.validity.not_after),
        "RFC 5280 §4.1.2.5",
        "time through 2049 is not UTCTime or later time not GeneralizedTime",
    );
    rule(
        tbs.validity.not_before.to_unix_duration() < tbs.validity.not_after.to_unix_duration(),
        "RFC 5280 §4.1.2.5",
        "validity ends before it begins",
    );
    let extensions = tbs.extensions.as_deref().unwrap_or_default();
    let unique = extensions
        .iter()
        .enumerate()
        .all(|(i, e)| extensions[..i].iter().all(|earlier| earlier.extn_id != e.extn_id));
    rule(unique, "RFC 5280 §4.2", "an extension stands twice");
    let value = |oid: ObjectIdentifier| extensions.iter().find(|e| e.extn_id == oid);
    rule(
        value(rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER).is_some_and(|e| !e.critical),
        "RFC 5280 §4.2.1.2",
        "subject key identifier is missing or critical",
    );
    rule(
        profile.kind == Kind::Root
            || value(rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER).is_some_and(|e| !e.critical),
        "RFC 5280 §4.2.1.1",
        "authority key identifier is missing or critical",
    );
    let key_usage = value(rfc5280::ID_CE_KEY_USAGE)
        .filter(|e| e.critical)
        .and_then(|e| KeyUsage::from_der(e.extn_value.as_bytes()).ok());
    let constraints = value(rfc5280::ID_CE_BASIC_CONSTRAINTS)
        .map(|e| (e.critical, BasicConstraints::from_der(e.extn_value.as_bytes())));
    let usages = value(rfc5280::ID_CE_EXT_KEY_USAGE)
        .and_then(|e| ExtendedKeyUsage::from_der(e.extn_value.as_bytes()).ok());
    match profile.kind {
        Kind::Root | Kind::Issuing => {
            rule(
                matches!(constraints, Some((true, Ok(BasicConstraints { ca: true, .. })))),
                "RFC 5280 §4.2.1.9",
                "CA certificate without critical CA:TRUE",
            );
            rule(
                key_usage.is_some_and(|u| u.0 == (KeyUsages::KeyCertSign | KeyUsages::CRLSign)),
                "RFC 5280 §4.2.1.3",
                "CA key usage is not exactly keyCertSign and cRLSign, critical",
            );
            rule(usages.is_none(), "profile", "CA certificate with extended key usage");
        }
        Kind::EndEntity(usage) => {
            rule(constraints.is_none(), "profile", "end entity with basic constraints");
            rule(
                key_usage.is_some_and(|u| u.0 == KeyUsages::DigitalSignature),
                "RFC 5280 §4.2.1.3",
                "key usage is not exactly digitalSignature, critical",
            );
            rule(
                usages.is_some_and(|list| list.0 == [usage.oid()]),
                "RFC 5280 §4.2.1.12",
                "extended key usage is not exactly the profile's",
            );
        }
    }
    let no_check = value(rfc6960::ID_PKIX_OCSP_NOCHECK);
    rule(
        no_check.is_some() == (profile.kind == Kind::EndEntity(ExtendedUsage::OcspSigning))
            && no_check.is_none_or(|e| !e.critical && e.extn_value.as_bytes() == [5, 0]),
        "RFC 6960 §4.2.2.2.1",
        "id-pkix-ocsp-nocheck is not NULL and not critical, in responders alone",
    );
    rule(
        value(rfc5280::ID_CE_SUBJECT_ALT_NAME).is_some() != profile.alt_names.is_empty(),
        "profile",
        "subject alternative names are not the profile's",
    );
    rule(
        value(rfc5280::ID_CE_CRL_DISTRIBUTION_POINTS).is_some() == profile.addresses.is_some()
            && value(rfc5280::ID_PE_AUTHORITY_INFO_ACCESS).is_some() == profile.addresses.is_some(),
        "profile",
        "status addresses are not the profile's",
    );
    findings
}

fn encoded_as_required(time: &Time) -> bool {
    match time {
        Time::UtcTime(_) => true,
        Time::GeneralTime(general) => general.to_date_time().year() >= 2050,
    }
}
