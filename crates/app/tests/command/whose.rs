//! Whose certificates the program takes for its own: what it was installed for decides, or what it
//! remembers.

use serde_json::json;
use tegata_agent::brand::{Brand, HelpDesk};
use tegata_wire::api::Bilingual;

use crate::support::{Pc, Ran, Script, Site, said};

const RECEIPTS: &str = ".local/state/tegata/certificates";

/// A program that was installed with this as its brand.
struct Installed<'a> {
    pc: &'a Pc,
}

impl<'a> Installed<'a> {
    fn with(pc: &'a Pc, brand: &[u8]) -> Self {
        std::fs::create_dir_all(pc.path("bin")).unwrap();
        // By another process: a file that this one has open for writing cannot be started.
        said("cp", &[env!("CARGO_BIN_EXE_tegata-app"), &pc.text("bin/tegata-app")]);
        std::fs::write(pc.path("bin/brand.json"), brand).unwrap();
        Self { pc }
    }

    fn of(pc: &'a Pc, site: &Site) -> Self {
        Self::at(pc, &site.url(), &site.root_sha256)
    }

    fn at(pc: &'a Pc, site: &str, root_sha256: &str) -> Self {
        let text = |text: &str| Bilingual { ja: text.to_owned(), en: text.to_owned() };
        let brand = Brand {
            site: site.parse().unwrap(),
            root: root_sha256.parse().unwrap(),
            organisation: text("Sample Bank, Ltd."),
            name: text("Sample Lite CMS"),
            help: Some(HelpDesk {
                ja: "ヘルプデスク 0120-000-000".parse().unwrap(),
                en: "Help desk 0120-000-000".parse().unwrap(),
            }),
            key_colour: None,
            update_keys: Vec::new(),
        };
        Self::with(pc, &brand.to_json().unwrap())
    }

    fn run(&self, arguments: &str) -> Ran {
        let arguments: Vec<_> = arguments.split(' ').collect();
        self.pc.run_program(self.pc.path("bin/tegata-app").as_os_str(), &arguments)
    }
}

#[test]
fn a_program_whose_brand_cannot_be_read_removes_nothing() {
    let (site, pc) = (Site::start(), Pc::new());
    pc.issue(&site, "pem:foreign", &[]).ended(0);
    let before = pc.files("foreign");
    let installed = Installed::with(&pc, b"{\"site\": broken");
    for command in [
        "remove --all --yes --store pem:foreign --json",
        "remove --old --yes --store pem:foreign --json",
        "renew --all-due --store pem:foreign --json",
        "clear --keys --store pem:foreign --json",
        "clear --store pem:foreign --json",
    ] {
        assert_eq!(installed.run(command).ended(2).json()["code"], "bad_brand", "{command}");
    }
    assert_eq!(pc.files("foreign"), before);
    assert_eq!(pc.files(RECEIPTS).len(), 1);
}

#[test]
fn without_a_brand_only_what_is_remembered_goes_with_all() {
    let (site, pc) = (Site::start(), Pc::new());
    pc.issue(&site, "pem:foreign", &[]).ended(0);
    std::fs::remove_dir_all(pc.path(RECEIPTS)).unwrap();
    let before = pc.files("foreign");
    for command in ["remove --all --yes", "clear --keys"] {
        let command = format!("{command} --store pem:foreign --json");
        let ran = pc.run(&command.split(' ').collect::<Vec<_>>());
        assert_eq!(ran.ended(0).json()["serials"], json!([]), "{command}");
    }
    assert_eq!(pc.files("foreign"), before);
}

