//! A PKCS#10 request: whatever it is, it is accepted or refused, and what is accepted is a key
//! that could stand in a certificate as it is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tegata_ca::{MAX_REQUEST, ProvenKey, RequestError};

fuzz_target!(|der: &[u8]| {
    match ProvenKey::from_request(der) {
        Ok(key) => {
            assert_eq!(ProvenKey::own(key.spki()).as_ref(), Ok(&key));
            // The key stands in the request octet for octet: nothing was written anew.
            assert!(der.windows(key.spki().len()).any(|window| window == key.spki()));
        }
        Err(error) => assert_eq!(der.len() > MAX_REQUEST, error == RequestError::TooLarge),
    }
});
