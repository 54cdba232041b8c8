//! Profiles: what the certificates of each holder say, as checked data.

mod content;
mod holder;
mod keys;
mod template;

use std::sync::Arc;

use const_oid::ObjectIdentifier;
use const_oid::db::{rfc5280, rfc6960};
use der::asn1::{Any, Ia5String, Null, OctetString};
use der::{Decode, Encode};
use jiff::{SignedDuration, Timestamp};
use sha1::{Digest, Sha1};
use spki::SubjectPublicKeyInfoRef;
use tegata_domain::Validity;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::certpolicy::{
    CertificatePolicies, PolicyInformation, PolicyQualifierInfo,
};
use x509_cert::ext::pkix::crl::CrlDistributionPoints;
use x509_cert::ext::pkix::crl::dp::DistributionPoint;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};
use x509_cert::ext::pkix::{
    AccessDescription, AuthorityInfoAccessSyntax, AuthorityKeyIdentifier, BasicConstraints,
    ExtendedKeyUsage, SubjectAltName as SubjectAltNameExtension, SubjectKeyIdentifier,
};
use x509_cert::name::Name;

use crate::{NameError, SubjectName};

pub use content::{AltNameKind, Parts, ProfileError, RawExtension};
pub use holder::{Holder, Placeholder};
pub use keys::AcceptedKeys;
pub use template::Values;

pub(crate) use content::Content;

/// What kind of certificate a profile makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Self-signed trust anchor.
    Root,
    /// CA that issues end-entity certificates only (path length 0).
    Issuing,
    /// Another root, certified by this one: its issuing CAs stand below it (path length 1).
    Cross,
    /// End entity.
    EndEntity(Holder),
}

/// Extended key usage that makes an end entity what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExtendedUsage {
    /// TLS client.
    ClientAuth,
    /// TLS server.
    ServerAuth,
    /// OCSP responder (RFC 6960 §4.2.2.2).
    OcspSigning,
    /// Signer of mails (RFC 8550).
    EmailProtection,
}

/// A subject alternative name (RFC 5280 §4.2.1.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubjectAltName {
    /// Host name.
    Dns(String),
    /// IP address.
    Ip(std::net::IpAddr),
    /// E-mail address.
    Email(String),
    /// Any other address.
    Uri(String),
}

/// Where relying parties find status and issuer. All three or, for a root, none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// CRL (RFC 5280 §4.2.1.13).
    pub crl: String,
    /// OCSP responder (RFC 5280 §4.2.2.1).
    pub ocsp: Option<String>,
    /// The issuer's certificate, DER.
    pub issuer: String,
}

/// What a certificate will say, apart from key and time. Nothing of it comes from a request:
/// it is put together from checked parts, and the values of its placeholders from the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    kind: Kind,
    content: Arc<Content>,
    addresses: Option<Addresses>,
    alt_names: Vec<SubjectAltName>,
    /// Once its placeholders are filled in.
    subject: Option<SubjectName>,
    /// Of a CA that has another certificate: its name there.
    taken_name: Option<Name>,
    /// What a renewal adds to the lifetime: what is left of the certificate before.
    rest: SignedDuration,
}

impl Profile {
    /// A profile of these parts. It has no addresses yet; see [`Profile::at`].
    ///
    /// # Errors
    /// Everything that is wrong with the parts.
    pub fn new(holder: Holder, parts: &Parts) -> Result<Self, Vec<ProfileError>> {
        Ok(Self::of(Kind::EndEntity(holder), Content::new(holder, parts)?))
    }

    /// A self-signed trust anchor.
    pub fn root() -> Self {
        Self::of(Kind::Root, Content::ca())
    }

    /// A CA under a root.
    pub fn issuing(addresses: Addresses) -> Self {
        Self::of(Kind::Issuing, Content::ca()).at(addresses)
    }

    /// A CA that has another certificate, whose name stands there already and stays as it is,
    /// octet for octet. `kind` is one of a CA's.
    pub(crate) fn again(kind: Kind, name: Name, addresses: Option<Addresses>) -> Self {
        Self { taken_name: Some(name), addresses, ..Self::of(kind, Content::ca()) }
    }

