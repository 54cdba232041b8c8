//! The other side of [`crate::RenewalRequest`]: what a subscriber's program signs. The
//! application has its own; this one is for those who play subscribers, in simulations and under
//! load.

use cms::cert::{CertificateChoices, IssuerAndSerialNumber};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{
    CertificateSet, EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo, SignerInfos,
};
use const_oid::ObjectIdentifier;
use const_oid::db::{rfc5911, rfc5912};
use der::asn1::{OctetString, SetOfVec};
use der::{Any, Decode, Encode, EncodeValue, Tagged};
use sha2::{Digest, Sha256};
use spki::AlgorithmIdentifierOwned;
use x509_cert::Certificate;
use x509_cert::attr::Attribute;

use crate::{AskError, Signer};

/// CMS SignedData (RFC 5652) around `content`, signed with `key`, the key of `certificate`, DER.
/// The digest is SHA-256, so the key must sign with that.
///
/// # Errors
/// When the certificate cannot be read or the key cannot be used.
pub fn seal(content: &[u8], certificate: &[u8], key: &dyn Signer) -> Result<Vec<u8>, AskError> {
    let certificate = Certificate::from_der(certificate)?;
    let attributes = SetOfVec::try_from(vec![
        attribute(rfc5911::ID_CONTENT_TYPE, &rfc5911::ID_DATA)?,
        attribute(rfc5911::ID_MESSAGE_DIGEST, &OctetString::new(&*Sha256::digest(content))?)?,
    ])?;
    let signature = key.sign(&attributes.to_der()?)?;
    let sha256 = AlgorithmIdentifierOwned { oid: rfc5912::ID_SHA_256, parameters: None };
    let signer = SignerInfo {
        version: CmsVersion::V1,
        sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
            issuer: certificate.tbs_certificate.issuer.clone(),
            serial_number: certificate.tbs_certificate.serial_number.clone(),
        }),
        digest_alg: sha256.clone(),
        signed_attrs: Some(attributes),
        signature_algorithm: key.algorithm().identifier(),
        signature: OctetString::new(signature)?,
        unsigned_attrs: None,
    };
    let data = SignedData {
        version: CmsVersion::V1,
        digest_algorithms: SetOfVec::try_from(vec![sha256])?,
        encap_content_info: EncapsulatedContentInfo {
            econtent_type: rfc5911::ID_DATA,
            econtent: Some(Any::encode_from(&OctetString::new(content)?)?),
        },
        certificates: Some(CertificateSet(SetOfVec::try_from(vec![
            CertificateChoices::Certificate(certificate),
        ])?)),
        crls: None,
        signer_infos: SignerInfos(SetOfVec::try_from(vec![signer])?),
    };
    let content = Any::encode_from(&data)?;
    Ok(ContentInfo { content_type: rfc5911::ID_SIGNED_DATA, content }.to_der()?)
}

fn attribute(
    oid: ObjectIdentifier,
    value: &(impl Tagged + EncodeValue),
) -> Result<Attribute, AskError> {
    Ok(Attribute { oid, values: SetOfVec::try_from(vec![Any::encode_from(value)?])? })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::{SignedDuration, Timestamp};
    use tegata_domain::{Entropy, Validity};

    use super::*;
    use crate::{
        Authority, KeyKind, RenewalError, RenewalRequest, SoftwareKey, SubjectName,
        certification_request,
    };

    struct Fixed;

    impl Entropy for Fixed {
        fn fill(&self, octets: &mut [u8]) {
            octets.fill(7);
        }
    }

    #[test]
    fn what_is_sealed_reads_back_as_a_renewal_of_that_key() {
        let from = Timestamp::UNIX_EPOCH;
        let validity =
            Validity { not_before: from, not_after: from + SignedDuration::from_hours(9) };
        let name = SubjectName::new("CMSM950-006-401").unwrap();
        let [old, new, other] =
            [(); 3].map(|()| Arc::new(SoftwareKey::generate(KeyKind::EcP256).unwrap()));
        let holder = Authority::root(&name, old.clone(), validity, &Fixed).unwrap();
        let asked = certification_request(&*new, &name).unwrap();
        let judged = |content: &[u8], key: &SoftwareKey| {
            let sealed = seal(content, holder.certificate(), key).unwrap();
            RenewalRequest::parse(&sealed).unwrap().verify(holder.certificate())
        };
        assert_eq!(judged(&asked, &old).unwrap().spki(), new.public_key());
        assert_eq!(judged(&asked, &other), Err(RenewalError::Signature));
        let same = certification_request(&*old, &name).unwrap();
        assert_eq!(judged(&same, &old), Err(RenewalError::SameKey));
    }
}
