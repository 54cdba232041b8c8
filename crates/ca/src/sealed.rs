//! What a subscriber's present key signed: CMS SignedData (RFC 5652) with one signer and signed
//! attributes. It survives a proxy that breaks TLS open.

use cms::cert::IssuerAndSerialNumber;
use cms::content_info::ContentInfo;
use cms::signed_data::{SignedData, SignerIdentifier, SignerInfo};
use const_oid::ObjectIdentifier;
use const_oid::db::{rfc5911, rfc5912};
use der::asn1::{OctetString, SetOfVec};
use der::{Decode, Encode};
use sha2::{Digest, Sha256, Sha384};
use spki::SubjectPublicKeyInfoRef;
use tegata_domain::Serial;
use x509_cert::Certificate;
use x509_cert::name::Name;

use crate::SignatureAlgorithm;

/// A content that says it is signed by the holder of a certificate, read but not believed.
#[derive(Clone, Debug)]
pub(crate) struct Sealed {
    issuer: Name,
    pub(crate) serial: Serial,
    pub(crate) content: Vec<u8>,
    signed: Vec<u8>,
    algorithm: SignatureAlgorithm,
    signature: Vec<u8>,
}

/// Why it cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SealError {
    Malformed,
    Algorithm,
}

impl Sealed {
    /// Reads at most `limit` octets. Certificates inside are not looked at: who signed is on
    /// record.
    pub(crate) fn parse(der: &[u8], limit: usize) -> Result<Self, SealError> {
        let malformed = |_| SealError::Malformed;
        if der.len() > limit {
            return Err(SealError::Malformed);
        }
        let outer = ContentInfo::from_der(der).map_err(malformed)?;
        if outer.content_type != rfc5911::ID_SIGNED_DATA {
            return Err(SealError::Malformed);
        }
        let data: SignedData = outer.content.decode_as().map_err(malformed)?;
        let content = data.encap_content_info;
        let octets = content
            .econtent
            .filter(|_| content.econtent_type == rfc5911::ID_DATA)
            .and_then(|content| content.decode_as::<OctetString>().ok())
            .ok_or(SealError::Malformed)?;
        let [signer] = data.signer_infos.0.as_slice() else {
            return Err(SealError::Malformed);
        };
        let SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
            issuer,
            serial_number,
        }) = &signer.sid
        else {
            return Err(SealError::Malformed);
        };
        Ok(Self {
            issuer: issuer.clone(),
            serial: Serial::from_integer(serial_number.as_bytes())
                .map_err(|_| SealError::Malformed)?,
            signed: signed_attributes(signer, octets.as_bytes())?,
            algorithm: algorithm(signer)?,
            signature: signer.signature.as_bytes().to_vec(),
            content: octets.into_bytes(),
        })
    }

    /// Believes it when the key of `current`, the certificate on record with this serial number,
    /// DER, signed it; answers that key's subject public key info.
    pub(crate) fn holder_key(&self, current: &[u8]) -> Option<Vec<u8>> {
        let tbs = Certificate::from_der(current).ok()?.tbs_certificate;
        let spki = tbs.subject_public_key_info.to_der().ok()?;
        let key = SubjectPublicKeyInfoRef::from_der(&spki).ok()?;
        let named = tbs.issuer == self.issuer
            && Serial::from_integer(tbs.serial_number.as_bytes()) == Ok(self.serial);
        let genuine = named && self.algorithm.verifies(&key, &self.signed, &self.signature);
        genuine.then_some(spki)
    }
}

/// What the signature is over: the attributes as a SET OF (RFC 5652 §5.4), after looking that
/// they are about this content.
fn signed_attributes(signer: &SignerInfo, content: &[u8]) -> Result<Vec<u8>, SealError> {
    let attributes = signer.signed_attrs.as_ref().ok_or(SealError::Malformed)?;
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
        _ => return Err(SealError::Algorithm),
    };
    let said =
        value(rfc5911::ID_MESSAGE_DIGEST).and_then(|value| value.decode_as::<OctetString>().ok());
    if kind != Some(rfc5911::ID_DATA) || said.is_none_or(|said| said.as_bytes() != digest) {
        return Err(SealError::Malformed);
    }
    attributes.to_der().map_err(|_| SealError::Malformed)
}

/// Many write the key's algorithm here and leave the digest to its own field (RFC 3370 §3.2).
fn algorithm(signer: &SignerInfo) -> Result<SignatureAlgorithm, SealError> {
    let digest = signer.digest_alg.oid;
    let found = match (signer.signature_algorithm.oid, digest) {
        (rfc5912::RSA_ENCRYPTION, rfc5912::ID_SHA_256) => Some(SignatureAlgorithm::RsaSha256),
        (rfc5912::RSA_ENCRYPTION, rfc5912::ID_SHA_384) => Some(SignatureAlgorithm::RsaSha384),
        _ => SignatureAlgorithm::from_identifier(&signer.signature_algorithm),
    };
    found.ok_or(SealError::Algorithm)
}
