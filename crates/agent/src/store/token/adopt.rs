//! Keys of the former form, which were made outside and waited in a file.

use const_oid::db::rfc5912::SECP_256_R_1;
use cryptoki::object::{Attribute, KeyType, ObjectClass};
use der::Encode;
use der::asn1::OctetString;
use tegata_pkcs11::pair;

use super::super::waiting::{Record, Waiting};
use super::super::{Seat, StoreError};
use super::{Objects, TakenUp, id_of, point, written};
use crate::key::{FileKey, SeatKey};

impl Objects {
    /// Puts a key of the former form, which waits in a file, into the token.
    pub(in super::super) fn adopt(
        &self,
        waiting: Waiting,
        seat: &Seat<'_>,
        key: &FileKey,
    ) -> Result<TakenUp, StoreError> {
        let record = Record::new(seat, &waiting);
        waiting.write(&record)?;
        let point = point(&key.spki()).ok_or(StoreError::Internal("the key is not on P-256"))?;
        let id = id_of(&point);
        self.token.once(|session| {
            for template in imported(key, &record.label, &id, &point) {
                session.create_object(&template).map_err(|error| self.token.driver(error))?;
            }
            Ok(())
        })?;
        let key = self.waiting_key(&record)?.ok_or(StoreError::Internal("the key is gone"))?;
        written(waiting, record, key, true)
    }
}

/// The objects of a key that was made elsewhere. From here on it does not come out again.
fn imported(key: &FileKey, label: &str, id: &[u8], point: &[u8]) -> [Vec<Attribute>; 2] {
    let value = OctetString::new(point).and_then(|point| point.to_der()).unwrap_or_default();
    let kind = || [Attribute::KeyType(KeyType::EC), pair::curve(SECP_256_R_1)];
    let mut public = pair::public_half(label, id);
    public.extend(kind());
    public.extend([Attribute::Class(ObjectClass::PUBLIC_KEY), Attribute::EcPoint(value)]);
    let mut private = pair::private_half(label, id);
    private.extend(kind());
    private.push(Attribute::Class(ObjectClass::PRIVATE_KEY));
    private.push(Attribute::Value(key.to_scalar().to_vec()));
    [public, private]
}
