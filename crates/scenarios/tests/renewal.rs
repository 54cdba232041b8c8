//! Renewal with the application: a new key and certificate by means of the present ones, while
//! both open the service, and what is old is removed.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};
use tegata_scenarios::{Demo, Pc, Seat, eventually};
use tempfile::tempdir;

const PAGE: &str = "/SAMPLE01/cms";

#[test]
fn the_application_renews_proves_and_cleans_up() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let pc = Pc::new(&dir.path().join("pc"));
    let seat = Seat { user_id: demo.ready.user_id.clone(), password: demo.ready.password.clone() };
    let issued = pc.issue(&demo, &seat, "pem:certificate", &[]).ok().json();
    assert_eq!(issued["gateway"], "accepted", "{issued}");
    let files = pc.pem("certificate", &seat.user_id);
    let old_identity = files.identity();

    // The window opens earlier than the certificate began: it is time to renew.
    demo.open_renewal();

    // Nobody names the site or the root again: the application remembers them.
    let renewed = eventually("the server takes the change", Duration::from_secs(10), || {
        let ran = pc.run(&["renew", "--store", "pem:certificate"]);
        (ran.json()["code"] != "renewal_too_early").then(|| ran.ok().json())
    });
    assert_eq!(renewed["result"], "renewed");
    assert_eq!(renewed["replaces"], issued["serial"]);
    assert_eq!(renewed["gateway"], "accepted", "{renewed}");
    assert_ne!(renewed["serial"], issued["serial"]);
    for identity in [old_identity, files.identity()] {
        assert_eq!(demo.gateway(Some(identity)).get(PAGE, &[]).status, 200, "both open it");
    }

    let states: Vec<_> = demo
        .certificates(Some(&seat.user_id))
        .iter()
        .map(|row| (row["serial"].clone(), row["state"].clone()))
        .collect();
    assert!(states.contains(&(issued["serial"].clone(), json!("superseded"))), "{states:?}");
    assert!(states.contains(&(renewed["serial"].clone(), json!("live"))), "{states:?}");

    // Only the newest is offered for renewal, and for that it is too early.
    let again = pc.run(&["renew", "--store", "pem:certificate"]);
    assert_eq!(again.json()["code"], "renewal_too_early", "{again:?}");
}

#[test]
fn unattended_whatever_is_due_is_renewed_and_nothing_else() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let pc = Pc::new(&dir.path().join("pc"));
    let [due, other] = demo.seats(2).try_into().unwrap();
    let issued = pc.issue(&demo, &due, "pem:certificate", &[]).ok().json();
    pc.issue(&demo, &other, "pem:certificate", &[]).ok();
    let renew = || pc.run(&["renew", "--store", "pem:certificate", "--all-due"]);
    assert_eq!(renew().ok().json()["renewed"], json!([]), "it is not time yet");

    // Time passes for one of them, on the server and in what the application was told.
    demo.open_renewal();
    let serial = issued["serial"].as_str().unwrap();
    let receipt = pc.file(&format!(".local/state/tegata/certificates/{serial}.json"));
    let mut told: Value = serde_json::from_slice(&fs::read(&receipt).unwrap()).unwrap();
    told["renewable_from"] = json!("2026-01-01T00:00:00Z");

    let all = eventually("the server takes the change", Duration::from_secs(10), || {
        // A refusal teaches the application the server's own date.
        fs::write(&receipt, told.to_string()).unwrap();
        let ran = renew();
        (ran.code != Some(3)).then(|| ran.ok().json())
    });
    assert_eq!(all["failed"], json!([]));
    let renewed: Vec<_> = all["renewed"].as_array().unwrap().iter().collect();
    assert_eq!(renewed.len(), 1, "{all}");
    assert_eq!(renewed[0]["replaces"], issued["serial"]);
}

#[test]
fn what_is_removed_is_gone_and_asked_for_first() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let pc = Pc::new(&dir.path().join("pc"));
    let seat = demo.seat();
    let issued = pc.issue(&demo, &seat, "pem:certificate", &[]).ok().json();
    let serial = issued["serial"].as_str().unwrap();
    let remove = ["remove", "--store", "pem:certificate", "--serial", serial];
    let unasked = pc.run(&remove);
    assert_eq!((unasked.code, unasked.json()["code"].clone()), (Some(2), json!("not_confirmed")));
    assert!(pc.pem("certificate", &seat.user_id).key.exists());
    let removed = pc.run(&[&remove[..], &["--yes"]].concat()).ok().json();
    assert_eq!(removed["serials"], json!([serial]));
    let files = pc.pem("certificate", &seat.user_id);
    for gone in [files.certificate, files.chain, files.key] {
        assert!(!gone.exists(), "{}", gone.display());
    }
    assert!(files.root.exists(), "the root stays: it is not the certificate's own");
    let listed = pc.run(&["list", "--store", "pem:certificate"]).ok().json();
    assert_eq!(listed["certificates"], json!([]));
}

#[test]
fn a_renewal_before_its_time_says_when() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let pc = Pc::new(&dir.path().join("pc"));
    let seat = demo.seat();
    let issued = pc.issue(&demo, &seat, "pem:certificate", &[]).ok().json();
    let serial = issued["serial"].as_str().unwrap();
    let receipt = pc.file(&format!(".local/state/tegata/certificates/{serial}.json"));
    let mut told: Value = serde_json::from_slice(&fs::read(&receipt).unwrap()).unwrap();
    told["renewable_from"] = json!("2026-01-01T00:00:00Z");
    fs::write(&receipt, told.to_string()).unwrap();
    let early = pc.run(&["renew", "--store", "pem:certificate"]);
    assert_eq!(early.code, Some(3), "{early:?}");
    let said = early.json();
    assert_eq!(said["code"], "renewal_too_early", "{said}");
    let year = &issued["renewable_from"].as_str().unwrap()[..4];
    let detail = said["detail"].as_str().unwrap();
    assert!(detail.contains(year) && detail.contains("JST"), "{said}");
    let listed = pc.run(&["list", "--store", "pem:certificate"]).ok().json();
    let known = &listed["certificates"][0]["renewable_from"];
    assert_eq!(known, &issued["renewable_from"], "the date is kept for the list");
    let held = pc.run(&["list", "--store", "pem:certificate"]).ok().json();
    assert_eq!(held["certificates"].as_array().unwrap().len(), 1, "and nothing is lost");
    let waiting = fs::read_dir(pc.file("certificate")).unwrap();
    let waiting = waiting
        .filter(|entry| entry.as_ref().unwrap().file_name().to_str().unwrap().contains("pending"));
    assert_eq!(waiting.count(), 0, "a key that bought nothing is not kept");
}
