//! The demo killed while it issues.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tegata_scenarios::api::Issued;
use tegata_scenarios::demo::tegata;
use tegata_scenarios::key::Key;
use tegata_scenarios::wait::millis;
use tegata_scenarios::{Demo, Seat, eventually, figure, run};
use tempfile::tempdir;

/// Clients at the same time, two for every seat, as when a user presses twice.
const CLIENTS: usize = 16;
const SEATS: usize = 40;

/// Killed again and again under the load of sixteen clients: at any moment, and then between
/// intent and certificate. After every restart: what was acknowledged is live and opens the service,
/// what was not can be asked for again with the same password and key, void serial numbers are
/// on the list, whose number never falls, the audit log is whole, and no serial number was used
/// twice.
#[test]
fn killed_while_issuing() {
    let dir = tempdir().unwrap();
    let mut demo = Demo::start(dir.path());
    let (mut acknowledged_in_all, mut serials) = (0, BTreeSet::new());
    let mut list_number = 0;
    for round in 1..=20 {
        let tries: Vec<_> =
            demo.seats(SEATS).into_iter().map(|seat| Try::new(seat, Key::default())).collect();
        let moment = if round <= 3 { Moment::Any } else { Moment::AfterAnIntent };
        load_and_kill(demo, &tries, 3 * round, moment);
        let begun = Instant::now();
        demo = Demo::start(dir.path());
        let restarted = begun.elapsed();

        let rows = demo.certificates(None);
        for row in &rows {
            serials.insert(row["serial"].as_str().unwrap().to_owned());
        }
        assert_eq!(serials.len(), rows.len(), "a serial number was lost or used twice");
        assert!(rows.iter().all(|row| row["state"] != "planned"), "intents are settled");
        let acknowledged = tries.iter().filter(|one| one.issued.lock().unwrap().is_some()).count();
        acknowledged_in_all += acknowledged;
        assert_eq!(demo.tegata(&["audit", "verify"]).ok().json()["holds"], true);
        for one in &tries {
            one.can_be_used(&demo, &rows);
        }
        let now = number_of_list(&demo);
        assert!(now >= list_number, "{now} after {list_number}");
        list_number = now;

        let void: Vec<_> = rows.iter().filter(|row| row["state"] == "void").collect();
        figure(
            &format!("round {round}"),
            format!(
                "{acknowledged} acknowledged, {} void, ready again after {}",
                void.len(),
                millis(restarted)
            ),
        );
        if !void.is_empty() && acknowledged_in_all > 0 {
            are_settled(&demo, &void);
            return;
        }
    }
    panic!("no kill fell between intent and certificate in 20 rounds");
}

/// One seat's issuance, asked for by two clients.
struct Try {
    seat: Seat,
    key: Key,
    request: Vec<u8>,
    issued: Mutex<Option<Issued>>,
}

impl Try {
    fn new(seat: Seat, key: Key) -> Self {
        Self { seat, request: key.request(), key, issued: Mutex::default() }
    }

    /// What was acknowledged is live; what was not is issued now, on the same key, and what was
    /// on record already is what is answered. Both open the service.
    fn can_be_used(&self, demo: &Demo, rows: &[Value]) {
        let mut of_seat = rows.iter().filter(|row| row["user_id"] == self.seat.user_id.as_str());
        let live = of_seat.find(|row| row["state"] == "live");
        let live = live.map(|row| row["serial"].as_str().unwrap());
        let acknowledged = self.issued.lock().unwrap().clone();
        if let Some(issued) = &acknowledged {
            assert_eq!(live, Some(&*issued.serial), "acknowledged and lost");
        }
        let again = Issued::of(&demo.api().enroll(&self.seat, &self.request));
        if let Some(live) = live {
            assert_eq!(again.serial, live, "issued twice");
        }
        if let Some(issued) = acknowledged {
            assert_eq!(again, issued);
        }
        let gateway = demo.gateway(Some(self.key.identity(&again)));
        assert_eq!(gateway.get("/SAMPLE01/cms", &[]).status, 200);
    }
}

/// When to kill.
enum Moment {
    Any,
    AfterAnIntent,
}

/// Sixteen clients ask; after some answers the demo is killed.
fn load_and_kill(mut demo: Demo, tries: &[Try], answers: usize, moment: Moment) {
    let (next, answered) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let api = demo.api();
    let client = || {
        // Two clients to every seat, side by side.
        while let Some(one) = tries.get(next.fetch_add(1, Ordering::Relaxed) / 2) {
            let Ok(answer) = api.try_enroll(&one.seat, &one.request) else { continue };
            let issued = Issued::of(&answer);
            let mut known = one.issued.lock().unwrap();
            assert!(known.as_ref().is_none_or(|known| *known == issued));
            *known = Some(issued);
            answered.fetch_add(1, Ordering::Relaxed);
        }
    };
    let mut looked = Ok(());
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(client)).collect();
        let ended = || clients.iter().all(|client| client.is_finished());
        eventually("answers under load", Duration::from_secs(30), || {
            (answered.load(Ordering::Relaxed) >= answers || ended()).then_some(())
        });
        if let Moment::AfterAnIntent = moment {
            // Stopped at some moment, it leaves on disk what it would if it were killed now.
            looked =
                eventually("an intent without its certificate", Duration::from_secs(30), || {
                    demo.server.pause();
                    match holds_an_intent(&demo.ready.data_dir) {
                        Ok(false) if !ended() => {}
                        // Whatever it was, the clients wait for a server that stands still.
                        other => return Some(other.map(drop)),
                    }
                    demo.server.resume();
                    None
                });
        }
        demo.server.kill9();
    });
    assert_eq!(looked, Ok(()));
}

/// Looks at a copy, for the one who was stopped may hold a lock.
fn holds_an_intent(data: &Path) -> Result<bool, String> {
    let copy = tempdir().unwrap();
    fs::create_dir(copy.path().join("anchor")).unwrap();
    let anchor = fs::read_dir(data.join("anchor")).unwrap();
    let anchor = anchor.map(|file| Path::new("anchor").join(file.unwrap().file_name()));
    for file in ["tegata.db", "tegata.db-wal"].map(PathBuf::from).into_iter().chain(anchor) {
        fs::copy(data.join(&file), copy.path().join(&file)).map_err(|error| error.to_string())?;
    }
    let listed = tegata(copy.path(), &["certificate", "list"]);
    if listed.code != Some(0) {
        return Err(listed.stderr);
    }
    let rows = listed.json();
    Ok(rows.as_array().unwrap().iter().any(|row| row["state"] == "planned"))
}

/// Void serial numbers are on the list, for good.
fn are_settled(demo: &Demo, void: &[&Value]) {
    let list = list(demo);
    for row in void {
        let serial = row["serial"].as_str().unwrap().to_uppercase();
        assert!(list.contains(&format!("Serial Number: {serial}")), "{serial} is not in {list}");
    }
}

fn number_of_list(demo: &Demo) -> u64 {
    let text = list(demo);
    let mut lines = text.lines().skip_while(|line| !line.contains("CRL Number")).skip(1);
    lines.next().and_then(|line| line.trim().parse().ok()).unwrap()
}

fn list(demo: &Demo) -> String {
    let file = demo.ready.data_dir.with_file_name("list.crl");
    fs::write(&file, demo.status_file("crl/SB0001002C.crl")).unwrap();
    let args = ["crl", "-inform", "DER", "-noout", "-text", "-in", file.to_str().unwrap()];
    run("openssl", args).ok().text()
}
