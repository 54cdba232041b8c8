//! PKCS#11 addresses: what is read is written so that it reads as the same, and no PIN is in it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tegata_token::{KeyUri, TokenUri};

/// Whether a part of the address is a PIN.
fn holds_pin(text: &str) -> bool {
    text.trim().split([';', '?', '&']).any(|part| part.starts_with("pin-value="))
}

fuzz_target!(|text: &str| {
    if let Ok(uri) = text.parse::<TokenUri>() {
        assert!(!holds_pin(text));
        assert!(uri.module().is_absolute());
        assert_eq!(uri.to_string().parse(), Ok(uri));
    }
    if let Ok(uri) = text.parse::<KeyUri>() {
        assert!(!holds_pin(text));
        assert_eq!(uri.to_string().parse(), Ok(uri));
    }
});
