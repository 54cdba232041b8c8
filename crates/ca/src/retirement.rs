//! A request to retire a certificate: a fixed statement inside a CMS SignedData (RFC 5652) that the
//! certificate's own key signed.
//!
//! The statement is a text that names its purpose, the service and the certificate. A renewal's
//! content is DER: neither signature can be taken for the other.

use tegata_domain::Serial;

use crate::RenewalError;
use crate::renewal::MAX_RENEWAL;
use crate::sealed::Sealed;

/// A request that has been read but not believed.
#[derive(Clone, Debug)]
pub struct RetirementRequest(Sealed);

impl RetirementRequest {
    /// Reads a request within limits.
    ///
    /// # Errors
    /// [`RenewalError::Malformed`] or [`RenewalError::Algorithm`].
    pub fn parse(der: &[u8]) -> Result<Self, RenewalError> {
        Ok(Self(Sealed::parse(der, MAX_RENEWAL)?))
    }

    /// Serial number of the certificate that it says it retires.
    pub fn serial(&self) -> Serial {
        self.0.serial
    }

    /// Believes the request when the key of `current`, the certificate on record with this
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
