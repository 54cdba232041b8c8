//! The life of an initial password: lock, unlock, reset.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tegata_scenarios::api::Issued;
use tegata_scenarios::http::Answer;
use tegata_scenarios::key::Key;
use tegata_scenarios::wait::millis;
use tegata_scenarios::{Demo, Pc, Seat, eventually, figure};
use tempfile::tempdir;

/// After five wrong passwords the right one is refused. Wrong password, unknown user ID, locked
/// and used up look the same from outside, octet for octet but for the reference, by which the
/// audit log tells them apart. The branch unlocks, and the same password works.
#[test]
fn five_wrong_passwords_lock_and_nobody_can_tell() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let api = demo.api();
    let [seat, other, used] = demo.seats(3).try_into().unwrap();
    let refused = |seat: &Seat| {
        let begun = Instant::now();
        let answer = api.enroll(seat, &Key::default().request());
        answer.problem(403, "credential_refused");
        (answer, begun.elapsed())
    };
    let wrong = wrong_password(&seat);
    let mut answers = Vec::new();
    for failures in 1..=5 {
        answers.push(("wrong password", refused(&wrong)));
        let row = row(&demo, &seat);
        let state = if failures < 5 { "ready" } else { "locked" };
        assert_eq!(row["credential"], state);
        assert_eq!(row["failures"], if failures < 5 { failures } else { 0 });
    }
    answers.push(("locked, right password", refused(&seat)));
    answers.push(("locked, wrong password", refused(&wrong)));
    let unknown = Seat { user_id: "CMSM950-006-999".to_owned(), ..other.clone() };
    answers.push(("unknown user ID", refused(&unknown)));
    let no_user_id = Seat { user_id: "'; --".to_owned(), ..other.clone() };
    answers.push(("not a user ID", refused(&no_user_id)));
    let no_password = Seat { password: "aaa".to_owned(), ..other.clone() };
    answers.push(("not a password", refused(&no_password)));
    Issued::of(&api.enroll(&used, &Key::default().request()));
    answers.push(("used up, right password", refused(&used)));
    answers.push(("used up, wrong password", refused(&wrong_password(&used))));

    let (_, (first, _)) = &answers[0];
    for (cause, (answer, took)) in &answers {
        assert_eq!(comparable(answer), comparable(first), "{cause}");
        assert_eq!(answer.body.len(), first.body.len(), "{cause}");
        figure(&format!("{cause}, refused after"), millis(*took));
    }
    let mut told = Vec::new();
    for (cause, (answer, _)) in &answers {
        let reference = answer.json()["reference"].as_str().unwrap().to_owned();
        let shown = demo.tegata(&["audit", "show", "--reference", &reference]).ok().json();
        assert_eq!(shown.as_array().map(Vec::len), Some(1), "{cause}: {shown}");
        let known = shown[0]["detail"]["cause"].as_str().unwrap().to_owned();
        figure(&format!("{cause}, in the audit log"), &known);
        told.push(known);
    }
    for cause in ["wrong password", "unknown user ID", "locked", "used"] {
        assert!(told.iter().any(|told| told.contains(cause)), "{cause}: {told:?}");
    }

    // The wrong tries of one seat are not another's.
    assert_eq!(row(&demo, &other)["failures"], 1);
    let unlocked = demo.tegata(&["subscriber", "unlock", &seat.user_id]).ok().json();
    assert_eq!(unlocked["user_id"], seat.user_id.as_str());
    assert_eq!(unlocked["credential"], "ready");
    Issued::of(&api.enroll(&seat, &Key::default().request()));
    assert_eq!(row(&demo, &seat)["credential"], "consumed");
}

