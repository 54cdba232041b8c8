//! Keys that must never be certified, sent through the real interface by someone whose
//! credential is in order.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::fs;
use std::path::Path;

use rcgen::{CertificateParams, KeyPair};
use serde_json::json;
use tegata_scenarios::api::Issued;
use tegata_scenarios::key::Key;
use tegata_scenarios::{Demo, run};
use tempfile::tempdir;

/// Requests with a valid proof on weak keys, made by `crates/ca/tests/quality.rs`.
const WEAK: [(&str, &str); 2] = [
    ("close primes", include_str!("../../ca/tests/weak/close-primes.csr.pem")),
    ("ROCA", include_str!("../../ca/tests/weak/roca.csr.pem")),
];

#[test]
fn a_weak_key_gets_a_clear_problem_and_no_certificate() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let seat = &demo.seats(1)[0];
    let certificates = || demo.tegata(&["certificate", "list"]).ok().json();
    let before = certificates();
    for (name, pem) in WEAK {
        let request = der(dir.path(), pem);
        let answer = demo.api().enroll(seat, &request);
        let problem = answer.problem(422, "key_not_accepted");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("weak") || detail.contains("弱い"), "{name}: {problem}");
    }
    assert_eq!(certificates(), before, "nothing was issued, nor intended");
    // The credential is as good as before.
    Issued::of(&demo.api().enroll(seat, &Key::default().request()));
}

/// A key that is blocked while the server runs is refused with the next request; so is one that
/// was compromised, for everyone.
#[test]
fn a_blocked_key_is_refused_at_once_and_for_everyone() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let seats = demo.seats(3);
    let key = KeyPair::generate().unwrap();
    let request = CertificateParams::default().serialize_request(&key).unwrap();
    let file = dir.path().join("key.pem");
    fs::write(&file, key.public_key_pem()).unwrap();
    let file = file.to_str().unwrap();
    let show = |name: &str| demo.tegata(&["blocklist", "show", name]).ok().json();
    assert_eq!(show(file), json!({ "blocked": false }));
    let added = demo.tegata(&["blocklist", "add", file, "--reason", "seen on a paste site"]);
    assert_eq!(added.ok().json()["new"], 2, "the key, and its x coordinate");
    assert_eq!(show(file)["entry"]["source"], "seen on a paste site");
    demo.api().enroll(&seats[0], request.der()).problem(422, "key_not_accepted");

    let stolen = Key::default();
    let issued = Issued::of(&demo.api().enroll(&seats[0], &stolen.request()));
    let der = dir.path().join("stolen.der");
    fs::write(&der, stolen.request()).unwrap();
    let added = ["blocklist", "add", der.to_str().unwrap(), "--reason", "reported"];
    let added = demo.tegata(&added).ok().json();
    assert_eq!(added["certificates"][0]["serial"], issued.serial, "blocked, not revoked: {added}");
    demo.tegata(&["certificate", "revoke", &issued.serial, "--reason", "keyCompromise"]).ok();
    let sources = demo.tegata(&["blocklist", "list"]).ok().text();
    assert!(!sources.contains("own key of"), "{sources}");
    assert!(demo.tegata(&["blocklist", "list", "--own"]).ok().text().contains("own key of"));
    demo.api().enroll(&seats[1], &stolen.request()).problem(422, "key_not_accepted");

    // A list with an error is not taken in part.
    let list = dir.path().join("list.txt");
    let sound = "ab".repeat(32);
    fs::write(&list, format!("{sound}\nnonsense\n")).unwrap();
    let refused = demo.tegata(&["blocklist", "import", list.to_str().unwrap()]);
    assert_eq!(refused.code, Some(1));
    let said = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(said.contains("line 2:"), "{said}");
    assert_eq!(show(&sound), json!({ "blocked": false }));
    fs::write(&list, format!("# a list\n{sound}  \n{}\n", "0f".repeat(10))).unwrap();
    demo.tegata(&["blocklist", "import", list.to_str().unwrap()]).ok();
    assert_eq!(show(&sound)["entry"]["source"], "list list.txt");
}

fn der(dir: &Path, pem: &str) -> Vec<u8> {
    let (from, to) = (dir.join("request.pem"), dir.join("request.der"));
    fs::write(&from, pem).unwrap();
    let [input, output] = [&from, &to].map(|path| path.to_str().unwrap());
    run("openssl", ["req", "-in", input, "-outform", "DER", "-out", output]).ok();
    fs::read(to).unwrap()
}
