//! Updates of the real binary: it replaces itself, is killed, cut off, and runs out of disk.

use std::io::Read;
use std::path::PathBuf;
use std::process::Stdio;

use jiff::{SignedDuration, Timestamp};
use rcgen::{KeyPair, PublicKeyData, SigningKey};
use sha2::{Digest, Sha256};
use tegata_agent::brand::Brand;
use tegata_wire::api::Bilingual;
use tegata_wire::update::{
    Envelope, Form, Manifest, Package, PackageDigest, Platform, Signature, message,
};
use tegata_wire::{Der, Problem, problem};

use crate::support::{Answer, Pc, Ran, Site, said};
use crate::terminal::Terminal;

const FILE: &str = "tegata-app-9.0.0.tar.gz";

/// The version that the site offers. It begins with something that does not compress, so that
/// its download has a middle.
fn newer(noise: usize) -> Vec<u8> {
    let noise: String =
        (0..noise).map(|nth: usize| hex(&Sha256::digest(nth.to_be_bytes()))).collect();
    format!("#!/bin/sh\necho tegata-app 9.0.0\nexit\n{noise}").into_bytes()
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// An installed application, and a site that offers another.
struct Installed {
    key: KeyPair,
    site: Site,
    pc: Pc,
    package: Vec<u8>,
}

impl Installed {
    fn new() -> Self {
        let (site, pc) = (Site::start(), Pc::new());
        let key = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        let public: [u8; 32] = key.der_bytes().try_into().unwrap();
        std::fs::create_dir(pc.path("bin")).unwrap();
        // By another process: a file that this one has open for writing cannot be started.
        said("cp", &[env!("CARGO_BIN_EXE_tegata-app"), &pc.text("bin/tegata-app")]);
        let text = |text: &str| Bilingual { ja: text.to_owned(), en: text.to_owned() };
        let brand = Brand {
            site: site.url().parse().unwrap(),
            root: site.root_sha256.parse().unwrap(),
            organisation: text("Sample Bank, Ltd."),
            name: text("Sample Lite CMS"),
            help: None,
            key_colour: None,
            update_keys: vec![public],
        };
        std::fs::write(pc.path("bin/brand.json"), brand.to_json().unwrap()).unwrap();
        std::fs::create_dir(pc.path("package")).unwrap();
        std::fs::write(pc.path("package/tegata-app"), newer(4000)).unwrap();
        let archive = pc.text("package/archive.tar.gz");
        said("tar", &["-czf", &archive, "-C", &pc.text("package"), "tegata-app"]);
        let package = std::fs::read(archive).unwrap();
        let installed = Self { key, site, pc, package };
        installed.offers(false);
        installed
    }

    /// The site offers the package, or demands it.
    fn offers(&self, mandatory: bool) {
        let manifest = signed(&self.key, mandatory, &self.package);
        self.site.serve("/update", move |_| {
            let headers = "content-type: application/json\r\n".to_owned();
            Answer::Whole(200, headers, manifest.clone())
        });
    }

    /// What the doctor says of newer versions.
    fn doctor(&self) -> serde_json::Value {
        let arguments = ["doctor", "--store", "pem:certs", "--json"];
        let said = self.pc.run_program(self.program().as_os_str(), &arguments).json();
        let findings = said["findings"].as_array().unwrap();
        let mut of_updates = findings.iter().filter(|found| found["check"] == "update");
        let found = of_updates.next().unwrap().clone();
        assert_eq!(of_updates.next(), None, "one finding: {said}");
        found
    }

    /// The site sends the package, or what was asked for of it.
    fn serves_all(&self) {
        let package = self.package.clone();
        self.site.serve(FILE, move |request| match from(&request.headers) {
            0 => Answer::Whole(200, String::new(), package.clone()),
            from => {
                let (last, of) = (package.len() - 1, package.len());
                let headers = format!("content-range: bytes {from}-{last}/{of}\r\n");
                Answer::Whole(206, headers, package[from..].to_vec())
            }
        });
    }

    /// How much of the package a site sends that does not send all.
    fn most(&self) -> usize {
        self.package.len() * 2 / 3
    }

    /// The site sends two thirds of it, and then nothing, or an end.
    fn serves_most(&self, stays: bool) {
        let (package, most) = (self.package.clone(), self.most());
        self.site.serve(FILE, move |request| {
            let from = from(&request.headers);
            let headers = format!("content-range: bytes {from}-/{}\r\n", package.len());
            Answer::Short {
                status: if from == 0 { 200 } else { 206 },
                headers,
                promised: package.len() - from,
                body: package[from..most.max(from)].to_vec(),
                stays,
            }
        });
    }

    fn program(&self) -> PathBuf {
        self.pc.path("bin/tegata-app")
    }

    fn update(&self, more: &[&str]) -> Ran {
        self.pc.run_program(self.program().as_os_str(), &[&["update"], more].concat())
    }

    /// What the program that stands there now says of itself.
    fn version(&self) -> String {
        self.pc.run_program(self.program().as_os_str(), &["--version"]).ended(0).stdout
    }

    /// How much of the package waits for the next try.
    fn waiting(&self) -> Option<u64> {
        let folder = self.pc.path(".local/state/tegata/updates");
        let mut entries = std::fs::read_dir(folder).ok()?.map(|entry| entry.unwrap());
        let part = entries.find(|entry| entry.file_name().to_string_lossy().ends_with(".part"))?;
        Some(part.metadata().unwrap().len())
    }
}

fn from(headers: &str) -> usize {
    let range = headers.lines().find_map(|line| line.strip_prefix("range: bytes="));
    range.map_or(0, |range| range.trim_end_matches('-').parse().unwrap())
}

fn signed(key: &KeyPair, mandatory: bool, package: &[u8]) -> Vec<u8> {
    let public = key.der_bytes();
    #[expect(clippy::disallowed_methods, reason = "the program under test has the real clock")]
    let now = Timestamp::now();
    let manifest = Manifest {
        service: "0001/SB0001002C".parse().unwrap(),
        sequence: 7,
        issued_at: now,
        expires_at: now + SignedDuration::from_hours(24),
        minimum_version: None,
        mandatory,
        allow_downgrade: false,
        notes: Some(Bilingual {
            ja: "速くなりました。".to_owned(), en: "Faster.".to_owned()
        }),
        packages: vec![Package {
            platform: Platform::here(),
            form: Form::Tar,
            version: "9.0.0".parse().unwrap(),
            file: FILE.parse().unwrap(),
            length: package.len() as u64,
            sha256: PackageDigest(Sha256::digest(package).into()),
        }],
    };
    let octets = manifest.to_octets().unwrap();
    let signature = key.sign(&message(&octets)).unwrap();
    let signature = Signature { key: Der(public.to_vec()), signature: Der(signature) };
    let envelope = Envelope { signed: Der(octets), signatures: vec![signature] };
    serde_json::to_vec(&envelope).unwrap()
}

#[test]
fn the_program_looks_asks_and_replaces_itself() {
    let installed = Installed::new();
    installed.serves_all();
    let found = installed.update(&["--check", "--json"]).ended(0).json();
    assert_eq!((&found["result"], &found["available"]), (&"available".into(), &"9.0.0".into()));
    assert_eq!((&found["required"], &found["notes"]), (&false.into(), &"Faster.".into()));
    let unasked = installed.update(&["--json"]).ended(2).json();
    assert_eq!(unasked["code"], "missing");
    assert_eq!(installed.version(), "tegata-app 0.1.0\n");

    let updated = installed.update(&["--yes", "--lang", "ja"]).ended(0);
    assert!(
        updated.stdout.starts_with("証明書発行アプリケーションをバージョン9.0.0に更新しました。")
    );
    assert!(updated.stderr.contains("100%"), "{updated:?}");
    assert_eq!(installed.version(), "tegata-app 9.0.0\n");
    assert_eq!(installed.pc.files("bin"), ["brand.json", "tegata-app", "tegata-app.previous"]);
}

#[test]
fn a_person_is_asked_and_may_say_later() {
    let installed = Installed::new();
    installed.serves_all();
    let program = installed.pc.text("bin/tegata-app");
    let ask = |answer: &str| {
        let terminal = Terminal::start_program(&installed.pc, &program, "update");
        terminal.answer("asked again in a day: ", answer).end()
    };
    let later = ask("no").ended(0);
    assert!(later.stdout.contains("You will be asked again in a day."), "{later:?}");
    assert!(installed.site.ranges("/download/").is_empty());
    assert_eq!(installed.version(), "tegata-app 0.1.0\n");
    // Who asks for an update by a command is asked all the same; the window is not.
    ask("yes").ended(0);
    assert_eq!(installed.version(), "tegata-app 9.0.0\n");
}

#[test]
fn a_program_without_a_brand_says_where_to_get_the_next() {
    let installed = Installed::new();
    std::fs::remove_file(installed.pc.path("bin/brand.json")).unwrap();
    assert_eq!(installed.update(&["--json"]).ended(2).json()["code"], "update_no_brand");
    std::fs::write(installed.pc.path("bin/brand.json"), "{}").unwrap();
    assert_eq!(installed.update(&["--json"]).ended(2).json()["code"], "bad_brand");
}

#[test]
fn killed_midway_it_goes_on_where_it_was() {
    let installed = Installed::new();
    installed.serves_most(true);
    let mut child = installed
        .pc
        .command(installed.program())
        .args(["update", "--yes"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It tells of every tenth, so at the latest at two thirds that half is there.
    let mut said = String::new();
    let mut stderr = child.stderr.take().unwrap();
    let percent = |line: &str| line.split_once('%')?.0.parse::<u32>().ok();
    while !said.lines().any(|line| percent(line) >= Some(50)) {
        let mut octet = [0];
        assert_eq!(stderr.read(&mut octet).unwrap(), 1, "{said}");
        said.push(char::from(octet[0]));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(installed.version(), "tegata-app 0.1.0\n");
    let half = installed.waiting().unwrap();
    assert!(half >= installed.package.len() as u64 / 2, "{half}");

    installed.serves_all();
    installed.update(&["--yes"]).ended(0);
    assert_eq!(installed.site.ranges("/download/"), [None, Some(format!("bytes={half}-"))]);
    assert_eq!(installed.version(), "tegata-app 9.0.0\n");
}

#[test]
fn a_network_that_is_cut_is_said_and_leaves_the_program_alone() {
    let installed = Installed::new();
    installed.serves_most(false);
    let cut = installed.update(&["--yes", "--json"]).ended(4).json();
    assert_eq!(cut["code"], "reply_lost");
    assert_eq!(installed.version(), "tegata-app 0.1.0\n");
    assert_eq!(installed.waiting(), Some(installed.most() as u64));
    installed.serves_all();
    installed.update(&["--yes"]).ended(0);
    assert_eq!(installed.version(), "tegata-app 9.0.0\n");
}

#[test]
fn a_full_disk_is_said_and_leaves_the_program_alone() {
    let installed = Installed::new();
    installed.serves_all();
    // Files of 16 blocks of 512 octets at most, and an error instead of a signal beyond.
    let limited = "trap '' XFSZ; ulimit -f 16; exec \"$0\" update --yes --json";
    let program = installed.program();
    let output = installed.pc.command("sh").args(["-c", limited]).arg(&program).output().unwrap();
    let full = Ran::of(output).ended(5).json();
    assert_eq!(full["code"], "disk_full");
    assert_eq!(installed.version(), "tegata-app 0.1.0\n");
    assert_eq!(installed.pc.files("bin"), ["brand.json", "tegata-app"]);
    installed.update(&["--yes"]).ended(0);
    assert_eq!(installed.version(), "tegata-app 9.0.0\n");
}

#[test]
fn the_doctor_names_a_newer_version_and_how_to_get_it() {
    let installed = Installed::new();
    let offered = installed.doctor();
    assert_eq!((&offered["verdict"], &offered["fix"]), (&"notice".into(), &"update".into()));
    let (title, detail) = (offered["title"].as_str().unwrap(), offered["detail"].as_str().unwrap());
    assert!(title.contains("9.0.0") && title.contains("0.1.0"), "{offered}");
    assert!(detail.contains("tegata-app update --yes"), "{offered}");

    let second = Installed::new();
    second.offers(true);
    let required = second.doctor();
    assert_eq!((&required["verdict"], &required["fix"]), (&"bad".into(), &"update".into()));
    assert!(required["title"].as_str().unwrap().contains("can no longer be used"), "{required}");

    let third = Installed::new();
    third.site.serve("/update", |_| {
        let detail = String::new();
        let problem = Problem::new("no_update", 404, "No.".into(), detail, "R-1".into());
        let headers = format!("content-type: {}\r\n", problem::CONTENT_TYPE);
        Answer::Whole(404, headers, serde_json::to_vec(&problem).unwrap())
    });
    let newest = third.doctor();
    assert_eq!((&newest["verdict"], &newest["fix"]), (&"good".into(), &serde_json::Value::Null));
}

#[test]
fn the_doctor_says_why_nothing_is_known_of_newer_versions() {
    let installed = Installed::new();
    installed.site.serve("/update", |_| Answer::Whole(200, String::new(), b"{}".to_vec()));
    let unread = installed.doctor();
    assert_eq!(unread["verdict"], "notice");
    assert!(unread["title"].as_str().unwrap().contains("could not be found out"), "{unread}");

    let file = installed.pc.path("bin/brand.json");
    let mut brand = Brand::beside(file.parent().unwrap()).unwrap().unwrap();
    brand.update_keys.clear();
    std::fs::write(&file, brand.to_json().unwrap()).unwrap();
    let unsigned = installed.doctor();
    assert!(unsigned["title"].as_str().unwrap().contains("key"), "{unsigned}");

    brand.site = "https://127.0.0.1:1/issueweb/0001/SB0001002C/".parse().unwrap();
    std::fs::write(&file, brand.to_json().unwrap()).unwrap();
    let away = installed.doctor();
    assert!(away["title"].as_str().unwrap().contains("not looked up"), "{away}");

    std::fs::remove_file(&file).unwrap();
    let unknown = installed.doctor();
    assert_eq!(unknown["fix"], serde_json::Value::Null);
    assert!(unknown["detail"].as_str().unwrap().contains("issuing site"), "{unknown}");
}
