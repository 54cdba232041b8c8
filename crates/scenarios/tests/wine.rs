//! The application on Windows, as far as Wine is one.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use tegata_scenarios::app::MAIL;
use tegata_scenarios::wait::millis;
use tegata_scenarios::wine::{self, CA, KEYS, MY, ROOT, WindowsPc};
use tegata_scenarios::{Demo, Ran, Seat, eventually, figure};
use tempfile::tempdir;

/// Longest time to wait for something that a program does.
const BOUND: Duration = Duration::from_secs(30);

/// `tegata-app.exe issue --store STORE …`
fn issuing(pc: &WindowsPc, demo: &Demo, seat: &Seat, store: &str) -> Command {
    let password = pc.c("password.txt");
    std::fs::write(&password, &seat.password).unwrap();
    let mut app = pc.command(wine::app());
    app.args(["issue", "--site", &demo.ready.site, "--root-sha256", &demo.ready.root_sha256]);
    app.args(["--user", &seat.user_id, "--mail", MAIL, "--store", store, "--json"]);
    app.arg("--password-file").arg(wine::path(&password));
    app
}

fn issue(pc: &WindowsPc, demo: &Demo, seat: &Seat, store: &str) -> Ran {
    tegata_scenarios::run::run_command(&mut issuing(pc, demo, seat, store))
}

fn list(pc: &WindowsPc) -> Vec<Value> {
    let said = pc.run(wine::app(), &["list", "--store", "windows", "--json"]).ok().json();
    said["certificates"].as_array().unwrap().clone()
}

/// The files in which keys wait for their certificates.
fn waiting(pc: &WindowsPc) -> Vec<String> {
    let folder = std::fs::read_dir(pc.local_app_data().join("tegata/pending"));
    let names = folder.into_iter().flatten();
    names.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
}

/// The unit tests of what is compiled for Windows only: the keys, the certificate stores, the
/// contract that every store keeps, and the browser's choice in the registry.
#[test]
fn the_tests_of_windows_pass() {
    let pc = WindowsPc::new();
    for (package, filter, at_least) in [
        ("tegata-windows", "", 7),
        ("tegata-agent", "store::windows::", 10),
        ("tegata-agent", "choice::registry::", 1),
        ("tegata-agent", "instance::", 1),
    ] {
        let ran = pc.run(wine::tests_of(package), &[filter]);
        let said = ran.text();
        assert_eq!(ran.code, Some(0), "{package}:\n{said}\n{}", ran.stderr);
        let passed = said.split("test result: ok. ").nth(1).unwrap();
        let passed: u32 = passed.split(' ').next().unwrap().parse().unwrap();
        assert!(passed >= at_least, "{package}:\n{said}");
        figure(&format!("{package}: tests under Wine"), passed);
    }
    assert_eq!(pc.registry(KEYS), [""; 0], "the tests leave no key behind");
    assert_eq!(pc.registry(MY), [""; 0]);
}

