//! The body of `POST enroll` and what the server reads out of its fields.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tegata_ca::ProvenKey;
use tegata_domain::{Email, InitialPassword, UserId};
use tegata_wire::api::EnrollRequest;

fuzz_target!(|json: &[u8]| {
    let Ok(request) = serde_json::from_slice::<EnrollRequest>(json) else { return };
    let again = serde_json::to_vec(&request).unwrap();
    assert!(serde_json::from_slice::<EnrollRequest>(&again).unwrap() == request);
    let _ = request.user_id.parse::<UserId>();
    let _ = request.password.parse::<InitialPassword>();
    let _ = request.email.parse::<Email>();
    let _ = ProvenKey::from_request(&request.request.0);
    // What a log would show does not depend on the password.
    let shown = format!("{request:?}");
    let other = EnrollRequest { password: request.password.clone() + "x", ..request };
    assert_eq!(format!("{other:?}"), shown);
});
