//! Every certificate and list that Tegata makes, read by pkilint.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use tegata_scenarios::api::{Api, Issued};
use tegata_scenarios::demo::tegata;
use tegata_scenarios::https::Https;
use tegata_scenarios::key::Key;
use tegata_scenarios::lint::pkilint;
use tegata_scenarios::server::Server;
use tegata_scenarios::{Demo, Pc, Seat, eventually, figure, place, run};
use tempfile::tempdir;

/// An installation as an operator makes it, with names of the real world: pkilint finds nothing
/// at WARNING or above in root, issuing CA, the TLS certificates of site and gateway, client
/// certificates, each with its issuer, and the lists, empty and not. Also with RSA keys and with
/// Ed25519. (RSA-PSS is for OpenSSL to judge: pkilint 0.13 verifies every RSA signature between
/// two certificates as PKCS#1 v1.5.)
#[test]
fn pkilint_finds_nothing_in_an_installation() {
    for (root_key, issuing_key) in [("p384", "p256"), ("rsa4096", "rsa3072"), ("p384", "ed25519")] {
        let dir = tempdir().unwrap();
        let (_server, serving) = install(dir.path(), root_key, issuing_key);
        let status = serving["status"].as_str().unwrap();
        let file = |name: &str, path: &str| {
            let octets = run("curl", ["-sSf", &format!("{status}/{path}")]).ok().stdout;
            write(dir.path(), name, &octets)
        };
        let root = file("root.cer", "aia/EX0001001C.cer");
        let issuing = file("issuing.cer", "aia/EX0001002C.cer");
        let lists = vec![file("root.crl", "crl/EX0001001C.crl"), file("empty.crl", ISSUING_LIST)];

        let out = dir.path().join("gateway");
        let upstream = ["--path", "/cms", "--upstream", "http://127.0.0.1:1"];
        let gateway = ["--out", out.to_str().unwrap(), "--name", "cms.example.co.jp"];
        tegata(dir.path(), &[&["service", "gateway"], &upstream[..], &gateway].concat()).ok();
        // pkilint reads one certificate a file, and the gateway's holds its chain.
        let gateway = fs::read(out.join("gateway.crt.pem")).unwrap();
        let gateway = write(dir.path(), "gateway.pem", first_certificate(&gateway));
        let site = serving["site"].as_str().unwrap();
        let served = write(dir.path(), "site.pem", &presented(site));

        let root_pem = dir.path().join("root.pem");
        let (from, to) = (root.to_str().unwrap(), root_pem.to_str().unwrap());
        run("openssl", ["x509", "-inform", "DER", "-in", from, "-out", to]).ok();
        let api = Api::new(Https::new(site, &root_pem, None), site);
        let mut ends = vec![served, gateway];
        for seat in seats(dir.path()) {
            let issued = Issued::of(&api.enroll(&seat, &Key::default().request()));
            ends.push(write(dir.path(), &format!("{}.cer", seat.user_id), &issued.certificate()));
        }
        let lists = [lists, vec![revoke_and_hold(dir.path(), &|name| file(name, ISSUING_LIST))]];
        let findings = lint_all(&root, &issuing, &ends, &lists.concat());
        assert!(findings.is_empty(), "{}", findings.join("\n"));
    }
}

/// The demo's too.
#[test]
fn pkilint_finds_nothing_in_the_demo() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let file = |name: &str, path: &str| write(dir.path(), name, &demo.status_file(path));
    let issuing = file("issuing.cer", "aia/SB0001002C.cer");
    let mut ends = vec![
        write(dir.path(), "site.pem", &presented(&demo.ready.site)),
        write(dir.path(), "gateway.pem", &presented(&demo.ready.gateway)),
    ];
    let pc = Pc::new(&dir.path().join("pc"));
    let seat = demo.seat();
    pc.issue(&demo, &seat, "pem:certificate", &[]).ok();
    ends.push(pc.pem("certificate", &seat.user_id).certificate);
    let lists = [file("root.crl", "crl/SB0001001C.crl"), file("issuing.crl", "crl/SB0001002C.crl")];
    let findings = lint_all(&demo.ready.root_pem, &issuing, &ends, &lists);
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

const ISSUING_LIST: &str = "crl/EX0001002C.crl";

