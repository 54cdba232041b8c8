//! A page of the revocation feed has one form: what is read is written back octet for octet.
//! The signature is checked elsewhere; here every octet is as if signed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tegata_wire::feed::{Envelope, Page, SIGNATURE_LEN};

fuzz_target!(|octets: &[u8]| {
    let Ok(envelope) = Envelope::split(octets) else { return };
    assert_eq!(envelope.signature.len(), SIGNATURE_LEN);
    let Ok(page) = Page::parse(envelope.signed) else { return };
    assert_eq!(page.to_signed_octets(), envelope.signed);
});
