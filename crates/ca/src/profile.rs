use const_oid::ObjectIdentifier;
use const_oid::db::{rfc5280, rfc6960};
use der::asn1::{Ia5String, Null, OctetString};
use der::{Decode, Encode};
use sha1::{Digest, Sha1};
use spki::SubjectPublicKeyInfoRef;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::crl::CrlDistributionPoints;
use x509_cert::ext::pkix::crl::dp::DistributionPoint;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};
use x509_cert::ext::pkix::{
    AccessDescription, AuthorityInfoAccessSyntax, AuthorityKeyIdentifier, BasicConstraints,
    ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName as SubjectAltNameExtension,
    SubjectKeyIdentifier,
};

/// What kind of certificate a profile makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Self-signed trust anchor.
    Root,
    /// CA that issues end-entity certificates only (path length 0).
    Issuing,
    /// End entity.
    EndEntity(ExtendedUsage),
}

/// Extended key usage of an end entity; always exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExtendedUsage {
    /// TLS client.
    ClientAuth,
    /// TLS server.
    ServerAuth,
    /// OCSP responder (RFC 6960 §4.2.2.2).
    OcspSigning,
}

/// A subject alternative name of a server certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubjectAltName {
    /// Host name.
    Dns(String),
    /// IP address.
    Ip(std::net::IpAddr),
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

/// What a certificate will say, apart from name, key and time. Nothing of it comes from a
/// request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// What kind of certificate.
    pub kind: Kind,
    /// Where status and issuer are found.
    pub addresses: Option<Addresses>,
    /// Host names and addresses of a server certificate.
    pub alt_names: Vec<SubjectAltName>,
}

impl Profile {
    /// A delegated OCSP responder (RFC 6960 §4.2.2.2): whoever asks it believes it without asking
    /// about it in turn (`id-pkix-ocsp-nocheck`, §4.2.2.2.1), so it carries no addresses and
    /// must be short-lived.
    pub fn ocsp_responder() -> Self {
        let kind = Kind::EndEntity(ExtendedUsage::OcspSigning);
        Self { kind, addresses: None, alt_names: Vec::new() }
    }

    /// The extensions, in a fixed order.
    pub(crate) fn extensions(
        &self,
        subject_key: &[u8],
        issuer_key: &[u8],
    ) -> der::Result<Vec<Extension>> {
        let mut list = Vec::with_capacity(8);
        let key_identifier = key_identifier(subject_key)?;
        if let Kind::Root | Kind::Issuing = self.kind {
            let path_len_constraint = (self.kind == Kind::Issuing).then_some(0);
            push(
                &mut list,
                rfc5280::ID_CE_BASIC_CONSTRAINTS,
                true,
                &BasicConstraints { ca: true, path_len_constraint },
            )?;
        }
        push(&mut list, rfc5280::ID_CE_KEY_USAGE, true, &self.key_usage())?;
        if let Kind::EndEntity(usage) = self.kind {
            push(
                &mut list,
                rfc5280::ID_CE_EXT_KEY_USAGE,
                false,
                &ExtendedKeyUsage(vec![usage.oid()]),
            )?;
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
                &authority_key_identifier(issuer_key)?,
            )?;
        }
        if self.kind == Kind::EndEntity(ExtendedUsage::OcspSigning) {
            push(&mut list, rfc6960::ID_PKIX_OCSP_NOCHECK, false, &Null)?;
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
        Ok(list)
    }

    fn key_usage(&self) -> KeyUsage {
        match self.kind {
            Kind::Root | Kind::Issuing => KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign),
            Kind::EndEntity(_) => KeyUsage(KeyUsages::DigitalSignature.into()),
        }
    }
}

impl ExtendedUsage {
    pub(crate) fn oid(self) -> ObjectIdentifier {
        match self {
            Self::ClientAuth => rfc5280::ID_KP_CLIENT_AUTH,
            Self::ServerAuth => rfc5280::ID_KP_SERVER_AUTH,
            Self::OcspSigning => rfc5280::ID_KP_OCSP_SIGNING,
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

pub(crate) fn authority_key_identifier(spki: &[u8]) -> der::Result<AuthorityKeyIdentifier> {
    Ok(AuthorityKeyIdentifier {
        key_identifier: Some(key_identifier(spki)?),
        authority_cert_issuer: None,
        authority_cert_serial_number: None,
    })
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

fn distribution_point(address: &str) -> der::Result<CrlDistributionPoints> {
    Ok(CrlDistributionPoints(vec![DistributionPoint {
        distribution_point: Some(DistributionPointName::FullName(vec![uri(address)?])),
        reasons: None,
        crl_issuer: None,
    }]))
}

fn uri(address: &str) -> der::Result<GeneralName> {
    Ok(GeneralName::UniformResourceIdentifier(Ia5String::new(address)?))
}

fn general_name(name: &SubjectAltName) -> der::Result<GeneralName> {
    Ok(match name {
        SubjectAltName::Dns(host) => GeneralName::DnsName(Ia5String::new(host)?),
        SubjectAltName::Ip(std::net::IpAddr::V4(ip)) => {
            GeneralName::IpAddress(OctetString::new(ip.octets().to_vec())?)
        }
        SubjectAltName::Ip(std::net::IpAddr::V6(ip)) => {
            GeneralName::IpAddress(OctetString::new(ip.octets().to_vec())?)
        }
    })
}
