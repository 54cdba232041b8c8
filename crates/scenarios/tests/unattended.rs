//! Renewal with nobody in front of the screen: the schedule, what it runs, what happens when that
//! fails, and when the old certificate goes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tegata_scenarios::run::run_command;
use tegata_scenarios::server::Server;
use tegata_scenarios::token::{SPY, SoftToken};
use tegata_scenarios::{Demo, Pc, Ran, Seat, eventually, place};
use tempfile::tempdir;

const BOUND: Duration = Duration::from_secs(10);
const STORE: &str = "pem:certificate";

/// A PC whose user may have a systemd.
struct Desk {
    pc: Pc,
    runtime: PathBuf,
}

impl Desk {
    fn new(dir: &Path) -> Self {
        let pc = Pc::new(&dir.join("pc"));
        let runtime = dir.join("runtime");
        fs::create_dir_all(runtime.join("systemd")).unwrap();
        Self { pc, runtime }
    }

    /// The environment of a service of systemd: no display, no locale.
    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().current_dir(self.pc.home()).env("HOME", self.pc.home());
        command.env("PATH", std::env::var_os("PATH").unwrap());
        command.env("XDG_RUNTIME_DIR", &self.runtime);
        command
    }

    fn app(&self, args: &[&str]) -> Ran {
        let mut app = self.command(place::program("tegata-app"));
        run_command(app.args(["--lang", "en", "--json"]).args(args))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.pc.file(name)
    }

    /// The command that the timer runs, as systemd would.
    fn timer(&self) -> Command {
        let service = self.file(".config/systemd/user/tegata-renew.service");
        let service = fs::read_to_string(service).unwrap();
        let line = service.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
        let mut words = line.split('"').map(str::trim).filter(|word| !word.is_empty());
        let mut command = self.command(words.next().unwrap());
        command.args(words).arg("--json");
        command
    }

    fn runs(&self) -> Ran {
        run_command(&mut self.timer())
    }

    fn receipt(&self, serial: &Value) -> PathBuf {
        let serial = serial.as_str().unwrap();
        self.file(&format!(".local/state/tegata/certificates/{serial}.json"))
    }

    /// Changes what the application was told of a certificate.
    fn tell(&self, serial: &Value, key: &str, value: Value) -> Value {
        let receipt = self.receipt(serial);
        let mut told: Value = serde_json::from_slice(&fs::read(&receipt).unwrap()).unwrap();
        let before = std::mem::replace(&mut told[key], value);
        fs::write(&receipt, told.to_string()).unwrap();
        before
    }

    /// Time passes: this certificate can be renewed.
    fn make_due(&self, demo: &Demo, serial: &Value) {
        demo.open_renewal();
        self.is_due(serial);
    }

    /// What the application was told of the certificate's renewal.
    fn is_due(&self, serial: &Value) {
        self.tell(serial, "renewable_from", json!("2026-01-01T00:00:00Z"));
    }

    fn state(&self) -> PathBuf {
        self.file(".local/state/tegata/unattended.json")
    }

    /// The wait after a failure is over.
    fn wait_is_over(&self) {
        let mut tries: Value = serde_json::from_slice(&fs::read(self.state()).unwrap()).unwrap();
        for failed in tries.as_object_mut().unwrap().values_mut() {
            failed["not_before"] = json!("2026-01-01T00:00:00Z");
        }
        fs::write(self.state(), tries.to_string()).unwrap();
    }

    fn log(&self) -> String {
        fs::read_to_string(self.file(".local/state/tegata/unattended.log")).unwrap()
    }

    fn files(&self) -> Vec<PathBuf> {
        fn gather(folder: &Path, found: &mut Vec<PathBuf>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                found.push(path.clone());
                if path.is_dir() && !path.is_symlink() {
                    gather(&path, found);
                }
            }
        }
        let mut found = Vec::new();
        gather(self.pc.home(), &mut found);
        found.sort();
        found
    }
}

fn states(demo: &Demo, seat: &Seat) -> Vec<(Value, Value)> {
    let rows = demo.certificates(Some(&seat.user_id));
    rows.iter().map(|row| (row["serial"].clone(), row["state"].clone())).collect()
}

fn seat_row(demo: &Demo, seat: &Seat) -> Value {
    let seats = demo.tegata(&["subscriber", "list"]).ok().json();
    let seats = seats.as_array().unwrap().clone();
    seats.into_iter().find(|row| row["user_id"] == seat.user_id.as_str()).unwrap()
}

/// Runs until the server has taken the change of its settings.
fn renewed(desk: &Desk, serial: &Value) -> Value {
    eventually("the server takes the change", BOUND, || {
        let ran = desk.runs();
        if ran.code == Some(3) {
            desk.wait_is_over();
            // The refusal taught the application the server's own date.
            desk.is_due(serial);
            return None;
        }
        Some(ran.ok().json())
    })
}

