use der::Encode;
use der::asn1::{BitString, SetOfVec};
use spki::SubjectPublicKeyInfoOwned;
use x509_cert::request::{CertReq, CertReqInfo, Version};

use crate::{PrepareError, SignError, Signer, SubjectName};

/// Why a request could not be made.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The name or the key has no DER form.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// The key cannot be used.
    #[error(transparent)]
    Sign(#[from] SignError),
}

impl From<der::Error> for AskError {
    fn from(error: der::Error) -> Self {
        Self::Prepare(error.into())
    }
}

/// A PKCS#10 request (RFC 2986) for a certificate on the signer's key, DER. It asks for nothing
/// but a name: the rest is for the one who signs to say.
///
/// # Errors
/// When the key cannot be used.
pub fn certification_request(
    signer: &dyn Signer,
    subject: &SubjectName,
) -> Result<Vec<u8>, AskError> {
    let info = CertReqInfo {
        version: Version::V1,
        subject: subject.to_name()?,
        public_key: SubjectPublicKeyInfoOwned::try_from(signer.public_key())
            .map_err(|_| der::Error::from(der::ErrorKind::Failed))?,
        attributes: SetOfVec::new(),
    };
    let signature = signer.sign(&info.to_der()?)?;
    let request = CertReq {
        info,
        algorithm: signer.algorithm().identifier(),
        signature: BitString::from_bytes(&signature)?,
    };
    Ok(request.to_der()?)
}
