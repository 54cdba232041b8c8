//! The loop from the gateway back to the server: what is used, what is not, and what is retired
//! because its successor is.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tegata_scenarios::api::Issued;
use tegata_scenarios::https::{Https, Identity};
use tegata_scenarios::key::Key;
use tegata_scenarios::server::Server;
use tegata_scenarios::wait::millis;
use tegata_scenarios::{Demo, Seat, eventually, figure, place, run};
use tempfile::tempdir;

const PAGE: &str = "/SAMPLE01/cms";

/// How late a use may show at the server.
const SECONDS: Duration = Duration::from_secs(10);

/// A key with its certificate, in files for OpenSSL.
struct Holder {
    key: Key,
    issued: Issued,
    dir: PathBuf,
}

impl Holder {
    fn enrolled(demo: &Demo, seat: &Seat, dir: &Path) -> Self {
        let key = Key::default();
        let issued = Issued::of(&demo.api().enroll(seat, &key.request()));
        Self::keep(key, issued, dir.join("first"))
    }

    fn keep(key: Key, issued: Issued, dir: PathBuf) -> Self {
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("key.pem"), key.pair().serialize_pem()).unwrap();
        fs::write(dir.join("certificate.der"), issued.certificate()).unwrap();
        let (der, pem) = (dir.join("certificate.der"), dir.join("certificate.pem"));
        run("openssl", ["x509", "-inform", "DER", "-in", text(&der), "-out", text(&pem)]).ok();
        Self { key, issued, dir }
    }

    fn identity(&self) -> Identity {
        self.key.identity(&self.issued)
    }

    /// CMS SignedData around `content`, in base64.
    fn signed(&self, content: &[u8]) -> String {
        let path = |name: &str| text(&self.dir.join(name)).to_owned();
        fs::write(self.dir.join("content"), content).unwrap();
        let (content, signer) = (path("content"), path("certificate.pem"));
        let (key, out) = (path("key.pem"), path("signed.der"));
        let sign = ["cms", "-sign", "-binary", "-nodetach", "-outform", "DER", "-in", &content];
        let with = ["-signer", &signer, "-inkey", &key, "-out", &out];
        run("openssl", sign.into_iter().chain(with)).ok();
        STANDARD.encode(fs::read(out).unwrap())
    }

    fn renewed(&self, demo: &Demo) -> Self {
        let key = Key::default();
        let request = self.signed(&key.request());
        let answer = eventually("the server takes the change", SECONDS, || {
            let answer = demo.api().renew(&request);
            (answer.status == 200).then_some(answer)
        });
        Self::keep(key, Issued::of(&answer), self.dir.with_file_name("second"))
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn listed(demo: &Demo, filter: &[&str]) -> Vec<String> {
    let rows = demo.tegata(&[&["certificate", "list"], filter].concat()).ok().json();
    let serial = |row: &Value| row["serial"].as_str().unwrap().to_owned();
    rows.as_array().unwrap().iter().map(serial).collect()
}

fn row(demo: &Demo, serial: &str) -> Value {
    demo.certificates(None).into_iter().find(|row| row["serial"] == serial).unwrap()
}

fn used(demo: &Demo, serial: &str) {
    let begun = Instant::now();
    eventually("the use is on record", SECONDS, || {
        (!row(demo, serial)["last_used_at"].is_null()).then_some(())
    });
    figure("from a request to its use at the server", millis(begun.elapsed()));
}

/// The renewal window opens earlier than any certificate begins, and nothing old is kept.
fn turn_the_clock(demo: &Demo, dir: &Path) {
    let mut settings = demo.tegata(&["service", "show"]).ok().json();
    settings["lifetime_days"] = json!(500);
    settings["renewal_window_days"] = json!(400);
    settings["retire_after_days"] = json!(0);
    let file = dir.join("service.json");
    fs::write(&file, settings.to_string()).unwrap();
    demo.tegata(&["service", "change", "--service-settings", text(&file)]).ok();
}

#[test]
fn from_issued_and_never_used_to_renewed_and_retired() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let seat = demo.seat();
    let first = Holder::enrolled(&demo, &seat, dir.path());
    let serial = first.issued.serial.clone();
    assert_eq!(listed(&demo, &["--never-used"]), [serial.as_str()]);

    assert_eq!(demo.gateway(Some(first.identity())).get(PAGE, &[]).status, 200);
    used(&demo, &serial);
    assert_eq!(listed(&demo, &["--never-used"]), [""; 0]);
    assert_eq!(listed(&demo, &["--idle", "90d"]), [""; 0]);
    assert_eq!(listed(&demo, &["--idle", "0d"]), [serial.as_str()], "since now");

    turn_the_clock(&demo, dir.path());
    let second = first.renewed(&demo);
    assert_eq!(row(&demo, &second.issued.serial)["replaces"], serial);
    assert_eq!(listed(&demo, &["--still-old"]), [serial.as_str()]);
    assert_eq!(listed(&demo, &["--never-used"]), [second.issued.serial.as_str()]);
    let status = demo.tegata(&["status"]);
    assert_eq!(status.code, Some(0), "{status:?}");
    let status = &status.json()[0];
    for (figure, count) in [("live", 1), ("never_used", 1), ("superseded", 1), ("still_old", 1)] {
        assert_eq!(status[figure], count, "{figure}: {status}");
    }
    assert_eq!(status["gateways"][0]["name"], "gateway");
    assert!(!status["gateways"][0]["reported_at"].is_null(), "{status}");
    assert_eq!(status["attention"], json!([]));

    // Nothing is retired because it was renewed, only because the new one came.
    let old = demo.gateway(Some(first.identity()));
    assert_eq!(old.get(PAGE, &[]).status, 200);
    assert_eq!(row(&demo, &serial)["state"], "superseded");
    assert_eq!(demo.gateway(Some(second.identity())).get(PAGE, &[]).status, 200);
    eventually("the old one is refused", SECONDS, || {
        (old.get(PAGE, &[]).status == 403).then_some(())
    });
    let retired = row(&demo, &serial);
    assert_eq!((&retired["state"], &retired["reason"]), (&json!("revoked"), &json!("superseded")));
    assert_eq!(demo.gateway(Some(second.identity())).get(PAGE, &[]).status, 200);
    assert_eq!(listed(&demo, &["--still-old"]), [""; 0]);
    assert_eq!(demo.tegata(&["audit", "verify"]).ok().code, Some(0));
}

