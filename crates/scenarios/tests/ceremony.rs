//! A root that is never on the server's machine: ceremonies, and an installation under them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tegata_scenarios::api::{Api, Issued};
use tegata_scenarios::demo::tegata;
use tegata_scenarios::https::Https;
use tegata_scenarios::key::Key;
use tegata_scenarios::run::run_command;
use tegata_scenarios::server::Server;
use tegata_scenarios::token::{DRIVER, SoftToken};
use tegata_scenarios::{Ran, Seat, place, run};
use tempfile::tempdir;

const STATUS: &str = "http://status.example.co.jp";

/// The safe room: a directory with the ceremony's file and what it names.
struct Room(PathBuf);

impl Room {
    fn new(path: PathBuf) -> Self {
        fs::create_dir(&path).unwrap();
        fs::write(path.join("root-passphrase"), "correct horse battery\n").unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn ceremony(&self, text: &str, out: &str, more: &[&str]) -> Ran {
        run_command(&mut self.command(text, out, more))
    }

    fn command(&self, text: &str, out: &str, more: &[&str]) -> Command {
        fs::write(self.file("ceremony.toml"), text).unwrap();
        let mut command = Command::new(place::program("tegata"));
        command.args(["ceremony", "--file"]).arg(self.file("ceremony.toml"));
        command.arg("--out").arg(self.file(out)).args(more);
        command.env_remove("TEGATA_LOG").env_remove("TEGATA_CA_PASSPHRASE");
        command
    }

    /// Names of what is there, hidden ones too.
    fn names(&self, within: &str) -> Vec<String> {
        let entries = fs::read_dir(self.file(within)).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// PEM of a certificate that a ceremony made.
    fn pem(&self, name: &str) -> PathBuf {
        let (der, pem) = (self.file(name), self.file(name).with_extension("pem"));
        let (from, to) = (der.to_str().unwrap(), pem.to_str().unwrap());
        run("openssl", ["x509", "-inform", "DER", "-in", from, "-out", to]).ok();
        pem
    }
}

const NEW_ROOT: &str = "title = \"Root EX0001001C\"\nwitnesses = [\"Taro Yamada\", \"Hanako Suzuki\"]\n\
    [root]\nname = \"EX0001001C\"\norganisation = \"Example\"\ncountry = \"JP\"\nkey = \"p384\"\n\
    years = 20\n";

const ISSUING: &str = "[[issuing]]\nrequest = \"EX0001002C.csr\"\nname = \"EX0001002C\"\n\
    organisation = \"Example\"\ncountry = \"JP\"\nyears = 10\n\
    status_url = \"http://status.example.co.jp\"\n";

const EXISTING_ROOT: &str = "title = \"List\"\n[root]\nname = \"EX0001001C\"\n\
    certificate = \"first/EX0001001C.cer\"\nkey_file = \"first/EX0001001C.key.pem\"\n";

#[test]
fn an_installation_under_an_offline_root() {
    let dir = tempdir().unwrap();
    let data = dir.path().join("data");
    let asked = init(dir.path(), &data).ok();
    let request: Value = asked.json();
    let request = PathBuf::from(request["request"].as_str().unwrap());
    let waits = tegata(&data, &["serve"]).ended(1);
    assert!(waits.stderr.contains("tegata ca install"), "{}", waits.stderr);
    let again = init(dir.path(), &data).ended(1);
    assert!(again.stderr.contains("waits for the certificate"), "{}", again.stderr);

    let room = Room::new(dir.path().join("room"));
    fs::copy(&request, room.file("EX0001002C.csr")).unwrap();
    let text = format!("{NEW_ROOT}{ISSUING}[crl]\nnumber = 1\ndays = 100\n");
    let checked = room.ceremony(&text, "first", &["--check", "--json"]).ok().json();
    assert_eq!(checked["keys"][0]["key_words"], asked.json()["key_words"], "{checked}");
    assert_eq!(checked["will_make"][3], "CRL 1 of EX0001001C", "{checked}");
    assert!(!room.file("first").exists());
    let done = room.ceremony(&text, "first", &["--json"]).ok();
    assert_eq!(
        room.names("first"),
        [
            "EX0001001C.cer",
            "EX0001001C.crl",
            "EX0001001C.key.pem",
            "EX0001002C.cer",
            "transcript.json",
            "transcript.txt"
        ]
    );
    assert!(done.stderr.contains("4/4 CRL 1 of EX0001001C"), "{}", done.stderr);
    check_transcript(&room, &done.json());
    let mode = |name: &str| fs::metadata(room.file(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("first"), mode("first/EX0001001C.key.pem")), (0o700, 0o600));

    // Another root's certificate is not taken, nor one that was not asked for.
    let [root, issuing] =
        ["EX0001001C.cer", "EX0001002C.cer"].map(|name| room.file(&format!("first/{name}")));
    let (root, issuing) = (root.to_str().unwrap(), issuing.to_str().unwrap());
    let swapped =
        tegata(&data, &["ca", "install", "--certificate", root, "--root", issuing]).ended(1);
    for what in ["not self-signed", "--certificate was not made by the root", "not EX0001002C"] {
        assert!(swapped.stderr.contains(what), "{}", swapped.stderr);
    }
    refuse_unfit(&room, &data);
    tegata(&data, &["ca", "install", "--certificate", issuing, "--root", root]).ok();
    let (server, serving) = serve(dir.path(), &data);
    let admin = serving["admin"].as_str().unwrap();
    let ready = run("curl", ["-sS", &format!("{admin}/readyz")]).ok().text();
    assert!(ready.contains("EX0001001C has no current CRL: have its ceremony"), "{ready}");
    let list = room.file("first/EX0001001C.crl");
    tegata(&data, &["ca", "publish-crl", list.to_str().unwrap()]).ok();
    let ready = run("curl", ["-sS", &format!("{admin}/readyz")]).ok().text();
    // And nothing else: there is no mail server here.
    let lines: Vec<_> = ready.lines().collect();
    assert!(
        matches!(lines[..], ["ready", mail] if mail.starts_with("warning: no mail server is set: ")),
        "{ready}"
    );

    let leaf = issue(&data, &serving, dir.path());
    verify(&serving, &room, &["first/EX0001002C.cer"], &leaf).ok();

    refuse_lists(&room, &data, &list);
    // The issuing CA gets another certificate, on the same name and key: chains over it hold.
    let cross = "[[cross]]\ncertificate = \"first/EX0001002C.cer\"\nname = \"EX0001002C-2\"\n\
        years = 5\nstatus_url = \"http://status.example.co.jp\"\n";
    room.ceremony(&format!("{EXISTING_ROOT}{cross}"), "second", &[]).ok();
    verify(&serving, &room, &["second/EX0001002C-2.cer"], &leaf).ok();
    // The root takes back the first certificate: the list says so, and the chain breaks.
    let pem = room.pem("first/EX0001002C.cer");
    let serial = run("openssl", ["x509", "-noout", "-serial", "-in", pem.to_str().unwrap()]);
    let serial = serial.ok().text().trim().trim_start_matches("serial=").to_lowercase();
    let text = format!(
        "{EXISTING_ROOT}[crl]\nnumber = 2\ndays = 100\n[[crl.entry]]\nserial = \"{serial}\"\n\
         date = 2026-01-01T09:00:00+09:00\nreason = \"superseded\"\n"
    );
    let done = room.ceremony(&text, "third", &[]).ok();
    assert!(done.text().contains(&format!("{serial} superseded")), "{}", done.text());
    let list = room.file("third/EX0001001C.crl");
    tegata(&data, &["ca", "publish-crl", list.to_str().unwrap()]).ok();
    let broken = verify(&serving, &room, &["first/EX0001002C.cer"], &leaf);
    assert!(broken.stderr.contains("certificate revoked"), "{}", broken.stderr);
    verify(&serving, &room, &["second/EX0001002C-2.cer"], &leaf).ok();
    assert!(!server.stderr().contains("ERROR"), "{}", server.stderr());
}

/// Certificates that the root made for the right key and name, and that are of no use here.
fn refuse_unfit(room: &Room, data: &Path) {
    let install = |certificate: PathBuf| {
        let (certificate, root) = (certificate, room.file("first/EX0001001C.cer"));
        let files = ["--certificate", certificate.to_str().unwrap(), "--root"];
        let root = root.to_str().unwrap();
        tegata(data, &[&["ca", "install"][..], &files, &[root]].concat()).ended(1).stderr
    };
    let list = "does not name http://status.example.co.jp/crl/EX0001001C.crl";
    let short = "too short for one lifetime and the renewal window, 425 days";
    let unfit = ISSUING.replace("years = 10", "years = 1").replace("status.", "elsewhere.");
    room.ceremony(&format!("{EXISTING_ROOT}{unfit}"), "unfit", &[]).ok();
    let said = install(room.file("unfit/EX0001002C.cer"));
    assert!(said.contains(list) && said.contains(short), "{said}");
    assert!(!said.contains("path length"), "{said}");

    // OpenSSL as the root: nothing of what a ceremony takes care of.
    fs::write(
        room.file("x.cnf"),
        "basicConstraints = critical, CA:TRUE, pathlen:1\nkeyUsage = critical, keyCertSign, \
         cRLSign\nsubjectKeyIdentifier = hash\n",
    )
    .unwrap();
    let root = room.pem("first/EX0001001C.cer");
    let mut openssl = Command::new("openssl");
    openssl.args(["x509", "-req", "-in", "EX0001002C.csr", "-days", "3000", "-extfile", "x.cnf"]);
    openssl.args(["-CAkey", "first/EX0001001C.key.pem", "-passin", "file:root-passphrase"]);
    openssl.args(["-out", "deep.cer", "-CA"]).arg(root).current_dir(&room.0);
    run_command(&mut openssl).ok();
    let said = install(room.file("deep.cer"));
    assert!(said.contains("its path length is not 0") && said.contains(list), "{said}");
    assert!(!said.contains("too short"), "{said}");
}

/// What stands in the transcript is what OpenSSL finds in the files, in figures and in words.
fn check_transcript(room: &Room, transcript: &Value) {
    let text = fs::read_to_string(room.file("first/transcript.txt")).unwrap();
    let kept = fs::read(room.file("first/transcript.json")).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&kept).unwrap(), *transcript);
    for name in ["EX0001001C.cer", "EX0001002C.cer", "EX0001001C.crl"] {
        let path = room.file(&format!("first/{name}"));
        let digest = run("openssl", ["dgst", "-sha256", "-r", path.to_str().unwrap()]).ok().text();
        let digest = digest.split(' ').next().unwrap();
        let made = transcript["made"].as_array().unwrap();
        let made = made.iter().find(|made| made["file"] == name).unwrap();
        assert_eq!(made["sha256"], digest);
        let words = made["words"].as_str().unwrap();
        assert_eq!(words.split_whitespace().count(), 16);
        for part in words.split("  ") {
            assert!(text.contains(part), "{part}");
        }
        assert!(text.contains(digest), "{text}");
    }
    for part in ["Taro Yamada", "Hanako Suzuki", "signature", "network", "its SHA-256"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

fn refuse_lists(room: &Room, data: &Path, published: &Path) {
    let publish = |path: &Path| tegata(data, &["ca", "publish-crl", path.to_str().unwrap()]);
    let again = publish(published).ended(1);
    assert!(again.stderr.contains("number 1 is published already"), "{}", again.stderr);
    let forged = room.file("forged.crl");
    let mut octets = fs::read(published).unwrap();
    *octets.last_mut().unwrap() ^= 1;
    fs::write(&forged, &octets).unwrap();
    assert!(publish(&forged).ended(1).stderr.contains("does not verify"));
    // A good list of a root that this installation does not know.
    let text = NEW_ROOT.replace("EX0001001C", "EX0009001C") + "[crl]\nnumber = 5\ndays = 9\n";
    room.ceremony(&text, "foreign", &[]).ok();
    let foreign = publish(&room.file("foreign/EX0009001C.crl")).ended(1);
    assert!(foreign.stderr.contains("none of this installation's roots"), "{}", foreign.stderr);
    // The name is the same, the key is not.
    let text = NEW_ROOT.to_owned() + "[crl]\nnumber = 5\ndays = 9\n";
    room.ceremony(&text, "impostor", &[]).ok();
    let impostor = publish(&room.file("impostor/EX0001001C.crl")).ended(1);
    assert!(impostor.stderr.contains("does not verify"), "{}", impostor.stderr);
}

#[test]
fn what_makes_no_sense_is_refused_and_leaves_nothing() {
    let dir = tempdir().unwrap();
    let room = Room::new(dir.path().join("room"));
    let refused = |text: &str, out: &str, what: &[&str]| {
        let ran = room.ceremony(text, out, &[]).ended(1);
        for what in what {
            assert!(ran.stderr.contains(what), "{what}: {}", ran.stderr);
        }
        assert_eq!(ran.stdout, b"");
    };
    let before = ["ceremony.toml", "root-passphrase"];

    // Everything at once, the nearest name, and every file that is missing.
    let wrong =
        format!("{NEW_ROOT}expires = 3\n{ISSUING}").replace("key = \"p384\"", "key = \"p1\"");
    refused(&wrong, "out", &["root.expires: there is no such entry", "root.key: a CA key is p256"]);
    let missing = format!("{EXISTING_ROOT}{ISSUING}");
    refused(&missing, "out", &["root.certificate: ", "issuing[1].request: ", "EX0001002C.csr"]);
    fs::write(room.file("EX0001002C.csr"), "no request").unwrap();
    refused(
        &format!("{NEW_ROOT}{ISSUING}").replace("root-", "no-"),
        "out",
        &["issuing[1].request: not a PKCS#10 request"],
    );
    assert_eq!(room.names(""), ["EX0001002C.csr", before[0], before[1]]);

    // Longer than the root, which ends after 20 years; a list too, and an entry of tomorrow.
    request(&room);
    let long = format!("{NEW_ROOT}{ISSUING}").replace("years = 10", "years = 21");
    refused(&long, "out", &["EX0001002C would end on", "after its issuer, which ends on"]);
    let entry = "[[crl.entry]]\nserial = \"40000000000000000000000000000001\"\n\
        date = 2999-01-01T00:00:00Z\nreason = \"superseded\"\n";
    let short = NEW_ROOT.replace("years = 20", "years = 1");
    let late = format!("{short}[crl]\nnumber = 1\ndays = 400\n{entry}");
    refused(&late, "out", &["crl.days: the root itself ends", "crl.entry[1].date: lies in"]);

    // Places.
    let good = format!("{NEW_ROOT}{ISSUING}");
    refused(&good, "EX0001002C.csr", &["is no directory"]);
    refused(&good, "a/b", &["the directory that it should be in is not there"]);
    fs::create_dir(room.file("open")).unwrap();
    fs::set_permissions(room.file("open"), fs::Permissions::from_mode(0o750)).unwrap();
    refused(&good, "open", &["others may read it"]);
    fs::set_permissions(room.file("open"), fs::Permissions::from_mode(0o700)).unwrap();
    room.ceremony(&good, "open", &[]).ok();
    // A second time: the root's key is there already, and stays as it is.
    let key = fs::read(room.file("open/EX0001001C.key.pem")).unwrap();
    refused(&good, "open", &["is not empty"]);
    assert_eq!(fs::read(room.file("open/EX0001001C.key.pem")).unwrap(), key);

    // An existing root: its passphrase, its key and its name must be right.
    let existing = EXISTING_ROOT.replace("first/", "open/") + "[crl]\nnumber = 2\ndays = 9\n";
    refused(
        &existing.replace("EX0001001C\"\ncert", "EX0001009C\"\ncert"),
        "out",
        &["not EX0001009C"],
    );
    room.ceremony(&good, "other", &[]).ok();
    let mixed = existing.replace("open/EX0001001C.key", "other/EX0001001C.key");
    refused(&mixed, "out", &["root: the key does not belong to the CA certificate"]);
    refused(
        &existing.replace("open/EX0001001C.cer", "open/EX0001002C.cer"),
        "out",
        &["is not self-signed", "root.certificate: is "],
    );
    fs::write(room.file("root-passphrase"), "wrong horse battery\n").unwrap();
    refused(&existing, "out", &["root.key_file: ", "the passphrase does not open this key"]);
    // A root that certifies itself in a circle.
    assert_eq!(
        room.names(""),
        ["EX0001002C.csr", before[0], "k.pem", "open", "other", before[1]],
        "nothing else was left"
    );
}

#[test]
fn a_root_in_a_token() {
    let dir = tempdir().unwrap();
    let token = SoftToken::new(dir.path());
    let room = Room::new(dir.path().join("room"));
    request(&room);
    let with_token = |text: &str, out: &str| {
        let mut command = room.command(text, out, &[]);
        run_command(token.environment(&mut command))
    };
    let uri = token.uri(DRIVER);
    let new = NEW_ROOT.replace("key = \"p384\"", "key = \"rsa-pss3072\"");
    let new = format!("{new}token = \"{uri}\"\n{ISSUING}");
    with_token(&new, "first").ok();
    assert_eq!(
        room.names("first"),
        ["EX0001001C.cer", "EX0001001C.key.uri", "EX0001002C.cer", "transcript.txt"]
    );
    let taken = with_token(&new, "again").ended(1);
    assert!(taken.stderr.contains("holds an object \"EX0001001C\" already"), "{}", taken.stderr);
    let existing = format!(
        "title = \"List\"\n[root]\nname = \"EX0001001C\"\ncertificate = \"first/EX0001001C.cer\"\n\
         token = \"{uri}\"\n[crl]\nnumber = 7\ndays = 30\n"
    );
    with_token(&existing, "second").ok();
    let root = room.pem("first/EX0001001C.cer");
    let list = room.file("second/EX0001001C.crl");
    let args = ["-in", list.to_str().unwrap(), "-CAfile", root.to_str().unwrap(), "-text"];
    let text = run("openssl", [&["crl", "-inform", "DER"][..], &args].concat()).ok();
    assert!(text.stderr.contains("verify OK"), "{}", text.stderr);
    assert!(text.text().contains("rsassaPss"), "{}", text.text());
    token.write_pin("000000");
    let refused = with_token(&existing, "third").ended(1);
    assert!(refused.stderr.contains("root.token: token \"tegata\" refused the PIN"));
    assert!(!room.file("third").exists());
}

#[test]
fn the_example_needs_nothing_but_its_request() {
    let dir = tempdir().unwrap();
    let room = Room::new(dir.path().join("room"));
    let example = run(place::program("tegata"), ["ceremony", "--example"]).ok().text();
    request(&room);
    fs::rename(room.file("EX0001002C.csr"), room.file("SB0001002C.csr")).unwrap();
    room.ceremony(&example, "result", &[]).ok();
    assert!(room.file("result/SB0001002C.cer").exists());
}

/// A request for an issuing CA, by OpenSSL.
fn request(room: &Room) {
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-new", "-nodes", "-newkey", "rsa:3072", "-subj", "/CN=anything"]);
    openssl.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
    openssl.args(["-keyout", "k.pem", "-out", "EX0001002C.csr"]).current_dir(&room.0);
    run_command(&mut openssl).ok();
}

fn init(dir: &Path, data: &Path) -> Ran {
    let settings = dir.join("service.json");
    let words = json!({ "ja": "例", "en": "Example" });
    let service = json!({
        "organisation": words, "name": words, "help": words,
        "service_url": "https://cms.example.co.jp/cms",
        "status_url": STATUS,
        "time_zone": "Asia/Tokyo",
        "user_id_example": "CMSM950-006-401",
    });
    fs::write(&settings, service.to_string()).unwrap();
    fs::create_dir_all(data).unwrap();
    let listen = "[listen]\nsite = \"127.0.0.1:0\"\nstatus = \"127.0.0.1:0\"\n\
        admin = \"127.0.0.1:0\"\n";
    fs::write(data.join("tegata.toml"), listen).unwrap();
    let settings = settings.to_str().unwrap();
    let names = ["--service", "0001/EX0001002C", "--root", "EX0001001C", "--offline-root"];
    tegata(data, &[&["init", "--service-settings", settings][..], &names].concat())
}

fn serve(dir: &Path, data: &Path) -> (Server, Value) {
    let mut serve = Command::new(place::program("tegata"));
    serve.args(["serve", "--json", "--dir"]).arg(data).env_remove("TEGATA_LOG");
    let (server, line) = Server::start(&mut serve, &dir.join("serve.err"));
    (server, serde_json::from_str(&line).unwrap())
}

/// Issues a certificate and returns its PEM file.
fn issue(data: &Path, serving: &Value, dir: &Path) -> PathBuf {
    tegata(data, &["branch", "add", "950", "--name", "Head Office"]).ok();
    let company = ["company", "add", "CMSM950-006", "--name", "Sample", "--branch", "950"];
    tegata(data, &company).ok();
    let add = ["subscriber", "add", "--company", "CMSM950-006", "--count", "1"];
    let seats: Vec<Seat> = serde_json::from_value(tegata(data, &add).ok().json()).unwrap();
    let site = serving["site"].as_str().unwrap();
    let api = Api::new(Https::new(site, &data.join("root.pem"), None), site);
    let issued = Issued::of(&api.enroll(&seats[0], &Key::default().request()));
    let (der, pem) = (dir.join("leaf.cer"), dir.join("leaf.pem"));
    fs::write(&der, issued.certificate()).unwrap();
    let (from, to) = (der.to_str().unwrap(), pem.to_str().unwrap());
    run("openssl", ["x509", "-inform", "DER", "-in", from, "-out", to]).ok();
    pem
}

/// `openssl verify` of a chain over these intermediates, with the lists that the server serves.
fn verify(serving: &Value, room: &Room, intermediates: &[&str], leaf: &Path) -> Ran {
    let status = serving["status"].as_str().unwrap();
    let mut lists = String::new();
    for name in ["EX0001001C", "EX0001002C"] {
        let der = room.0.parent().unwrap().join("list.crl");
        fs::write(&der, run("curl", ["-sSf", &format!("{status}/crl/{name}.crl")]).ok().stdout)
            .unwrap();
        let der = der.to_str().unwrap();
        lists += &run("openssl", ["crl", "-inform", "DER", "-in", der]).ok().text();
    }
    let all = room.0.parent().unwrap().join("lists.pem");
    fs::write(&all, lists).unwrap();
    // The root as the server shows it, which is the ceremony's.
    let served = run("curl", ["-sSf", &format!("{status}/aia/EX0001001C.cer")]).ok().stdout;
    assert_eq!(served, fs::read(room.file("first/EX0001001C.cer")).unwrap());
    let root = room.pem("first/EX0001001C.cer");
    let mut args = vec!["verify", "-x509_strict", "-crl_check_all", "-purpose", "sslclient"];
    let files: Vec<_> = intermediates.iter().map(|name| room.pem(name)).collect();
    for file in &files {
        args.extend(["-untrusted", file.to_str().unwrap()]);
    }
    args.extend(["-CAfile", root.to_str().unwrap(), "-CRLfile", all.to_str().unwrap()]);
    args.push(leaf.to_str().unwrap());
    run("openssl", args)
}
