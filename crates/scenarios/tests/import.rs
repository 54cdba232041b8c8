//! A PKI that OpenSSL ran moves in.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use tegata_scenarios::api::Issued;
use tegata_scenarios::https::Identity;
use tegata_scenarios::key::Key;
use tegata_scenarios::{Demo, Pc, Ran, Seat, eventually, run};
use tempfile::tempdir;

const SECONDS: Duration = Duration::from_secs(10);
const PAGE: &str = "/SAMPLE01/cms";

/// A root, an issuing CA and certificates for three user IDs, as `openssl ca` makes them: the
/// first good, the second revoked, the third on hold.
struct Old {
    dir: PathBuf,
}

const CONFIG: &str = "
[ca]
default_ca = c
[c]
dir = .
database = index.txt
new_certs_dir = .
serial = serial
crlnumber = crlnumber
certificate = ca.pem
private_key = ca.key
default_md = sha256
default_days = 30
default_crl_days = 30
policy = any
x509_extensions = leaf
unique_subject = no
[any]
commonName = supplied
[leaf]
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
crlDistributionPoints = URI:http://old.example/old.crl
[issuing]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = 0102030405060708
authorityKeyIdentifier = keyid
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[req]
distinguished_name = dn
[dn]
";

const USERS: [&str; 3] = ["CMSM950-006-777", "CMSM950-006-778", "CMSM950-006-779"];

impl Old {
    fn make(dir: &Path) -> Self {
        let old = Self { dir: dir.join("old") };
        fs::create_dir(&old.dir).unwrap();
        for (name, text) in
            [("c.cnf", CONFIG), ("index.txt", ""), ("serial", "01\n"), ("crlnumber", "1A2B\n")]
        {
            fs::write(old.dir.join(name), text).unwrap();
        }
        let p256 = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -config c.cnf";
        old.ssl(&format!(
            "req -x509 {p256} -extensions root -days 3000 -subj /CN=Old-Root -keyout root.key \
             -out root.pem"
        ));
        old.ssl(&format!("req -new {p256} -subj /CN=Old-CA -keyout ca.key -out ca.csr"));
        old.ssl(
            "x509 -req -in ca.csr -CA root.pem -CAkey root.key -CAcreateserial -days 2000 \
             -extfile c.cnf -extensions issuing -out ca.pem",
        );
        for user in USERS {
            old.ssl(&format!("req -new {p256} -subj /CN={user} -keyout {user}.key -out r.csr"));
            old.ssl(&format!("ca -batch -config c.cnf -in r.csr -out {user}.pem -notext"));
        }
        old.ssl(&format!("ca -config c.cnf -revoke {}.pem -crl_reason keyCompromise", USERS[1]));
        old.ssl(&format!("ca -config c.cnf -revoke {}.pem -crl_reason certificateHold", USERS[2]));
        old.ssl("ca -config c.cnf -gencrl -out old.crl");
        old.ssl("pkcs12 -export -inkey ca.key -in ca.pem -out ca.p12 -passout pass:old-secret");
        fs::write(old.dir.join("pass"), "old-secret\n").unwrap();
        let bundle: String = USERS
            .iter()
            .map(|user| fs::read_to_string(old.file(&format!("{user}.pem"))).unwrap())
            .collect();
        fs::write(old.dir.join("issued.pem"), bundle).unwrap();
        old
    }

    fn file(&self, name: &str) -> String {
        self.dir.join(name).to_str().unwrap().to_owned()
    }

    fn ssl(&self, line: &str) {
        // openssl's own files stand in its directory.
        let script = format!("cd '{}' && openssl {line}", self.dir.display());
        run("sh", ["-c", &script]).ok();
    }

    fn identity(&self, user: &str) -> Identity {
        let file = |kind: &str| self.dir.join(format!("{user}.{kind}"));
        Identity::read(&file("pem"), &file("key"))
    }
}

fn import(demo: &Demo, old: &Old, more: &[&str]) -> Ran {
    let (ca, root) = (old.file("ca.pem"), old.file("root.pem"));
    let names = ["ca", "import", "--name", "OLD0001C", "--certificate", &ca, "--root", &root];
    let names = [&names[..], &["--root-name", "OLD0000C", "--company", "CMSM950-006"], more];
    demo.tegata(&names.concat())
}

