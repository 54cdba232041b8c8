//! An operator puts an old copy of the database in place (threats.md, step-ca #606).

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use tegata_scenarios::api::{Api, Issued};
use tegata_scenarios::demo::tegata;
use tegata_scenarios::https::Https;
use tegata_scenarios::key::Key;
use tegata_scenarios::run::run_command;
use tegata_scenarios::server::Server;
use tegata_scenarios::{Ran, Seat, eventually, place, run};
use tempfile::tempdir;

const SECONDS: Duration = Duration::from_secs(5);

#[test]
fn an_old_database_is_refused_and_nothing_revoked_comes_back() {
    let dir = tempdir().unwrap();
    let dir = dir.path();
    let seats = install(dir);
    let (server, serving) = serve(dir, &[]);
    let first = issue(dir, &serving, &seats[0]);
    server.stop(Signal::TERM);
    let backup = dir.join("backup");
    let backup = backup.to_str().unwrap();
    tegata(dir, &["backup", backup]).ok();

    let (server, serving) = serve(dir, &[]);
    let second = issue(dir, &serving, &seats[1]);
    for user_id in [&seats[0].user_id, &seats[1].user_id] {
        tegata(dir, &["certificate", "revoke", user_id, "--reason", "keyCompromise"]).ok();
    }
    let number = eventually("both are on the CRL", SECONDS, || {
        let (listed, number) = crl(dir, &serving);
        [&first, &second].iter().all(|serial| listed.contains(*serial)).then_some(number)
    });
    server.stop(Signal::TERM);
    let verified = tegata(dir, &["audit", "verify"]).ok().json();
    assert_eq!((&verified["holds"], &verified["faults"]), (&json!(true), &json!([])));
    assert_eq!(verified["anchored"], verified["entries"], "anchored to its end");

    let kept = tegata(dir, &["restore", backup]);
    assert!(kept.stderr.contains("is there already"), "{kept:?}");
    tegata(dir, &["restore", backup, "--replace"]).ok();
    let refused = run_command(&mut serve_command(dir, &[]));
    assert_eq!(refused.code, Some(1), "{refused:?}");
    for said in ["older than its anchor", "--accept-rollback"] {
        assert!(refused.stderr.contains(said), "{}", refused.stderr);
    }
    let verified = tegata(dir, &["audit", "verify"]);
    assert_eq!(verified.code, Some(1));
    assert_eq!(verified.json()["faults"][0]["fault"], "anchor", "one document: {verified:?}");
    assert!(verified.stderr.contains("older than its anchor"), "{verified:?}");
    let hold = tegata(dir, &["certificate", "hold", &seats[0].user_id]);
    assert!(hold.stderr.contains("older than its anchor"), "nothing is written: {hold:?}");

    let (server, serving) = serve(dir, &["--accept-rollback"]);
    let (listed, later) = eventually("both are on the CRL again", SECONDS, || {
        let (listed, later) = crl(dir, &serving);
        [&first, &second].iter().all(|serial| listed.contains(*serial)).then_some((listed, later))
    });
    assert!(later > number, "no CRL number twice: {number}, then {later}\n{listed}");
    // The seat whose certificate is lost uses the password that the backup knows.
    issue(dir, &serving, &seats[1]);
    server.stop(Signal::TERM);
    assert_eq!(tegata(dir, &["audit", "verify"]).ok().json()["holds"], json!(true));
    let again = run_command(&mut serve_command(dir, &["--accept-rollback"]));
    assert!(again.stderr.contains("no rollback to accept"), "{again:?}");
}

/// The anchor went with the disk; a gateway still knows better (docs/operations.md).
#[test]
fn a_gateway_is_an_anchor_too() {
    let dir = tempdir().unwrap();
    let dir = dir.path();
    let seats = install(dir);
    let backup = dir.join("backup");
    let backup = backup.to_str().unwrap();
    tegata(dir, &["backup", backup]).ok();
    let (server, serving) = serve(dir, &[]);
    issue(dir, &serving, &seats[0]);
    tegata(dir, &["certificate", "hold", &seats[0].user_id]).ok();
    let receipt = eventually("the feed tells of it", SECONDS, || {
        let page = feed(&serving, "after=0").1;
        let (position, receipt) = read_page(&page);
        (position > 0).then_some(receipt)
    });
    server.stop(Signal::TERM);
    tegata(dir, &["restore", backup, "--replace"]).ok();
    fs::remove_dir_all(dir.join("anchor")).unwrap();

    let gone = run_command(&mut serve_command(dir, &[]));
    assert!(gone.stderr.contains("--new-anchor"), "{gone:?}");
    let refused = tegata(dir, &["certificate", "list"]);
    assert_eq!(refused.code, Some(1), "commands refuse as well: {refused:?}");
    let (server, serving) = serve(dir, &["--new-anchor"]);
    let ready = || {
        let url = format!("{}/readyz", serving["admin"].as_str().unwrap());
        run("curl", ["-s", "-w", "%{http_code}", &url]).ok().text()
    };
    assert!(ready().ends_with("200"));
    let forged = receipt.replace(['0', '1', '2'], "3");
    assert_eq!(feed(&serving, &format!("after=0&receipt={forged}")).0, "200", "no proof at all");
    assert!(ready().ends_with("200"));
    assert_eq!(feed(&serving, &format!("after=0&receipt={receipt}")).0, "409");
    let said = ready();
    assert!(said.contains("older than its anchor") && said.ends_with("503"), "{said}");
    let site = serving["site"].as_str().unwrap();
    let api = Api::new(Https::new(site, &dir.join("root.pem"), None), site);
    let refused = api.enroll(&seats[1], &Key::default().request());
    assert_eq!(refused.status, 503, "nothing is issued");
    // Written down, so that a restart does not forget it.
    eventually("what the gateway showed is written down", SECONDS, || {
        dir.join("anchor/evidence.json").exists().then_some(())
    });
    server.stop(Signal::TERM);
    let again = run_command(&mut serve_command(dir, &[]));
    assert!(again.stderr.contains("--accept-rollback"), "{again:?}");
    let accept = serve_command(dir, &["--accept-rollback"]);
    let (server, line) = Server::start(&mut { accept }, &dir.join("serve.err"));
    assert!(line.contains("rollback_accepted"), "{line}");
    let serving: Value = serde_json::from_str(&server.next_line()).unwrap();
    assert_eq!(feed(&serving, &format!("after=0&receipt={receipt}")).0, "200");
    issue(dir, &serving, &seats[1]);
}

