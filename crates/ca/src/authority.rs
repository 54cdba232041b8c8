use std::sync::Arc;

use const_oid::db::{rfc4519, rfc5280};
use der::asn1::OctetString;
use der::{Decode, Encode};
use sha2::{Digest, Sha256};
use tegata_domain::{Entropy, Serial, Validity};
use x509_cert::Certificate;
use x509_cert::ext::pkix::SubjectKeyIdentifier;
use x509_cert::name::Name;

use crate::profile::key_identifier;
use crate::{
    Addresses, CaCertificate, KeyKind, LintError, NameError, PrepareError, Profile, ProfileKind,
    ProvenKey, RequestError, SignError, SignedCertificate, Signer, SubjectName, encoding,
};

/// A CA certificate together with its key.
#[derive(Clone)]
pub struct Authority {
    certificate: Arc<Vec<u8>>,
    subject: Name,
    key_identifier: OctetString,
    validity: Validity,
    signer: Arc<dyn Signer>,
}

/// Why an authority could not be made or opened.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// Not a certificate that can be read.
    #[error("the CA certificate cannot be read")]
    NotACertificate,
    /// The key belongs to another certificate.
    #[error("the key does not belong to the CA certificate")]
    KeyMismatch,
    /// The key's kind is not accepted.
    #[error(transparent)]
    Key(#[from] RequestError),
    /// The certificate could not be written.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// The certificate breaks a rule.
    #[error(transparent)]
    Lint(#[from] LintError),
    /// The key cannot be used.
    #[error(transparent)]
    Sign(#[from] SignError),
}

impl Authority {
    /// Puts a CA certificate and its key together.
    ///
    /// # Errors
    /// When the certificate cannot be read or the key is another's.
    pub fn open(certificate: Vec<u8>, signer: Arc<dyn Signer>) -> Result<Self, AuthorityError> {
        let parsed = Certificate::from_der(&certificate)
            .map_err(|_| AuthorityError::NotACertificate)?
            .tbs_certificate;
        let key =
            parsed.subject_public_key_info.to_der().map_err(|_| AuthorityError::NotACertificate)?;
        if key != signer.public_key() {
            return Err(AuthorityError::KeyMismatch);
        }
        let at = |time| encoding::timestamp(time).ok_or(AuthorityError::NotACertificate);
        // One that was made elsewhere may name its key in another way than we do.
        let named = parsed.extensions.iter().flatten().find_map(|extension| {
            (extension.extn_id == rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER)
                .then(|| SubjectKeyIdentifier::from_der(extension.extn_value.as_bytes()).ok())?
        });
        let key_identifier = match named {
            Some(SubjectKeyIdentifier(octets)) => octets,
            None => key_identifier(&key).map_err(|_| AuthorityError::NotACertificate)?,
        };
        Ok(Self {
            key_identifier,
            validity: Validity {
                not_before: at(parsed.validity.not_before)?,
                not_after: at(parsed.validity.not_after)?,
            },
            subject: parsed.subject,
            certificate: Arc::new(certificate),
            signer,
        })
    }

    /// Makes a self-signed root.
    ///
    /// # Errors
    /// When name, key or time do not allow it.
    pub fn root(
        subject: &SubjectName,
        signer: Arc<dyn Signer>,
        validity: Validity,
        entropy: &dyn Entropy,
    ) -> Result<Self, AuthorityError> {
        let profile = Profile::root();
        let key = ProvenKey::own(signer.public_key())?;
        let serial = Serial::random(entropy);
        let certificate = profile
            .prepare_self_signed(&*signer, serial, subject, &key, validity)?
            .lint(&profile)?
            .sign(&*signer)?;
        Self::open(certificate.der, signer)
    }

    /// Makes a certificate under this authority for a key of our own (issuing CA, TLS server).
    ///
    /// # Errors
    /// When name, key or time do not allow it.
    pub fn certify(
        &self,
        profile: &Profile,
        subject: &SubjectName,
        public_key: &[u8],
        validity: Validity,
        entropy: &dyn Entropy,
    ) -> Result<SignedCertificate, AuthorityError> {
        let key = ProvenKey::own(public_key)?;
        let prepared = profile.prepare(self, Serial::random(entropy), subject, &key, validity)?;
        Ok(prepared.lint(profile)?.sign(&*self.signer)?)
    }

    /// Makes another certificate under this authority for a CA that has one already, with the
    /// same name and key: a root that is certified by an older root, or an issuing CA that is
    /// certified anew. Nothing else is taken from the certificate.
    ///
    /// # Errors
    /// When key or time do not allow it.
    pub fn cross_certify(
        &self,
        other: &CaCertificate,
        addresses: Option<Addresses>,
        validity: Validity,
        entropy: &dyn Entropy,
    ) -> Result<SignedCertificate, AuthorityError> {
        let kind = match other.path_length() {
            Some(0) => ProfileKind::Issuing,
            _ => ProfileKind::Cross,
        };
        let (serial, name) = (Serial::random(entropy), other.name().clone());
        let profile = Profile::again(kind, name.clone(), addresses);
        let prepared = profile.prepare_named(self, serial, name, other.key(), validity)?;
        Ok(prepared.lint(&profile)?.sign(&*self.signer)?)
    }

    /// Its country and organisation with another common name, for its successor.
    ///
    /// # Errors
    /// When the name cannot stand in a certificate.
    pub fn renamed(&self, common_name: &str) -> Result<SubjectName, NameError> {
        let attributes = || self.subject.0.iter().flat_map(|rdn| rdn.0.iter());
        let text = |oid| {
            let found = attributes().find(|attribute| attribute.oid == oid)?;
            String::from_utf8(found.value.value().to_vec()).ok()
        };
        let mut name = SubjectName::new(common_name)?;
        if let Some(organisation) = text(rfc4519::O) {
            name = name.organisation(&organisation)?;
        }
        if let Some(country) = text(rfc4519::C) {
            name = name.country(&country)?;
        }
        Ok(name)
    }

    /// DER of its certificate.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// When it is valid.
    pub fn validity(&self) -> Validity {
        self.validity
    }

    /// Its key.
    pub fn signer(&self) -> &dyn Signer {
        &*self.signer
    }

    /// How its certificate names its key, and so must what it signs (RFC 5280 §4.2.1.1).
    pub(crate) fn key_name(&self) -> &OctetString {
        &self.key_identifier
    }

    pub(crate) fn subject(&self) -> der::Result<Name> {
        Ok(self.subject.clone())
    }
}

/// The serial number of a certificate, DER; `None` for what is none.
pub fn serial_of(certificate: &[u8]) -> Option<Serial> {
    let tbs = Certificate::from_der(certificate).ok()?.tbs_certificate;
    Serial::from_integer(tbs.serial_number.as_bytes()).ok()
}

/// SHA-256 of what was signed in a certificate, DER; `None` for what is none.
pub fn tbs_hash_of(certificate: &[u8]) -> Option<[u8; 32]> {
    let tbs = Certificate::from_der(certificate).ok()?.tbs_certificate.to_der().ok()?;
    Some(Sha256::digest(&tbs).into())
}

/// Kind and size of a public key, DER of its subject public key info; `None` for a kind that
/// is not used here.
pub fn key_kind(spki: &[u8]) -> Option<KeyKind> {
    KeyKind::of(&spki::SubjectPublicKeyInfoRef::from_der(spki).ok()?)
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Authority({})", self.subject)
    }
}
