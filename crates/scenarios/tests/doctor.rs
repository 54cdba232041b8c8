//! `tegata-app doctor` against the real site and the real gateway.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};
use tegata_scenarios::{Demo, Pc, Seat, eventually, run};
use tempfile::tempdir;

fn of<'a>(report: &'a Value, check: &str) -> &'a Value {
    let findings = report["findings"].as_array().unwrap();
    findings.iter().find(|finding| finding["check"] == check).unwrap()
}

#[test]
fn the_doctor_tells_a_healthy_pc_from_a_revoked_certificate() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let pc = Pc::new(&dir.path().join("pc"));
    let seat = demo.seat();
    pc.issue(&demo, &seat, "pem:certificate", &[]).ok();

    let doctor = ["doctor", "--store", "pem:certificate"];
    let well = pc.run(&doctor).ok().json();
    assert_eq!(well["problems"], 0, "{well}");
    assert_eq!(of(&well, "gateway")["fix"], json!({ "open": demo.ready.service_url }));

    demo.tegata(&["certificate", "revoke", &seat.user_id, "--reason", "keyCompromise"]).ok();
    let report = pc.file("report.txt");
    let ill = eventually("the gateway knows", Duration::from_secs(5), || {
        let ran = pc.run(&doctor);
        // A connection that is cut in that moment is told as such.
        let knows = ran.code == Some(3) && of(&ran.json(), "gateway")["fix"] == "issue";
        knows.then(|| ran.json())
    });
    assert_eq!(ill["problems"], 1, "{ill}");

    // What the page in the browser says, copied as an input method leaves it, explained.
    let reference = reference(&demo, &pc, &seat);
    let wide: String =
        reference.chars().map(|c| char::from_u32(c as u32 + 0xfee0).unwrap()).collect();
    let more = ["--reference", &wide, "--report", report.to_str().unwrap()];
    let explained = pc.run(&[&doctor[..], &more].concat()).json();
    let refusal = &explained["findings"][0];
    assert_eq!((&refusal["check"], &refusal["fix"]), (&json!("refusal"), &json!("issue")));
    let title = refusal["title"].as_str().unwrap();
    assert!(title.contains("revoked") && title.contains(&reference), "{title}");
    assert!(refusal["detail"].as_str().unwrap().contains(&seat.user_id), "{refusal}");
    let said = fs::read_to_string(&report).unwrap();
    assert!(said.contains(&reference) && said.contains("[!!]"), "{said}");
    let password = seat.password.replace('-', "");
    assert!(!said.replace('-', "").contains(&password), "no secret in a report");
    let key = fs::read_to_string(pc.pem("certificate", &seat.user_id).key).unwrap();
    assert!(key.lines().all(|line| !said.contains(line)), "no key in a report");
}

/// The reference on the gateway's page.
fn reference(demo: &Demo, pc: &Pc, seat: &Seat) -> String {
    let files = pc.pem("certificate", &seat.user_id);
    let [root, chain, key] =
        [&demo.ready.root_pem, &files.chain, &files.key].map(|path| path.to_str().unwrap());
    let identity = ["--silent", "--cacert", root, "--cert", chain, "--key", key];
    let page = run("curl", [&identity[..], &[&demo.ready.service_url]].concat()).ok().text();
    let at = page.find("G-").unwrap();
    page[at..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect()
}

#[test]
fn without_the_site_the_doctor_says_so_and_looks_at_the_rest() {
    let dir = tempdir().unwrap();
    let pc = Pc::new(&dir.path().join("pc"));
    let ran = {
        let demo = Demo::start(dir.path());
        pc.issue(&demo, &demo.seat(), "pem:certificate", &[]).ok();
        drop(demo);
        pc.run(&["doctor", "--store", "pem:certificate"])
    };
    assert_eq!(ran.code, Some(4), "{ran:?}");
    let report = ran.json();
    assert_eq!(of(&report, "network")["fix"], "proxy");
    assert_eq!(of(&report, "key")["verdict"], "good");
}