#[test]
fn a_schedule_is_written_as_the_system_reads_it_and_goes_without_a_trace() {
    let dir = tempdir().unwrap();
    let desk = Desk::new(dir.path());
    let mistyped = desk.app(&["schedule", "--on", "--store", "pem:typo"]).ended(5).json();
    assert_eq!(mistyped["code"], "store_missing", "{mistyped}");
    fs::create_dir(desk.file("certificate")).unwrap();
    let untouched = desk.files();
    assert_eq!(desk.app(&["schedule"]).ok().json()["on"], false);

    let on = desk.app(&["schedule", "--on", "--store", STORE]).ok().json();
    assert_eq!(on["warning"]["code"], "no_certificate", "{on}");
    assert_eq!((&on["on"], &on["kind"]), (&json!(true), &json!("timer")), "{on}");
    let units = desk.file(".config/systemd/user");
    let timer = fs::read_to_string(units.join("tegata-renew.timer")).unwrap();
    for line in ["OnCalendar=daily", "Persistent=true", "RandomizedDelaySec=4h"] {
        assert!(timer.contains(line), "{timer}");
    }
    let mut verify = desk.command("systemd-analyze");
    verify.args(["--user", "verify"]).arg(units.join("tegata-renew.timer"));
    let verified = run_command(&mut verify).ok();
    assert!(!verified.stderr.contains("tegata-renew"), "{}", verified.stderr);
    let wanted = units.join("timers.target.wants/tegata-renew.timer");
    assert_eq!(fs::read_link(wanted).unwrap(), units.join("tegata-renew.timer"));
    let line = format!("{:?}", desk.timer());
    let store = format!("pem:{}", desk.file("certificate").display());
    assert!(line.contains("--unattended") && line.contains(&store), "{line}");
    let ran = desk.runs().ended(2).json();
    assert_eq!(ran["failed"][0]["code"], "no_certificate", "{ran}");
    let told = ran["told"][0]["body"].as_str().unwrap();
    assert!(told.contains(&store) && told.contains("issue one first"), "{told}");
    let ran = desk.runs().ok().json();
    assert_eq!((&ran["told"], &ran["waiting"][0]["code"]), (&json!([]), &json!("no_certificate")));
    // Again, and it is the same.
    desk.app(&["schedule", "--on", "--store", STORE]).ok();
    assert_eq!(desk.app(&["schedule", "--show"]).ok().json()["kind"], "timer");
    assert_eq!(desk.app(&["schedule", "--off"]).ok().json()["on"], false);

    // Without a systemd of the user's: at login.
    fs::remove_dir(desk.runtime.join("systemd")).unwrap();
    let on = desk.app(&["schedule", "--on"]).ok().json();
    assert_eq!(on["kind"], "login");
    let entry = fs::read_to_string(desk.file(".config/autostart/tegata-renew.desktop")).unwrap();
    assert!(entry.contains("\"--unattended\"") && entry.contains("\"--spread\" \"4\""), "{entry}");

    // What an uninstaller runs takes it away.
    desk.app(&["clear", "--store", STORE]).ok();
    assert_eq!(desk.app(&["schedule"]).ok().json()["on"], false);
    let mut left = desk.files();
    left.retain(|file| !untouched.contains(file) && !file.ends_with(".config"));
    assert_eq!(left, [desk.file(".local"), desk.file(".local/state")]);
}

