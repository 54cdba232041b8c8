//! The main job, from the first page to the last refusal, with the programs people use.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;
use tegata_scenarios::app::PemFiles;
use tegata_scenarios::http::{exchange, receive, request};
use tegata_scenarios::wait::millis;
use tegata_scenarios::{Demo, Pc, Ran, Seat, eventually, figure, run};
use tempfile::tempdir;

/// The promise: what changes shows at the gateway within a second.
const PROMISE: Duration = Duration::from_secs(1);

const PAGE: &str = "/SAMPLE01/cms";

/// A user ID and an initial password become a certificate that openssl believes, that opens
/// the protected page, and that stops doing so within a second of its revocation, also on a
/// connection that is open already.
#[test]
fn a_certificate_opens_the_service_until_it_is_revoked() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let pc = Pc::new(&dir.path().join("pc"));
    let seat = Seat { user_id: demo.ready.user_id.clone(), password: demo.ready.password.clone() };

    let begun = Instant::now();
    let issued = pc.issue(&demo, &seat, "pem:certificate", &[]).ok().json();
    figure("tegata-app issue", millis(begun.elapsed()));
    assert_eq!(issued["user_id"], seat.user_id.as_str());
    assert_eq!(issued["service_url"], demo.ready.service_url.as_str());
    let files = pc.pem("certificate", &seat.user_id);

    let subject = openssl(&["x509", "-noout", "-subject", "-nameopt", "RFC2253", "-in"], &files);
    assert!(subject.contains(&format!("CN={}", seat.user_id)), "{subject}");
    assert!(verify(&demo, dir.path(), &files).ok().text().ends_with(": OK\n"));

    for (language, greeting) in [("ja", "ようこそ、"), ("en", "Welcome, ")] {
        let language = format!("Accept-Language: {language}");
        let greeting = format!("{greeting}{}", seat.user_id);
        let page = curl(&demo, Some(&files), &["-H", &language, "-H", "Accept: text/html"]);
        assert!(page.ends_with("\n200 text/html; charset=utf-8"), "{page}");
        assert!(page.contains(&greeting), "{page}");
        // A person with curl gets the sentence alone.
        let sentence = curl(&demo, Some(&files), &["-H", &language]);
        assert!(sentence.starts_with(&greeting), "{sentence}");
        assert!(sentence.ends_with("\n200 text/plain; charset=utf-8"), "{sentence}");
    }

    let gateway = demo.gateway(Some(files.identity()));
    let page = request("GET", PAGE, &[], b"");
    let [mut open, mut idle] = [gateway.connect().unwrap(), gateway.connect().unwrap()];
    for connection in [&mut open, &mut idle] {
        assert_eq!(exchange(connection, &page).unwrap().status, 200);
    }

    demo.tegata(&["certificate", "revoke", &seat.user_id, "--reason", "keyCompromise"]).ok();
    let returned = Instant::now();
    // The open connection: every answer until it is refused or cut.
    eventually("the open connection is refused", PROMISE, || {
        exchange(&mut open, &page).map_or(Some(()), |answer| (answer.status == 403).then_some(()))
    });
    figure("revoked: refused on an open connection after", millis(returned.elapsed()));
    let json = [("accept", "application/json")];
    gateway.get(PAGE, &json).problem(403, "revoked");
    figure("revoked: refused on a new connection after", millis(returned.elapsed()));
    assert!(returned.elapsed() < PROMISE);
    // A connection on which nobody asks for anything is cut as well.
    assert!(receive(&mut idle).is_err());
    figure("revoked: an idle connection is cut after", millis(returned.elapsed()));
    assert!(returned.elapsed() < PROMISE);

    let refused = curl(&demo, Some(&files), &["-H", "Accept-Language: en"]);
    assert!(refused.ends_with("\n403 text/html; charset=utf-8"), "{refused}");
    assert!(refused.contains("Your certificate has been revoked"), "{refused}");
    let on_list = eventually("the serial number is on the list", Duration::from_secs(5), || {
        Some(verify(&demo, dir.path(), &files)).filter(|verified| verified.code != Some(0))
    });
    assert!(on_list.stderr.contains("certificate revoked"), "{}", on_list.stderr);
    let rows = demo.certificates(Some(&seat.user_id));
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (&rows[0]["state"], &rows[0]["reason"]),
        (&json!("revoked"), &json!("keyCompromise"))
    );
}

