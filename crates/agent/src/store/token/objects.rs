use cryptoki::error::{Error, RvError};
use cryptoki::object::{Attribute, AttributeType, CertificateType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use sha1::{Digest, Sha1};

use crate::cert::Cert;

/// A certificate in a token.
pub(in super::super) struct Found {
    pub(in super::super) certificate: Cert,
    pub(in super::super) handle: ObjectHandle,
    /// CKA_ID, or what it should be.
    pub(in super::super) id: Vec<u8>,
    pub(in super::super) label: String,
}

/// Every certificate that can be read; others are none of ours.
pub(in super::super) fn certificates(session: &Session) -> Result<Vec<Found>, Error> {
    let mut found = Vec::new();
    for handle in session.find_objects(&[Attribute::Class(ObjectClass::CERTIFICATE)])? {
        let wanted = [AttributeType::Value, AttributeType::Id, AttributeType::Label];
        let (mut certificate, mut id, mut label) = (None, Vec::new(), String::new());
        for attribute in session.get_attributes(handle, &wanted)? {
            match attribute {
                Attribute::Value(octets) => certificate = Cert::from_der(octets).ok(),
                Attribute::Id(octets) => id = octets,
                Attribute::Label(octets) => label = String::from_utf8_lossy(&octets).into_owned(),
                _ => {}
            }
        }
        let Some(certificate) = certificate else { continue };
        if id.is_empty() {
            id = id_of(certificate.public_key());
        }
        found.push(Found { certificate, handle, id, label });
    }
    Ok(found)
}

/// The identifier that joins a key and its certificates: the SHA-1 of the public value, as NSS
/// and others give it.
pub(in super::super) fn id_of(public_key: &[u8]) -> Vec<u8> {
    Sha1::digest(public_key).to_vec()
}

/// Adds a certificate, unless it is there; the name under which it is.
///
/// NSS wants one name for one subject: where another subject has it already, ours gets a number.
pub(in super::super) fn add_certificate(
    session: &Session,
    certificate: &Cert,
    name: &str,
    id: &[u8],
) -> Result<String, Error> {
    let there = certificates(session)?.into_iter().find(|found| found.certificate == *certificate);
    if let Some(there) = there {
        return Ok(there.label);
    }
    let mut number = 1;
    loop {
        let label = if number == 1 { name.to_owned() } else { format!("{name} #{number}") };
        match session.create_object(&template(certificate, &label, id)) {
            Ok(_) => return Ok(label),
            Err(Error::Pkcs11(RvError::AttributeValueInvalid, _)) if number < 9 => number += 1,
            Err(error) => return Err(error),
        }
    }
}

fn template(certificate: &Cert, label: &str, id: &[u8]) -> Vec<Attribute> {
    vec![
        Attribute::Class(ObjectClass::CERTIFICATE),
        Attribute::CertificateType(CertificateType::X_509),
        Attribute::Token(true),
        Attribute::Private(false),
        Attribute::Label(label.as_bytes().to_vec()),
        Attribute::Id(id.to_vec()),
        Attribute::Subject(certificate.subject()),
        Attribute::Issuer(certificate.issuer()),
        Attribute::SerialNumber(certificate.serial_der()),
        Attribute::Value(certificate.der().to_vec()),
    ]
}
