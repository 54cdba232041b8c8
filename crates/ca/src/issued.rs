use const_oid::db::{rfc4519, rfc5280};
use der::{Decode, Encode};
use sha2::{Digest, Sha256};
use tegata_domain::{KeyHash, Serial, Validity};
use x509_cert::Certificate;
use x509_cert::ext::pkix::BasicConstraints;

use crate::reading::found;
use crate::{CaCertificate, ReadError, SignatureAlgorithm, encoding};

/// Most octets of an end entity's certificate that is read.
pub const MAX_CERTIFICATE: usize = 16 * 1024;

/// A certificate that a CA issued somewhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedElsewhere {
    /// Serial number.
    pub serial: Serial,
    /// When it is valid.
    pub validity: Validity,
    /// Identity of its key.
    pub key_hash: KeyHash,
    /// SHA-256 of what was signed.
    pub tbs_hash: [u8; 32],
    /// The last common name in its subject, when it has one in UTF-8.
    pub common_name: Option<String>,
}

impl IssuedElsewhere {
    /// Reads a certificate, DER, and verifies that `issuer` signed it.
    ///
    /// # Errors
    /// Why it is none, or not this CA's.
    pub fn parse(der: &[u8], issuer: &CaCertificate) -> Result<Self, ReadError> {
        let not_a_certificate = |_| ReadError::NotACertificate;
        if der.len() > MAX_CERTIFICATE {
            return Err(ReadError::NotACertificate);
        }
        let certificate = Certificate::from_der(der).map_err(not_a_certificate)?;
        let tbs = &certificate.tbs_certificate;
        if tbs.issuer != *issuer.name() {
            return Err(ReadError::OtherIssuer);
        }
        let constraints =
            found(tbs.extensions.as_deref().unwrap_or_default(), rfc5280::ID_CE_BASIC_CONSTRAINTS);
        if constraints
            .is_some_and(|value| !matches!(BasicConstraints::from_der(value), Ok(c) if !c.ca))
        {
            return Err(ReadError::IsACa);
        }
        let octets = tbs.to_der().map_err(not_a_certificate)?;
        let algorithm = SignatureAlgorithm::from_identifier(&certificate.signature_algorithm)
            .filter(|_| certificate.signature_algorithm == tbs.signature)
            .ok_or(ReadError::Algorithm)?;
        let signature = certificate.signature.as_bytes().ok_or(ReadError::NotACertificate)?;
        if !issuer.verifies(algorithm, &octets, signature) {
            return Err(ReadError::Signature);
        }
        let spki = tbs.subject_public_key_info.to_der().map_err(not_a_certificate)?;
        let at = |time| encoding::timestamp(time).ok_or(ReadError::NotACertificate);
        let attributes = tbs.subject.0.iter().flat_map(|rdn| rdn.0.iter());
        let common_name = attributes.rev().find(|attribute| attribute.oid == rfc4519::CN);
        Ok(Self {
            serial: Serial::from_integer(tbs.serial_number.as_bytes())
                .map_err(|_| ReadError::NotACertificate)?,
            validity: Validity {
                not_before: at(tbs.validity.not_before)?,
                not_after: at(tbs.validity.not_after)?,
            },
            key_hash: KeyHash(Sha256::digest(&spki).into()),
            tbs_hash: Sha256::digest(&octets).into(),
            common_name: common_name
                .and_then(|name| String::from_utf8(name.value.value().to_vec()).ok()),
        })
    }
}
