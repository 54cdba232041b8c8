//! A new issuing CA while everything runs, and what becomes of the old one.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use tegata_scenarios::api::Issued;
use tegata_scenarios::app::PemFiles;
use tegata_scenarios::key::Key;
use tegata_scenarios::{Demo, Pc, eventually, figure, run};
use tempfile::tempdir;

const SECONDS: Duration = Duration::from_secs(10);
const PAGE: &str = "/SAMPLE01/cms";

#[test]
fn nobody_notices_a_new_issuing_ca() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let pc = Pc::new(&dir.path().join("pc"));
    let (before, after) = (demo.seat(), demo.seat());
    pc.issue(&demo, &before, "pem:before", &[]).ok();
    let old = pc.pem("before", &before.user_id);
    assert!(issuer(&old).contains("SB0001002C"));
    let lets_in = |files: &PemFiles| {
        let answer = demo.gateway(Some(files.identity())).get_or_cut(PAGE, &[]);
        answer.map_or(0, |answer| answer.status)
    };
    assert_eq!(lets_in(&old), 200);

    // Known first, issuing later: the usual way.
    let made = demo.tegata(&["ca", "rollover"]).ok().json();
    assert_eq!(made["ca"], "SB0001003C");
    let names = |demo: &Demo| -> Vec<String> {
        let rows = demo.tegata(&["ca", "list"]).ok().json();
        let rows = rows.as_array().unwrap();
        rows.iter().map(|row| format!("{} {}", row["name"], row["state"])).collect()
    };
    let listed = names(&demo).join("\n");
    assert!(listed.contains("SB0001003C\" \"issues from"), "{listed}");
    eventually("the site hands out both", SECONDS, || {
        let zip = dir.path().join("root.zip");
        fs::write(&zip, demo.site().get("/issueweb/0001/SB0001002C/root", &[]).body).unwrap();
        let listed = run("python3", ["-m", "zipfile", "-l", text(&zip)]).ok().text();
        ["SB0001001C.cer", "SB0001002C.cer", "SB0001003C.cer"]
            .iter()
            .all(|name| listed.contains(name))
            .then_some(())
    });
    let waiting = demo.seat();
    pc.issue(&demo, &waiting, "pem:waiting", &[]).ok();
    assert!(issuer(&pc.pem("waiting", &waiting.user_id)).contains("SB0001002C"), "not yet");

    // The chain is that of the CA that issued, not that of the newest.
    let answer = Issued::of(&demo.api().enroll(&demo.seat(), &Key::default().request()));
    let old_ca = demo.status_file("aia/SB0001002C.cer");
    assert_eq!(answer.chain()[0], old_ca);

    // At once, for this test; not while another one waits.
    let two = demo.tegata(&["ca", "rollover", "--now", "--key", "p384"]).ended(1);
    assert!(two.stderr.contains("SB0001003C is made already"), "{two:?}");
    demo.tegata(&["ca", "retire", "SB0001003C"]).ok();
    let made = demo.tegata(&["ca", "rollover", "--now", "--key", "p384"]).ok().json();
    assert_eq!(made["ca"], "SB0001004C");
    let status = format!("{}/crl/SB0001004C.crl", demo.ready.status);
    eventually("it has a CRL", SECONDS, || {
        (run("curl", ["-sf", "-o", "/dev/null", &status]).code == Some(0)).then_some(())
    });
    pc.issue(&demo, &after, "pem:after", &[]).ok();
    let new = pc.pem("after", &after.user_id);
    assert!(issuer(&new).contains("SB0001004C"), "{}", issuer(&new));
    // In haste the gateway may hear of it a moment later; the old one is as good as ever.
    assert_eq!(lets_in(&old), 200);
    eventually("the gateway knows the new CA", SECONDS, || (lets_in(&new) == 200).then_some(()));
    for files in [&old, &new] {
        let verdict = verify(&demo, dir.path(), files);
        assert_eq!(verdict, "OK");
    }
    demo.tegata(&["certificate", "revoke", &before.user_id, "--reason", "superseded"]).ok();
    eventually("what the old CA issued can still be revoked", SECONDS, || {
        (lets_in(&old) == 403).then_some(())
    });

    // The old CA's key is said to be stolen.
    let waiting = pc.pem("waiting", &waiting.user_id);
    assert_eq!(lets_in(&waiting), 200);
    let asked = demo.tegata(&["ca", "revoke", "SB0001002C", "--reason", "keyCompromise"]);
    assert!(asked.stderr.contains("--yes"), "{asked:?}");
    let revoke = ["ca", "revoke", "SB0001002C", "--reason", "keyCompromise", "--yes"];
    demo.tegata(&revoke).ok();
    eventually("what it issued is refused", SECONDS, || (lets_in(&waiting) == 403).then_some(()));
    assert_eq!(lets_in(&new), 200);
    let root_crl = dir.path().join("root.crl");
    eventually("it is on the root's CRL", SECONDS, || {
        fs::write(&root_crl, demo.status_file("crl/SB0001001C.crl")).unwrap();
        let args = ["crl", "-inform", "DER", "-noout", "-text", "-in", text(&root_crl)];
        run("openssl", args).ok().text().contains("Key Compromise").then_some(())
    });
    // The last one that issues stays.
    let last = demo.tegata(&["ca", "retire", "SB0001004C"]);
    assert!(last.stderr.contains("only CA"), "{last:?}");
    figure("CAs", names(&demo).join(", "));
}

fn issuer(files: &PemFiles) -> String {
    let args = ["x509", "-noout", "-issuer", "-in", text(&files.certificate)];
    run("openssl", args).ok().text()
}

/// `openssl verify` with the CRL that the certificate names.
fn verify(demo: &Demo, dir: &Path, files: &PemFiles) -> String {
    let args = ["x509", "-noout", "-ext", "crlDistributionPoints", "-in", text(&files.certificate)];
    let named = run("openssl", args).ok().text();
    let url = named.lines().find_map(|line| line.trim().strip_prefix("URI:")).unwrap().to_owned();
    let path = url.strip_prefix(&demo.ready.status).unwrap();
    let (der, pem) = (dir.join("list.crl"), dir.join("list.pem"));
    fs::write(&der, demo.status_file(&path[1..])).unwrap();
    run("openssl", ["crl", "-inform", "DER", "-in", text(&der), "-out", text(&pem)]).ok();
    let ran = run(
        "openssl",
        [
            "verify",
            "-x509_strict",
            "-crl_check",
            "-extended_crl",
            "-CAfile",
            text(&demo.ready.root_pem),
            "-untrusted",
            text(&files.chain),
            "-CRLfile",
            text(&pem),
            text(&files.certificate),
        ],
    );
    if ran.code == Some(0) { "OK".to_owned() } else { ran.stderr.clone() }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