/// The time that a refusal takes does not tell whether a user ID exists.
#[test]
fn refusals_take_the_same_time() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let api = demo.api();
    let key = Key::default().request();
    // A seat takes four wrong passwords before it is locked.
    let known: Vec<_> = demo.seats(10).iter().map(wrong_password).collect();
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..4 {
        for (number, known) in known.iter().enumerate() {
            let unknown =
                Seat { user_id: format!("CMSM950-006-9{number}{round}"), ..known.clone() };
            for (seat, times) in [known, &unknown].into_iter().zip(&mut times) {
                let begun = Instant::now();
                api.enroll(seat, &key).problem(403, "credential_refused");
                times.push(begun.elapsed());
            }
        }
    }
    let [known, unknown] = times.map(median);
    figure("refusal, known user ID, median of 40", millis(known));
    figure("refusal, unknown user ID, median of 40", millis(unknown));
    // The hash alone takes longer than this difference, also on a busy machine.
    assert!(known.abs_diff(unknown) < known.min(unknown) / 2);
}

/// A reset gives a new password, ends the old one, and issuing with it revokes the older
/// certificate as superseded: the gateway lets only the new one in.
#[test]
fn a_reissue_supersedes_the_older_certificate() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let pc = Pc::new(&dir.path().join("pc"));
    let seat = demo.seat();
    pc.issue(&demo, &seat, "pem:first", &[]).ok();
    let first = demo.gateway(Some(pc.pem("first", &seat.user_id).identity()));
    assert_eq!(first.get(PAGE, JSON).status, 200);

    let again = pc.issue(&demo, &seat, "pem:again", &[]).ended(3).json();
    assert_eq!(again["code"], "credential_refused");

    let reset = demo.tegata(&["subscriber", "reset", &seat.user_id]).ok().json();
    let [new]: [Seat; 1] = serde_json::from_value(reset).unwrap();
    assert_eq!(new.user_id, seat.user_id);
    assert_ne!(new.password, seat.password);
    // Nothing happens to the certificate before the new password is used.
    assert_eq!(first.get(PAGE, JSON).status, 200);
    pc.issue(&demo, &seat, "pem:second", &[]).ended(3);
    pc.issue(&demo, &new, "pem:second", &[]).ok();
    let returned = Instant::now();

    let refused = eventually("the older certificate is refused", Duration::from_secs(1), || {
        Some(first.get(PAGE, JSON)).filter(|answer| answer.status != 200)
    });
    figure("reissued: the older is refused after", millis(returned.elapsed()));
    refused.problem(403, "revoked");
    let second = demo.gateway(Some(pc.pem("second", &seat.user_id).identity()));
    assert_eq!(second.get(PAGE, JSON).status, 200);
    let mut rows = demo.certificates(Some(&seat.user_id));
    rows.sort_by_key(|row| row["state"].to_string());
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0]["state"], "live");
    assert_eq!((&rows[1]["state"], &rows[1]["reason"]), (&json!("revoked"), &json!("superseded")));
}

const PAGE: &str = "/SAMPLE01/cms";

const JSON: &[(&str, &str)] = &[("accept", "application/json")];

/// The same seat with a password that has the right form.
fn wrong_password(seat: &Seat) -> Seat {
    let last = if seat.password.ends_with('X') { "Y" } else { "X" };
    let (rest, _) = seat.password.split_at(seat.password.len() - 1);
    Seat { password: format!("{rest}{last}"), ..seat.clone() }
}

fn row(demo: &Demo, seat: &Seat) -> Value {
    let rows = demo.tegata(&["subscriber", "list"]).ok().json();
    let rows = rows.as_array().cloned().unwrap_or_default();
    rows.into_iter().find(|row| row["user_id"] == seat.user_id.as_str()).unwrap_or_default()
}

/// Everything of an answer but its date and its reference.
fn comparable(answer: &Answer) -> (u16, Vec<(String, String)>, Value) {
    let mut headers = answer.headers.clone();
    headers.retain(|(name, _)| name != "date");
    let mut body = answer.json();
    body["reference"].take();
    (answer.status, headers, body)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
