//! What OpenSSL and NSS make of our status, in every state a certificate can be in.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tegata_scenarios::run::run_command;
use tegata_scenarios::{Demo, Pc, Ran, eventually, figure, place, run};
use tempfile::{TempDir, tempdir};

/// How long a change may take until it is on a CRL.
const SECONDS: Duration = Duration::from_secs(5);

/// A demo, one certificate, and what a relying party keeps.
struct Party {
    demo: Demo,
    dir: TempDir,
    user_id: String,
    leaf: PathBuf,
    chain: PathBuf,
    issuing: PathBuf,
}

impl Party {
    fn new() -> Self {
        let dir = tempdir().unwrap();
        let demo = Demo::start(dir.path());
        let pc = Pc::new(&dir.path().join("pc"));
        let seat = demo.seat();
        pc.issue(&demo, &seat, "pem:certificate", &[]).ok();
        let files = pc.pem("certificate", &seat.user_id);
        let issuing = dir.path().join("issuing.pem");
        let der = dir.path().join("issuing.cer");
        fs::write(&der, demo.status_file("aia/SB0001002C.cer")).unwrap();
        run("openssl", ["x509", "-inform", "DER", "-in", text(&der), "-out", text(&issuing)]).ok();
        let (leaf, chain, user_id) = (files.certificate, files.chain, seat.user_id);
        Self { demo, dir, user_id, leaf, chain, issuing }
    }

    fn tegata(&self, args: &[&str]) {
        self.demo.tegata(&[args, &[self.user_id.as_str()]].concat()).ok();
    }

    /// Fetches a CRL into a PEM file.
    fn crl(&self, path: &str, name: &str) -> PathBuf {
        let (der, pem) = (self.path(&format!("{name}.crl")), self.path(&format!("{name}.pem")));
        fs::write(&der, self.demo.status_file(path)).unwrap();
        run("openssl", ["crl", "-inform", "DER", "-in", text(&der), "-out", text(&pem)]).ok();
        pem
    }

    fn number(&self, crl: &Path) -> u64 {
        let ran = run("openssl", ["crl", "-noout", "-crlnumber", "-in", text(crl)]).ok();
        let number = ran.text();
        let digits = number.trim().strip_prefix("crlNumber=0x").unwrap().to_owned();
        u64::from_str_radix(&digits, 16).unwrap()
    }

    /// Waits until the CRL at `path` was made after `number`.
    fn newer(&self, path: &str, name: &str, number: u64) -> PathBuf {
        eventually("a newer CRL is out", SECONDS, || {
            let crl = self.crl(path, name);
            (self.number(&crl) > number).then_some(crl)
        })
    }

    fn verify(&self, lists: &[&Path], more: &[&str]) -> Ran {
        let root = self.demo.ready.root_pem.clone();
        let mut args = vec!["verify", "-x509_strict", "-purpose", "sslclient", "-crl_check"];
        args.extend(["-CAfile", text(&root), "-untrusted", text(&self.chain)]);
        lists.iter().for_each(|list| args.extend(["-CRLfile", text(list)]));
        args.extend(more);
        args.push(text(&self.leaf));
        run("openssl", args)
    }

    /// What `openssl ocsp` says of a serial number or of our certificate.
    fn ocsp(&self, which: &[&str]) -> String {
        let root = self.demo.ready.root_pem.clone();
        let url = format!("{}/ocsp/SB0001002C", self.demo.ready.status);
        let answer = self.path("answer.der");
        let mut args = vec!["ocsp", "-issuer", text(&self.issuing), "-CAfile", text(&root)];
        // The responder's certificate is in the answer; only its issuer is known beforehand.
        args.extend(["-verify_other", text(&self.issuing), "-respout", text(&answer)]);
        args.extend(["-url", &url]);
        args.extend(which);
        let ran = run("openssl", args).ok();
        assert!(ran.stderr.contains("Response verify OK"), "{}", ran.stderr);
        assert_eq!(lint("lint_ocsp_response", &[], &answer), 0);
        ran.text()
    }

