//! Names as people type them: a canonical form is read as itself, and holds nothing that means
//! something in a header, a page, a path or a query.
#![no_main]

use std::fmt::Display;
use std::str::FromStr;

use libfuzzer_sys::fuzz_target;
use tegata_domain::{
    BranchCode, CompanyCode, Email, InitialPassword, Issuer, Serial, ServiceKey, Tenant, UserId,
};

/// Reads a text as a `T`; when it is one, checks the form in which it is kept.
fn read<T: FromStr + Display>(text: &str, most: usize, permitted: &str) {
    let Ok(name) = text.parse::<T>() else { return };
    let kept = name.to_string();
    assert!((1..=most).contains(&kept.len()), "{kept:?}");
    assert!(kept.chars().all(|c| c.is_ascii_alphanumeric() || permitted.contains(c)), "{kept:?}");
    let again = kept.parse::<T>().ok().map(|name| name.to_string());
    assert_eq!(again, Some(kept));
}

fuzz_target!(|text: &str| {
    read::<UserId>(text, UserId::MAX, "-");
    read::<Tenant>(text, Tenant::MAX, "-");
    read::<Issuer>(text, Issuer::MAX, "-");
    read::<BranchCode>(text, BranchCode::MAX, "-");
    read::<CompanyCode>(text, CompanyCode::MAX, "-");
    read::<ServiceKey>(text, Tenant::MAX + 1 + Issuer::MAX, "-/");
    read::<Serial>(text, 2 * Serial::MAX_LEN, "");
    read::<Email>(text, 254, "@.!#$%&'*+-/=?^_`{|}~");
    if let Ok(password) = text.parse::<InitialPassword>() {
        let printed = password.reveal();
        assert_eq!(printed.len(), 19);
        assert!(printed.parse::<InitialPassword>() == Ok(password));
    }
});
