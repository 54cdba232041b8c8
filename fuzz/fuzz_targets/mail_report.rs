//! A mail in the Maildir of reports: whatever it is, it is read within limits.
#![no_main]

use libfuzzer_sys::fuzz_target;

// The server as a whole is too much to instrument; this file stands by itself.
#[path = "../../crates/server/src/post/bounce.rs"]
mod bounce;

fuzz_target!(|octets: &[u8]| {
    if let Some(report) = bounce::parse(octets) {
        assert!(report.said.chars().count() <= 300);
        assert!(!report.said.chars().any(char::is_control));
        let length: usize = report.marks.iter().map(String::len).sum();
        assert!(length <= 4 * bounce::MAX_REPORT);
    }
});
