//! OCSP (RFC 6960), answered by the issuing CA itself.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5912;
use const_oid::db::rfc6960::ID_PKIX_OCSP_NONCE;
use der::asn1::{GeneralizedTime, Null};
use der::{DateTime, Decode, Encode};
use jiff::Timestamp;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use spki::SubjectPublicKeyInfoRef;
use tegata_domain::{Reason, Serial};
use x509_ocsp::{
    BasicOcspResponse, CertId, CertStatus, OcspGeneralizedTime, OcspRequest, OcspResponse,
    ResponderId, ResponseData, RevokedInfo, SingleResponse, Version,
};

use crate::profile::key_identifier;
use crate::{Authority, SignError, encoding};

/// Most octets of a request: dozens of certificate identifiers.
pub const MAX_OCSP_REQUEST: usize = 8 * 1024;

/// Most certificates in one request; browsers ask for one.
const MAX_QUESTIONS: usize = 32;

/// What a CA knows of one serial number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OcspStatus {
    /// Issued and not revoked.
    Good,
    /// Revoked or on hold.
    Revoked {
        /// Since when.
        at: Timestamp,
        /// Why.
        reason: Reason,
    },
    /// Never issued by this CA.
    Unknown,
}

/// What a request asks.
#[derive(Debug)]
pub struct OcspQuestion {
    certificates: Vec<CertId>,
    nonce: Option<x509_cert::ext::Extension>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum OcspError {
    /// Not an OCSP request within limits.
    #[error("not an OCSP request (RFC 6960) within limits")]
    Malformed,
    /// A value has no DER form.
    #[error("the OCSP answer cannot be encoded: {0}")]
    Encoding(#[from] der::Error),
    /// The key cannot be used.
    #[error(transparent)]
    Sign(#[from] SignError),
}

impl OcspQuestion {
    /// Reads a request. A signature on it is not asked for and not looked at.
    ///
    /// # Errors
    /// [`OcspError::Malformed`].
    pub fn parse(der: &[u8]) -> Result<Self, OcspError> {
        if der.len() > MAX_OCSP_REQUEST {
            return Err(OcspError::Malformed);
        }
        let tbs = OcspRequest::from_der(der).map_err(|_| OcspError::Malformed)?.tbs_request;
        if !(1..=MAX_QUESTIONS).contains(&tbs.request_list.len()) {
            return Err(OcspError::Malformed);
        }
        let nonce = tbs
            .request_extensions
            .into_iter()
            .flatten()
            .find(|extension| extension.extn_id == ID_PKIX_OCSP_NONCE);
        // RFC 9654 §2.1: a nonce has 1 to 128 octets; the octet string adds its own head.
        if nonce
            .as_ref()
            .is_some_and(|nonce| !(3..=131).contains(&nonce.extn_value.as_bytes().len()))
        {
            return Err(OcspError::Malformed);
        }
        Ok(Self {
            certificates: tbs.request_list.into_iter().map(|one| one.req_cert).collect(),
            nonce,
        })
    }
}

impl Authority {
    /// Answers a question with the statuses that `status` knows, good from `now` to
    /// `next_update`. Certificates of other issuers are unknown.
    ///
    /// # Errors
    /// When a time is out of range or the key cannot be used.
    pub fn ocsp(
        &self,
        question: OcspQuestion,
        now: Timestamp,
        next_update: Timestamp,
        mut status: impl FnMut(Serial) -> OcspStatus,
    ) -> Result<Vec<u8>, OcspError> {
        let this_update = generalized(now)?;
        let next_update = generalized(next_update)?;
        let responses = question
            .certificates
            .into_iter()
            .map(|cert_id| {
                let known = Serial::from_integer(cert_id.serial_number.as_bytes());
                let found = match known {
                    Ok(serial) if self.is_issuer_of(&cert_id)? => status(serial),
                    _ => OcspStatus::Unknown,
                };
                Ok(SingleResponse {
                    cert_id,
                    cert_status: cert_status(found)?,
                    this_update,
                    next_update: Some(next_update),
                    single_extensions: None,
                })
            })
            .collect::<der::Result<_>>()?;
        let data = ResponseData {
            version: Version::V1,
            responder_id: ResponderId::ByKey(key_identifier(self.signer().public_key())?),
            produced_at: this_update,
            responses,
            response_extensions: question.nonce.map(|nonce| vec![nonce]),
        };
        let signature = self.signer().sign(&data.to_der()?)?;
        let basic = BasicOcspResponse {
            tbs_response_data: data,
            signature_algorithm: self.signer().algorithm().identifier(),
            signature: der::asn1::BitString::from_bytes(&signature)?,
            certs: None,
        };
        Ok(OcspResponse::successful(basic)?.to_der()?)
    }

    /// Whether the hashes of name and key in a certificate identifier are this CA's.
    fn is_issuer_of(&self, id: &CertId) -> der::Result<bool> {
        let name = self.subject()?.to_der()?;
        let spki = SubjectPublicKeyInfoRef::from_der(self.signer().public_key())?;
        let key = spki.subject_public_key.raw_bytes();
        let hash: fn(&[u8]) -> Vec<u8> = match id.hash_algorithm.oid {
            SHA_1 => |octets| Sha1::digest(octets).to_vec(),
            rfc5912::ID_SHA_256 => |octets| Sha256::digest(octets).to_vec(),
            _ => return Ok(false),
        };
        Ok(hash(&name) == id.issuer_name_hash.as_bytes()
            && hash(key) == id.issuer_key_hash.as_bytes())
    }
}

/// Still the hash of RFC 5019; an identifier, not a protection.
const SHA_1: ObjectIdentifier = rfc5912::ID_SHA_1;

/// The answer to a request that is not one.
pub fn ocsp_malformed() -> Vec<u8> {
    OcspResponse::malformed_request().to_der().unwrap_or_default()
}

fn cert_status(status: OcspStatus) -> der::Result<CertStatus> {
    Ok(match status {
        OcspStatus::Good => CertStatus::Good(Null),
        OcspStatus::Unknown => CertStatus::Unknown(Null),
        OcspStatus::Revoked { at, reason } => CertStatus::Revoked(RevokedInfo {
            revocation_time: generalized(at)?,
            revocation_reason: encoding::crl_reason(reason),
        }),
    })
}

fn generalized(at: Timestamp) -> der::Result<OcspGeneralizedTime> {
    let date: DateTime = encoding::time(at)?.to_date_time();
    Ok(OcspGeneralizedTime::from(GeneralizedTime::from_date_time(date)))
}
