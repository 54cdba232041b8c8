//! A CRL from elsewhere: whatever it is, only what its CA signed is believed.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tegata_ca::{CaCertificate, ReadCrl};

static CA: LazyLock<CaCertificate> =
    LazyLock::new(|| CaCertificate::parse(include_bytes!("../ca/ca.der")).expect("a CA"));
const GENUINE: &[u8] = include_bytes!("../seeds/crl_import/genuine.crl");

fuzz_target!(|der: &[u8]| {
    if let Ok(crl) = ReadCrl::parse(der, &CA) {
        // Nobody forges a signature: it is the one that the CA made, octet for octet.
        assert_eq!(der, GENUINE);
        assert_eq!(crl.entries.len(), 2);
    }
});