#[test]
fn its_holder_retires_the_old_one_at_once() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let first = Holder::enrolled(&demo, &demo.seat(), dir.path());
    let serial = first.issued.serial.clone();
    turn_the_clock(&demo, dir.path());
    let statement = format!(
        "tegata, version 1: retire this certificate\nservice 0001/SB0001002C\nserial {serial}\n"
    );
    let retire = |holder: &Holder| {
        let body = json!({ "request": holder.signed(statement.as_bytes()) }).to_string();
        let headers = [("content-type", "application/json"), ("accept-language", "en")];
        let api = demo.api();
        api.https.send("POST", &api.path("retire"), &headers, body.as_bytes()).unwrap()
    };
    retire(&first).problem(403, "not_retired");
    let second = first.renewed(&demo);
    retire(&second).problem(403, "renewal_not_authorised");
    let answer = retire(&first);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["successor"], second.issued.serial);
    let old = demo.gateway(Some(first.identity()));
    eventually("the old one is refused", SECONDS, || {
        (old.get(PAGE, &[]).status == 403).then_some(())
    });
    assert_eq!(retire(&first).json(), answer.json(), "a lost answer is asked for again");
}

#[test]
fn nothing_is_lost_while_the_server_is_away() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let holder = Holder::enrolled(&demo, &demo.seat(), dir.path());
    let out = dir.path().join("gateway");
    let made = ["--out", text(&out), "--listen", "127.0.0.1:0", "--name", "127.0.0.1"];
    // Nobody listens there: who is admitted is told so, and was admitted.
    let served = ["--path", PAGE, "--upstream", "http://127.0.0.1:9"];
    demo.tegata(&[&["service", "gateway"], &made[..], &served].concat()).ok();
    let mut command = Command::new(place::program("tegata"));
    command.args(["gateway", "--json", "--config"]).arg(out.join("gateway.toml"));
    let (gateway, line) = Server::start(&mut command, &dir.path().join("gateway.err"));
    let listen: Value = serde_json::from_str(&line).unwrap();
    let address = format!("https://{}", listen["listen"].as_str().unwrap());
    let browser = Https::new(&address, &demo.ready.root_pem, Some(holder.identity()));
    let named = |status: &Value| {
        let gateways = status[0]["gateways"].as_array().unwrap().clone();
        gateways.into_iter().find(|gateway| gateway["name"] == "gateway-127.0.0.1").unwrap()
    };
    eventually("the gateway says that it is there", SECONDS, || {
        (!named(&demo.tegata(&["status"]).json())["reported_at"].is_null()).then_some(())
    });

    demo.server.pause();
    assert_eq!(browser.get(PAGE, &[]).status, 502, "admitted, but there is no service");
    eventually("the gateway misses its server", Duration::from_secs(40), || {
        gateway.stderr().contains("wait to be reported").then_some(())
    });
    demo.server.resume();
    eventually("the use is on record", Duration::from_secs(40), || {
        (!row(&demo, &holder.issued.serial)["last_used_at"].is_null()).then_some(())
    });
}
