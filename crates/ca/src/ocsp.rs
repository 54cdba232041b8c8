//! OCSP (RFC 6960), answered by a responder that the CA delegated (§4.2.2.2).

use std::sync::Arc;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5912;
use const_oid::db::rfc6960::ID_PKIX_OCSP_NONCE;
use der::asn1::{GeneralizedTime, Null};
use der::{DateTime, Decode, Encode};
use jiff::Timestamp;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use spki::SubjectPublicKeyInfoRef;
use tegata_domain::{Reason, Serial, Validity};
use x509_cert::Certificate;
use x509_ocsp::{
    BasicOcspResponse, CertId, CertStatus, OcspGeneralizedTime, OcspRequest, OcspResponse, Request,
    ResponderId, ResponseData, RevokedInfo, SingleResponse, TbsRequest, Version,
};

use crate::profile::key_identifier;
use crate::{Authority, AuthorityError, SignError, Signer, encoding};

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
    /// One certificate, and nothing in the request that could be varied at will.
    plain: bool,
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
        let request = OcspRequest::from_der(der).map_err(|_| OcspError::Malformed)?;
        let signed = request.optional_signature.is_some();
        let tbs = request.tbs_request;
        if !(1..=MAX_QUESTIONS).contains(&tbs.request_list.len()) {
            return Err(OcspError::Malformed);
        }
        let single = |id: &x509_ocsp::Request| {
            let parameters = id.req_cert.hash_algorithm.parameters.as_ref();
            id.single_request_extensions.is_none() && parameters.is_none_or(|p| p.is_null())
        };
        let plain = !signed
            && tbs.requestor_name.is_none()
            && tbs.request_extensions.is_none()
            && matches!(tbs.request_list.as_slice(), [one] if single(one));
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
            plain,
        })
    }
}

/// Who answers for a CA: a key of its own under a certificate that the CA signed for nothing
/// else.
pub struct Responder {
    issuer: IssuerHashes,
    certificate: Certificate,
    validity: Validity,
    id: ResponderId,
    signer: Arc<dyn Signer>,
}

/// How certificate identifiers of a CA look (RFC 6960 §4.1.1).
struct IssuerHashes {
    sha1: [Vec<u8>; 2],
    sha256: [Vec<u8>; 2],
}

/// An answer that has been signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OcspAnswer {
    /// The answer.
    pub der: Vec<u8>,
    /// From when it is good.
    pub this_update: Timestamp,
    /// Until when it is good.
    pub next_update: Timestamp,
    /// The one certificate it is about, when it may be given to everyone who asks for it in
    /// the same octets.
    pub shareable: Option<Serial>,
}

impl Authority {
    /// Puts a responder together: `certificate` is what this CA issued to the key of `signer`.
    ///
    /// # Errors
    /// When the certificate cannot be read or the key is another's.
    pub fn responder(
        &self,
        certificate: &[u8],
        signer: Arc<dyn Signer>,
    ) -> Result<Responder, AuthorityError> {
        let unreadable = |_| AuthorityError::NotACertificate;
        let certificate = Certificate::from_der(certificate).map_err(unreadable)?;
        let tbs = &certificate.tbs_certificate;
        if tbs.subject_public_key_info.to_der().map_err(unreadable)? != signer.public_key() {
            return Err(AuthorityError::KeyMismatch);
        }
        let at = |time| encoding::timestamp(time).ok_or(AuthorityError::NotACertificate);
        let validity = Validity {
            not_before: at(tbs.validity.not_before)?,
            not_after: at(tbs.validity.not_after)?,
        };
        let id = ResponderId::ByKey(key_identifier(signer.public_key()).map_err(unreadable)?);
        Ok(Responder {
            issuer: IssuerHashes::of(self).map_err(unreadable)?,
            certificate,
            validity,
            id,
            signer,
        })
    }
}

impl Responder {
    /// When its certificate is valid.
    pub fn validity(&self) -> Validity {
        self.validity
    }