    /// A TLS client with the default profile.
    pub fn client(addresses: Addresses) -> Self {
        Self::default_of(Holder::Client).at(addresses)
    }

    /// A TLS server with the default profile.
    pub fn server(addresses: Addresses, names: Vec<SubjectAltName>) -> Self {
        Self::default_of(Holder::Server).at(addresses).named(names)
    }

    /// A delegated OCSP responder (RFC 6960 §4.2.2.2) with the default profile: whoever asks it
    /// believes it without asking about it in turn (`id-pkix-ocsp-nocheck`, §4.2.2.2.1), so it
    /// carries no addresses and must be short-lived.
    pub fn ocsp_responder() -> Self {
        Self::default_of(Holder::OcspResponder)
    }

    /// A signer of mails from this address with the default profile.
    pub fn mail_signer(addresses: Addresses, sender: &str) -> Self {
        let names = vec![SubjectAltName::Email(sender.to_owned())];
        Self::default_of(Holder::MailSigner).at(addresses).named(names)
    }

    fn default_of(holder: Holder) -> Self {
        Self::of(Kind::EndEntity(holder), Content::default_of(holder))
    }

    fn of(kind: Kind, content: Content) -> Self {
        Self {
            kind,
            content: Arc::new(content),
            addresses: None,
            alt_names: Vec::new(),
            subject: None,
            taken_name: None,
            rest: SignedDuration::ZERO,
        }
    }

    /// With these addresses. A responder has none and stays without.
    #[must_use]
    pub fn at(self, addresses: Addresses) -> Self {
        let has_none = matches!(self.kind, Kind::Root | Kind::EndEntity(Holder::OcspResponder));
        Self { addresses: (!has_none).then_some(addresses), ..self }
    }

    /// For a renewal, which begins at most `window` before the end of the certificate before and
    /// adds a lifetime to that end.
    #[must_use]
    pub fn renewing(self, window: SignedDuration) -> Self {
        Self { rest: window, ..self }
    }

    pub(crate) fn rest(&self) -> SignedDuration {
        self.rest
    }

    /// With these subject alternative names.
    #[must_use]
    pub fn named(self, alt_names: Vec<SubjectAltName>) -> Self {
        Self { alt_names, ..self }
    }

    /// The profile of one certificate and its subject: every placeholder filled in. An
    /// alternative name whose value the registry does not have is left out.
    ///
    /// # Errors
    /// When a value is missing or, filled in, cannot stand in a certificate.
    pub fn fill(&self, values: &Values) -> Result<(Self, SubjectName), NameError> {
        let attributes = self.content.subject.iter();
        let subject = attributes.map(|(kind, text)| Ok((*kind, text.fill(values)?)));
        let subject = SubjectName::of(subject.collect::<Result<_, NameError>>()?)?;
        let mut alt_names = self.alt_names.clone();
        for (kind, text) in self.content.alt_names.iter().filter(|(_, t)| t.has_all(values)) {
            let text = text.fill(values)?;
            if !text.bytes().all(|c| c.is_ascii_graphic()) {
                return Err(NameError::AltName);
            }
            alt_names.push(match kind {
                AltNameKind::Email if !text.contains('@') => return Err(NameError::AltName),
                AltNameKind::Email => SubjectAltName::Email(text),
                AltNameKind::Uri => SubjectAltName::Uri(text),
            });
        }
        Ok((Self { alt_names, subject: Some(subject.clone()), ..self.clone() }, subject))
    }

    /// What kind of certificate.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Which kinds of keys it certifies.
    pub fn keys(&self) -> &AcceptedKeys {
        &self.content.keys
    }

    /// The validity of a certificate made now, in whole seconds as certificates know them.
    pub fn validity(&self, now: Timestamp) -> Validity {
        let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
        let lifetime = SignedDuration::from_hours(24 * i64::from(self.content.lifetime_days));
        let backdate = SignedDuration::from_mins(i64::from(self.content.backdate_minutes));
        Validity { not_before: now - backdate, not_after: now + lifetime }
    }

