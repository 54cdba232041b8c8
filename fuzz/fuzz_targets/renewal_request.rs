//! A renewal request: whatever it is, only what the present key signed is believed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tegata_ca::{MAX_RENEWAL, RenewalRequest};

const CURRENT: &[u8] = include_bytes!("../seeds/certificate_import/leaf.der");

fuzz_target!(|der: &[u8]| {
    if let Ok(request) = RenewalRequest::parse(der) {
        assert!(der.len() <= MAX_RENEWAL);
        if let Ok(key) = request.verify(CURRENT) {
            // The new key stands in the request octet for octet: nothing was written anew.
            assert!(der.windows(key.spki().len()).any(|window| window == key.spki()));
        }
    }
});
