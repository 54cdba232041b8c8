//! From a profile to a certificate: prepare → lint → sign, each value used once.

use der::Encode;
use der::asn1::OctetString;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use spki::SubjectPublicKeyInfoOwned;
use tegata_domain::{KeyHash, Serial, Validity};
use x509_cert::Version;
use x509_cert::certificate::TbsCertificate;
use x509_cert::name::Name;

use crate::lint::{self, Finding};
use crate::profile::key_identifier;
use crate::{
    Authority, KeyKind, NameError, Profile, ProvenKey, SignError, SignatureAlgorithm, Signer,
    SubjectName, encoding, throwaway,
};

/// A certificate that has been written but not judged.
#[derive(Debug)]
pub struct Prepared(Content);

/// A certificate that may be signed, once. Whoever holds it must have its intent on record
/// before calling [`Linted::sign`].
#[derive(Debug)]
pub struct Linted(Content);

#[derive(Debug)]
struct Content {
    serial: Serial,
    validity: Validity,
    key_hash: KeyHash,
    tbs: Vec<u8>,
    algorithm: SignatureAlgorithm,
    /// How the issuer names its key.
    issuer_key: OctetString,
}

/// A certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCertificate {
    /// Serial number.
    pub serial: Serial,
    /// When it is valid.
    pub validity: Validity,
    /// Identity of its key.
    pub key_hash: KeyHash,
    /// SHA-256 of what was signed.
    pub tbs_hash: [u8; 32],
    /// The certificate.
    pub der: Vec<u8>,
}

/// Why a certificate could not be written.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// The subject cannot stand in a certificate.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A value has no DER form.
    #[error("the certificate cannot be encoded: {0}")]
    Encoding(#[from] der::Error),
    /// The profile does not certify keys of this kind.
    #[error("the key must be one of {accepted}, not {found}")]
    KeyKind {
        /// What the profile certifies.
        accepted: String,
        /// What the request holds.
        found: KeyKind,
    },
    /// The validity does not lie within the issuer's.
    #[error("the issuing CA ends at {issuer_ends}, before the certificate would begin")]
    IssuerEnds {
        /// Last second of the issuer.
        issuer_ends: Timestamp,
    },
}

/// A certificate that breaks a rule is not signed.
#[derive(Debug, thiserror::Error)]
#[error("the certificate breaks its rules: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct LintError(pub Vec<Finding>);

impl Profile {
    /// Writes a certificate under `authority`. Its end is cut to the authority's.
    ///
    /// # Errors
    /// When the profile does not certify such keys, the subject or an address cannot be encoded,
    /// or the authority ends too early.
    pub fn prepare(
        &self,
        authority: &Authority,
        serial: Serial,
        subject: &SubjectName,
        key: &ProvenKey,
        validity: Validity,
    ) -> Result<Prepared, PrepareError> {
        self.prepare_named(authority, serial, subject.to_name()?, key, validity)
    }

    /// Like [`Self::prepare`], for a name that stands in another certificate and must be the
    /// same here octet for octet.
    pub(crate) fn prepare_named(
        &self,
        authority: &Authority,
        serial: Serial,
        subject: Name,
        key: &ProvenKey,
        validity: Validity,
    ) -> Result<Prepared, PrepareError> {
        if !self.keys().contains(key.kind()) {
            return Err(PrepareError::KeyKind {
                accepted: self.keys().to_string(),
                found: key.kind(),
            });
        }
        let issuer_ends = authority.validity().not_after;
        let validity = Validity { not_after: validity.not_after.min(issuer_ends), ..validity };
        if validity.not_after <= validity.not_before {
            return Err(PrepareError::IssuerEnds { issuer_ends });
        }
        let issuer = (authority.subject()?, authority.key_name().clone());
        self.write(authority.signer(), issuer, serial, subject, key, validity)
    }

    /// Writes a self-signed certificate.
    pub(crate) fn prepare_self_signed(
        &self,
        signer: &dyn Signer,
        serial: Serial,
        subject: &SubjectName,
        key: &ProvenKey,
        validity: Validity,
    ) -> Result<Prepared, PrepareError> {
        let issuer = (subject.to_name()?, key_identifier(signer.public_key())?);
        self.write(signer, issuer, serial, subject.to_name()?, key, validity)
    }

    fn write(
        &self,
        signer: &dyn Signer,
        (issuer, issuer_key): (Name, OctetString),
        serial: Serial,
        subject: Name,
        key: &ProvenKey,
        validity: Validity,
    ) -> Result<Prepared, PrepareError> {
        let tbs = TbsCertificate {
            version: Version::V3,
            serial_number: encoding::serial_number(serial)?,
            signature: signer.algorithm().identifier(),
            issuer,
            validity: x509_cert::time::Validity {
                not_before: encoding::time(validity.not_before)?,
                not_after: encoding::time(validity.not_after)?,
            },
            subject,
            subject_public_key_info: SubjectPublicKeyInfoOwned::try_from(key.spki())
                .map_err(|_| der::ErrorKind::Failed)
                .map_err(der::Error::from)?,
            issuer_unique_id: None,
            subject_unique_id: None,
            extensions: Some(self.extensions(key.spki(), &issuer_key)?),
        };
        Ok(Prepared(Content {
            serial,
            validity,
            key_hash: key.hash(),
            tbs: tbs.to_der()?,
            algorithm: signer.algorithm(),
            issuer_key,
        }))
    }
}

impl Prepared {
    /// Judges the whole certificate: what would be signed, signed with a key that is thrown
    /// away, and read back from its octets. A certificate that breaks a rule never exists under
    /// the real key.
    ///
    /// # Errors
    /// Every rule that is broken.
    pub fn lint(self, profile: &Profile) -> Result<Linted, LintError> {
        let content = self.0;
        let findings = match throwaway::certificate(&content.tbs, content.algorithm) {
            Some(der) => lint::certificate(&der, profile, content.algorithm, &content.issuer_key),
            None => vec![lint::UNSIGNABLE],
        };
        if findings.is_empty() { Ok(Linted(content)) } else { Err(LintError(findings)) }
    }
}

impl Linted {
    /// Serial number of the certificate to be.
    pub fn serial(&self) -> Serial {
        self.0.serial
    }

    /// Its validity, after cutting to the issuer's.
    pub fn validity(&self) -> Validity {
        self.0.validity
    }

    /// Identity of its key.
    pub fn key_hash(&self) -> KeyHash {
        self.0.key_hash
    }

    /// SHA-256 of what will be signed, for the audit entry of the intent.
    pub fn tbs_hash(&self) -> [u8; 32] {
        Sha256::digest(&self.0.tbs).into()
    }

    /// Signs, once: the value is gone afterwards.
    ///
    /// # Errors
    /// When the key cannot be used.
    pub fn sign(self, signer: &dyn Signer) -> Result<SignedCertificate, SignError> {
        if signer.algorithm() != self.0.algorithm {
            return Err(SignError("the certificate was prepared for another key".to_owned()));
        }
        let signature = signer.sign(&self.0.tbs)?;
        let der = encoding::signed(&self.0.tbs, &self.0.algorithm.identifier(), &signature)
            .map_err(|error| SignError(error.to_string()))?;
        Ok(SignedCertificate {
            serial: self.0.serial,
            validity: self.0.validity,
            key_hash: self.0.key_hash,
            tbs_hash: self.tbs_hash(),
            der,
        })
    }
}
