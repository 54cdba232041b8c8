//! A certificate in words, each part with the rule behind it.

use const_oid::ObjectIdentifier;
use const_oid::db::{DB, rfc5280, rfc6960};
use der::asn1::Ia5String;
use der::{Decode, Encode, oid::AssociatedOid};
use spki::SubjectPublicKeyInfoRef;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::certpolicy::CertificatePolicies;
use x509_cert::ext::pkix::crl::CrlDistributionPoints;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};
use x509_cert::ext::pkix::{
    AuthorityInfoAccessSyntax, AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage,
    KeyUsage, SubjectAltName, SubjectKeyIdentifier,
};
use x509_cert::{Certificate, TbsCertificate};

use crate::{ExtendedUsage, KeyKind};

/// One part of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// What it is called.
    pub name: String,
    /// Its object identifier, for an extension.
    pub oid: Option<String>,
    /// Whether the extension is critical.
    pub critical: bool,
    /// Where its rules stand.
    pub source: &'static str,
    /// What it says, line by line.
    pub says: Vec<String>,
}

/// Describes a certificate: its fields, then its extensions in order.
///
/// # Errors
/// When the octets are no certificate.
pub fn describe(der: &[u8]) -> der::Result<Vec<Described>> {
    let certificate = Certificate::from_der(der)?;
    let tbs = &certificate.tbs_certificate;
    let mut parts = fields(tbs);
    parts.extend(tbs.extensions.iter().flatten().map(extension));
    Ok(parts)
}

fn fields(tbs: &TbsCertificate) -> Vec<Described> {
    let field = |name: &str, source, says: String| Described {
        name: name.to_owned(),
        oid: None,
        critical: false,
        source,
        says: vec![says],
    };
    let key = tbs.subject_public_key_info.to_der().ok().and_then(|der| {
        SubjectPublicKeyInfoRef::from_der(&der).ok().and_then(|key| KeyKind::of(&key))
    });
    vec![
        field("serial number", "RFC 5280 §4.1.2.2", hex(tbs.serial_number.as_bytes())),
        field("signature algorithm", "RFC 5280 §4.1.2.3", word(tbs.signature.oid)),
        field("issuer", "RFC 5280 §4.1.2.4", tbs.issuer.to_string()),
        field(
            "validity",
            "RFC 5280 §4.1.2.5",
            format!("{} to {}", tbs.validity.not_before, tbs.validity.not_after),
        ),
        field("subject", "RFC 5280 §4.1.2.6", tbs.subject.to_string()),
        field(
            "public key",
            "RFC 5280 §4.1.2.7",
            key.map_or_else(|| "of another kind".to_owned(), |kind| kind.to_string()),
        ),
    ]
}

fn extension(extension: &Extension) -> Described {
    let value = extension.extn_value.as_bytes();
    let (name, source, says) = match extension.extn_id {
        KeyUsage::OID => ("key usage", "RFC 5280 §4.2.1.3", read(value, key_usage)),
        ExtendedKeyUsage::OID => (
            "extended key usage",
            "RFC 5280 §4.2.1.12",
            read(value, |list: ExtendedKeyUsage| list.0.into_iter().map(usage).collect()),
        ),
        BasicConstraints::OID => (
            "basic constraints",
            "RFC 5280 §4.2.1.9",
            read(value, |found: BasicConstraints| {
                let below = found.path_len_constraint.map(|n| format!("{n} CAs below it"));
                let is = if found.ca { "a CA" } else { "no CA" };
                [Some(is.to_owned()), below].into_iter().flatten().collect()
            }),
        ),
        SubjectKeyIdentifier::OID => (
            "subject key identifier",
            "RFC 5280 §4.2.1.2",
            read(value, |found: SubjectKeyIdentifier| vec![hex(found.0.as_bytes())]),
        ),
        AuthorityKeyIdentifier::OID => (
            "authority key identifier",
            "RFC 5280 §4.2.1.1",
            read(value, |found: AuthorityKeyIdentifier| {
                found.key_identifier.iter().map(|key| hex(key.as_bytes())).collect()
            }),
        ),
        CertificatePolicies::OID => {
            ("certificate policies", "RFC 5280 §4.2.1.4", read(value, policies))
        }
        SubjectAltName::OID => (
            "subject alternative name",
            "RFC 5280 §4.2.1.6",
            read(value, |found: SubjectAltName| found.0.iter().map(general).collect()),
        ),
        CrlDistributionPoints::OID => (
            "CRL distribution point",
            "RFC 5280 §4.2.1.13",
            read(value, |found: CrlDistributionPoints| {
                let points = found.0.into_iter().filter_map(|point| point.distribution_point);
                points.flat_map(point_names).collect()
            }),
        ),
        AuthorityInfoAccessSyntax::OID => (
            "authority information access",
            "RFC 5280 §4.2.2.1",
            read(value, |found: AuthorityInfoAccessSyntax| {
                let access = found.0.iter();
                access
                    .map(|one| {
                        format!("{} {}", word(one.access_method), general(&one.access_location))
                    })
                    .collect()
            }),
        ),
        rfc6960::ID_PKIX_OCSP_NOCHECK => (
            "OCSP no check",
            "RFC 6960 §4.2.2.2.1",
            vec!["nobody asks whether this responder is revoked".to_owned()],
        ),
        _ => ("further extension", "RFC 5280 §4.2", vec![format!("DER {}", hex(value))]),
    };
    Described {
        name: name.to_owned(),
        oid: Some(extension.extn_id.to_string()),
        critical: extension.critical,
        source,
        says,
    }
}

