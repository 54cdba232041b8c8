//! Signatures of mails (RFC 8551): a detached CMS SignedData (RFC 5652) with the signer's chain.

use std::sync::Arc;

use cms::cert::IssuerAndSerialNumber;
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{EncapsulatedContentInfo, SignerIdentifier, SignerInfo};
use const_oid::ObjectIdentifier;
use const_oid::db::{rfc5280, rfc5911, rfc5912};
use der::asn1::{Any, OctetString, SetOfVec};
use der::{Decode, Encode};
use jiff::Timestamp;
use sha2::{Digest, Sha256, Sha384};
use spki::AlgorithmIdentifierOwned;
use tegata_domain::{Serial, Validity};
use x509_cert::Certificate;
use x509_cert::attr::Attribute;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAltName};

use crate::{SignError, SignatureAlgorithm, Signer, encoding};

/// Most certificates of a chain: more than anybody has, few enough for every mail.
const LONGEST_CHAIN: usize = 8;

/// A certificate for mail, its chain and its key.
pub struct MailSigner {
    key: Arc<dyn Signer>,
    identifier: SignerIdentifier,
    serial: Serial,
    validity: Validity,
    /// Whom the certificate speaks for.
    addresses: Vec<String>,
    digest: Hash,
    /// Certificates as they came, octet for octet.
    chain: SetOfVec<Any>,
}