#[test]
fn what_is_due_is_renewed_and_the_old_one_goes_once_the_new_one_was_let_in() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let desk = Desk::new(dir.path());
    let seat = demo.seat();
    let issued = desk.pc.issue(&demo, &seat, STORE, &[]).ok().json();
    assert_eq!(seat_row(&demo, &seat)["unattended"], false, "nothing was promised");
    desk.app(&["schedule", "--on", "--store", STORE]).ok();
    assert_eq!(desk.runs().ok().json()["renewed"], json!([]), "it is not time yet");
    let other = demo.seat();
    let mut issuing = desk.pc.issuing(&demo, &other, STORE);
    run_command(issuing.env("XDG_RUNTIME_DIR", &desk.runtime)).ok();
    assert_eq!(seat_row(&demo, &other)["unattended"], true, "the schedule was there before");

    desk.make_due(&demo, &issued["serial"]);
    let ran = renewed(&desk, &issued["serial"]);
    let (new, old) = (&ran["renewed"][0], &issued["serial"]);
    assert_eq!((&new["replaces"], &new["gateway"]), (old, &json!("accepted")), "{ran}");
    assert_eq!(ran["told"][0]["title"], "Your certificate was renewed automatically", "{ran}");
    assert_eq!(ran["removed"], json!([]));
    // The server knows that reminders need ask for nothing.
    assert_eq!(seat_row(&demo, &seat)["unattended"], true);

    // As if the gateway had been away when the new one was installed, and still were.
    let serial = &new["serial"];
    desk.tell(serial, "proven", json!(false));
    let service = desk.tell(serial, "service_url", json!("https://127.0.0.1:9/SAMPLE01/cms"));
    // The new one is due as well by this service's settings, but was told another day.
    desk.tell(serial, "renewable_from", json!("2030-01-01T00:00:00Z"));
    let runs = || desk.runs().ok().json()["removed"].clone();
    assert_eq!(runs(), json!([]), "nobody knows that the new one works");
    desk.tell(serial, "service_url", service);
    assert_eq!(runs(), json!([]), "let in now: the next run removes the old one");
    let both = desk.app(&["list", "--store", STORE]).ok().json();
    assert_eq!(both["certificates"].as_array().unwrap().len(), 3);
    assert!(states(&demo, &seat).contains(&(old.clone(), json!("superseded"))));
    assert_eq!(runs(), json!([old]));
    assert_eq!(runs(), json!([]), "once");
    let left = desk.app(&["list", "--store", STORE]).ok().json();
    let left: Vec<_> = left["certificates"].as_array().unwrap().iter().collect();
    assert!(left.len() == 2 && left.iter().any(|one| one["serial"] == *serial), "{left:?}");
    // And the server was told before its key went.
    assert!(states(&demo, &seat).contains(&(old.clone(), json!("revoked"))));
    let log = desk.log();
    let removed = format!("removed {} {} told", seat.user_id, old.as_str().unwrap());
    assert!(log.contains("renewed CMSM") && log.contains(&removed), "{log}");

    // Switched off, the next contact says so.
    desk.app(&["schedule", "--off"]).ok();
    desk.app(&["renew", "--store", STORE, "--user", &other.user_id]).ok();
    assert_eq!(seat_row(&demo, &other)["unattended"], false);
}

#[test]
fn a_person_who_removes_the_old_one_tells_the_server() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let desk = Desk::new(dir.path());
    let seat = demo.seat();
    let issued = desk.pc.issue(&demo, &seat, STORE, &[]).ok().json();
    let other = demo.seat();
    desk.pc.issue(&demo, &other, STORE, &[]).ok();
    demo.open_renewal();
    eventually("the server takes the change", BOUND, || {
        (desk.app(&["renew", "--store", STORE, "--user", &seat.user_id]).code == Some(0))
            .then_some(())
    });
    let removed = desk.app(&["remove", "--old", "--yes", "--store", STORE]).ok().json();
    assert_eq!(removed["told"], json!([issued["serial"]]), "{removed}");
    assert!(states(&demo, &seat).contains(&(issued["serial"].clone(), json!("revoked"))));

    // Without a network it goes all the same.
    desk.app(&["renew", "--store", STORE, "--user", &other.user_id]).ok();
    let nowhere = ["--proxy", "http://127.0.0.1:9"];
    let remove = ["remove", "--old", "--yes", "--store", STORE];
    let removed = desk.app(&[&nowhere[..], &remove].concat()).ok().json();
    let serials = removed["serials"].as_array().unwrap().len();
    assert_eq!((serials, &removed["told"]), (1, &json!([])), "{removed}");
}

#[test]
fn while_nothing_can_be_reached_it_waits_longer_each_time_and_then_succeeds() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let desk = Desk::new(dir.path());
    let seat = demo.seat();
    let issued = desk.pc.issue(&demo, &seat, STORE, &[]).ok().json();
    desk.app(&["schedule", "--on", "--store", STORE]).ok();
    desk.make_due(&demo, &issued["serial"]);
    let away = || run_command(desk.timer().env("HTTPS_PROXY", "http://127.0.0.1:9"));
    let mut told = Vec::new();
    for failures in 1..=3 {
        let failed = away().ended(4).json();
        assert_eq!(failed["failed"][0]["code"], "proxy_unreachable", "{failed}");
        told.push(failed["told"].as_array().unwrap().len());
        let tries: Value = serde_json::from_slice(&fs::read(desk.state()).unwrap()).unwrap();
        assert_eq!(tries[issued["serial"].as_str().unwrap()]["failures"], failures);
        // The network is back, but the next try is later.
        let waits = desk.runs().ok().json();
        assert_eq!(waits["waiting"][0]["user_id"], seat.user_id.as_str(), "{waits}");
        assert_eq!((&waits["renewed"], &waits["failed"]), (&json!([]), &json!([])));
        desk.wait_is_over();
    }
    assert_eq!(told, [0, 0, 1], "only when it goes on failing");
    let ran = renewed(&desk, &issued["serial"]);
    assert_eq!(ran["renewed"][0]["replaces"], issued["serial"], "{ran}");
    assert!(!desk.state().exists(), "forgotten");
}

