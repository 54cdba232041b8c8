//! A year of a real installation, in the time that a test may take.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use tegata_scenarios::api::{Issued, body};
use tegata_scenarios::key::Key;
use tegata_scenarios::run::{Ran, run_within};
use tegata_scenarios::wait::millis;
use tegata_scenarios::{Demo, figure, place};
use tempfile::tempdir;

const BOUND: Duration = Duration::from_secs(300);

/// Every word that `event` may be.
const KINDS: [&str; 10] = [
    "renewal_opens",
    "reminder",
    "renewed",
    "superseded",
    "retired",
    "expired",
    "crl",
    "responder_renewed",
    "rollover",
    "problem",
];

fn simulate(dir: &Path, args: &[&str]) -> Ran {
    let mut command = Command::new(place::program("tegata"));
    command.env_remove("TEGATA_LOG").arg("simulate").arg("--dir").arg(dir).args(args);
    run_within(&mut command, BOUND)
}

fn events(ran: &Ran) -> Vec<Value> {
    let text = String::from_utf8(ran.stdout.clone()).unwrap();
    let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let times: Vec<&str> = events.iter().map(|event| event["at"].as_str().unwrap()).collect();
    assert!(times.is_sorted(), "in the order of time");
    for event in &events {
        assert!(KINDS.contains(&event["event"].as_str().unwrap()), "{event}");
        assert!(event.get("user_id").is_some() && event.get("serial").is_some(), "{event}");
    }
    events
}

/// What happened to one user, in order: kind and, of a reminder, its threshold.
fn life(events: &[Value], user_id: &str) -> Vec<String> {
    let own = events.iter().filter(|event| event["user_id"] == user_id);
    own.map(|event| {
        let kind = event["event"].as_str().unwrap();
        event["threshold_days"].as_u64().map_or(kind.to_owned(), |days| format!("{kind} {days}"))
    })
    .collect()
}

fn problems(events: &[Value]) -> BTreeMap<String, usize> {
    let mut problems = BTreeMap::new();
    for event in events.iter().filter(|event| event["event"] == "problem") {
        *problems.entry(event["problem"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    problems
}

/// Every file of data below, octet for octet, by its path.
fn contents(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_none_or(|extension| extension != "db-shm") {
                // That one is memory that SQLite's readers share, also those that only read.
                all.insert(path.display().to_string(), fs::read(&path).unwrap());
            }
        }
    }
    all
}

fn issued(demo: &Demo, unattended: bool) -> Issued {
    let mut request = body(&demo.seat(), &Key::default().request());
    request["unattended"] = json!(unattended);
    Issued::of(&demo.api().post(request.to_string().as_bytes()))
}

#[test]
fn a_year_goes_by_beside_the_running_server_and_leaves_no_trace() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let data = demo.ready.data_dir.clone();
    let (reminded, unattended) = (issued(&demo, false), issued(&demo, true));
    let (held, revoked) = (issued(&demo, false), issued(&demo, false));
    demo.tegata(&["certificate", "hold", &held.user_id]).ok();
    demo.tegata(&["certificate", "revoke", &revoked.user_id, "--reason", "unspecified"]).ok();
    let before = demo.certificates(None);

    let mails = dir.path().join("mails");
    let begun = std::time::Instant::now();
    let ran = simulate(&data, &["--json", "--days", "400", "--out", mails.to_str().unwrap()]);
    figure("400 days of four certificates, not optimised", millis(begun.elapsed()));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let events = events(&ran);
    let year = ["renewal_opens", "reminder 30", "renewed", "superseded", "retired"];
    assert_eq!(life(&events, &reminded.user_id), year);
    let silent = ["renewal_opens", "renewed", "superseded", "retired"];
    assert_eq!(life(&events, &unattended.user_id), silent);
    assert_eq!(life(&events, &held.user_id), ["expired"]);
    assert_eq!(life(&events, &revoked.user_id), [""; 0]);
    let renewed = events
        .iter()
        .find(|event| event["event"] == "renewed" && event["user_id"] == *reminded.user_id)
        .unwrap();
    assert_eq!(renewed["replaces"], reminded.serial);
    assert_ne!(renewed["serial"], reminded.serial);
    assert_eq!(renewed["service"], "0001/SB0001002C");
    let wrong = problems(&events);
    assert!(wrong.contains_key("credential_lapsed"), "{wrong:?}");
    let failures = events.iter().filter(|event| event["severity"] == "failure").count();
    assert_eq!(failures, 0, "{wrong:?}");
    let daily = events.iter().filter(|event| event["event"] == "crl").count();
    assert!(daily >= 3 * 400, "each list every day: {daily}");
    assert!(events.iter().any(|event| event["event"] == "responder_renewed"));

    // Two reminders would be one too many; its date is that of the simulated day.
    let files = fs::read_dir(&mails).unwrap().map(|file| file.unwrap().path());
    let texts: Vec<String> = files.map(|file| fs::read_to_string(file).unwrap()).collect();
    let year_of = |text: &&String| text.contains("Date: ") && text.contains(" 2027 ");
    assert!(texts.len() >= 3, "{} mails", texts.len());
    assert!(texts.iter().filter(year_of).count() >= 3, "dated in the simulated year");

    // The original went on as if nothing had been.
    assert_eq!(demo.certificates(None), before);
    issued(&demo, false);
    drop(demo);
    let before = contents(&data);
    let ran = simulate(&data, &["--days", "400", "--following-share", "0"]);
    let after = contents(&data);
    let names = |all: &BTreeMap<String, Vec<u8>>| all.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&after), names(&before), "nothing was left behind");
    let changed = after.keys().filter(|name| before[*name] != after[*name]);
    assert_eq!(changed.collect::<Vec<_>>(), [""; 0], "nothing changed");
    let ran = ran.ended(3);
    let text = ran.text();
    assert!(text.contains("certificates expire without successor: 2"), "{text}");
    assert!(text.contains(&format!("{}  ", reminded.user_id)), "{text}");
}

#[test]
fn the_rollover_that_is_missing_is_found_years_ahead() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let data = demo.ready.data_dir.clone();
    drop(demo);
    let late = ["--json", "--from", "2035-08-01", "--days", "90"];
    let ran = simulate(&data, &late);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let all = events(&ran);
    let rollover = all.iter().find(|event| event["event"] == "rollover").unwrap();
    assert_eq!(rollover["ca"], "SB0001003C");
    let lists = all.iter().filter(|event| event["event"] == "crl" && event["ca"] == "SB0001003C");
    assert!(lists.count() > 0, "the new one publishes");

    // The same with the root's key in its safe.
    fs::rename(data.join("keys/SB0001001C.key.pem"), dir.path().join("safe.pem")).unwrap();
    let ran = simulate(&data, &late).ended(3);
    let all = events(&ran);
    let wrong = problems(&all);
    assert_eq!(wrong.get("ca_too_short"), Some(&1), "told once: {wrong:?}");
    assert_eq!(wrong.get("not_ready"), Some(&1), "its list is overdue: {wrong:?}");
    assert!(!all.iter().any(|event| event["event"] == "rollover"));

    let nowhere = simulate(&dir.path().join("nowhere"), &["--days", "1"]).ended(1);
    assert!(nowhere.stderr.contains("holds no installation"), "{}", nowhere.stderr);
    let used = simulate(&data, &["--out", data.to_str().unwrap()]).ended(1);
    assert!(used.stderr.contains("is not empty"), "{}", used.stderr);
}
