//! Certificates and lists of CAs, read back with the eyes of who relies on them.

use const_oid::db::{rfc4519, rfc5280};
use der::{Decode, Encode};
use spki::SubjectPublicKeyInfoRef;
use tegata_domain::Validity;
use x509_cert::Certificate;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage, SubjectKeyIdentifier};
use x509_cert::name::Name;

use crate::profile::key_identifier;
use crate::{ProvenKey, RequestError, SignatureAlgorithm, encoding};

/// Most octets of a CA certificate: RSA 4096 with long names has 2 KiB.
pub const MAX_CA_CERTIFICATE: usize = 16 * 1024;

/// A CA's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaCertificate {
    der: Vec<u8>,
    tbs: Vec<u8>,
    signature: Vec<u8>,
    algorithm: SignatureAlgorithm,
    subject: Name,
    issuer: Name,
    serial: Vec<u8>,
    validity: Validity,
    key: ProvenKey,
    has_usual_identifier: bool,
    path_length: Option<u8>,
    addresses: Vec<u8>,
}

/// Why a CA's certificate or list is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Not DER of a certificate.
    #[error("not a certificate in DER or PEM")]
    NotACertificate,
    /// No critical CA:TRUE, or it may not sign certificates and CRLs.
    #[error("not the certificate of a CA that signs certificates and CRLs")]
    NotACa,
    /// Its key.
    #[error("its key is not accepted: {0}")]
    Key(#[from] RequestError),
    /// Its signature algorithm.
    #[error("it is signed with an algorithm that is not accepted")]
    Algorithm,
    /// Not DER of a CRL.
    #[error("not a CRL in DER or PEM, of version 2 with a number and a next update")]
    NotACrl,
    /// A CRL of another CA.
    #[error("the CRL is another CA's")]
    OtherIssuer,
    /// The signature on a CRL.
    #[error("the signature on the CRL does not verify")]
    Signature,
    /// An extension that must be understood and is not.
    #[error("the CRL covers only a part of what was revoked; a full one is needed")]
    Partial,
}

impl CaCertificate {
    /// Reads a CA's certificate, DER.
    ///
    /// # Errors
    /// Why it is none, or none that can be used here.
    pub fn parse(der: &[u8]) -> Result<Self, ReadError> {
        if der.len() > MAX_CA_CERTIFICATE {
            return Err(ReadError::NotACertificate);
        }
        let not_a_certificate = |_| ReadError::NotACertificate;
        let certificate = Certificate::from_der(der).map_err(not_a_certificate)?;
        let tbs = certificate.tbs_certificate;
        let octets = tbs.to_der().map_err(not_a_certificate)?;
        let algorithm = SignatureAlgorithm::from_identifier(&certificate.signature_algorithm)
            .filter(|_| certificate.signature_algorithm == tbs.signature)
            .ok_or(ReadError::Algorithm)?;
        let extensions = tbs.extensions.unwrap_or_default();
        let constraints = found(&extensions, rfc5280::ID_CE_BASIC_CONSTRAINTS)
            .and_then(|value| BasicConstraints::from_der(value).ok())
            .filter(|constraints| constraints.ca)
            .ok_or(ReadError::NotACa)?;
        found(&extensions, rfc5280::ID_CE_KEY_USAGE)
            .and_then(|value| KeyUsage::from_der(value).ok())
            .filter(|usage| usage.key_cert_sign() && usage.crl_sign())
            .ok_or(ReadError::NotACa)?;
        let spki = tbs.subject_public_key_info.to_der().map_err(not_a_certificate)?;
        let key = ProvenKey::own(&spki)?;
        let identifier = found(&extensions, rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER)
            .and_then(|value| SubjectKeyIdentifier::from_der(value).ok());
        let at = |time| encoding::timestamp(time).ok_or(ReadError::NotACertificate);
        Ok(Self {
            der: der.to_vec(),
            tbs: octets,
            signature: certificate.signature.as_bytes().ok_or(ReadError::NotACertificate)?.to_vec(),
            algorithm,
            subject: tbs.subject,
            issuer: tbs.issuer,
            serial: tbs.serial_number.as_bytes().to_vec(),
            validity: Validity {
                not_before: at(tbs.validity.not_before)?,
                not_after: at(tbs.validity.not_after)?,
            },
            key,
            has_usual_identifier: identifier.map(|found| found.0) == key_identifier(&spki).ok(),
            path_length: constraints.path_len_constraint,
            addresses: found(&extensions, rfc5280::ID_CE_CRL_DISTRIBUTION_POINTS)
                .unwrap_or_default()
                .to_vec(),
        })
    }

    /// Whether the signature on this certificate is by its own key, and its issuer is itself.
    pub fn is_self_signed(&self) -> bool {
        self.is_issuer_of(self)
    }

    /// Whether `child` names this CA as its issuer and bears its signature.
    pub fn is_issuer_of(&self, child: &Self) -> bool {
        child.issuer == self.subject && self.verifies(child.algorithm, &child.tbs, &child.signature)
    }

    /// DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// How its signature was made; of a self-signed one, how its key signs.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// Its name, as RFC 4514 writes it.
    pub fn subject(&self) -> String {
        self.subject.to_string()
    }

    /// Serial number, hexadecimal.
    pub fn serial(&self) -> String {
        self.serial.iter().map(|octet| format!("{octet:02x}")).collect()
    }

    /// When it is valid.
    pub fn validity(&self) -> Validity {
        self.validity
    }

    /// Its key.
    pub fn key(&self) -> &ProvenKey {
        &self.key
    }

    /// How many CAs may follow below it; `None` is any number.
    pub fn path_length(&self) -> Option<u8> {
        self.path_length
    }

    /// Whether its subject key identifier is SHA-1 of its key (RFC 5280 §4.2.1.2, method 1), as
    /// every certificate below it that this system makes will say.
    pub fn has_usual_identifier(&self) -> bool {
        self.has_usual_identifier
    }

    /// Whether this is the common name in its subject.
    pub fn is_named(&self, common_name: &str) -> bool {
        let wanted = common_name.as_bytes();
        self.subject
            .0
            .iter()
            .flat_map(|rdn| rdn.0.iter())
            .any(|attribute| attribute.oid == rfc4519::CN && attribute.value.value() == wanted)
    }

    /// Whether it names this address as the place of its issuer's CRL.
    pub fn names_crl(&self, address: &str) -> bool {
        let octets = address.as_bytes();
        // An address stands as plain octets behind its length.
        self.addresses.windows(octets.len()).any(|window| window == octets)
    }

    pub(crate) fn name(&self) -> &Name {
        &self.subject
    }

    pub(crate) fn verifies(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        SubjectPublicKeyInfoRef::from_der(self.key.spki())
            .is_ok_and(|spki| algorithm.verifies(&spki, message, signature))
    }
}

fn found(extensions: &[Extension], oid: const_oid::ObjectIdentifier) -> Option<&[u8]> {
    extensions
        .iter()
        .find(|extension| extension.extn_id == oid)
        .map(|extension| extension.extn_value.as_bytes())
}
