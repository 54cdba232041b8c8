use const_oid::db::rfc5280;
use der::Encode;
use der::asn1::{OctetString, Uint};
use jiff::Timestamp;
use tegata_domain::{Reason, Serial};
use x509_cert::Version;
use x509_cert::crl::{RevokedCert, TbsCertList};
use x509_cert::ext::Extension;

use crate::profile::{authority_key_identifier, push};
use crate::{Authority, SignError, encoding};

/// One revoked or held certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrlEntry {
    /// Whose.
    pub serial: Serial,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: Reason,
}

/// A CRL to be made.
#[derive(Clone, Copy, Debug)]
pub struct CrlRequest<'a> {
    /// CRL number (RFC 5280 §5.2.3): only ever grows.
    pub number: u64,
    /// Moment of publication.
    pub this_update: Timestamp,
    /// Moment by which the next one is out.
    pub next_update: Timestamp,
    /// What is on it.
    pub entries: &'a [CrlEntry],
}

/// Why a CRL could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CrlError {
    /// A value has no DER form.
    #[error("the CRL cannot be encoded: {0}")]
    Encoding(#[from] der::Error),
    /// The key cannot be used.
    #[error(transparent)]
    Sign(#[from] SignError),
}

impl Authority {
    /// Makes a full CRL, DER.
    ///
    /// # Errors
    /// When a time is out of range or the key cannot be used.
    pub fn crl(&self, request: &CrlRequest<'_>) -> Result<Vec<u8>, CrlError> {
        let mut extensions = Vec::with_capacity(2);
        push(
            &mut extensions,
            rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER,
            false,
            &authority_key_identifier(self.signer().public_key())?,
        )?;
        push(
            &mut extensions,
            rfc5280::ID_CE_CRL_NUMBER,
            false,
            &Uint::new(&request.number.to_be_bytes())?,
        )?;
        let entries = request.entries.iter().map(revoked).collect::<der::Result<Vec<_>>>()?;
        let tbs = TbsCertList {
            version: Version::V2,
            signature: self.signer().algorithm().identifier(),
            issuer: self.subject()?,
            this_update: encoding::time(request.this_update)?,
            next_update: Some(encoding::time(request.next_update)?),
            // An empty list is left out (RFC 5280 §5.1.2.6).
            revoked_certificates: (!entries.is_empty()).then_some(entries),
            crl_extensions: Some(extensions),
        }
        .to_der()?;
        let signature = self.signer().sign(&tbs)?;
        Ok(encoding::signed(&tbs, &self.signer().algorithm().identifier(), &signature)?)
    }
}

fn revoked(entry: &CrlEntry) -> der::Result<RevokedCert> {
    let crl_entry_extensions = encoding::crl_reason(entry.reason)
        .map(|reason| {
            der::Result::Ok(vec![Extension {
                extn_id: rfc5280::ID_CE_CRL_REASONS,
                critical: false,
                extn_value: OctetString::new(reason.to_der()?)?,
            }])
        })
        .transpose()?;
    Ok(RevokedCert {
        serial_number: encoding::serial_number(entry.serial)?,
        revocation_date: encoding::time(entry.at)?,
        crl_entry_extensions,
    })
}
