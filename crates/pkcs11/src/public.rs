//! Public keys as PKCS#11 keeps them, and as X.509 wants them.

use const_oid::ObjectIdentifier;
use const_oid::db::{rfc5912, rfc8410};
use cryptoki::error::Error;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use der::asn1::{AnyRef, BitStringRef, OctetStringRef, UintRef};
use der::{Decode, Encode};
use spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};

/// DER of the subject public key info that belongs to a private key; `None` when the token does
/// not tell or the key is of no kind used here.
///
/// # Errors
/// What the driver says.
pub fn read(session: &Session, key: ObjectHandle) -> Result<Option<Vec<u8>>, Error> {
    // RSA tokens repeat the public values in the private object. Else the public object of the
    // pair is the one with the same identifier (PKCS#11 §4.9); where programs gave one identifier
    // to several pairs, or none, the label tells.
    let mut same = session.get_attributes(key, &[AttributeType::Id, AttributeType::Label])?;
    same.retain(|attribute| {
        !matches!(attribute, Attribute::Id(octets) | Attribute::Label(octets) if octets.is_empty())
    });
    let mut objects = vec![key];
    for by in [&same[..], &same[..same.len().min(1)], &same[same.len().min(1)..]] {
        if !by.is_empty() {
            let public = Attribute::Class(ObjectClass::PUBLIC_KEY);
            objects.extend(session.find_objects(&[&[public][..], by].concat())?);
        }
    }
    for object in objects {
        let found = session.get_attributes(
            object,
            &[
                AttributeType::KeyType,
                AttributeType::Modulus,
                AttributeType::PublicExponent,
                AttributeType::EcParams,
                AttributeType::EcPoint,
            ],
        )?;
        if let Some(spki) = spki(&found) {
            return Ok(Some(spki));
        }
    }
    Ok(None)
}

fn spki(found: &[Attribute]) -> Option<Vec<u8>> {
    let kind = found.iter().find_map(|attribute| match attribute {
        Attribute::KeyType(kind) => Some(*kind),
        _ => None,
    })?;
    let octets = |wanted: AttributeType| {
        found.iter().find_map(|attribute| match (wanted, attribute) {
            (AttributeType::Modulus, Attribute::Modulus(octets))
            | (AttributeType::PublicExponent, Attribute::PublicExponent(octets))
            | (AttributeType::EcParams, Attribute::EcParams(octets))
            | (AttributeType::EcPoint, Attribute::EcPoint(octets))
                if !octets.is_empty() =>
            {
                Some(octets.as_slice())
            }
            _ => None,
        })
    };
    match kind {
        KeyType::RSA => {
            rsa(octets(AttributeType::Modulus)?, octets(AttributeType::PublicExponent)?)
        }
        KeyType::EC => {
            let curve = ObjectIdentifier::from_der(octets(AttributeType::EcParams)?).ok()?;
            let length = match curve {
                rfc5912::SECP_256_R_1 => 65,
                rfc5912::SECP_384_R_1 => 97,
                _ => return None,
            };
            let point = point(octets(AttributeType::EcPoint)?, length)?;
            encoded(rfc5912::ID_EC_PUBLIC_KEY, Some(AnyRef::from(&curve)), point)
        }
        // Of the Edwards curves only one has points of 32 octets.
        KeyType::EC_EDWARDS => {
            encoded(rfc8410::ID_ED_25519, None, point(octets(AttributeType::EcPoint)?, 32)?)
        }
        _ => None,
    }
}

/// PKCS#11 wants the point wrapped into an OCTET STRING; some tokens give it bare. Its length
/// tells.
fn point(octets: &[u8], length: usize) -> Option<&[u8]> {
    if octets.len() == length {
        return Some(octets);
    }
    let inner = OctetStringRef::from_der(octets).ok()?.as_bytes();
    (inner.len() == length).then_some(inner)
}

fn rsa(modulus: &[u8], exponent: &[u8]) -> Option<Vec<u8>> {
    #[derive(der::Sequence)]
    struct RsaPublicKey<'a> {
        modulus: UintRef<'a>,
        exponent: UintRef<'a>,
    }
    let key = RsaPublicKey {
        modulus: UintRef::new(modulus).ok()?,
        exponent: UintRef::new(exponent).ok()?,
    };
    encoded(rfc5912::RSA_ENCRYPTION, Some(AnyRef::NULL), &key.to_der().ok()?)
}

fn encoded(oid: ObjectIdentifier, parameters: Option<AnyRef<'_>>, key: &[u8]) -> Option<Vec<u8>> {
    SubjectPublicKeyInfoRef {
        algorithm: AlgorithmIdentifierRef { oid, parameters },
        subject_public_key: BitStringRef::from_bytes(key).ok()?,
    }
    .to_der()
    .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_read_wrapped_and_bare() {
        let bare = [7; 32];
        let wrapped = [&[0x04, 32][..], &bare].concat();
        assert_eq!(point(&bare, 32), Some(&bare[..]));
        assert_eq!(point(&wrapped, 32), Some(&bare[..]));
        assert_eq!(point(&wrapped[..33], 32), None);
        assert_eq!(point(&[], 32), None);
    }
}