    /// Answers a question with the statuses that `status` knows, good from `now` to
    /// `next_update`, within the life of the responder's certificate. Certificates of other
    /// issuers are unknown.
    ///
    /// # Errors
    /// When a time is out of range or the key cannot be used.
    pub fn answer(
        &self,
        question: OcspQuestion,
        now: Timestamp,
        next_update: Timestamp,
        mut status: impl FnMut(Serial) -> OcspStatus,
    ) -> Result<OcspAnswer, OcspError> {
        let next_update = next_update.min(self.validity.not_after);
        let (this, next) = (generalized(now)?, generalized(next_update)?);
        let mut shareable = None;
        let plain = question.plain;
        let responses = question
            .certificates
            .into_iter()
            .map(|cert_id| {
                let known = Serial::from_integer(cert_id.serial_number.as_bytes());
                let found = match known {
                    Ok(serial) if self.issuer.made(&cert_id) => {
                        let found = status(serial);
                        shareable = (plain && found != OcspStatus::Unknown).then_some(serial);
                        found
                    }
                    _ => OcspStatus::Unknown,
                };
                Ok(SingleResponse {
                    cert_id,
                    cert_status: cert_status(found)?,
                    this_update: this,
                    next_update: Some(next),
                    single_extensions: None,
                })
            })
            .collect::<der::Result<_>>()?;
        let data = ResponseData {
            version: Version::V1,
            responder_id: self.id.clone(),
            produced_at: this,
            responses,
            response_extensions: question.nonce.map(|nonce| vec![nonce]),
        };
        let signature = self.signer.sign(&data.to_der()?)?;
        let basic = BasicOcspResponse {
            tbs_response_data: data,
            signature_algorithm: self.signer.algorithm().identifier(),
            signature: der::asn1::BitString::from_bytes(&signature)?,
            certs: Some(vec![self.certificate.clone()]),
        };
        let der = OcspResponse::successful(basic)?.to_der()?;
        Ok(OcspAnswer { der, this_update: now, next_update, shareable })
    }
}

impl IssuerHashes {
    fn of(authority: &Authority) -> der::Result<Self> {
        let name = authority.subject()?.to_der()?;
        let spki = SubjectPublicKeyInfoRef::from_der(authority.signer().public_key())?;
        let key = spki.subject_public_key.raw_bytes();
        Ok(Self {
            sha1: [Sha1::digest(&name).to_vec(), Sha1::digest(key).to_vec()],
            sha256: [Sha256::digest(&name).to_vec(), Sha256::digest(key).to_vec()],
        })
    }

    /// Whether the hashes of name and key in a certificate identifier are this CA's.
    fn made(&self, id: &CertId) -> bool {
        let [name, key] = match id.hash_algorithm.oid {
            SHA_1 => &self.sha1,
            rfc5912::ID_SHA_256 => &self.sha256,
            _ => return false,
        };
        name == id.issuer_name_hash.as_bytes() && key == id.issuer_key_hash.as_bytes()
    }
}

impl std::fmt::Debug for Responder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Responder({})", self.certificate.tbs_certificate.subject)
    }
}

/// Still the hash of RFC 5019; an identifier, not a protection.
const SHA_1: ObjectIdentifier = rfc5912::ID_SHA_1;

/// The question about one certificate of the CA with the certificate `issuer`, both DER, as
/// RFC 5019 §2.1 wants it: SHA-1 hashes, no nonce, unsigned.
///
/// # Errors
/// When `issuer` is no certificate.
pub fn ocsp_question(issuer: &[u8], serial: Serial) -> der::Result<Vec<u8>> {
    let issuer = Certificate::from_der(issuer)?.tbs_certificate;
    let key = issuer.subject_public_key_info.subject_public_key.raw_bytes();
    let hash = |octets: &[u8]| der::asn1::OctetString::new(Sha1::digest(octets).to_vec());
    let req_cert = CertId {
        hash_algorithm: spki::AlgorithmIdentifierOwned { oid: SHA_1, parameters: None },
        issuer_name_hash: hash(&issuer.subject.to_der()?)?,
        issuer_key_hash: hash(key)?,
        serial_number: encoding::serial_number(serial)?,
    };
    let tbs_request = TbsRequest {
        version: Version::V1,
        requestor_name: None,
        request_list: vec![Request { req_cert, single_request_extensions: None }],
        request_extensions: None,
    };
    OcspRequest { tbs_request, optional_signature: None }.to_der()
}

/// The answer to a request that is not one.
pub fn ocsp_malformed() -> Vec<u8> {
    OcspResponse::malformed_request().to_der().unwrap_or_default()
}

/// The answer while no responder can sign: ask again later (RFC 6960 §2.3).
pub fn ocsp_try_later() -> Vec<u8> {
    OcspResponse::try_later().to_der().unwrap_or_default()
}

/// The answer for a CA about which this server does not answer (RFC 6960 §2.3).
pub fn ocsp_unauthorized() -> Vec<u8> {
    OcspResponse::unauthorized().to_der().unwrap_or_default()
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
