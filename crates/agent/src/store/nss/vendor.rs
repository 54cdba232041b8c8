//! What NSS adds to PKCS#11 (its pkcs11n.h).

use cryptoki::object::{Attribute, AttributeType};

/// `CKO_NSS`, `CKA_NSS` and `CKT_NSS`: the vendor's bit and `NSSCK_VENDOR_NSS`, "NSCP".
pub(super) const NSS: u64 = 0x8000_0000 | 0x4E53_4350;

/// `CKO_NSS_NEWSLOT`, from [`NSS`].
pub(super) const NEW_SLOT: u64 = 5;
/// `CKO_NSS_TRUST`, from [`NSS`].
pub(super) const TRUST: u64 = 3;
/// `CKA_NSS_MODULE_SPEC`, from [`NSS`].
pub(super) const MODULE_SPECIFICATION: u64 = 24;

/// `CKA_CLASS` for a class that the library does not know.
pub(super) fn class(class: u64) -> Attribute {
    const CKA_CLASS: u64 = 0;
    number(CKA_CLASS, NSS + class)
}

/// An attribute that is a number.
pub(super) fn number(attribute: u64, value: u64) -> Attribute {
    octets(attribute, value.to_ne_bytes().to_vec())
}

/// An attribute that is octets.
pub(super) fn octets(attribute: u64, value: Vec<u8>) -> Attribute {
    Attribute::VendorDefined((AttributeType::VendorDefined(attribute), value))
}
