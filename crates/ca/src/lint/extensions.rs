//! Rules over extensions: each that the profile asks for, as it asks for it, and no other.

use const_oid::ObjectIdentifier;
use const_oid::db::{rfc5280, rfc6960};
use der::asn1::Ia5String;
use der::asn1::OctetString;
use der::{Decode, Encode};
use spki::SubjectPublicKeyInfoRef;
use x509_cert::TbsCertificate;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::certpolicy::CertificatePolicies;
use x509_cert::ext::pkix::crl::CrlDistributionPoints;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};
use x509_cert::ext::pkix::{
    AuthorityInfoAccessSyntax, AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage,
    KeyUsage, SubjectAltName, SubjectKeyIdentifier,
};

use super::Judge;
use crate::profile::{Holder, Kind, general_name, key_identifier};
use crate::{KeyKind, Profile};

/// The extensions of a certificate.
struct Extensions<'a>(&'a [Extension]);

impl<'a> Extensions<'a> {
    fn find(&self, oid: ObjectIdentifier) -> Option<&'a Extension> {
        self.0.iter().find(|extension| extension.extn_id == oid)
    }

    /// The value of an extension with this criticality; `None` also when it cannot be read.
    fn value<T: Decode<'a>>(&self, oid: ObjectIdentifier, critical: bool) -> Option<T> {
        let found = self.find(oid).filter(|extension| extension.critical == critical)?;
        T::from_der(found.extn_value.as_bytes()).ok()
    }
}

pub(super) fn judge(
    judge: &mut Judge,
    tbs: &TbsCertificate,
    profile: &Profile,
    issuer_key: &OctetString,
) {
    let all = Extensions(tbs.extensions.as_deref().unwrap_or_default());
    set(judge, &all, profile);
    identifiers(judge, &all, tbs, profile, issuer_key);
    usages(judge, &all, tbs, profile);
    policies(judge, &all, profile);
    names(judge, &all, profile);
    addresses(judge, &all, profile);
    let extra = &profile.content().extra;
    judge.rule(
        extra.iter().all(|wanted| {
            all.find(wanted.oid).is_some_and(|found| {
                found.critical == wanted.critical && found.extn_value.as_bytes() == wanted.der
            })
        }),
        "profile",
        "a further extension is not the profile's",
    );
}

/// Which extensions are there at all.
fn set(judge: &mut Judge, all: &Extensions<'_>, profile: &Profile) {
    let unique = (1..all.0.len()).all(|i| all.0[..i].iter().all(|e| e.extn_id != all.0[i].extn_id));
    judge.rule(unique, "RFC 5280 §4.2", "an extension stands twice");
    let content = profile.content();
    let is_end = matches!(profile.kind(), Kind::EndEntity(_));
    let is_responder = profile.kind() == Kind::EndEntity(Holder::OcspResponder);
    let has_addresses = profile.addresses().is_some();
    let wanted = [
        (rfc5280::ID_CE_BASIC_CONSTRAINTS, !is_end),
        (rfc5280::ID_CE_KEY_USAGE, true),
        (rfc5280::ID_CE_EXT_KEY_USAGE, is_end),
        (rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER, true),
        (rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER, profile.kind() != Kind::Root),
        (rfc6960::ID_PKIX_OCSP_NOCHECK, is_responder),
        (rfc5280::ID_CE_CERTIFICATE_POLICIES, !content.policies.is_empty()),
        (rfc5280::ID_CE_SUBJECT_ALT_NAME, !profile.alt_names().is_empty()),
        (rfc5280::ID_CE_CRL_DISTRIBUTION_POINTS, has_addresses),
        (rfc5280::ID_PE_AUTHORITY_INFO_ACCESS, has_addresses),
    ];
    let is_wanted = |oid: ObjectIdentifier| {
        wanted.contains(&(oid, true)) || content.extra.iter().any(|extra| extra.oid == oid)
    };
    judge.rule(
        all.0.iter().all(|extension| is_wanted(extension.extn_id))
            && wanted.iter().all(|(oid, there)| all.find(*oid).is_some() == *there),
        "profile",
        "has other extensions than the profile",
    );
    judge.rule(
        all.find(rfc6960::ID_PKIX_OCSP_NOCHECK)
            .is_none_or(|e| !e.critical && e.extn_value.as_bytes() == [5, 0]),
        "RFC 6960 §4.2.2.2.1",
        "id-pkix-ocsp-nocheck is not NULL or is critical",
    );
}