#[test]
fn a_running_pki_moves_in() {
    let dir = tempdir().unwrap();
    let (demo, old) = (Demo::start(dir.path()), Old::make(dir.path()));
    let status = |user: &str| {
        let answer = demo.gateway(Some(old.identity(user))).get_or_cut(PAGE, &[]);
        answer.map_or(0, |answer| answer.status)
    };
    assert_eq!(USERS.map(status), [403; 3], "nobody knows them yet");

    let (key, issued, crl) = (old.file("ca.key"), old.file("issued.pem"), old.file("old.crl"));
    let given = ["--key", &key, "--issued", &issued, "--crl", &crl];
    let would = json!({
        "certificates": 3, "good": 1, "held": 1, "revoked": 1, "expired": 0, "new_seats": 3,
        "unaccounted": 0,
    });
    let checked = import(&demo, &old, &[&given[..], &["--check"]].concat()).ok().json();
    assert_eq!((&checked["imported"], &checked["moved_in"]), (&would, &json!(false)));
    let wrong = old.file("root.key");
    let refused = import(&demo, &old, &["--key", &wrong, "--issued", &issued]);
    assert!(refused.stderr.contains("does not belong"), "{refused:?}");

    let moved = import(&demo, &old, &given).ok().json();
    assert_eq!((&moved["imported"], &moved["moved_in"]), (&would, &json!(true)));
    let note = moved["notes"][0].as_str().unwrap();
    assert!(note.contains("root OLD0000C") && note.contains("tegata ca publish-crl"), "{note}");
    let ready = run("curl", ["-sS", &format!("{}/readyz", demo.ready.admin)]).ok().text();
    assert!(!ready.contains("OLD0000C"), "a note, and no trouble: {ready}");
    eventually("the gateway lets in who is good", SECONDS, || {
        (USERS.map(status) == [200, 403, 403]).then_some(())
    });
    let again = import(&demo, &old, &given);
    assert!(again.stderr.contains("a CA named OLD0001C exists already"), "{again:?}");
    assert_eq!(again.code, Some(1));
    assert_eq!(status(USERS[0]), 200, "what failed changed nothing");

    // What relying parties of the old CA ask.
    let list = dir.path().join("old.crl");
    let number = eventually("its CRL is out", SECONDS, || {
        let url = format!("{}/crl/OLD0001C.crl", demo.ready.status);
        let file = list.to_str().unwrap();
        (run("curl", ["-sf", "-o", file, &url]).code == Some(0)).then(|| {
            let args = ["crl", "-inform", "DER", "-noout", "-crlnumber", "-in", file];
            run("openssl", args).ok().text()
        })
    });
    let number = number.trim().strip_prefix("crlNumber=0x").unwrap().to_owned();
    assert!(u64::from_str_radix(&number, 16).unwrap() > 0x1A2B, "numbers go on: {number}");
    let verify = |user: &str| {
        old.ssl(&format!("crl -inform DER -in {} -out new.pem", list.display()));
        let script = format!(
            "cd '{}' && openssl verify -crl_check -CAfile root.pem -untrusted ca.pem -CRLfile \
             new.pem {user}.pem",
            old.dir.display()
        );
        run("sh", ["-c", &script])
    };
    assert_eq!(verify(USERS[0]).code, Some(0));
    assert!(verify(USERS[1]).stderr.contains("certificate revoked"));
    let ocsp = |user: &str| {
        let script = format!(
            "cd '{}' && openssl ocsp -issuer ca.pem -cert {user}.pem -CAfile root.pem \
             -verify_other ca.pem -url {}/ocsp/OLD0001C",
            old.dir.display(),
            demo.ready.status
        );
        run("sh", ["-c", &script]).ok().text()
    };
    assert!(ocsp(USERS[0]).contains(": good"));
    assert!(ocsp(USERS[1]).contains("keyCompromise"));
    assert!(ocsp(USERS[2]).contains("certificateHold"));

    // From now on they are like all others.
    demo.tegata(&["certificate", "release", USERS[2]]).ok();
    demo.tegata(&["certificate", "revoke", USERS[0], "--reason", "superseded"]).ok();
    eventually("released and revoked", SECONDS, || {
        (USERS.map(status) == [403, 403, 200]).then_some(())
    });
    // A new credential for an old seat; the new certificate comes from our own CA.
    let reset = demo.tegata(&["subscriber", "reset", USERS[0]]).ok().json();
    let seat: Vec<Seat> = serde_json::from_value(reset).unwrap();
    let pc = Pc::new(&dir.path().join("pc"));
    pc.issue(&demo, &seat[0], "pem:certificate", &[]).ok();
    // A new seat does not collide with those that moved in.
    assert_eq!(demo.seat().user_id, "CMSM950-006-780");
}

