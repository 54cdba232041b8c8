//! Bags, safes and the file around them (RFC 7292 §4).

use cms::content_info::{CmsVersion, ContentInfo};
use cms::encrypted_data::EncryptedData;
use cms::enveloped_data::EncryptedContentInfo;
use const_oid::db::rfc5911::{ID_DATA, ID_ENCRYPTED_DATA};
use der::asn1::{Any, BmpString, ContextSpecific, OctetString, SetOfVec};
use der::oid::ObjectIdentifier;
use der::{Decode, Encode};
use pkcs12::authenticated_safe::AuthenticatedSafe;
use pkcs12::cert_type::CertBag;
use pkcs12::pbe_params::EncryptedPrivateKeyInfo;
use pkcs12::pfx::{Pfx, Version};
use pkcs12::safe_bag::{SafeBag, SafeContents};
use pkcs12::{
    PKCS_12_CERT_BAG_OID, PKCS_12_KEY_BAG_OID, PKCS_12_PKCS8_KEY_BAG_OID, PKCS_12_X509_CERT_OID,
};
use sha1::{Digest, Sha1};
use tegata_domain::Entropy;
use x509_cert::attr::{Attribute, Attributes};

use super::super::Pkcs12Form;
use super::encryption::{self, Unreadable};
use crate::cert::Cert;
use crate::key::FileKey;

/// PKCS #9 friendlyName (RFC 2985 §5.5.1).
const FRIENDLY_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.20");
/// PKCS #9 localKeyId (RFC 2985 §5.5.2).
const LOCAL_KEY_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.21");

/// What was found in a file.
pub(crate) struct Contents {
    /// P-256 keys; keys of other algorithms are none of ours and are passed over.
    pub(crate) keys: Vec<FileKey>,
    /// Certificates in the order of the file.
    pub(crate) certificates: Vec<Cert>,
}