fn identifiers(
    judge: &mut Judge,
    all: &Extensions<'_>,
    tbs: &TbsCertificate,
    profile: &Profile,
    issuer_key: &OctetString,
) {
    let subject_key = tbs.subject_public_key_info.to_der().and_then(|der| key_identifier(&der));
    let found: Option<SubjectKeyIdentifier> =
        all.value(rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER, false);
    judge.rule(
        subject_key.is_ok_and(|wanted| found.is_some_and(|found| found.0 == wanted)),
        "RFC 5280 §4.2.1.2",
        "subject key identifier is missing, critical, or not the SHA-1 of the key",
    );
    if profile.kind() == Kind::Root {
        return;
    }
    let found: Option<AuthorityKeyIdentifier> =
        all.value(rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER, false);
    judge.rule(
        found.is_some_and(|found| {
            found.key_identifier.as_ref() == Some(issuer_key)
                && found.authority_cert_issuer.is_none()
                && found.authority_cert_serial_number.is_none()
        }),
        "RFC 5280 §4.2.1.1",
        "authority key identifier is missing, critical, or not the issuer's key",
    );
}

fn usages(judge: &mut Judge, all: &Extensions<'_>, tbs: &TbsCertificate, profile: &Profile) {
    let content = profile.content();
    let key_usage: Option<KeyUsage> = all.value(rfc5280::ID_CE_KEY_USAGE, true);
    judge.rule(
        key_usage == Some(content.key_usage),
        "RFC 5280 §4.2.1.3",
        "key usage is not exactly the profile's, critical",
    );
    let is_ec = tbs.subject_public_key_info.to_der().is_ok_and(|der| {
        let kind = SubjectPublicKeyInfoRef::from_der(&der).ok().and_then(|key| KeyKind::of(&key));
        matches!(kind, Some(KeyKind::EcP256 | KeyKind::EcP384))
    });
    judge.rule(
        !is_ec || key_usage.is_none_or(|u| !u.key_encipherment() && !u.data_encipherment()),
        "RFC 8813 §3",
        "an EC key that enciphers",
    );
    let constraints: Option<BasicConstraints> = all.value(rfc5280::ID_CE_BASIC_CONSTRAINTS, true);
    let extended: Option<ExtendedKeyUsage> = all.value(rfc5280::ID_CE_EXT_KEY_USAGE, false);
    match profile.kind() {
        Kind::Root | Kind::Issuing | Kind::Cross => judge.rule(
            constraints.is_some_and(|found| {
                let wanted = match profile.kind() {
                    Kind::Issuing => Some(0),
                    Kind::Cross => Some(1),
                    _ => None,
                };
                found.ca && found.path_len_constraint == wanted
            }),
            "RFC 5280 §4.2.1.9",
            "CA certificate without critical CA:TRUE, or with a path length that is not its kind's",
        ),
        Kind::EndEntity(_) => judge.rule(
            extended.is_some_and(|list| list.0 == content.extended),
            "RFC 5280 §4.2.1.12",
            "extended key usage is not exactly the profile's",
        ),
    }
}

fn policies(judge: &mut Judge, all: &Extensions<'_>, profile: &Profile) {
    let wanted = &profile.content().policies;
    if wanted.is_empty() {
        return;
    }
    let found: Option<CertificatePolicies> = all.value(rfc5280::ID_CE_CERTIFICATE_POLICIES, false);
    let found = found.map(|found| found.0).unwrap_or_default();
    let cps = |qualifiers: &Option<Vec<_>>| -> Option<Option<String>> {
        let Some(qualifiers) = qualifiers else { return Some(None) };
        let [only] = &qualifiers[..] else { return None };
        let only: &x509_cert::ext::pkix::certpolicy::PolicyQualifierInfo = only;
        let text: Ia5String = only.qualifier.as_ref()?.decode_as().ok()?;
        (only.policy_qualifier_id == rfc5280::ID_QT_CPS).then(|| Some(text.to_string()))
    };
    let read: Vec<_> = found
        .iter()
        .filter_map(|policy| Some((policy.policy_identifier, cps(&policy.policy_qualifiers)?)))
        .collect();
    judge.rule(
        read == *wanted,
        "RFC 5280 §4.2.1.4",
        "certificate policies are not exactly the profile's, each once, with an IA5String for the \
         practice statement",
    );
}