#[test]
fn what_would_go_wrong_later_is_refused_at_once() {
    let dir = tempdir().unwrap();
    let (demo, old) = (Demo::start(dir.path()), Old::make(dir.path()));
    let refused = |given: &[&str], what: &str| {
        // Trial and import say the same.
        for check in [&["--check"][..], &[]] {
            let ran = import(&demo, &old, &[given, check].concat());
            assert!(ran.code == Some(1) && ran.stderr.contains(what), "{what}: {ran:?}");
        }
        assert!(!Path::new(&demo.ready.data_dir).join("keys/OLD0001C.key.pem").exists());
    };
    let (key, issued, crl) = (old.file("ca.key"), old.file("issued.pem"), old.file("old.crl"));
    let certificates = ["--key", &key, "--issued", &issued];

    // Nothing says who is revoked, or not for all of them, or it says so too late.
    refused(&certificates, "--issued: name the CA's last CRL with --crl");
    let list = old.file("list.csv");
    let head = "serial,subject,not_before,not_after,status,reason,revoked_at\n";
    let of = |user: &str, rest: &str| {
        fs::write(&list, format!("{head}01,CN={user},2026-01-01,2036-01-01,{rest}\n")).unwrap();
    };
    of(USERS[0], "good,,");
    let both = [&certificates[..], &["--list", &list]].concat();
    refused(&both, "certificate 2: serial number 02 is not on --list");
    let dates = "-crl_lastupdate 20200101000000Z -crl_nextupdate 20200201000000Z";
    old.ssl(&format!("ca -config c.cnf -gencrl {dates} -out stale.crl"));
    let stale = old.file("stale.crl");
    let late = [&certificates[..], &["--crl", &stale]].concat();
    refused(&late, "the next one was due on 2020-02-01T00:00:00Z");

    // A list that contradicts itself, a name that gateways would not recognise.
    of(USERS[0], "good,superseded,2026-02-01");
    refused(&["--key", &key, "--list", &list], "line 2: status \"good\", and yet reason says");
    of("cmsm950-006-450x", "good,,");
    refused(&["--key", &key, "--list", &list], "is not user ID \"CMSM950-006-450X\"");

    // What only the database knows, the trial finds as well: a seat of another company.
    demo.tegata(&["company", "add", "CMSM950-007", "--name", "Other", "--branch", "950"]).ok();
    let of_others = ["--company", "CMSM950-007", "--count", "1"];
    let seat = demo.tegata(&[&["subscriber", "add"][..], &of_others].concat()).ok().json();
    let seat: Vec<Seat> = serde_json::from_value(seat).unwrap();
    of(&seat[0].user_id, "good,,");
    refused(&["--key", &key, "--list", &list], "belongs to another company");

    // What cannot be: a serial number of another certificate, a revocation of tomorrow.
    let taken = Issued::of(&demo.api().enroll(&demo.seat(), &Key::default().request())).serial;
    let row = |serial: &str, rest: &str| {
        let user = USERS[2];
        let line = format!("{head}{serial},CN={user},2026-01-01,2027-01-01,{rest}\n");
        fs::write(&list, line).unwrap();
    };
    let listed = ["--key", &key, "--list", &list];
    row(&taken, "good,,");
    refused(&listed, "a certificate on record has it already");
    row("03", "revoked,superseded,2100-01-01");
    refused(&listed, "its revocation or hold is 2100-01-01T00:00:00Z, which cannot be");
    // Of CRL and list the worse word counts; what the CRL names and no list does stays revoked.
    row("03", "revoked,superseded,2026-02-01");
    let both = [&listed[..], &["--crl", &crl, "--check"]].concat();
    let would = import(&demo, &old, &both).ok().json();
    let counts = ["held", "revoked", "unaccounted"].map(|of| would["imported"][of].as_u64());
    assert_eq!(counts, [Some(0), Some(1), Some(1)], "{would}");

    // A key file of the same name.
    let path = Path::new(&demo.ready.data_dir).join("keys/OLD0001C.key.uri");
    fs::write(&path, "").unwrap();
    let given = [&certificates[..], &["--crl", &crl]].concat();
    refused(&given, "OLD0001C.key.pem, or the .key.uri file beside it, exists already");
    fs::remove_file(&path).unwrap();

    // Who says that nothing was revoked, or that there is no newer list, is believed.
    import(&demo, &old, &[&certificates[..], &["--nothing-revoked", "--check"]].concat()).ok();
    import(&demo, &old, &[&late[..], &["--old-crl"]].concat()).ok();
    // The same key under another name.
    let (ca, root) = (old.file("ca.pem"), old.file("root.pem"));
    let again = ["ca", "import", "--name", "OLD0002C", "--certificate", &ca, "--root", &root];
    let again = [&again[..], &["--company", "CMSM950-006", "--nothing-revoked"], &certificates];
    let again = demo.tegata(&again.concat()).ended(1);
    assert!(again.stderr.contains("OLD0002C has a key that is on record here"), "{again:?}");
}