/// Issued, found by the next process and by a program that is not ours, used, not taken out,
/// removed without a trace.
#[test]
fn a_certificate_lives_in_the_windows_store() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let pc = WindowsPc::new();
    let [seat, second] = demo.seats(2).try_into().unwrap();
    let untouched = [MY, ROOT, CA, KEYS].map(|key| pc.registry(key));
    assert!(list(&pc).is_empty());

    let begun = Instant::now();
    let issued = issue(&pc, &demo, &seat, "windows").ok().json();
    figure("tegata-app.exe issue --store windows", millis(begun.elapsed()));
    assert_eq!(issued["user_id"], seat.user_id.as_str());
    assert_eq!(issued["key_location"], "system", "there is no TPM in Wine: {issued}");
    let until: Timestamp = issued["not_after"].as_str().unwrap().parse().unwrap();
    let until = until.to_zoned(TimeZone::get("Asia/Tokyo").unwrap()).date();
    let name = format!("{} (until {until})", seat.user_id);
    assert_eq!(issued["location"], format!("CurrentUser\\My: {name}"));
    assert_eq!(waiting(&pc), [""; 0]);

    let listed = list(&pc);
    assert_eq!(listed.len(), 1);
    for field in ["user_id", "serial", "not_after", "location", "key_location"] {
        assert_eq!(listed[0][field], issued[field], "{field}");
    }
    assert_eq!(listed[0]["state"], "valid");
    assert!(listed[0]["renewable_from"].is_string(), "the receipt is found again");

    let seen = pc.look();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0]["friendly_name"], name);
    let container = seen[0]["container"].as_str().unwrap();
    assert!(container.starts_with(&format!("tegata-{}-", seat.user_id)), "{container}");
    assert_eq!(seen[0]["signs"], true, "{seen:?}");
    assert_eq!(seen[0]["private_key_taken_out"], false, "{seen:?}");
    figure("private key export by another program", &seen[0]["refused"]);
    assert_eq!(pc.registry(KEYS), [container]);
    assert_eq!(pc.registry(MY), [seen[0]["sha1"].as_str().unwrap()]);
    let added = |key: &str, before: &[String]| {
        pc.registry(key).iter().filter(|name| !before.contains(name)).count()
    };
    assert_eq!((added(ROOT, &untouched[1]), added(CA, &untouched[2])), (1, 1));

    // The same slip again: it was used, and the certificate is there already.
    let again = issue(&pc, &demo, &seat, "windows").ended(3).json();
    assert_eq!(again["code"], "credential_refused", "{again}");
    assert_eq!(again["existing"]["serial"], issued["serial"], "{again}");
    assert_eq!((pc.registry(KEYS).len(), waiting(&pc).len()), (1, 0), "no key was left");

    let other = issue(&pc, &demo, &second, "windows:capi").ok().json();
    assert_eq!(list(&pc).len(), 2);
    let remove = |serial: &Value| {
        let serial = serial.as_str().unwrap();
        let args = ["remove", "--store", "windows", "--json", "--yes", "--serial", serial];
        pc.run(wine::app(), &args)
    };
    let untrust = || pc.run(wine::app(), &["trust", "--remove", "--store", "windows", "--json"]);
    assert_eq!(remove(&other["serial"]).ok().json()["serials"], json!([other["serial"]]));
    assert_eq!(remove(&other["serial"]).ended(2).json()["code"], "serial_unknown");
    assert_eq!(pc.look(), seen, "the other one is untouched");
    let kept = untrust().ok().json();
    assert_eq!(kept["removed"], json!([]), "a certificate needs them: {kept}");
    assert_eq!(kept["kept"].as_array().unwrap().len(), 2, "{kept}");

    remove(&issued["serial"]).ok();
    assert_eq!(untrust().ok().json()["removed"].as_array().unwrap().len(), 2);
    assert!(list(&pc).is_empty());
    assert!(pc.look().is_empty());
    assert_eq!([MY, ROOT, CA, KEYS].map(|key| pc.registry(key)), untouched, "nothing is left");
}

/// What Wine cannot do is not pretended: no TPM, and no key of CNG that is found again.
#[test]
fn a_place_without_working_keys_is_refused_before_anything_is_sent() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let pc = WindowsPc::new();
    let seat = demo.seat();
    for store in ["windows:tpm", "windows:software"] {
        let refused = issue(&pc, &demo, &seat, store).ended(5).json();
        assert_eq!(refused["code"], "store_no_place_for_key", "{refused}");
        assert_eq!((pc.registry(KEYS), waiting(&pc)), (vec![], vec![]), "{store}");
    }
    assert!(demo.certificates(Some(&seat.user_id)).is_empty());
    // The slip is as good as before.
    issue(&pc, &demo, &seat, "windows").ok();
}

/// The power goes after the server issued and before the PC knew: the next try takes up the same
/// key and gets the same certificate.
#[test]
fn a_key_survives_the_end_of_the_process() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let pc = WindowsPc::new();
    let seat = demo.seat();
    let way = Way::to(&demo.ready.site);

    let proxy = format!("http://127.0.0.1:{}", way.port);
    let mut first = issuing(&pc, &demo, &seat, "windows");
    let mut process = pc.start(first.env("HTTPS_PROXY", &proxy));
    eventually("the key's name is written down", BOUND, || (waiting(&pc).len() == 1).then_some(()));
    // From here on the server hears the PC, and the PC nothing more from the server.
    way.deafen();
    let serial = eventually("issued", BOUND, || {
        let rows = demo.certificates(Some(&seat.user_id));
        let live = rows.iter().find(|row| row["state"] == "live")?;
        Some(live["serial"].as_str()?.to_owned())
    });
    process.kill().unwrap();
    process.wait().unwrap();
    assert!(list(&pc).is_empty(), "nothing was installed");
    assert_eq!(waiting(&pc).len(), 1);
    let keys = pc.registry(KEYS);
    assert_eq!(keys.len(), 1);

    let issued = issue(&pc, &demo, &seat, "windows").ok().json();
    assert_eq!(issued["serial"], serial);
    assert_eq!(demo.certificates(Some(&seat.user_id)).len(), 1);
    assert_eq!(pc.registry(KEYS), keys, "the same key, and no other");
    let seen = pc.look();
    assert_eq!(seen[0]["container"], keys[0]);
    assert_eq!(seen[0]["signs"], true);
    assert_eq!(waiting(&pc), [""; 0]);
}

/// A proxy of our own that can swallow whatever comes back from the server.
struct Way {
    port: u16,
    deaf: Arc<AtomicBool>,
}

impl Way {
    /// A way to the host and port of this address.
    fn to(url: &str) -> Self {
        let server = url.split('/').nth(2).unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let way = Self { port: listener.local_addr().unwrap().port(), deaf: Arc::default() };
        let deaf = Arc::clone(&way.deaf);
        thread::spawn(move || {
            for client in listener.incoming() {
                connect(client.unwrap(), &server, &deaf);
            }
        });
        way
    }