/// A proxy that wants a password, and counts who comes.
fn guarded_proxy() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(
                b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic \
                  realm=\"Head office\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            );
        }
    });
    port
}

#[test]
fn a_proxy_that_wants_a_password_is_told_on_the_desktop() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let desk = Desk::new(dir.path());
    let seat = demo.seat();
    let issued = desk.pc.issue(&demo, &seat, "nss", &[]).ok().json();
    desk.app(&["schedule", "--on"]).ok();
    desk.make_due(&demo, &issued["serial"]);

    // A desktop: a bus, and somebody who looks at what is said on it.
    let mut daemon = Command::new("dbus-daemon");
    daemon.args(["--session", "--nofork", "--print-address"]);
    let (_bus, address) = Server::start(&mut daemon, &dir.path().join("bus.err"));
    let heard = dir.path().join("heard");
    let mut monitor = Command::new("dbus-monitor");
    monitor.args(["--address", address.trim(), "interface='org.freedesktop.Notifications'"]);
    let heard_file = fs::File::create(&heard).unwrap();
    let mut monitor = monitor.stdin(Stdio::null()).stdout(heard_file).spawn().unwrap();
    eventually("somebody looks", BOUND, || {
        fs::read_to_string(&heard).unwrap().contains("NameAcquired").then_some(())
    });

    let proxy = format!("http://127.0.0.1:{}", guarded_proxy());
    let run = || {
        let mut timer = desk.timer();
        timer.env("HTTPS_PROXY", &proxy).env("DBUS_SESSION_BUS_ADDRESS", address.trim());
        run_command(&mut timer)
    };
    let failed = run().ended(4).json();
    assert_eq!(failed["failed"][0]["code"], "proxy_refused", "{failed}");
    let said = failed["told"][0]["body"].as_str().unwrap();
    assert!(said.contains(&seat.user_id) && said.contains("press “Renew”"), "{said}");
    eventually("it is on the desktop", BOUND, || {
        let heard = fs::read_to_string(&heard).unwrap();
        (heard.contains("member=Notify") && heard.contains("could not be renewed")).then_some(())
    });
    let _ = monitor.kill();
    let _ = monitor.wait();
    // Nobody on this bus shows it, so it is told until somebody does.
    assert_eq!(failed["told"][0]["shown"], false, "{failed}");
    desk.wait_is_over();
    let again = run().ended(4).json();
    assert_eq!(again["told"][0]["body"], failed["told"][0]["body"], "{again}");
    assert_eq!(demo.certificates(Some(&seat.user_id)).len(), 1);
}

#[test]
fn a_token_without_its_pin_is_told_and_one_with_a_wrong_pin_is_not_tried_twice() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let desk = Desk::new(dir.path());
    let token = SoftToken::new(&dir.path().join("pc"));
    let seat = demo.seat();
    let known = token.uri(SPY);
    let mut issuing = desk.pc.issuing(&demo, &seat, &known);
    let issued = run_command(token.environment(&mut issuing)).ok().json();
    let with_token = |mut command: Command| run_command(token.environment(&mut command));

    let unknown = known.split("&pin-source").next().unwrap();
    desk.app(&["schedule", "--on", "--store", unknown]).ok();
    desk.make_due(&demo, &issued["serial"]);
    let failed = with_token(desk.timer()).ended(2).json();
    let said = failed["told"][0]["body"].as_str().unwrap();
    assert!(said.contains("tegata-app renew --store pkcs11:token=tegata"), "{said}");

    desk.app(&["schedule", "--on", "--store", &known]).ok();
    token.write_pin("00000000");
    let wrong = with_token(desk.timer()).ended(5).json();
    assert_eq!(wrong["failed"][0]["code"], "token_pin_wrong", "{wrong}");
    let tried = token.calls("C_Login");
    desk.wait_is_over();
    let stopped = with_token(desk.timer()).ok().json();
    assert_eq!(stopped["waiting"][0]["not_before"], Value::Null, "{stopped}");
    assert_eq!(token.calls("C_Login"), tried, "the token was left alone");

    // Somebody put it right, and switched it on again.
    token.right_pin();
    desk.app(&["schedule", "--on", "--store", &known]).ok();
    let ran = eventually("the server takes the change", BOUND, || {
        let ran = with_token(desk.timer());
        if ran.code == Some(3) {
            desk.wait_is_over();
            return None;
        }
        Some(ran.ok().json())
    });
    assert_eq!(ran["renewed"][0]["replaces"], issued["serial"], "{ran}");
    assert!(!desk.log().contains(token.secret()), "no secret in the log");
}