/// Makes a file of `key` and `certificates`, the first of which is the key's. Key and first
/// certificate carry `name`, by which browsers and Windows show them.
pub(crate) fn encode(
    key: &FileKey,
    certificates: &[&Cert],
    name: &str,
    password: &str,
    form: Pkcs12Form,
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, Unreadable> {
    let leaf = certificates.first().ok_or(Unreadable)?;
    let attributes = attributes(name, leaf)?;
    let mut bags = SafeContents::new();
    for (i, certificate) in certificates.iter().enumerate() {
        bags.push(certificate_bag(certificate, (i == 0).then(|| attributes.clone()))?);
    }
    let safes: AuthenticatedSafe = vec![
        encrypted_safe(&bags, password, form, entropy)?,
        plain_safe(&vec![key_bag(key, attributes, password, form, entropy)?])?,
    ];
    let contents = safes.to_der()?;
    let mac_data = encryption::mac(&contents, password, form, entropy)?;
    let pfx = Pfx { version: Version::V3, auth_safe: data(contents)?, mac_data: Some(mac_data) };
    Ok(pfx.to_der()?)
}

/// Reads a file. Files without a MAC are refused: nobody would notice a change.
pub(super) fn decode(octets: &[u8], password: &str) -> Result<Contents, Unreadable> {
    let pfx = Pfx::from_der(octets)?;
    let contents = octets_of(&pfx.auth_safe)?;
    encryption::check_mac(&pfx.mac_data.ok_or(Unreadable)?, contents.as_bytes(), password)?;
    let mut found = Contents { keys: Vec::new(), certificates: Vec::new() };
    for safe in AuthenticatedSafe::from_der(contents.as_bytes())? {
        let bags = match safe.content_type {
            ID_DATA => octets_of(&safe)?.into_bytes().into(),
            ID_ENCRYPTED_DATA => {
                let safe: EncryptedData = safe.content.decode_as()?;
                let info = safe.enc_content_info;
                let encrypted = info.encrypted_content.ok_or(Unreadable)?;
                encryption::decrypt(&info.content_enc_alg, encrypted.as_bytes(), password)?
            }
            _ => return Err(Unreadable),
        };
        for bag in SafeContents::from_der(&bags)? {
            take(&bag, password, &mut found)?;
        }
    }
    Ok(found)
}

fn take(bag: &SafeBag, password: &str, found: &mut Contents) -> Result<(), Unreadable> {
    match bag.bag_id {
        PKCS_12_CERT_BAG_OID => {
            let bag = ContextSpecific::<CertBag>::from_der(&bag.bag_value)?.value;
            if bag.cert_id == PKCS_12_X509_CERT_OID {
                let certificate = Cert::from_der(bag.cert_value.as_bytes());
                found.certificates.push(certificate.map_err(|_| Unreadable)?);
            }
        }
        PKCS_12_PKCS8_KEY_BAG_OID => {
            let bag = ContextSpecific::<EncryptedPrivateKeyInfo>::from_der(&bag.bag_value)?.value;
            let encrypted = bag.encrypted_data.as_bytes();
            let pkcs8 = encryption::decrypt(&bag.encryption_algorithm, encrypted, password)?;
            found.keys.extend(FileKey::from_pkcs8(&pkcs8));
        }
        PKCS_12_KEY_BAG_OID => {
            let bag = ContextSpecific::<Any>::from_der(&bag.bag_value)?.value;
            found.keys.extend(FileKey::from_pkcs8(&zeroize::Zeroizing::new(bag.to_der()?)));
        }
        _ => {}
    }
    Ok(())
}

fn certificate_bag(
    certificate: &Cert,
    bag_attributes: Option<Attributes>,
) -> Result<SafeBag, Unreadable> {
    let bag = CertBag {
        cert_id: PKCS_12_X509_CERT_OID,
        cert_value: OctetString::new(certificate.der())?,
    };
    Ok(SafeBag { bag_id: PKCS_12_CERT_BAG_OID, bag_value: bag.to_der()?, bag_attributes })
}

fn key_bag(
    key: &FileKey,
    attributes: Attributes,
    password: &str,
    form: Pkcs12Form,
    entropy: &dyn Entropy,
) -> Result<SafeBag, Unreadable> {
    let pkcs8 = key.to_pkcs8().ok_or(Unreadable)?;
    let (encryption_algorithm, encrypted) = encryption::encrypt(&pkcs8, password, form, entropy)?;
    let info = EncryptedPrivateKeyInfo {
        encryption_algorithm,
        encrypted_data: OctetString::new(encrypted)?,
    };
    Ok(SafeBag {
        bag_id: PKCS_12_PKCS8_KEY_BAG_OID,
        bag_value: info.to_der()?,
        bag_attributes: Some(attributes),
    })
}

/// The name, and the SHA-1 of the certificate that readers match keys and certificates by.
fn attributes(name: &str, leaf: &Cert) -> Result<Attributes, Unreadable> {
    let attribute = |oid, value: Any| -> Result<Attribute, Unreadable> {
        Ok(Attribute { oid, values: SetOfVec::try_from(vec![value])? })
    };
    let name = Any::encode_from(&BmpString::from_utf8(name)?)?;
    let id = Any::encode_from(&OctetString::new(Sha1::digest(leaf.der()).to_vec())?)?;
    let all = vec![attribute(FRIENDLY_NAME, name)?, attribute(LOCAL_KEY_ID, id)?];
    Ok(SetOfVec::try_from(all)?)
}

fn plain_safe(bags: &SafeContents) -> Result<ContentInfo, Unreadable> {
    data(bags.to_der()?)
}

fn encrypted_safe(
    bags: &SafeContents,
    password: &str,
    form: Pkcs12Form,
    entropy: &dyn Entropy,
) -> Result<ContentInfo, Unreadable> {
    let (content_enc_alg, encrypted) =
        encryption::encrypt(&bags.to_der()?, password, form, entropy)?;
    let safe = EncryptedData {
        version: CmsVersion::V0,
        enc_content_info: EncryptedContentInfo {
            content_type: ID_DATA,
            content_enc_alg,
            encrypted_content: Some(OctetString::new(encrypted)?),
        },
        unprotected_attrs: None,
    };
    Ok(ContentInfo { content_type: ID_ENCRYPTED_DATA, content: Any::encode_from(&safe)? })
}

fn data(octets: Vec<u8>) -> Result<ContentInfo, Unreadable> {
    let content = Any::encode_from(&OctetString::new(octets)?)?;
    Ok(ContentInfo { content_type: ID_DATA, content })
}

fn octets_of(info: &ContentInfo) -> Result<OctetString, Unreadable> {
    if info.content_type != ID_DATA {
        return Err(Unreadable);
    }
    Ok(info.content.decode_as()?)
}