/// Why mail is not signed.
#[derive(Debug, thiserror::Error)]
pub enum MailSignerError {
    /// Not X.509.
    #[error("there is no certificate that can be read")]
    NotACertificate,
    /// Certificate and key do not belong together.
    #[error("the certificate for mail is that of another key")]
    KeyMismatch,
    /// The certificate is for something else.
    #[error("the certificate is not for signing mail: {0}")]
    Usage(&'static str),
    /// A certificate that did not make the one before it.
    #[error("the chain of the certificate for mail is not in order, the signer's own first")]
    Chain,
    /// No mail program reads it.
    #[error("mail is signed with ECDSA or RSA, not with {0}")]
    Algorithm(&'static str),
    /// It speaks for somebody else.
    #[error("the certificate for mail speaks for {0}, not for the sender {1}")]
    Sender(String, String),
    /// Not yet, or not any more.
    #[error("the certificate for mail is valid from {} to {}", .0.not_before, .0.not_after)]
    Validity(Validity),
    /// A value has no DER form.
    #[error("the signature cannot be encoded: {0}")]
    Encoding(#[from] der::Error),
    /// The key cannot be used now.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// A hash of SHA-2; what others there are in CMS, mail programs do not all know.
#[derive(Clone, Copy)]
enum Hash {
    Sha256,
    Sha384,
}

impl Hash {
    fn of(algorithm: SignatureAlgorithm) -> Option<Self> {
        use SignatureAlgorithm as A;
        match algorithm {
            A::EcdsaSha256 | A::RsaSha256 | A::RsaPssSha256 => Some(Self::Sha256),
            A::EcdsaSha384 | A::RsaSha384 | A::RsaPssSha384 => Some(Self::Sha384),
            // RFC 8419 wants SHA-512 beside it, and few read it.
            A::Ed25519 => None,
        }
    }

    fn digest(self, content: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(content).to_vec(),
            Self::Sha384 => Sha384::digest(content).to_vec(),
        }
    }

    /// Without parameters (RFC 5754 §2).
    fn identifier(self) -> AlgorithmIdentifierOwned {
        let oid = match self {
            Self::Sha256 => rfc5912::ID_SHA_256,
            Self::Sha384 => rfc5912::ID_SHA_384,
        };
        AlgorithmIdentifierOwned { oid, parameters: None }
    }

    /// Its name in `micalg` (RFC 8551 §3.5.3.2).
    fn micalg(self) -> &'static str {
        match self {
            Self::Sha256 => "sha-256",
            Self::Sha384 => "sha-384",
        }
    }
}

/// RFC 5652 §5.1, with certificates that are not taken apart, so that none changes on its way.
#[derive(der::Sequence)]
struct SignedData {
    version: CmsVersion,
    digests: SetOfVec<AlgorithmIdentifierOwned>,
    content: EncapsulatedContentInfo,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT")]
    certificates: SetOfVec<Any>,
    signers: SetOfVec<SignerInfo>,
}

impl MailSigner {
    /// Puts a chain, the signer's own certificate first, and its key together. A root at the
    /// chain's end is left out: who receives a mail must know it from elsewhere.
    ///
    /// # Errors
    /// When they do not fit, or the certificate is for something else (RFC 8550 §4.4).
    pub fn open(chain: &[Vec<u8>], key: Arc<dyn Signer>) -> Result<Self, MailSignerError> {
        let read: Vec<Certificate> = chain
            .iter()
            .take(LONGEST_CHAIN + 1)
            .map(|der| Certificate::from_der(der))
            .collect::<Result<_, _>>()
            .map_err(|_| MailSignerError::NotACertificate)?;
        if read.len() > LONGEST_CHAIN {
            return Err(MailSignerError::Chain);
        }
        let own = &read.first().ok_or(MailSignerError::NotACertificate)?.tbs_certificate;
        if own.subject_public_key_info.to_der()? != key.public_key() {
            return Err(MailSignerError::KeyMismatch);
        }
        let in_order = read.windows(2).all(|pair| {
            pair[0].tbs_certificate.issuer == pair[1].tbs_certificate.subject
                && extension::<BasicConstraints>(&pair[1], rfc5280::ID_CE_BASIC_CONSTRAINTS)
                    .is_some_and(|constraints| constraints.ca)
        });
        if !in_order {
            return Err(MailSignerError::Chain);
        }
        check_usage(&read[0])?;
        let algorithm = key.algorithm();
        let digest = Hash::of(algorithm).ok_or(MailSignerError::Algorithm(algorithm.name()))?;
        let at = |time| encoding::timestamp(time).ok_or(MailSignerError::NotACertificate);
        let kept = chain.iter().zip(&read).enumerate().filter(|(place, (_, certificate))| {
            let tbs = &certificate.tbs_certificate;
            *place == 0 || tbs.issuer != tbs.subject
        });
        let kept = kept.map(|(_, (der, _))| Any::from_der(der)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            identifier: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
                issuer: own.issuer.clone(),
                serial_number: own.serial_number.clone(),
            }),
            serial: Serial::from_integer(own.serial_number.as_bytes())
                .map_err(|_| MailSignerError::NotACertificate)?,
            validity: Validity {
                not_before: at(own.validity.not_before)?,
                not_after: at(own.validity.not_after)?,
            },
            addresses: addresses(&read[0]),
            chain: SetOfVec::try_from(kept)?,
            digest,
            key,
        })
    }

    /// Serial number of its certificate.
    pub fn serial(&self) -> Serial {
        self.serial
    }

    /// When its certificate is good.
    pub fn validity(&self) -> Validity {
        self.validity
    }

    /// Whether signing may take as long as a device likes.
    pub fn may_wait(&self) -> bool {
        self.key.may_wait()
    }

    /// The name of its hash, for the parameter `micalg` of `multipart/signed`.
    pub fn micalg(&self) -> &'static str {
        self.digest.micalg()
    }

    /// Whether a mail from `sender` that is signed at `now` will be believed.
    ///
    /// # Errors
    /// [`MailSignerError::Sender`] or [`MailSignerError::Validity`].
    pub fn check(&self, sender: &str, now: Timestamp) -> Result<(), MailSignerError> {
        if !self.addresses.iter().any(|address| address.eq_ignore_ascii_case(sender)) {
            let addresses = match self.addresses.as_slice() {
                [] => "nobody".to_owned(),
                addresses => addresses.join(", "),
            };
            return Err(MailSignerError::Sender(addresses, sender.to_owned()));
        }
        let Validity { not_before, not_after } = self.validity;
        if (not_before..=not_after).contains(&now) {
            Ok(())
        } else {
            Err(MailSignerError::Validity(self.validity))
        }
    }

    /// Signs a part of a mail, which is in its canonical form already (RFC 8551 §3.1.1): DER of
    /// a ContentInfo, for `smime.p7s`.
    ///
    /// # Errors
    /// When the key cannot be used now.
    pub fn sign(&self, part: &[u8], now: Timestamp) -> Result<Vec<u8>, MailSignerError> {
        let attributes = SetOfVec::try_from(vec![
            attribute(rfc5911::ID_CONTENT_TYPE, &rfc5911::ID_DATA)?,
            attribute(rfc5911::ID_SIGNING_TIME, &encoding::time(now)?)?,
            attribute(rfc5911::ID_MESSAGE_DIGEST, &OctetString::new(self.digest.digest(part))?)?,
        ])?;
        let signature = self.key.sign(&attributes.to_der()?)?;
        let signer = SignerInfo {
            version: CmsVersion::V1,
            sid: self.identifier.clone(),
            digest_alg: self.digest.identifier(),
            signed_attrs: Some(attributes),
            signature_algorithm: self.key.algorithm().identifier(),
            signature: OctetString::new(signature)?,
            unsigned_attrs: None,
        };
        let signed = SignedData {
            version: CmsVersion::V1,
            digests: SetOfVec::try_from(vec![self.digest.identifier()])?,
            content: EncapsulatedContentInfo { econtent_type: rfc5911::ID_DATA, econtent: None },
            certificates: self.chain.clone(),
            signers: SetOfVec::try_from(vec![signer])?,
        };
        let content = Any::encode_from(&signed)?;
        Ok(ContentInfo { content_type: rfc5911::ID_SIGNED_DATA, content }.to_der()?)
    }
}

