//! What the present key signs: a request for the new one, or that it is not needed any more.

use cms::cert::{CertificateChoices, IssuerAndSerialNumber};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{
    CertificateSet, EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo, SignerInfos,
};
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5911;
use const_oid::db::rfc5912::ID_SHA_256;
use der::asn1::{OctetString, SetOfVec};
use der::{Any, Encode, EncodeValue, Tagged};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use tegata_domain::{Email, ServiceKey, email_statement, retirement_statement};
use x509_cert::attr::Attribute;
use x509_cert::spki::AlgorithmIdentifierOwned;

use crate::cert::Cert;
use crate::key::SeatKey;

/// CMS SignedData (RFC 5652) around `request`, a PKCS#10 request, signed with `key`, the key of
/// `current`. `None` when the key does not answer or the parts have no encoding.
///
/// The signature is over the signed attributes, so that it can never be taken for one over a
/// message of another kind.
pub(crate) fn renewal(current: &Cert, key: &dyn SeatKey, request: &[u8]) -> Option<Vec<u8>> {
    signed(current, key, request)
}

/// The same around the statement that `current`, a certificate of `service`, is to be retired.
pub(crate) fn retirement(
    current: &Cert,
    key: &dyn SeatKey,
    service: &ServiceKey,
) -> Option<Vec<u8>> {
    signed(current, key, retirement_statement(service, current.serial()?).as_bytes())
}

/// The same around the statement, made at `at`, that `email` is to be the address of the seat of
/// `current`.
pub(crate) fn email(
    current: &Cert,
    key: &dyn SeatKey,
    service: &ServiceKey,
    (email, at): (&Email, Timestamp),
) -> Option<Vec<u8>> {
    signed(current, key, email_statement(service, current.serial()?, email, at).as_bytes())
}

fn signed(current: &Cert, key: &dyn SeatKey, octets: &[u8]) -> Option<Vec<u8>> {
    let content = EncapsulatedContentInfo {
        econtent_type: rfc5911::ID_DATA,
        econtent: Some(Any::encode_from(&OctetString::new(octets).ok()?).ok()?),
    };
    let attributes = SetOfVec::try_from(vec![
        attribute(rfc5911::ID_CONTENT_TYPE, &rfc5911::ID_DATA)?,
        attribute(rfc5911::ID_MESSAGE_DIGEST, &OctetString::new(&*Sha256::digest(octets)).ok()?)?,
    ])
    .ok()?;
    let signature = key.sign(&attributes.to_der().ok()?)?;
    let sha256 = AlgorithmIdentifierOwned { oid: ID_SHA_256, parameters: None };
    let tbs = &current.parsed().tbs_certificate;
    let signer = SignerInfo {
        version: CmsVersion::V1,
        sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
            issuer: tbs.issuer.clone(),
            serial_number: tbs.serial_number.clone(),
        }),
        digest_alg: sha256.clone(),
        signed_attrs: Some(attributes),
        signature_algorithm: key.algorithm().identifier(),
        signature: OctetString::new(signature).ok()?,
        unsigned_attrs: None,
    };
    let certificate = CertificateChoices::Certificate(current.parsed().clone());
    let data = SignedData {
        version: CmsVersion::V1,
        digest_algorithms: SetOfVec::try_from(vec![sha256]).ok()?,
        encap_content_info: content,
        certificates: Some(CertificateSet(SetOfVec::try_from(vec![certificate]).ok()?)),
        crls: None,
        signer_infos: SignerInfos(SetOfVec::try_from(vec![signer]).ok()?),
    };
    let content = Any::encode_from(&data).ok()?;
    ContentInfo { content_type: rfc5911::ID_SIGNED_DATA, content }.to_der().ok()
}

fn attribute(oid: ObjectIdentifier, value: &(impl Tagged + EncodeValue)) -> Option<Attribute> {
    let values = SetOfVec::try_from(vec![Any::encode_from(value).ok()?]).ok()?;
    Some(Attribute { oid, values })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{self, FileKey};
    use crate::testing::{Authority, Counter, openssl};

    #[test]
    fn openssl_verifies_it_and_finds_the_request_inside() {
        let (old, new) = (FileKey::random(&Counter::new(1)), FileKey::random(&Counter::new(2)));
        let authority = Authority::new();
        let leaf = authority.leaf("CMSM950-006-401", &old.spki(), 7);
        let request = key::request(&"CMSM950-006-401".parse().unwrap(), &new).unwrap();
        let cms = renewal(&Cert::from_der(leaf.as_slice()).unwrap(), &old, &request).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        std::fs::write(path("renewal.der"), cms).unwrap();
        openssl(&[
            "cms",
            "-verify",
            "-noverify",
            "-inform",
            "DER",
            "-in",
            &path("renewal.der"),
            "-out",
            &path("request.der"),
            "-binary",
        ]);
        assert_eq!(std::fs::read(path("request.der")).unwrap(), request);
    }
}
