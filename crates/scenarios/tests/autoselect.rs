//! The browser's choice as a policy, written where Chromium reads it and taken away again, on a
//! system of its own (a mount namespace), by whoever may write there.

use std::fs;

use serde_json::{Value, json};
use tegata_scenarios::{Demo, Pc, place, run};
use tempfile::tempdir;

#[test]
fn the_policy_is_shown_then_written_then_gone() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let pc = Pc::new(&dir.path().join("pc"));
    pc.issue(&demo, &demo.seat(), "nss", &[]).ok();
    let written = dir.path().join("written.json");
    let app = format!(
        "HOME='{home}' '{app}' --json autoselect --store nss",
        home = pc.home().display(),
        app = place::program("tegata-app").display(),
    );
    let policies = "/etc/chromium/policies/managed";
    let script = format!(
        "mount -t tmpfs none /etc/chromium && {app} && ls {policies} 2>/dev/null; \
         {app} --write && cat {policies}/*.json > '{written}' && {app} --remove && test ! -e {policies}",
        written = written.display(),
    );
    let ran = run("unshare", ["--user", "--map-root-user", "--mount", "sh", "-c", &script]).ok();
    let said: Vec<Value> =
        ran.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let results: Vec<_> = said.iter().map(|object| object["result"].clone()).collect();
    // What `ls` found before would be lines that are no JSON.
    assert_eq!(results, [json!("shown"), json!("written"), json!("removed")]);
    let policy: Value = serde_json::from_slice(&fs::read(&written).unwrap()).unwrap();
    assert_eq!(policy, json!({ "AutoSelectCertificateForUrls": said[0]["entries"] }));
    let entry: Value = serde_json::from_str(said[0]["entries"][0].as_str().unwrap()).unwrap();
    let service = &demo.ready.service_url;
    let pattern = entry["pattern"].as_str().unwrap();
    assert!(service.starts_with(&format!("{pattern}/")), "{pattern}, {service}");
    assert_eq!(entry["filter"], json!({ "ISSUER": { "CN": "SB0001002C" } }));
}
