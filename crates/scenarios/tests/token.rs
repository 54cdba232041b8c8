//! CA keys in a PKCS#11 token: the main job, and what happens when the token does not play along.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use tegata_scenarios::api::Issued;
use tegata_scenarios::key::Key;
use tegata_scenarios::run::run_command;
use tegata_scenarios::server::Server;
use tegata_scenarios::token::{SPY, SoftToken};
use tegata_scenarios::{Demo, Pc, Ran, eventually, place, run};
use tempfile::tempdir;

const PAGE: &str = "/SAMPLE01/cms";

#[test]
fn the_main_job_with_every_ca_key_in_a_token() {
    let dir = tempdir().unwrap();
    let token = SoftToken::new(dir.path());
    let demo = Demo::start_with_token(dir.path(), &token);
    let pc = Pc::new(&dir.path().join("pc"));
    let seat = demo.seat();
    pc.issue(&demo, &seat, "pem:certificate", &[]).ok();
    let files = pc.pem("certificate", &seat.user_id);
    let gateway = demo.gateway(Some(files.identity()));
    assert_eq!(gateway.get(PAGE, &[]).status, 200);
    assert_eq!(readyz(&demo).0, 200);
    let chain = verify(&demo, dir.path(), &files.certificate, &files.chain);
    assert!(chain.ok().text().ends_with(": OK\n"));

    demo.tegata(&["certificate", "revoke", &seat.user_id, "--reason", "keyCompromise"]).ok();
    eventually("the revoked certificate is refused", Duration::from_secs(1), || {
        gateway.get_or_cut(PAGE, &[]).filter(|answer| answer.status == 403).map(|_| ())
    });
    let on_list = eventually("the serial number is on the list", Duration::from_secs(5), || {
        Some(verify(&demo, dir.path(), &files.certificate, &files.chain))
            .filter(|verified| verified.code != Some(0))
    });
    assert!(on_list.stderr.contains("certificate revoked"), "{}", on_list.stderr);

    let keys = Demo::data_dir(dir.path()).join("keys");
    let mut names: Vec<_> = fs::read_dir(&keys)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert!(names.contains(&"SB0001001C.key.uri".to_owned()), "{names:?}");
    assert!(names.contains(&"SB0001002C.key.uri".to_owned()), "{names:?}");
    assert!(!names.iter().any(|name| name.starts_with("SB") && name.ends_with(".pem")));
    for name in ["SB0001001C.key.uri", "SB0001002C.key.uri"] {
        let mode = fs::metadata(keys.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    // Neither the PIN nor anything like a CA key anywhere in the data directory or the log.
    let pin = run("grep", ["-rlF", token.secret(), keys.parent().unwrap().to_str().unwrap()]);
    assert_eq!(pin.code, Some(1), "{}", pin.text());
    assert!(!demo.server.stderr().contains(token.secret()));

    let listed = token.tool(&["--list-objects", "--type", "privkey"]).ok().text();
    let objects: Vec<_> = listed.split("Private Key Object").skip(1).collect();
    assert_eq!(objects.len(), 2, "{listed}");
    for (object, name) in objects.iter().zip(["SB0001001C", "SB0001002C"]) {
        assert!(listed.contains(name), "{listed}");
        for word in ["sensitive", "always sensitive", "never extractable", "local"] {
            assert!(object.contains(word), "{object}");
        }
    }

    // A second run finds the keys by their addresses alone.
    assert_eq!(demo.server.stop(Signal::TERM), Some(0));
    let demo = Demo::start_with_token(dir.path(), &token);
    let seat = demo.seat();
    Issued::of(&demo.api().enroll(&seat, &Key::default().request()));
}

#[test]
fn without_its_token_the_server_says_so_and_comes_back() {
    let dir = tempdir().unwrap();
    let token = SoftToken::new(dir.path());
    let demo = Demo::start_with_token(dir.path(), &token);
    let (seat, key) = (demo.seat(), Key::default());
    assert_eq!(readyz(&demo), (200, "ready\n".to_owned()));

    token.take_away();
    for _ in 0..2 {
        let refused = demo.api().enroll(&seat, &key.request());
        let problem = refused.problem(503, "unavailable");
        assert!(refused.header("retry-after").is_some());
        assert!(!problem.to_string().contains("pkcs11"), "nothing of the inside: {problem}");
    }
    let (status, sentence) = readyz(&demo);
    assert_eq!(status, 503);
    assert!(sentence.contains("SB0001002C: the signing key cannot be used"), "{sentence}");
    assert!(sentence.contains("nothing needs to be restarted"), "{sentence}");
    // It was known before anything began: no serial number is spent.
    assert_eq!(demo.certificates(Some(&seat.user_id)), Vec::<serde_json::Value>::new());

    token.bring_back();
    assert_eq!(readyz(&demo), (200, "ready\n".to_owned()));
    // The password was not spent.
    let issued = Issued::of(&demo.api().enroll(&seat, &key.request()));
    assert_eq!(demo.gateway(Some(key.identity(&issued))).get(PAGE, &[]).status, 200);
}

/// A wrong PIN is told plainly, counted once by the token, and leaves nothing behind; and a root
/// in a file signs an RSA-PSS issuing CA in a token.
#[test]
fn a_wrong_pin_is_tried_once_and_nothing_is_made() {
    let dir = tempdir().unwrap();
    let token = SoftToken::new(dir.path());
    let data = dir.path().join("data");
    token.write_pin("000000");
    let uri = token.uri(SPY);
    let keys = ["--root-key", "rsa3072", "--issuing-key", "rsa-pss3072"];
    let init =
        |data: &Path, more: &[&str]| init(&token, dir.path(), data, &[&keys[..], more].concat());

    let refused = init(&data, &["--token", &uri]).ended(1);
    assert_eq!(refused.stderr.lines().count(), 1, "{}", refused.stderr);
    assert!(refused.stderr.contains("refused the PIN of file:"), "{}", refused.stderr);
    assert!(refused.stderr.contains("is not tried again"), "{}", refused.stderr);
    assert!(!refused.stderr.contains("000000"), "{}", refused.stderr);
    assert_eq!(token.calls("C_Login"), 1);
    assert_eq!(fs::read_dir(data.join("keys")).unwrap().count(), 0);

    token.right_pin();
    init(&data, &["--issuing-token", &uri]).ok();
    assert!(data.join("keys/EX0001001C.key.pem").exists());
    assert!(data.join("keys/EX0001002C.key.uri").exists());
    let mut serve = Command::new(place::program("tegata"));
    serve.args(["serve", "--json", "--dir"]).arg(&data).env_remove("TEGATA_LOG");
    let errors = dir.path().join("serve.err");
    let (_server, line) = Server::start(token.environment(&mut serve), &errors);
    let serving: Value = serde_json::from_str(&line).unwrap();
    let file = |name: &str| {
        let url = format!("{}/{name}", serving["status"].as_str().unwrap());
        run("curl", ["-sSf", &url]).ok().stdout
    };
    let list = dir.path().join("issuing.crl");
    fs::write(&list, file("crl/EX0001002C.crl")).unwrap();
    let ca = dir.path().join("issuing.pem");
    let cer = dir.path().join("issuing.cer");
    fs::write(&cer, file("aia/EX0001002C.cer")).unwrap();
    let (cer, ca) = (cer.to_str().unwrap(), ca.to_str().unwrap());
    run("openssl", ["x509", "-inform", "DER", "-in", cer, "-out", ca]).ok();
    let list = list.to_str().unwrap();
    let verified =
        run("openssl", ["crl", "-inform", "DER", "-in", list, "-CAfile", ca, "-text"]).ok();
    assert!(verified.stderr.contains("verify OK"), "{}", verified.stderr);
    assert!(verified.text().contains("rsassaPss"), "{}", verified.text());

    // The label belongs to that CA: another installation does not take it over.
    let other = dir.path().join("other");
    let refused = init(&other, &["--issuing-token", &uri]).ended(1);
    assert!(refused.stderr.contains("already"), "{}", refused.stderr);
    assert_eq!(fs::read_dir(other.join("keys")).unwrap().count(), 0);
}

/// `tegata init` with the names of an example.
fn init(token: &SoftToken, dir: &Path, data: &Path, more: &[&str]) -> Ran {
    let settings = dir.join("service.json");
    let words = serde_json::json!({ "ja": "例", "en": "Example" });
    let service = serde_json::json!({
        "organisation": words, "name": words, "help": words,
        "service_url": "https://cms.example.co.jp/cms",
        "status_url": "http://status.example.co.jp",
        "time_zone": "Asia/Tokyo",
        "user_id_example": "CMSM950-006-401",
    });
    fs::write(&settings, service.to_string()).unwrap();
    fs::create_dir_all(data).unwrap();
    let listen =
        "[listen]\nsite = \"127.0.0.1:0\"\nstatus = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\n";
    fs::write(data.join("tegata.toml"), listen).unwrap();
    let mut init = Command::new(place::program("tegata"));
    init.args(["init", "--service", "0001/EX0001002C", "--root", "EX0001001C"]);
    init.arg("--service-settings").arg(&settings).arg("--dir").arg(data).args(more);
    run_command(token.environment(init.env_remove("TEGATA_LOG")))
}

/// Status and text of `/readyz`.
fn readyz(demo: &Demo) -> (u16, String) {
    let url = format!("{}/readyz", demo.ready.admin);
    let ran = run("curl", ["--silent", "--show-error", "--write-out", "%{http_code}", &url]).ok();
    let text = ran.text();
    let (text, status) = text.split_at(text.len() - 3);
    (status.parse().unwrap(), text.to_owned())
}

/// `openssl verify` of the whole chain with the lists of both CAs.
fn verify(demo: &Demo, dir: &Path, leaf: &Path, chain: &Path) -> Ran {
    let lists = dir.join("lists.pem");
    let mut pem = String::new();
    for list in ["crl/SB0001001C.crl", "crl/SB0001002C.crl"] {
        let der: PathBuf = dir.join("list.crl");
        fs::write(&der, demo.status_file(list)).unwrap();
        pem += &run("openssl", ["crl", "-inform", "DER", "-in", der.to_str().unwrap()]).ok().text();
    }
    fs::write(&lists, pem).unwrap();
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let options = ["verify", "-x509_strict", "-crl_check_all"].map(str::to_owned);
    let parts = [
        "-CAfile".to_owned(),
        text(&demo.ready.root_pem),
        "-untrusted".to_owned(),
        text(chain),
        "-CRLfile".to_owned(),
        text(&lists),
        text(leaf),
    ];
    run("openssl", [&options[..], &parts[..]].concat())
}
