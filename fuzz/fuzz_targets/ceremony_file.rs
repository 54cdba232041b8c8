//! A ceremony's file: whatever it is, it is read whole or everything wrong with it is said.
#![no_main]

use std::collections::HashSet;

use libfuzzer_sys::fuzz_target;
use tegata_ceremony::{Ceremony, CeremonyErrors, RootKey};

fuzz_target!(|text: &str| {
    match Ceremony::parse(text) {
        Ok(ceremony) => {
            let names: Vec<_> = ceremony.names().chain([&ceremony.root.name]).collect();
            assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len(), "a name twice");
            let is_new = matches!(ceremony.root.key, RootKey::New(_));
            assert!(is_new || names.len() > 1 || ceremony.list.is_some(), "nothing to do");
            for url in ceremony.issuing.iter().map(|ca| &ca.status_url) {
                assert!(url.starts_with("http://") && url.is_ascii(), "{url}");
            }
        }
        Err(CeremonyErrors(errors)) => {
            assert!(!errors.is_empty());
            assert!(errors.iter().all(|error| !error.is_empty()));
        }
    }
});