    pub(crate) fn content(&self) -> &Content {
        &self.content
    }

    pub(crate) fn addresses(&self) -> Option<&Addresses> {
        self.addresses.as_ref()
    }

    /// The subject that the filled-in profile gives.
    pub(crate) fn subject(&self) -> Option<&SubjectName> {
        self.subject.as_ref()
    }

    /// The name that a CA has in another certificate already.
    pub(crate) fn taken_name(&self) -> Option<&Name> {
        self.taken_name.as_ref()
    }

    pub(crate) fn alt_names(&self) -> &[SubjectAltName] {
        &self.alt_names
    }

    /// The extensions, in a fixed order.
    pub(crate) fn extensions(
        &self,
        subject_key: &[u8],
        issuer_key: &OctetString,
    ) -> der::Result<Vec<Extension>> {
        let mut list = Vec::with_capacity(8);
        let key_identifier = key_identifier(subject_key)?;
        if let Kind::Root | Kind::Issuing | Kind::Cross = self.kind {
            let path_len_constraint = match self.kind {
                Kind::Issuing => Some(0),
                Kind::Cross => Some(1),
                _ => None,
            };
            push(
                &mut list,
                rfc5280::ID_CE_BASIC_CONSTRAINTS,
                true,
                &BasicConstraints { ca: true, path_len_constraint },
            )?;
        }
        let content = &*self.content;
        push(&mut list, rfc5280::ID_CE_KEY_USAGE, true, &content.key_usage)?;
        if !content.extended.is_empty() {
            let usages = ExtendedKeyUsage(content.extended.clone());
            push(&mut list, rfc5280::ID_CE_EXT_KEY_USAGE, false, &usages)?;
        }
        push(
            &mut list,
            rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER,
            false,
            &SubjectKeyIdentifier(key_identifier),
        )?;
        if self.kind != Kind::Root {
            push(
                &mut list,
                rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER,
                false,
                &authority_key_identifier(issuer_key),
            )?;
        }
        if self.kind == Kind::EndEntity(Holder::OcspResponder) {
            push(&mut list, rfc6960::ID_PKIX_OCSP_NOCHECK, false, &Null)?;
        }
        if !content.policies.is_empty() {
            let policies = content.policies.iter().map(policy).collect::<der::Result<_>>()?;
            let policies = CertificatePolicies(policies);
            push(&mut list, rfc5280::ID_CE_CERTIFICATE_POLICIES, false, &policies)?;
        }
        if !self.alt_names.is_empty() {
            let names = self.alt_names.iter().map(general_name).collect::<der::Result<_>>()?;
            push(
                &mut list,
                rfc5280::ID_CE_SUBJECT_ALT_NAME,
                false,
                &SubjectAltNameExtension(names),
            )?;
        }
        if let Some(addresses) = &self.addresses {
            push(
                &mut list,
                rfc5280::ID_CE_CRL_DISTRIBUTION_POINTS,
                false,
                &distribution_point(&addresses.crl)?,
            )?;
            push(&mut list, rfc5280::ID_PE_AUTHORITY_INFO_ACCESS, false, &addresses.access()?)?;
        }
        for extra in &content.extra {
            let extn_value = OctetString::new(&*extra.der)?;
            list.push(Extension { extn_id: extra.oid, critical: extra.critical, extn_value });
        }
        Ok(list)
    }
}

impl ExtendedUsage {
    /// Every one.
    pub const ALL: [Self; 4] =
        [Self::ClientAuth, Self::ServerAuth, Self::OcspSigning, Self::EmailProtection];

