//! What the holder of a certificate says: a fixed statement inside a CMS SignedData (RFC 5652) that
//! the certificate's own key signed.
//!
//! The statement is a text that names its purpose, the service and the certificate. A renewal's
//! content is DER: no signature can be taken for another.

use tegata_domain::Serial;

use crate::RenewalError;
use crate::renewal::MAX_RENEWAL;
use crate::sealed::Sealed;

/// A statement that has been read but not believed.
#[derive(Clone, Debug)]
pub struct SignedStatement(Sealed);

impl SignedStatement {
    /// Reads one within limits.
    ///
    /// # Errors
    /// [`RenewalError::Malformed`] or [`RenewalError::Algorithm`].
    pub fn parse(der: &[u8]) -> Result<Self, RenewalError> {
        Ok(Self(Sealed::parse(der, MAX_RENEWAL)?))
    }

    /// Serial number of the certificate that it says it is about.
    pub fn serial(&self) -> Serial {
        self.0.serial
    }

    /// Believes it when the key of `current`, the certificate on record with this
    /// serial number, DER, signed exactly this statement.
    ///
    /// # Errors
    /// [`RenewalError::Signature`].
    pub fn verify(&self, current: &[u8], statement: &str) -> Result<(), RenewalError> {
        let genuine = self.0.content == statement.as_bytes();
        match self.0.holder_key(current).filter(|_| genuine) {
            Some(_) => Ok(()),
            None => Err(RenewalError::Signature),
        }
    }
}
