//! A renewal request: a PKCS#10 request for the new key inside a CMS SignedData (RFC 5652) that
//! the present key signed. It proves both keys, and survives a proxy that breaks TLS open.

use cms::cert::IssuerAndSerialNumber;
use cms::content_info::ContentInfo;
use cms::signed_data::{SignedData, SignerIdentifier, SignerInfo};
use const_oid::ObjectIdentifier;
use const_oid::db::{rfc5911, rfc5912};
use der::asn1::{OctetString, SetOfVec};
use der::{Decode, Encode};
use sha2::{Digest, Sha256, Sha384};
use spki::SubjectPublicKeyInfoRef;
use tegata_domain::{KeyHash, Serial};
use x509_cert::Certificate;
use x509_cert::name::Name;

use crate::{ProvenKey, RequestError, SignatureAlgorithm};

/// Most octets of a renewal request: a PKCS#10 request, a chain, a signature.
pub const MAX_RENEWAL: usize = 20 * 1024;

/// A renewal request that has been read but not believed.
#[derive(Clone, Debug)]
pub struct RenewalRequest {
    issuer: Name,
    serial: Serial,
    request: Vec<u8>,
    signed: Vec<u8>,
    algorithm: SignatureAlgorithm,
    signature: Vec<u8>,
}

/// Why a renewal request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenewalError {
    /// Not what a renewal request must be.
    #[error(
        "not a renewal request: DER of a CMS SignedData (RFC 5652) with one signer, signed \
         attributes, and a PKCS#10 request inside"
    )]
    Malformed,
    /// Signed with an algorithm that is not accepted.
    #[error("the renewal request must be signed with SHA-256 or SHA-384")]
    Algorithm,
    /// Not signed by the key of the certificate that it names.
    #[error("the renewal request is not signed with the key of the present certificate")]
    Signature,
    /// The new key is the old one.
    #[error("a renewal needs a new key")]
    SameKey,
    /// The request for the new key.
    #[error(transparent)]
    Request(#[from] RequestError),
}

impl RenewalRequest {
    /// Reads a renewal request within limits. Certificates inside are not looked at: who signed
    /// is on record.
    ///
    /// # Errors
    /// [`RenewalError::Malformed`] or [`RenewalError::Algorithm`].
    pub fn parse(der: &[u8]) -> Result<Self, RenewalError> {
        let malformed = |_| RenewalError::Malformed;
        if der.len() > MAX_RENEWAL {
            return Err(RenewalError::Malformed);
        }
        let outer = ContentInfo::from_der(der).map_err(malformed)?;
        if outer.content_type != rfc5911::ID_SIGNED_DATA {
            return Err(RenewalError::Malformed);
        }
        let data: SignedData = outer.content.decode_as().map_err(malformed)?;
        let content = data.encap_content_info;
        let request = content
            .econtent
            .filter(|_| content.econtent_type == rfc5911::ID_DATA)
            .and_then(|content| content.decode_as::<OctetString>().ok())
            .ok_or(RenewalError::Malformed)?;
        let [signer] = data.signer_infos.0.as_slice() else {
            return Err(RenewalError::Malformed);
        };
        let SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
            issuer,
            serial_number,
        }) = &signer.sid
        else {
            return Err(RenewalError::Malformed);
        };
        Ok(Self {
            issuer: issuer.clone(),
            serial: Serial::from_integer(serial_number.as_bytes())
                .map_err(|_| RenewalError::Malformed)?,
            signed: signed_attributes(signer, request.as_bytes())?,
            algorithm: algorithm(signer)?,
            signature: signer.signature.as_bytes().to_vec(),
            request: request.into_bytes(),
        })
    }

    /// Serial number of the certificate that it says it renews.
    pub fn serial(&self) -> Serial {
        self.serial
    }

    /// Believes the request when the key of `current`, the certificate on record with this
    /// serial number, DER, signed it; answers the new key.
    ///
    /// # Errors
    /// Why it is not believed, or what is wrong with the new key.
    pub fn verify(&self, current: &[u8]) -> Result<ProvenKey, RenewalError> {
        let current = Certificate::from_der(current).map_err(|_| RenewalError::Signature)?;
        let tbs = current.tbs_certificate;
        let spki = tbs.subject_public_key_info.to_der().map_err(|_| RenewalError::Signature)?;
        let key = SubjectPublicKeyInfoRef::from_der(&spki).map_err(|_| RenewalError::Signature)?;
        let named = tbs.issuer == self.issuer
            && Serial::from_integer(tbs.serial_number.as_bytes()) == Ok(self.serial);
        if !named || !self.algorithm.verifies(&key, &self.signed, &self.signature) {
            return Err(RenewalError::Signature);
        }
        let new = ProvenKey::from_request(&self.request)?;
        let old = KeyHash(Sha256::digest(&spki).into());
        if new.hash() == old { Err(RenewalError::SameKey) } else { Ok(new) }
    }
}

/// What the signature is over: the attributes as a SET OF (RFC 5652 §5.4), after looking that
/// they are about this content.
fn signed_attributes(signer: &SignerInfo, content: &[u8]) -> Result<Vec<u8>, RenewalError> {
    let attributes = signer.signed_attrs.as_ref().ok_or(RenewalError::Malformed)?;
    let value = |oid: ObjectIdentifier| {
        let mut found = attributes.iter().filter(|attribute| attribute.oid == oid);
        let attribute = found.next().filter(|_| found.next().is_none())?;
        let values: &SetOfVec<_> = &attribute.values;
        values.get(0).filter(|_| values.len() == 1)
    };
    let kind = value(rfc5911::ID_CONTENT_TYPE)
        .and_then(|value| value.decode_as::<ObjectIdentifier>().ok());
    let digest = match signer.digest_alg.oid {
        rfc5912::ID_SHA_256 => Sha256::digest(content).to_vec(),
        rfc5912::ID_SHA_384 => Sha384::digest(content).to_vec(),
        _ => return Err(RenewalError::Algorithm),
    };
    let said =
        value(rfc5911::ID_MESSAGE_DIGEST).and_then(|value| value.decode_as::<OctetString>().ok());
    if kind != Some(rfc5911::ID_DATA) || said.is_none_or(|said| said.as_bytes() != digest) {
        return Err(RenewalError::Malformed);
    }
    attributes.to_der().map_err(|_| RenewalError::Malformed)
}

/// Many write the key's algorithm here and leave the digest to its own field (RFC 3370 §3.2).
fn algorithm(signer: &SignerInfo) -> Result<SignatureAlgorithm, RenewalError> {
    let digest = signer.digest_alg.oid;
    let found = match (signer.signature_algorithm.oid, digest) {
        (rfc5912::RSA_ENCRYPTION, rfc5912::ID_SHA_256) => Some(SignatureAlgorithm::RsaSha256),
        (rfc5912::RSA_ENCRYPTION, rfc5912::ID_SHA_384) => Some(SignatureAlgorithm::RsaSha384),
        _ => SignatureAlgorithm::from_identifier(&signer.signature_algorithm),
    };
    found.ok_or(RenewalError::Algorithm)
}
