//! How a key pair is to be kept in a token, and whether the token does.

use const_oid::ObjectIdentifier;
use cryptoki::error::Error;
use cryptoki::object::{Attribute, AttributeType, ObjectHandle};
use cryptoki::session::Session;
use der::Encode;
use der::asn1::UintRef;

/// What the public half is told, besides its kind.
pub fn public_half(label: &str, id: &[u8]) -> Vec<Attribute> {
    let mut public = both(label, id);
    public.extend([Attribute::Private(false), Attribute::Verify(true)]);
    public
}

/// What the private half is told: it stays in the token, is not readable and signs, nothing else.
pub fn private_half(label: &str, id: &[u8]) -> Vec<Attribute> {
    let mut private = both(label, id);
    private.extend([
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Sign(true),
        // Left out, some tokens permit them.
        Attribute::Decrypt(false),
        Attribute::Unwrap(false),
        Attribute::Derive(false),
    ]);
    private
}

fn both(label: &str, id: &[u8]) -> Vec<Attribute> {
    vec![
        Attribute::Token(true),
        Attribute::Label(label.as_bytes().to_vec()),
        Attribute::Id(id.to_vec()),
    ]
}

/// The curve of a key.
pub fn curve(oid: ObjectIdentifier) -> Attribute {
    Attribute::EcParams(oid.to_der().unwrap_or_default())
}

/// What the token did not keep to, told by what it says of the key.
///
/// # Errors
/// What the driver says.
pub fn exposed(session: &Session, key: ObjectHandle) -> Result<Option<&'static str>, Error> {
    let found = session.get_attributes(
        key,
        &[
            AttributeType::Token,
            AttributeType::Private,
            AttributeType::AlwaysSensitive,
            AttributeType::NeverExtractable,
        ],
    )?;
    Ok([
        (Attribute::Token(true), "on the token"),
        (Attribute::Private(true), "private"),
        (Attribute::AlwaysSensitive(true), "sensitive"),
        (Attribute::NeverExtractable(true), "unextractable"),
    ]
    .into_iter()
    .find(|(wanted, _)| !found.contains(wanted))
    .map(|(_, attribute)| attribute))
}

/// `Ecdsa-Sig-Value` (RFC 3279 §2.2.3) of r and s side by side, as PKCS#11 has them.
pub fn ecdsa_der(raw: &[u8]) -> Option<Vec<u8>> {
    #[derive(der::Sequence)]
    struct EcdsaSignature<'a> {
        r: UintRef<'a>,
        s: UintRef<'a>,
    }
    if raw.is_empty() || !raw.len().is_multiple_of(2) {
        return None;
    }
    let (r, s) = raw.split_at(raw.len() / 2);
    EcdsaSignature { r: UintRef::new(r).ok()?, s: UintRef::new(s).ok()? }.to_der().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_a_signature_are_positive_and_shortest() {
        let der = ecdsa_der(&[0x00, 0x01, 0x80, 0x02]).unwrap();
        assert_eq!(der, [0x30, 8, 0x02, 1, 0x01, 0x02, 3, 0x00, 0x80, 0x02]);
        assert_eq!(ecdsa_der(&[]), None);
        assert_eq!(ecdsa_der(&[1, 2, 3]), None);
    }
}
