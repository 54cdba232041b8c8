//! An update manifest in its envelope, and one without, as if signed: what is read can be written
//! and says the same when it is read again. Signatures are checked elsewhere.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tegata_wire::update::{Envelope, Form, Manifest, Platform};

fuzz_target!(|octets: &[u8]| {
    if let Ok(envelope) = Envelope::parse(octets) {
        assert!(envelope.message().ends_with(&envelope.signed.0));
        manifest(&envelope.signed.0);
    }
    manifest(octets);
});

fn manifest(signed: &[u8]) {
    let Ok(manifest) = Manifest::parse(signed) else { return };
    let written = manifest.to_octets().expect("what was read makes sense");
    // A form of a later time is read as such; nothing else changes.
    assert_eq!(Manifest::parse(&written).as_ref(), Ok(&manifest));
    let _ = (manifest.package(&Platform::here(), Form::Tar), manifest.oldest_allowed());
    for package in &manifest.packages {
        let name = package.file.as_str();
        assert!(!name.contains(['/', '\\']) && !name.starts_with('.'));
    }
}