/// Without a certificate the gateway answers 403 in the language and form asked for, and says
/// why and what to do.
#[test]
fn without_a_certificate_the_page_says_why() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    for (language, headline) in [
        ("ja,en;q=0.8", "電子証明書を確認できませんでした"),
        ("en-GB", "We could not see your certificate"),
        // The service speaks Japanese to those who say nothing.
        ("", "電子証明書を確認できませんでした"),
    ] {
        let language = format!("Accept-Language: {language}");
        let page = curl(&demo, None, &["-H", &language]);
        assert!(page.ends_with("\n403 text/html; charset=utf-8"), "{page}");
        assert!(page.contains(headline), "{language}: {page}");
        assert!(page.contains(&demo.ready.site), "the way to the issuing site: {page}");
        let answer = curl(&demo, None, &["-H", &language, "-H", "Accept: application/json"]);
        assert!(answer.ends_with("\n403 application/problem+json"), "{answer}");
        let problem = answer.rsplit_once('\n').unwrap().0;
        let problem: serde_json::Value = serde_json::from_str(problem).unwrap();
        assert_eq!(problem["code"], "no_certificate");
        assert_eq!(problem["title"], headline);
    }
}

/// A certificate on hold is refused within a second and says so; released, it works again.
#[test]
fn hold_and_release() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let pc = Pc::new(&dir.path().join("pc"));
    let seat = demo.seat();
    pc.issue(&demo, &seat, "pem:certificate", &[]).ok();
    let gateway = demo.gateway(Some(pc.pem("certificate", &seat.user_id).identity()));
    let json = [("accept", "application/json")];
    assert_eq!(gateway.get(PAGE, &json).status, 200);

    demo.tegata(&["certificate", "hold", &seat.user_id]).ok();
    let returned = Instant::now();
    let refused = eventually("the certificate on hold is refused", PROMISE, || {
        gateway.get_or_cut(PAGE, &json).filter(|answer| answer.status != 200)
    });
    figure("held: refused after", millis(returned.elapsed()));
    refused.problem(403, "held");

    demo.tegata(&["certificate", "release", &seat.user_id]).ok();
    let returned = Instant::now();
    eventually("the released certificate is let in", PROMISE, || {
        (gateway.get(PAGE, &json).status == 200).then_some(())
    });
    figure("released: let in after", millis(returned.elapsed()));

    let again = demo.tegata(&["certificate", "release", &seat.user_id]);
    assert_ne!(again.code, Some(0), "there is nothing to release");
    assert!(!again.stderr.is_empty());
}

/// SIGINT and SIGTERM end the demo with code 0, and a second run on the same directory keeps
/// root, seats and certificates.
#[test]
fn a_second_run_keeps_everything_and_signals_end_it_well() {
    let dir = tempdir().unwrap();
    let pc = Pc::new(&dir.path().join("pc"));
    let first = Demo::start(dir.path());
    let seat =
        Seat { user_id: first.ready.user_id.clone(), password: first.ready.password.clone() };
    pc.issue(&first, &seat, "pem:certificate", &[]).ok();
    let seats = first.tegata(&["subscriber", "list"]).ok().json();
    let certificates = first.certificates(None);
    let before = first.ready.clone();
    assert_eq!(first.server.stop(Signal::INT), Some(0));

    let second = Demo::start(dir.path());
    assert_eq!(second.ready.root_sha256, before.root_sha256);
    assert_eq!(second.certificates(None), certificates);
    let files = pc.pem("certificate", &seat.user_id);
    assert_eq!(second.gateway(Some(files.identity())).get(PAGE, &[]).status, 200);
    // The seat shown is another one, for the first is in use now.
    assert_ne!(second.ready.user_id, before.user_id);
    assert_eq!(second.tegata(&["subscriber", "list"]).ok().json(), seats);
    let shown = second.ready.clone();
    assert_eq!(second.server.stop(Signal::TERM), Some(0));

    let third = Demo::start(dir.path());
    assert_eq!((&third.ready.user_id, &third.ready.password), (&shown.user_id, &shown.password));
}