    /// What NSS says: by OCSP alone, and by the CRL over everything alone.
    fn nss(&self) -> [bool; 2] {
        // A new database each time: NSS remembers what it saw.
        let database = tempdir().unwrap();
        let db = format!("sql:{}", text(database.path()));
        run("certutil", ["-N", "-d", &db, "--empty-password"]).ok();
        let root = self.demo.ready.root_pem.clone();
        run("certutil", ["-A", "-d", &db, "-n", "root", "-t", "CT,C,C", "-i", text(&root)]).ok();
        let issuing = text(&self.issuing);
        run("certutil", ["-A", "-d", &db, "-n", "issuing", "-t", ",,", "-i", issuing]).ok();
        self.crl("crl/SB0001002C.crl", "all");
        let (list, leaf) = (self.path("all.crl"), self.path("leaf.cer"));
        let issuer = self.path("issuing.cer");
        let der = ["x509", "-outform", "DER", "-in", text(&self.leaf), "-out", text(&leaf)];
        run("openssl", der).ok();
        let by = |method: [&str; 4]| {
            let mut args = vec!["-d", &db, "-pp", "-u", "0", "-g", "leaf"];
            args.extend(method);
            args.extend([text(&leaf), text(&issuer)]);
            let ran = run("vfychain", args);
            (ran.text() + &ran.stderr).contains("Chain is good!")
        };
        let ocsp = by(["-m", "ocsp", "-s", "failIfNoInfo"]);
        run("crlutil", ["-I", "-i", text(&list), "-d", &db, "-t", "1"]).ok();
        [ocsp, by(["-m", "crl", "-s", "failIfNoInfo"])]
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}

const ALL: &str = "crl/SB0001002C.crl";
const SHARD: &str = "crl/SB0001002C/1.crl";
const DELTA: &str = "crl/SB0001002C/1/delta.crl";

#[test]
fn openssl_and_nss_agree_in_every_state() {
    let party = Party::new();
    // What a relying party had in its cache on the first day.
    let base = party.crl(SHARD, "base");
    let steps: [(&str, &[&str], bool, &str); 4] = [
        ("live", &[], true, ": good"),
        ("held", &["certificate", "hold"], false, "Reason: certificateHold"),
        ("released", &["certificate", "release"], true, ": good"),
        (
            "revoked",
            &["certificate", "revoke", "--reason", "keyCompromise"],
            false,
            "Reason: keyCompromise",
        ),
    ];
    for (state, command, good, said) in steps {
        let before = [ALL, SHARD, DELTA].map(|path| party.number(&party.crl(path, "before")));
        let [all, shard, delta] = if command.is_empty() {
            [party.crl(ALL, "all"), party.crl(SHARD, "shard"), party.crl(DELTA, "delta")]
        } else {
            party.tegata(command);
            [
                party.newer(ALL, "all", before[0]),
                party.newer(SHARD, "shard", before[1]),
                party.newer(DELTA, "delta", before[2]),
            ]
        };
        let verdicts = [
            ("CRL over everything", party.verify(&[&all], &[])),
            ("shard", party.verify(&[&shard], &["-extended_crl"])),
            (
                "first day's shard with today's delta",
                party.verify(&[&base, &delta], &["-extended_crl", "-use_deltas"]),
            ),
        ];
        for (what, ran) in verdicts {
            assert_eq!(ran.code == Some(0), good, "{state}, {what}: {ran:?}");
            assert!(good || ran.stderr.contains("certificate revoked"), "{state}, {what}: {ran:?}");
        }
        let leaf = text(&party.leaf).to_owned();
        for more in [&[][..], &["-no_nonce"]] {
            let answer = party.ocsp(&[&["-cert", &leaf], more].concat());
            assert!(answer.contains(said), "{state}: {answer}");
        }
        assert_eq!(party.nss(), [good; 2], "{state}: NSS by OCSP, by CRL");
        for (kind, list) in [("CRL", "all.crl"), ("CRL", "shard.crl"), ("CRL", "delta.crl")] {
            let list = party.path(list);
            assert_eq!(lint("lint_crl", &["-t", kind, "-p", "PKIX"], &list), 0, "{state}");
        }
    }
    let unknown = party.ocsp(&["-serial", "0x414141414141414141414141414141"]);
    assert!(unknown.contains(": unknown"), "{unknown}");
    // Two years from now, whatever its status.
    let later = run("date", ["-d", "2 years", "+%s"]).ok().text();
    let root = party.demo.ready.root_pem.clone();
    let at = ["verify", "-attime", later.trim(), "-CAfile", text(&root)];
    let expired =
        run("openssl", [&at[..], &["-untrusted", text(&party.chain), text(&party.leaf)]].concat());
    assert!(expired.stderr.contains("certificate has expired"), "{expired:?}");
}

/// RFC 5019 §6: what a cache in between needs to know, and a GET that anyone may answer again.
#[test]
fn answers_and_lists_can_be_cached_by_others() {
    let party = Party::new();
    let request = party.path("request.der");
    let (issuing, leaf) = (text(&party.issuing), text(&party.leaf));
    let ask = ["ocsp", "-issuer", issuing, "-cert", leaf, "-no_nonce", "-reqout", text(&request)];
    run("openssl", ask).ok();
    let encoded = run("base64", ["-w0", text(&request)]).ok().text();
    let escaped = encoded.trim().replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let url = format!("{}/ocsp/SB0001002C/{escaped}", party.demo.ready.status);
    let curl = |url: &str, more: &[&str]| {
        run("curl", [&["-sS", "-D", "-", "-o", "/dev/null"], more, &[url]].concat()).ok().text()
    };
    let first = curl(&url, &[]);
    let header = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.to_ascii_lowercase().starts_with(name));
        line.map(|line| line[name.len() + 1..].trim().to_owned())
    };
    assert!(first.starts_with("HTTP/1.1 200"), "{first}");
    assert_eq!(header(&first, "content-type").unwrap(), "application/ocsp-response");
    let control = header(&first, "cache-control").unwrap();
    assert!(control.contains("public") && control.contains("max-age=3"), "{control}");
    for name in ["last-modified", "expires", "etag"] {
        assert!(header(&first, name).is_some(), "{name}: {first}");
    }
    let tag = header(&first, "etag").unwrap();
    assert_eq!(header(&curl(&url, &[]), "etag").unwrap(), tag, "signed once");
    let known = format!("If-None-Match: {tag}");
    assert!(curl(&url, &["-H", &known]).starts_with("HTTP/1.1 304"));
    party.tegata(&["certificate", "hold"]);
    eventually("another answer", SECONDS, || {
        (header(&curl(&url, &[]), "etag").unwrap() != tag).then_some(())
    });
    let list = format!("{}/{SHARD}", party.demo.ready.status);
    let etag = header(&curl(&list, &[]), "etag").unwrap();
    let again = curl(&list, &["-H", &format!("If-None-Match: {etag}")]);
    assert!(again.starts_with("HTTP/1.1 304"), "{again}");
    for wrong in ["crl/SB0001002C/01.crl", "crl/SB0001002C/99.crl", "crl/SB0001002C/x.crl"] {
        let url = format!("{}/{wrong}", party.demo.ready.status);
        assert!(curl(&url, &[]).starts_with("HTTP/1.1 404"), "{wrong}");
    }
}

/// How many findings a tool of pkilint has at WARNING or above.
fn lint(tool: &str, options: &[&str], file: &Path) -> i32 {
    let mut command = Command::new(place::venv(tool));
    command.arg("lint").args(options).args(["-s", "WARNING"]).arg(file);
    let ran = run_command(&mut command);
    if ran.code != Some(0) {
        figure("pkilint", format!("{tool}: {}", ran.text()));
    }
    ran.code.unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