/// Status and octets of a page of the feed.
fn feed(serving: &Value, query: &str) -> (String, Vec<u8>) {
    let status = serving["status"].as_str().unwrap();
    let url = format!("{status}/feed/0001/EX0001002C?{query}");
    let mut octets = run("curl", ["-s", "-w", "%{http_code}", &url]).ok().stdout;
    let code = octets.split_off(octets.len() - 3);
    (String::from_utf8(code).unwrap(), octets)
}

/// Position and receipt of a page (crates/wire/src/feed.rs).
fn read_page(page: &[u8]) -> (u64, String) {
    let service = 64 + 8;
    let after = service + 1 + usize::from(page[service]);
    let position = u64::from_be_bytes(page[after + 8..after + 16].try_into().unwrap());
    let receipt = after + 8 + 8 + 8 + 1;
    let len = usize::from(page[receipt]);
    let octets = &page[receipt + 1..receipt + 1 + len];
    (position, octets.iter().map(|octet| format!("{octet:02x}")).collect())
}

fn install(dir: &Path) -> Vec<Seat> {
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
    let settings = dir.join("service.json");
    fs::write(&settings, service.to_string()).unwrap();
    let names = ["--service", "0001/EX0001002C", "--root", "EX0001001C"];
    let init = ["init", "--service-settings", settings.to_str().unwrap()];
    tegata(dir, &[&init[..], &names].concat()).ok();
    let any = r#""127.0.0.1:0""#;
    let listen = format!("[listen]\nsite = {any}\nstatus = {any}\nadmin = {any}\n");
    fs::write(dir.join("tegata.toml"), listen).unwrap();
    tegata(dir, &["branch", "add", "950", "--name", "Head Office"]).ok();
    let company = ["company", "add", "CMSM950-006", "--name", "Example", "--branch", "950"];
    tegata(dir, &company).ok();
    let added = tegata(dir, &["subscriber", "add", "--company", "CMSM950-006", "--count", "2"]);
    serde_json::from_value(added.ok().json()).unwrap()
}

fn serve_command(dir: &Path, more: &[&str]) -> Command {
    let mut serve = Command::new(place::program("tegata"));
    serve.args(["serve", "--json", "--dir"]).arg(dir).args(more);
    serve
}

fn serve(dir: &Path, more: &[&str]) -> (Server, Value) {
    let (server, line) = Server::start(&mut serve_command(dir, more), &dir.join("serve.err"));
    let said: Value = serde_json::from_str(&line).unwrap();
    if said.get("site").is_some() {
        return (server, said);
    }
    // The rollback comes first, then the addresses.
    assert_eq!(said["rollback_accepted"]["unaccounted"].as_array().unwrap().len(), 1, "{said}");
    let line = server.next_line();
    (server, serde_json::from_str(&line).unwrap())
}

fn issue(dir: &Path, serving: &Value, seat: &Seat) -> String {
    let site = serving["site"].as_str().unwrap();
    let api = Api::new(Https::new(site, &dir.join("root.pem"), None), site);
    let issued = Issued::of(&api.enroll(seat, &Key::default().request()));
    let file = dir.join("issued.cer");
    fs::write(&file, issued.certificate()).unwrap();
    let args = ["x509", "-inform", "DER", "-noout", "-serial", "-in", file.to_str().unwrap()];
    run("openssl", args).ok().text().trim().strip_prefix("serial=").unwrap().to_owned()
}

/// The CRL over everything as text, and its number.
fn crl(dir: &Path, serving: &Value) -> (String, u64) {
    let url = format!("{}/crl/EX0001002C.crl", serving["status"].as_str().unwrap());
    let file = dir.join("all.crl");
    fs::write(&file, run("curl", ["-sSf", &url]).ok().stdout).unwrap();
    let ask = |what: &str| -> Ran {
        run("openssl", ["crl", "-inform", "DER", "-noout", what, "-in", file.to_str().unwrap()])
    };
    let number = ask("-crlnumber").ok().text();
    let digits = number.trim().strip_prefix("crlNumber=0x").unwrap().to_owned();
    (ask("-text").ok().text(), u64::from_str_radix(&digits, 16).unwrap())
}
