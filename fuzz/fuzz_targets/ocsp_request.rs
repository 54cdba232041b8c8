//! An OCSP request: whatever it is, it is read or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tegata_ca::{MAX_OCSP_REQUEST, OcspQuestion};

fuzz_target!(|der: &[u8]| {
    if OcspQuestion::parse(der).is_ok() {
        assert!(der.len() <= MAX_OCSP_REQUEST);
    }
});