fn names(judge: &mut Judge, all: &Extensions<'_>, profile: &Profile) {
    if profile.alt_names().is_empty() {
        return;
    }
    let wanted: der::Result<Vec<_>> = profile.alt_names().iter().map(general_name).collect();
    let found: Option<SubjectAltName> = all.value(rfc5280::ID_CE_SUBJECT_ALT_NAME, false);
    judge.rule(
        wanted.is_ok_and(|wanted| found.as_ref().is_some_and(|found| found.0 == wanted)),
        "RFC 5280 §4.2.1.6",
        "subject alternative names are not exactly the profile's",
    );
    judge.rule(
        found.iter().flat_map(|found| &found.0).all(is_sound),
        "RFC 5280 §4.2.1.6",
        "an alternative name is empty, a mail address without @, or a URI without scheme",
    );
}

fn is_sound(name: &GeneralName) -> bool {
    match name {
        GeneralName::DnsName(host) => {
            let host = host.as_str();
            let labels = host.split('.').all(|label| (1..=63).contains(&label.len()));
            labels && host.len() <= 253 && !host.contains(' ')
        }
        GeneralName::Rfc822Name(address) => {
            let parts = address.as_str().split_once('@');
            parts.is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
        }
        GeneralName::UniformResourceIdentifier(uri) => {
            uri.as_str().split_once(':').is_some_and(|(scheme, rest)| {
                scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && !rest.is_empty()
            })
        }
        GeneralName::IpAddress(address) => matches!(address.as_bytes().len(), 4 | 16),
        _ => false,
    }
}

fn addresses(judge: &mut Judge, all: &Extensions<'_>, profile: &Profile) {
    let Some(wanted) = profile.addresses() else { return };
    let is = |name: &GeneralName, address: &str| {
        matches!(name, GeneralName::UniformResourceIdentifier(uri) if uri.as_str() == address)
            && (address.starts_with("http://") || address.starts_with("https://"))
    };
    let points: Option<CrlDistributionPoints> =
        all.value(rfc5280::ID_CE_CRL_DISTRIBUTION_POINTS, false);
    judge.rule(
        points.is_some_and(|points| match &points.0[..] {
            [point] => {
                matches!(&point.distribution_point,
                    Some(DistributionPointName::FullName(names))
                        if matches!(&names[..], [name] if is(name, &wanted.crl)))
                    && point.reasons.is_none()
                    && point.crl_issuer.is_none()
            }
            _ => false,
        }),
        "RFC 5280 §4.2.1.13",
        "CRL distribution point is missing, critical, or not the profile's http address",
    );
    let access: Option<AuthorityInfoAccessSyntax> =
        all.value(rfc5280::ID_PE_AUTHORITY_INFO_ACCESS, false);
    let of = |method: ObjectIdentifier| -> Vec<_> {
        let list = access.iter().flat_map(|access| &access.0);
        list.filter(|one| one.access_method == method).map(|one| &one.access_location).collect()
    };
    let ocsp = of(rfc5280::ID_AD_OCSP);
    let responder = match &wanted.ocsp {
        Some(address) => matches!(ocsp[..], [name] if is(name, address)),
        None => ocsp.is_empty(),
    };
    let issuers = of(rfc5280::ID_AD_CA_ISSUERS);
    judge.rule(
        responder && matches!(issuers[..], [name] if is(name, &wanted.issuer)),
        "RFC 5280 §4.2.2.1",
        "authority information access is missing, critical, or not the profile's http addresses",
    );
}