#[test]
fn what_another_organisation_issued_stays_and_what_the_own_one_did_goes() {
    let (own, other, pc) = (Site::start(), Site::start(), Pc::new());
    pc.issue(&other, "pem:certs", &[]).ended(0);
    // A certificate that came some other way than through this program.
    std::fs::remove_dir_all(pc.path(RECEIPTS)).unwrap();
    let all = "remove --all --yes --store pem:certs --json";
    let ran = Installed::of(&pc, &own).run(all).ended(0);
    assert_eq!(ran.json()["serials"], json!([]));
    let ran = Installed::of(&pc, &other).run(all).ended(0);
    assert_eq!(ran.json()["serials"].as_array().unwrap().len(), 1, "signed below its root");
}

#[test]
fn the_choice_of_the_browser_is_taken_away_when_no_certificate_is_there_any_more() {
    let pc = Pc::new();
    // A service that nobody has, as the policies are those of the whole PC.
    let site = "https://issue.example.jp/issueweb/9999/SB9999999X/";
    let installed = Installed::at(&pc, site, &"00".repeat(32));
    let removed = installed.run("autoselect --remove --json").ended(0).json();
    assert_eq!(removed, json!({ "result": "nothing", "entries": [], "places": [] }));
    let none = installed.run("autoselect --store pem:certs --json").ended(2).json();
    assert_eq!(none["code"], "no_certificate");
}

#[test]
fn every_error_ends_with_whom_to_call_where_the_installer_says_it() {
    let (site, pc) = (Site::start(), Pc::new());
    let installed = Installed::of(&pc, &site);
    for (command, exit) in [
        ("list --store pem:missing/deeper --lang ja", 5),
        ("remove --serial 01 --yes --store pem:certs", 2),
        ("issue --no-such-option", 2),
        ("doctor --store pem:certs", 5),
    ] {
        let ran = installed.run(command).ended(exit);
        let said = if command.starts_with("doctor") { &ran.stdout } else { &ran.stderr };
        let ja = command.contains("ja");
        let last = if ja {
            "お問い合わせ先: ヘルプデスク 0120-000-000"
        } else {
            "Contact: Help desk 0120-000-000"
        };
        assert_eq!(said.lines().last(), Some(last), "{command}: {said}");
        let json = installed.run(&format!("{command} --json")).ended(exit).json();
        let number = json["help"].as_str().unwrap_or_default();
        assert!(number.ends_with("0120-000-000"), "{command}: {json}");
    }
    // A program that was not installed for a service knows of nobody.
    let ran = pc.run(&["remove", "--serial", "01", "--yes", "--store", "pem:certs"]).ended(2);
    assert!(!ran.stderr.contains("Contact:"), "{}", ran.stderr);
    assert!(!installed.run("--version").ended(0).stderr.contains("Contact:"));
}

#[test]
fn a_refused_renewal_is_told_with_the_next_step_of_the_server_and_whom_to_call() {
    for unattended in [false, true] {
        let (site, pc) = (Site::start(), Pc::new());
        let installed = Installed::of(&pc, &site);
        pc.issue(&site, "pem:certs", &[]).ended(0);
        let receipt = pc.path(RECEIPTS).join(&pc.files(RECEIPTS)[0]);
        let told = std::fs::read_to_string(&receipt).unwrap();
        std::fs::write(&receipt, told.replace("2045-12-18", "2020-12-18")).unwrap();
        site.then(Script::Problem(403, "certificate_held", ""));
        let more = if unattended { " --unattended" } else { "" };
        let ran = installed.run(&format!("renew --all-due{more} --store pem:certs --json"));
        let ran = ran.ended(3);
        let object = ran.json();
        let failed = &object["failed"][0];
        assert_eq!(failed["code"], "certificate_held");
        assert_eq!(failed["title"], "It was refused.");
        assert_eq!(failed["detail"], "Ask the branch.");
        assert_eq!(failed["reference"], "R-20261123");
        let said = match unattended {
            true => object["told"][0]["body"].as_str().unwrap().to_owned(),
            false => ran.stderr.clone(),
        };
        assert!(said.contains("Ask the branch.") && said.contains("0120-000-000"), "{said}");
        assert!(!said.contains("Please run this command"), "{said}");
    }
}
