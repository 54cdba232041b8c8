//! A signed statement, such as a request to retire a certificate: whatever it is, only what the
//! certificate's key signed is believed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tegata_ca::SignedStatement;

static OURS: &[u8] = include_bytes!("../ca/ca.der");

fuzz_target!(|octets: &[u8]| {
    let Ok(request) = SignedStatement::parse(octets) else { return };
    assert!(request.verify(OURS, "tegata, version 1: retire this certificate\n").is_err());
    assert!(request.verify(octets, "").is_err());
});