fn read<'a, T: Decode<'a>>(value: &'a [u8], say: impl FnOnce(T) -> Vec<String>) -> Vec<String> {
    T::from_der(value).map_or_else(|_| vec!["cannot be read".to_owned()], say)
}

fn key_usage(usage: KeyUsage) -> Vec<String> {
    [
        (usage.digital_signature(), "digitalSignature"),
        (usage.non_repudiation(), "nonRepudiation"),
        (usage.key_encipherment(), "keyEncipherment"),
        (usage.data_encipherment(), "dataEncipherment"),
        (usage.key_agreement(), "keyAgreement"),
        (usage.key_cert_sign(), "keyCertSign"),
        (usage.crl_sign(), "cRLSign"),
    ]
    .into_iter()
    .filter(|(is, _)| *is)
    .map(|(_, name)| name.to_owned())
    .collect()
}

fn usage(oid: ObjectIdentifier) -> String {
    let known = ExtendedUsage::ALL.into_iter().find(|usage| usage.oid() == oid);
    known.map_or_else(|| word(oid), |usage| usage.name().to_owned())
}

fn policies(found: CertificatePolicies) -> Vec<String> {
    let qualifier = |policy: &x509_cert::ext::pkix::certpolicy::PolicyInformation| {
        let only = policy.policy_qualifiers.as_ref()?.first()?;
        let text: Ia5String = only.qualifier.as_ref()?.decode_as().ok()?;
        (only.policy_qualifier_id == rfc5280::ID_QT_CPS).then(|| text.to_string())
    };
    let say = |policy| match qualifier(policy) {
        Some(cps) => format!("{}, practice statement at {cps}", policy.policy_identifier),
        None => policy.policy_identifier.to_string(),
    };
    found.0.iter().map(say).collect()
}

fn point_names(name: DistributionPointName) -> Vec<String> {
    match name {
        DistributionPointName::FullName(names) => names.iter().map(general).collect(),
        DistributionPointName::NameRelativeToCRLIssuer(_) => Vec::new(),
    }
}

fn general(name: &GeneralName) -> String {
    match name {
        GeneralName::DnsName(host) => format!("DNS {}", host.as_str()),
        GeneralName::Rfc822Name(address) => format!("e-mail {}", address.as_str()),
        GeneralName::UniformResourceIdentifier(uri) => uri.as_str().to_owned(),
        GeneralName::IpAddress(octets) => match octets.as_bytes() {
            [a, b, c, d] => format!("IP {a}.{b}.{c}.{d}"),
            other => format!("IP {}", hex(other)),
        },
        _ => "of another kind".to_owned(),
    }
}

/// The name of an object identifier, or its numbers.
fn word(oid: ObjectIdentifier) -> String {
    DB.by_oid(&oid).map_or_else(|| oid.to_string(), str::to_owned)
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}
