//! The certificates of the site and the gateway, and what `tegata status` says when somebody is
//! needed.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use tegata_scenarios::run::{self, Ran};
use tegata_scenarios::server::Server;
use tegata_scenarios::{Demo, eventually, place};
use tempfile::tempdir;

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The first certificate in this text, without its armour.
fn first(pem: &str) -> String {
    let (_, rest) = pem.split_once("-----BEGIN CERTIFICATE-----").unwrap();
    rest.split_once("-----END").unwrap().0.split_whitespace().collect()
}

#[test]
fn what_is_put_in_place_of_a_gateways_certificate_is_shown_without_a_restart() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let make = |name: &str, host: &str| {
        let out = dir.path().join(name);
        let made = ["--out", text(&out), "--listen", "127.0.0.1:0", "--name", host];
        let served = ["--path", "/SAMPLE01/cms", "--upstream", "http://127.0.0.1:9"];
        demo.tegata(&[&["service", "gateway"], &made[..], &served].concat()).ok();
        out
    };
    let (one, other) = (make("one", "one.example"), make("other", "other.example"));
    let of = |dir: &Path| first(&fs::read_to_string(dir.join("gateway.crt.pem")).unwrap());
    let mut command = Command::new(place::program("tegata"));
    command.args(["gateway", "--json", "--config"]).arg(one.join("gateway.toml"));
    let (gateway, line) = Server::start(&mut command, &dir.path().join("gateway.err"));
    let listen: Value = serde_json::from_str(&line).unwrap();
    let address = listen["listen"].as_str().unwrap().to_owned();
    let shown = || first(&run::run("openssl", ["s_client", "-connect", &address]).text());
    let before = of(&one);
    assert_eq!(shown(), before);

    // The one without the other is nothing, for as long as it may take.
    let put = |name: &str| fs::copy(other.join(name), one.join(name)).unwrap();
    put("gateway.crt.pem");
    eventually("the gateway says that they do not fit", Duration::from_secs(20), || {
        gateway.stderr().contains("stays as it was").then_some(())
    });
    assert_eq!(shown(), before);
    put("gateway.key.pem");
    eventually("the new one is shown", Duration::from_secs(20), || {
        (shown() == of(&other)).then_some(())
    });
}

#[test]
fn status_exits_with_3_when_somebody_is_needed_and_with_0_when_all_is_well() {
    let dir = tempdir().unwrap();
    let data = dir.path();
    let tegata = |args: &[&str]| -> Ran {
        let mut command = Command::new(place::program("tegata"));
        run::run_command(command.args(args).arg("--dir").arg(data))
    };
    let both = |text: &str| json!({ "ja": text, "en": text });
    let service = json!({
        "organisation": both("Example Bank"),
        "name": both("Example CMS"),
        "help": both("Please call your branch."),
        "service_url": "https://cms.example.co.jp/cms",
        "status_url": "http://status.example.co.jp",
        "time_zone": "Asia/Tokyo",
        "user_id_example": "CMSM950-006-401",
    });
    let settings = data.join("service.json");
    fs::write(&settings, service.to_string()).unwrap();
    let names = ["--service", "0001/EX0001002C", "--root", "EX0001001C"];
    tegata(&[&["init", "--service-settings", text(&settings)], &names[..]].concat()).ok();
    let any = r#""127.0.0.1:0""#;
    let listen = format!("[listen]\nsite = {any}\nstatus = {any}\nadmin = {any}\n");
    fs::write(data.join("tegata.toml"), listen).unwrap();

    // Nobody serves yet: there is no CRL.
    let status = tegata(&["status", "--json"]).ended(3);
    let said = status.json()[0]["attention"].clone();
    assert_eq!(said, json!(["EX0001002C has no CRL"]));
    let table = tegata(&["status"]).ended(3);
    assert!(table.text().contains("attention: EX0001002C has no CRL"), "{}", table.text());

    let mut serve = Command::new(place::program("tegata"));
    serve.args(["serve", "--json", "--dir"]).arg(data);
    let (_server, _) = Server::start(&mut serve, &data.join("serve.err"));
    assert_eq!(tegata(&["status", "--json"]).ended(0).json()[0]["attention"], json!([]));
    tegata(&["status", "--service", "0001/NOWHERE", "--json"]).ended(1);
    tegata(&["status", "--idle-days", "0"]).ended(2);
}