    /// Its name in RFC 5280 and RFC 6960.
    pub fn name(self) -> &'static str {
        match self {
            Self::ClientAuth => "clientAuth",
            Self::ServerAuth => "serverAuth",
            Self::OcspSigning => "OCSPSigning",
            Self::EmailProtection => "emailProtection",
        }
    }

    pub(crate) fn oid(self) -> ObjectIdentifier {
        match self {
            Self::ClientAuth => rfc5280::ID_KP_CLIENT_AUTH,
            Self::ServerAuth => rfc5280::ID_KP_SERVER_AUTH,
            Self::OcspSigning => rfc5280::ID_KP_OCSP_SIGNING,
            Self::EmailProtection => rfc5280::ID_KP_EMAIL_PROTECTION,
        }
    }
}

impl Addresses {
    fn access(&self) -> der::Result<AuthorityInfoAccessSyntax> {
        let mut list = Vec::with_capacity(2);
        if let Some(ocsp) = &self.ocsp {
            list.push(AccessDescription {
                access_method: rfc5280::ID_AD_OCSP,
                access_location: uri(ocsp)?,
            });
        }
        list.push(AccessDescription {
            access_method: rfc5280::ID_AD_CA_ISSUERS,
            access_location: uri(&self.issuer)?,
        });
        Ok(AuthorityInfoAccessSyntax(list))
    }
}

/// Method 1 of RFC 5280 §4.2.1.2: SHA-1 of the bits of the public key. An identifier, not a
/// protection.
pub(crate) fn key_identifier(spki: &[u8]) -> der::Result<OctetString> {
    let spki = SubjectPublicKeyInfoRef::from_der(spki)?;
    OctetString::new(Sha1::digest(spki.subject_public_key.raw_bytes()).to_vec())
}

pub(crate) fn authority_key_identifier(key: &OctetString) -> AuthorityKeyIdentifier {
    AuthorityKeyIdentifier {
        key_identifier: Some(key.clone()),
        authority_cert_issuer: None,
        authority_cert_serial_number: None,
    }
}

pub(crate) fn push(
    list: &mut Vec<Extension>,
    extn_id: ObjectIdentifier,
    critical: bool,
    value: &impl Encode,
) -> der::Result<()> {
    list.push(Extension { extn_id, critical, extn_value: OctetString::new(value.to_der()?)? });
    Ok(())
}

pub(crate) fn distribution_point(address: &str) -> der::Result<CrlDistributionPoints> {
    Ok(CrlDistributionPoints(vec![DistributionPoint {
        distribution_point: Some(DistributionPointName::FullName(vec![uri(address)?])),
        reasons: None,
        crl_issuer: None,
    }]))
}

pub(crate) fn uri(address: &str) -> der::Result<GeneralName> {
    Ok(GeneralName::UniformResourceIdentifier(Ia5String::new(address)?))
}

pub(crate) fn general_name(name: &SubjectAltName) -> der::Result<GeneralName> {
    Ok(match name {
        SubjectAltName::Dns(host) => GeneralName::DnsName(Ia5String::new(host)?),
        SubjectAltName::Ip(std::net::IpAddr::V4(ip)) => {
            GeneralName::IpAddress(OctetString::new(ip.octets().to_vec())?)
        }
        SubjectAltName::Ip(std::net::IpAddr::V6(ip)) => {
            GeneralName::IpAddress(OctetString::new(ip.octets().to_vec())?)
        }
        SubjectAltName::Email(address) => GeneralName::Rfc822Name(Ia5String::new(address)?),
        SubjectAltName::Uri(address) => uri(address)?,
    })
}

/// A policy with its practice statement (`id-qt-cps`, RFC 5280 §4.2.1.4).
fn policy((oid, cps): &(ObjectIdentifier, Option<String>)) -> der::Result<PolicyInformation> {
    let qualifier = |address: &String| {
        let qualifier = Some(Any::encode_from(&Ia5String::new(address)?)?);
        let policy_qualifier_id = rfc5280::ID_QT_CPS;
        der::Result::Ok(vec![PolicyQualifierInfo { policy_qualifier_id, qualifier }])
    };
    let policy_qualifiers = cps.as_ref().map(qualifier).transpose()?;
    Ok(PolicyInformation { policy_identifier: *oid, policy_qualifiers })
}
