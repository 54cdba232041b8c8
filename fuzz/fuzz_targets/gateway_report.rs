//! A gateway's report has one form: what is read is written back octet for octet, and what is
//! read is within its limits. The signature is checked elsewhere; here every octet is as if signed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tegata_wire::report::{MAX_USES, Report, SealedReport};

fuzz_target!(|octets: &[u8]| {
    let Ok(sealed) = SealedReport::split(octets) else { return };
    assert_eq!(Report::sealed(sealed.body, sealed.signature), octets);
    let Ok(report) = Report::parse(sealed.body) else { return };
    assert!(report.uses.len() <= MAX_USES);
    assert!(report.uses.iter().all(|seen| seen.first <= seen.last));
    assert_eq!(report.to_body(), sealed.body);
});