/// `tegata init` and `tegata serve`, as an operator would; returns what it serves.
fn install(dir: &Path, root_key: &str, issuing_key: &str) -> (Server, Value) {
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
    let settings = write(dir, "service.json", service.to_string().as_bytes());
    let settings = settings.to_str().unwrap();
    let names = ["--service", "0001/EX0001002C", "--root", "EX0001001C"];
    let keys = ["--root-key", root_key, "--issuing-key", issuing_key];
    tegata(dir, &[&["init", "--service-settings", settings], &names[..], &keys].concat()).ok();
    let any = r#""127.0.0.1:0""#;
    let toml = format!(
        "[listen]\nsite = {any}\nstatus = {any}\nadmin = {any}\n\
         [site]\nnames = [\"issue.example.co.jp\", \"127.0.0.1\"]\n"
    );
    fs::write(dir.join("tegata.toml"), toml).unwrap();
    let mut serve = Command::new(place::program("tegata"));
    serve.args(["serve", "--json", "--dir"]).arg(dir);
    let (server, line) = Server::start(&mut serve, &dir.join("serve.err"));
    (server, serde_json::from_str(&line).unwrap())
}

/// Two seats of a new company.
fn seats(dir: &Path) -> [Seat; 2] {
    tegata(dir, &["branch", "add", "950", "--name", "本店"]).ok();
    let company = ["--name", "見本商事株式会社", "--branch", "950"];
    tegata(dir, &[&["company", "add", "CMSM950-006"], &company[..]].concat()).ok();
    let added = tegata(dir, &["subscriber", "add", "--company", "CMSM950-006", "--count", "2"]);
    serde_json::from_value(added.ok().json()).unwrap()
}

/// Revokes one certificate, holds the other, and returns the list that says so.
fn revoke_and_hold(dir: &Path, fetch: &dyn Fn(&str) -> PathBuf) -> PathBuf {
    let rows = tegata(dir, &["certificate", "list"]).ok().json();
    let serial = |row: usize| rows[row]["serial"].as_str().unwrap().to_owned();
    tegata(dir, &["certificate", "revoke", &serial(0), "--reason", "keyCompromise"]).ok();
    tegata(dir, &["certificate", "hold", &serial(1)]).ok();
    eventually("both are on the list", Duration::from_secs(5), || {
        let list = fetch("issuing.crl");
        let args = ["crl", "-noout", "-text", "-inform", "DER", "-in", list.to_str()?];
        let text = run("openssl", args).ok().text();
        let named = (0..2).all(|row| text.contains(&serial(row).to_uppercase()));
        named.then_some(list)
    })
}

/// Every finding at WARNING or above in the CAs, what they issued, and their lists.
fn lint_all(root: &Path, issuing: &Path, ends: &[PathBuf], lists: &[PathBuf]) -> Vec<String> {
    let mut findings = pkilint("lint_pkix_cert", &[], &[root]);
    let pairs = ends.iter().map(|end| (issuing, end.as_path())).chain([(root, issuing)]);
    for (issuer, subject) in pairs {
        findings.extend(pkilint("lint_pkix_cert", &[], &[subject]));
        findings.extend(pkilint("lint_pkix_signer_signee_cert_chain", &[], &[issuer, subject]));
    }
    for list in lists {
        findings.extend(pkilint("lint_crl", &["-t", "CRL", "-p", "PKIX"], &[list]));
    }
    figure("pkilint", format!("{} certificates, {} lists", ends.len() + 2, lists.len()));
    findings
}

/// The certificate that a server shows in its handshake, as openssl sees it.
fn presented(address: &str) -> Vec<u8> {
    let server = format!("127.0.0.1:{}", tegata_scenarios::https::port(address));
    first_certificate(&run("openssl", ["s_client", "-connect", &server]).stdout).to_vec()
}

fn first_certificate(pem: &[u8]) -> &[u8] {
    let place = |mark: &[u8]| pem.windows(mark.len()).position(|part| part == mark).unwrap();
    let end = b"-----END CERTIFICATE-----\n";
    &pem[place(b"-----BEGIN CERTIFICATE-----")..place(end) + end.len()]
}

fn write(dir: &Path, name: &str, octets: &[u8]) -> PathBuf {
    let path = dir.join(name);
    fs::write(&path, octets).unwrap();
    path
}