/// An end entity whose usages, where it names any, let it sign mail (RFC 8550 §4.4).
fn check_usage(certificate: &Certificate) -> Result<(), MailSignerError> {
    let basic = extension::<BasicConstraints>(certificate, rfc5280::ID_CE_BASIC_CONSTRAINTS);
    if basic.is_some_and(|constraints| constraints.ca) {
        return Err(MailSignerError::Usage("it is that of a CA"));
    }
    let usage = extension::<KeyUsage>(certificate, rfc5280::ID_CE_KEY_USAGE);
    if usage.is_some_and(|usage| !usage.digital_signature() && !usage.non_repudiation()) {
        return Err(MailSignerError::Usage("its key usage lacks digitalSignature"));
    }
    let extended = extension::<ExtendedKeyUsage>(certificate, rfc5280::ID_CE_EXT_KEY_USAGE);
    let for_mail = [rfc5280::ID_KP_EMAIL_PROTECTION, rfc5280::ANY_EXTENDED_KEY_USAGE];
    if extended.is_some_and(|usage| !usage.0.iter().any(|oid| for_mail.contains(oid))) {
        return Err(MailSignerError::Usage("its extended key usage lacks emailProtection"));
    }
    Ok(())
}

/// The addresses in its alternative name; one in its subject is not looked at (RFC 8550 §3).
fn addresses(certificate: &Certificate) -> Vec<String> {
    let names = extension::<SubjectAltName>(certificate, rfc5280::ID_CE_SUBJECT_ALT_NAME);
    let names = names.map(|names| names.0).unwrap_or_default();
    let address = |name| match name {
        GeneralName::Rfc822Name(address) => Some(address.as_str().to_owned()),
        _ => None,
    };
    names.into_iter().filter_map(address).collect()
}

fn extension<T: for<'a> Decode<'a>>(certificate: &Certificate, oid: ObjectIdentifier) -> Option<T> {
    let mut all = certificate.tbs_certificate.extensions.iter().flatten();
    let found = all.find(|extension| extension.extn_id == oid)?;
    T::from_der(found.extn_value.as_bytes()).ok()
}

fn attribute(
    oid: ObjectIdentifier,
    value: &(impl der::EncodeValue + der::Tagged),
) -> der::Result<Attribute> {
    Ok(Attribute { oid, values: SetOfVec::try_from(vec![Any::encode_from(value)?])? })
}
