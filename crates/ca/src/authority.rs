use std::sync::Arc;

use der::{Decode, Encode};
use tegata_domain::{Entropy, Serial, Validity};
use x509_cert::Certificate;
use x509_cert::name::Name;

use crate::{
    LintError, PrepareError, Profile, ProvenKey, RequestError, SignError, SignedCertificate,
    Signer, SubjectName, encoding,
};

/// A CA certificate together with its key.
#[derive(Clone)]
pub struct Authority {
    certificate: Arc<Vec<u8>>,
    subject: Name,
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
        Ok(Self {
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

    pub(crate) fn subject(&self) -> der::Result<Name> {
        Ok(self.subject.clone())
    }
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Authority({})", self.subject)
    }
}