    fn deafen(&self) {
        self.deaf.store(true, Ordering::SeqCst);
    }
}

fn connect(mut client: TcpStream, server: &str, deaf: &Arc<AtomicBool>) {
    let (mut head, mut octet) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && client.read(&mut octet).unwrap() == 1 {
        head.push(octet[0]);
    }
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
    let server = TcpStream::connect(server).unwrap();
    let there = (client.try_clone().unwrap(), server.try_clone().unwrap(), Arc::default());
    for (mut from, mut to, deaf) in [there, (server, client, Arc::clone(deaf))] {
        thread::spawn(move || {
            let mut octets = [0; 4096];
            while let Ok(len @ 1..) = from.read(&mut octets) {
                if !deaf.load(Ordering::SeqCst) && to.write_all(&octets[..len]).is_err() {
                    break;
                }
            }
            let _ = to.shutdown(Shutdown::Write);
        });
    }
}

/// Help and errors name what there is on Windows.
#[test]
fn help_names_the_stores_of_windows() {
    let pc = WindowsPc::new();
    let help = pc.run(wine::app(), &["issue", "--help", "--lang", "en"]).ok().text();
    assert!(help.contains("windows:WHERE"), "{help}");
    assert!(help.contains("display language of Windows"), "{help}");
    let help = pc.run(wine::app(), &["issue", "--help", "--lang", "ja"]).ok().text();
    assert!(help.contains("Windowsの証明書ストア"), "{help}");
    let refused = pc.run(wine::app(), &["list", "--store", "windows:usb", "--json"]).ended(2);
    assert_eq!(refused.json()["code"], "bad_store");
}

/// Windows runs what the schedule holds: renewed without anybody, cleaned up by the next run, and
/// the schedule goes with the application. Wine has no Task Scheduler, so it is a start at login.
#[test]
fn a_schedule_renews_on_windows_and_goes_with_the_application() {
    const RUN: &str = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Run";
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let pc = WindowsPc::new();
    let app = |args: &[&str]| pc.run(wine::app(), &[args, &["--json"]].concat()).ok().json();
    let on = app(&["schedule", "--on"]);
    assert_eq!(
        (&on["on"], &on["kind"], &on["place"]),
        (&json!(true), &json!("login"), &json!("Tegata"))
    );
    let seat = demo.seat();
    let issued = issue(&pc, &demo, &seat, "windows").ok().json();
    let told = demo.tegata(&["subscriber", "list"]).ok().json();
    let mut rows = told.as_array().unwrap().iter();
    let row = rows.find(|row| row["user_id"] == seat.user_id.as_str()).unwrap();
    assert_eq!(row["unattended"], true);

    demo.open_renewal();
    let serial = issued["serial"].as_str().unwrap();
    let state = pc.local_app_data().join("tegata");
    let receipt = state.join(format!("certificates/{serial}.json"));
    let mut told: Value = serde_json::from_slice(&std::fs::read(&receipt).unwrap()).unwrap();
    told["renewable_from"] = json!("2026-01-01T00:00:00Z");
    std::fs::write(&receipt, told.to_string()).unwrap();

    // The command as it stands in the registry; the wait that spreads PCs over hours is cut out.
    let said = pc.run("reg", &["query", RUN, "/v", "Tegata"]).ok().text();
    let line = said.split_once("REG_SZ").unwrap().1.trim();
    let (program, arguments) = line.trim_start_matches('"').split_once('"').unwrap();
    assert!(arguments.ends_with("--unattended --store windows --spread 4"), "{line}");
    let words: Vec<_> = arguments.trim_end_matches("--spread 4").split_whitespace().collect();
    let run = || pc.run(program, &[&words[..], &["--json"]].concat());
    let ran = eventually("the server takes the change", BOUND, || {
        let ran = run();
        if ran.code == Some(3) {
            std::fs::remove_file(state.join("unattended.json")).unwrap();
            return None;
        }
        Some(ran.ok().json())
    });
    assert_eq!(ran["renewed"][0]["replaces"], serial, "{ran}");
    assert_eq!((&ran["removed"], list(&pc).len()), (&json!([]), 2));
    assert_eq!(run().ok().json()["removed"], json!([serial]), "the gateway let the new one in");
    assert_eq!((list(&pc).len(), pc.registry(KEYS).len()), (1, 1));
    let states = demo.certificates(Some(&seat.user_id));
    assert!(states.iter().any(|row| row["serial"] == serial && row["state"] == "revoked"));

    // What the uninstaller runs.
    app(&["clear", "--keys", "--store", "windows"]);
    assert!(pc.run("reg", &["query", RUN, "/v", "Tegata"]).code != Some(0), "gone");
    assert!(!state.exists(), "{:?}", std::fs::read_dir(&state).unwrap().collect::<Vec<_>>());
}