#[test]
fn a_list_and_a_pkcs12_file_do_as_well() {
    let dir = tempdir().unwrap();
    let (demo, old) = (Demo::start(dir.path()), Old::make(dir.path()));
    let list = old.file("list.csv");
    let (p12, pass) = (old.file("ca.p12"), old.file("pass"));
    let given = ["--pkcs12", &p12, "--passphrase-file", &pass, "--list", &list, "--issues"];
    fs::write(&list, "serial,subject,not_before,not_after,status\n1,X Y,2026-01-01,2027-01-01,V\n")
        .unwrap();
    let refused = import(&demo, &old, &given);
    assert!(refused.stderr.contains("line 2: subject"), "{refused:?}");
    let (now, later) = ("2026-01-01", "2036-01-01");
    fs::write(
        &list,
        format!(
            "serial,subject,not_before,not_after,status,reason,revoked_at\n\
             01,CN={},{now},{later},good,,\n02,CN={},{now},{later},revoked,superseded,{now}\n",
            USERS[0], USERS[1]
        ),
    )
    .unwrap();
    let moved = import(&demo, &old, &given).ok().json();
    assert_eq!(moved["imported"]["certificates"], 2, "{moved}");
    let status = |user: &str| {
        let answer = demo.gateway(Some(old.identity(user))).get_or_cut(PAGE, &[]);
        answer.map_or(0, |answer| answer.status)
    };
    eventually("good and revoked as the list says", SECONDS, || {
        (status(USERS[0]) == 200 && status(USERS[1]) == 403).then_some(())
    });
    // It issues now, and what it issues names its key as its own certificate does.
    eventually("it issues", SECONDS, || {
        let issued = Issued::of(&demo.api().enroll(&demo.seat(), &Key::default().request()));
        fs::write(old.dir.join("new.der"), issued.certificate()).unwrap();
        old.ssl("x509 -inform DER -in new.der -out new.pem");
        let args = ["x509", "-noout", "-issuer", "-in", &old.file("new.pem")];
        run("openssl", args).ok().text().contains("Old-CA").then_some(())
    });
    old.ssl("verify -x509_strict -purpose sslclient -CAfile root.pem -untrusted ca.pem new.pem");
    let text = run("openssl", ["x509", "-noout", "-text", "-in", &old.file("new.pem")]).ok().text();
    assert!(text.contains("01:02:03:04:05:06:07:08"), "{text}");
    let key = Path::new(&demo.ready.data_dir).join("keys/OLD0001C.key.pem");
    let kept = fs::read_to_string(&key).unwrap();
    assert!(kept.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
}

/// The users of the old CA renew by themselves, and so come over to ours.
#[test]
fn who_moved_in_renews_with_the_certificate_that_came_along() {
    let dir = tempdir().unwrap();
    let (demo, old) = (Demo::start(dir.path()), Old::make(dir.path()));
    let (key, issued, crl) = (old.file("ca.key"), old.file("issued.pem"), old.file("old.crl"));
    import(&demo, &old, &["--key", &key, "--issued", &issued, "--crl", &crl]).ok();
    let renew = |user: &str, new: &str| {
        old.ssl(&format!(
            "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -config c.cnf -subj /CN=x \
             -keyout {new}.key -outform DER -out {new}.csr"
        ));
        old.ssl(&format!(
            "cms -sign -binary -nodetach -in {new}.csr -signer {user}.pem -inkey {user}.key \
             -outform DER -out renewal.der"
        ));
        let renewal = run("base64", ["-w0", &old.file("renewal.der")]).ok().text();
        demo.api().renew(renewal.trim())
    };
    let answer = renew(USERS[0], "new");
    let renewed = Issued::of(&answer);
    assert_eq!(renewed.user_id, USERS[0]);
    fs::write(old.dir.join("new.der"), renewed.certificate()).unwrap();
    old.ssl("x509 -inform DER -in new.der -out new.pem");
    let shown = run("openssl", ["x509", "-noout", "-issuer", "-in", &old.file("new.pem")]).ok();
    assert!(shown.text().contains("SB0001002C"), "{}", shown.text());
    let status = |user: &str| {
        let answer = demo.gateway(Some(old.identity(user))).get_or_cut(PAGE, &[]);
        answer.map_or(0, |answer| answer.status)
    };
    eventually("both are let in", SECONDS, || {
        (status(USERS[0]) == 200 && status("new") == 200).then_some(())
    });
    renew("new", "next").problem(403, "renewal_too_early");
    renew(USERS[0], "another").problem(403, "already_renewed");
    renew(USERS[1], "third").problem(403, "certificate_revoked");
    renew(USERS[2], "fourth").problem(403, "certificate_held");
    let garbage = demo.api().renew("MAA=");
    garbage.problem(400, "malformed_request");
}
