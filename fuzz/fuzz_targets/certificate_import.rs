//! A certificate from elsewhere: whatever it is, only what its CA signed is believed.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tegata_ca::{CaCertificate, IssuedElsewhere};

const DER: &[u8] = include_bytes!("../ca/ca.der");
static CA: LazyLock<CaCertificate> = LazyLock::new(|| CaCertificate::parse(DER).expect("a CA"));

fuzz_target!(|der: &[u8]| {
    if let Ok(ca) = CaCertificate::parse(der) {
        assert_eq!(ca.der(), der);
        assert!(!ca.is_self_signed() || der != DER || ca == *CA);
    }
    if let Ok(issued) = IssuedElsewhere::parse(der, &CA) {
        assert!(issued.common_name.is_some_and(|name| name == "CMSM950-006-401"));
    }
});
