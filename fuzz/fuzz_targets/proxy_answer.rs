//! What a proxy answers to `CONNECT`, and what a proxy script answers: bounded, and fit to be shown.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tegata_agent::proxy::answer::{Answer, MAX_HEAD};
use tegata_agent::proxy::{Way, script_answer, windows_list};

fuzz_target!(|octets: &[u8]| {
    if let Ok(Some((answer, length))) = Answer::read(octets) {
        assert!(length <= octets.len().min(MAX_HEAD));
        assert!((100..1000).contains(&answer.status));
        assert!(octets[..length].ends_with(b"\n"));
        // What follows a head is no part of it.
        assert_eq!(Answer::read(&octets[..length]), Ok(Some((answer.clone(), length))));
        assert!(answer.challenges.len() <= 16);
        for challenge in answer.challenges {
            assert!(challenge.name.is_ascii() && challenge.name.len() <= 40);
            let realm = challenge.realm.unwrap_or_default();
            assert!(realm.chars().count() <= 120 && !realm.contains(char::is_control));
        }
    }
    let text = String::from_utf8_lossy(octets);
    for ways in [script_answer(&text), windows_list(&text)] {
        assert!(ways.len() <= 16);
        for way in ways {
            let shown = way.to_string();
            match way {
                Way::Direct => assert_eq!(shown, "DIRECT"),
                Way::Proxy(address) => assert_eq!(shown.parse(), Ok(address)),
            }
        }
    }
});