/// A port that another program uses is named, with the option to choose another, and nothing
/// is left half made.
#[test]
fn a_taken_port_is_named_and_nothing_is_made() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    for (place, option) in
        ["--site-port", "--gateway-port", "--status-port", "--admin-port"].into_iter().enumerate()
    {
        let dir = tempdir().unwrap();
        let mut ports = [0; 4];
        ports[place] = port;
        let ran = Demo::fails_to_start(dir.path(), ports);
        assert!(ran.code.is_some_and(|code| code != 0), "{ran:?}");
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        assert_eq!(ran.json()["result"], "error");
        for said in [&ran.stderr, ran.json()["detail"].as_str().unwrap()] {
            assert!(said.contains(&format!("127.0.0.1:{port}")), "{said}");
            assert!(said.contains(option), "{said}");
        }
        assert!(!Demo::data_dir(dir.path()).exists(), "something was made");
    }
}

/// What curl gets of the protected page, then status and content type on a line.
fn curl(demo: &Demo, files: Option<&PemFiles>, more: &[&str]) -> String {
    let mut args =
        vec!["--silent", "--show-error", "--write-out", "\n%{http_code} %{content_type}"];
    args.extend(["--cacert", demo.ready.root_pem.to_str().unwrap()]);
    if let Some(files) = files {
        args.extend(["--cert", files.chain.to_str().unwrap()]);
        args.extend(["--key", files.key.to_str().unwrap()]);
    }
    args.extend(more);
    args.push(&demo.ready.service_url);
    run("curl", args).ok().text()
}

/// `openssl verify` of the whole chain with the lists that the certificates themselves name.
fn verify(demo: &Demo, dir: &Path, files: &PemFiles) -> Ran {
    let named = openssl(&["x509", "-noout", "-ext", "crlDistributionPoints", "-in"], files);
    let url = named.lines().find_map(|line| line.trim().strip_prefix("URI:")).unwrap();
    assert!(url.starts_with(&demo.ready.status), "{url}");
    let path = |url: &str| url.strip_prefix(&demo.ready.status).unwrap()[1..].to_owned();
    let lists = dir.join("lists.pem");
    let mut pem = String::new();
    for list in [path(url), "crl/SB0001001C.crl".to_owned()] {
        let der = dir.join("list.crl");
        std::fs::write(&der, demo.status_file(&list)).unwrap();
        let der = der.to_str().unwrap();
        pem += &run("openssl", ["crl", "-inform", "DER", "-in", der]).ok().text();
    }
    std::fs::write(&lists, pem).unwrap();
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let (root, chain) = (text(&demo.ready.root_pem), text(&files.chain));
    let (lists, leaf) = (text(&lists), text(&files.certificate));
    let options = ["verify", "-x509_strict", "-purpose", "sslclient", "-crl_check_all"];
    let parts = ["-CAfile", &root, "-untrusted", &chain, "-CRLfile", &lists, &leaf];
    run("openssl", [&options[..], &parts[..]].concat())
}

fn openssl(args: &[&str], files: &PemFiles) -> String {
    run("openssl", [args, &[files.certificate.to_str().unwrap()]].concat()).ok().text()
}

/// `openssl ocsp` asks the address that stands in the certificate, and believes the answers.
#[test]
fn openssl_ocsp_agrees_about_good_and_revoked() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let pc = Pc::new(&dir.path().join("pc"));
    let seat = demo.seat();
    pc.issue(&demo, &seat, "pem:certificate", &[]).ok();
    let files = pc.pem("certificate", &seat.user_id);
    let issuing = dir.path().join("issuing.pem");
    let aia = dir.path().join("issuing.cer");
    std::fs::write(&aia, demo.status_file("aia/SB0001002C.cer")).unwrap();
    let (from, to) = (aia.to_str().unwrap(), issuing.to_str().unwrap());
    run("openssl", ["x509", "-inform", "DER", "-in", from, "-out", to]).ok();
    let address = openssl(&["x509", "-noout", "-ocsp_uri", "-in"], &files);
    let ask = || {
        let root = demo.ready.root_pem.to_str().unwrap();
        let leaf = files.certificate.to_str().unwrap();
        let who = ["ocsp", "-issuer", to, "-cert", leaf, "-CAfile", root, "-verify_other", to];
        let ran = run("openssl", [&who[..], &["-url", address.trim()]].concat()).ok();
        assert!(ran.stderr.contains("Response verify OK"), "{}", ran.stderr);
        ran.text()
    };
    assert!(ask().contains(": good"));
    demo.tegata(&["certificate", "revoke", &seat.user_id, "--reason", "keyCompromise"]).ok();
    let revoked = ask();
    assert!(revoked.contains(": revoked") && revoked.contains("keyCompromise"), "{revoked}");
}
