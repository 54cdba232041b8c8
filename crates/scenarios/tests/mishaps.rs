//! The last chapter of the manual: what goes wrong, and the short way out of each.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tegata_scenarios::api::Issued;
use tegata_scenarios::http::Answer;
use tegata_scenarios::key::Key;
use tegata_scenarios::mail::mails;
use tegata_scenarios::run::run;
use tegata_scenarios::wait::millis;
use tegata_scenarios::{Demo, Seat, eventually, figure};
use tempfile::tempdir;

/// The promise: what changes shows at the gateway within a second.
const PROMISE: Duration = Duration::from_secs(1);

const PAGE: &str = "/SAMPLE01/cms";

/// Whom the demo's service says to call.
const HELP: &str = "Sample Bank help desk, 0120-000-000";

/// A PC with its key and what was issued on it.
struct Pc {
    key: Key,
    issued: Issued,
}

impl Pc {
    #[track_caller]
    fn issue(demo: &Demo, seat: &Seat) -> Self {
        let key = Key::default();
        let issued = Issued::of(&demo.api().enroll(seat, &key.request()));
        Self { key, issued }
    }

    /// What the gateway answers to this PC; `None` when it cut the connection.
    fn visits(&self, demo: &Demo) -> Option<Answer> {
        let gateway = demo.gateway(Some(self.key.identity(&self.issued)));
        gateway.get_or_cut(PAGE, &[("accept", "application/json"), ("accept-language", "en")])
    }

    #[track_caller]
    fn is_let_in(&self, demo: &Demo) {
        eventually("the gateway lets the PC in", PROMISE, || {
            self.visits(demo).filter(|answer| answer.status == 200)
        });
    }

    /// Refused within a second from now, for this cause, with whom to call.
    #[track_caller]
    fn is_refused(&self, demo: &Demo, code: &str, what: &str) {
        let begun = Instant::now();
        let refused = eventually(what, PROMISE, || {
            self.visits(demo).filter(|answer| answer.status == 403 && answer.json()["code"] == code)
        });
        figure(&format!("{what}, refused after"), millis(begun.elapsed()));
        let problem = refused.problem(403, code);
        assert!(problem["detail"].as_str().unwrap().contains(HELP), "{problem}");
    }
}

fn did(demo: &Demo, line: &str) -> Value {
    demo.tegata(&line.split(' ').collect::<Vec<_>>()).ok().json()
}

#[track_caller]
fn refused(demo: &Demo, line: &str) -> String {
    let ran = demo.tegata(&line.split(' ').collect::<Vec<_>>());
    assert_eq!(ran.code, Some(1), "{ran:?}");
    ran.stderr
}

fn seat_of(answer: &Value) -> Seat {
    let text = |key: &str| answer[key].as_str().unwrap().to_owned();
    Seat { user_id: text("user_id"), password: text("password") }
}

fn state(demo: &Demo, issued: &Issued) -> (Value, Value) {
    let rows = demo.certificates(Some(&issued.user_id));
    let row = rows.iter().find(|row| row["serial"] == issued.serial.as_str()).unwrap();
    (row["state"].clone(), row["reason"].clone())
}

#[track_caller]
fn is_refused_at_the_site(demo: &Demo, seat: &Seat) {
    let answer = demo.api().enroll(seat, &Key::default().request());
    let problem = answer.problem(403, "credential_refused");
    assert!(problem["detail"].as_str().unwrap().contains(HELP), "{problem}");
}

/// The demo's clock is the real one, so the dates of one user ID move instead.
fn time_passes(demo: &Demo, user_id: &str, table_and_column: &str) {
    let (table, column) = table_and_column.split_once('.').unwrap();
    let sql = include_str!("../sql/time_passes.sql")
        .replace("{table}", table)
        .replace("{column}", column)
        .replace("{user_id}", user_id);
    let database = demo.ready.data_dir.join("tegata.db");
    let args = ["-cmd", ".timeout 10000", database.to_str().unwrap(), &sql];
    assert_eq!(run("sqlite3", args).ok().text().trim(), "1");
}

#[test]
fn lock_unlock_issue() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let seat = demo.seat();
    let not_locked = refused(&demo, &format!("subscriber unlock {}", seat.user_id));
    assert!(not_locked.contains("it works as it is"), "{not_locked}");
    let wrong = Seat { password: "0000-0000-0000-0000".to_owned(), ..seat.clone() };
    for _ in 0..5 {
        is_refused_at_the_site(&demo, &wrong);
    }
    is_refused_at_the_site(&demo, &seat);
    let unlocked = did(&demo, &format!("subscriber unlock {}", seat.user_id));
    assert!(unlocked["help"].as_str().unwrap().starts_with(HELP), "{unlocked}");
    Pc::issue(&demo, &seat).is_let_in(&demo);
}

#[test]
fn lapse_reissue_issue() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let seat = demo.seat();
    time_passes(&demo, &seat.user_id, "credential.lapses_at");
    is_refused_at_the_site(&demo, &seat);
    let lapsed = refused(&demo, &format!("subscriber unlock {}", seat.user_id));
    assert!(lapsed.contains("unlocking does not help"), "{lapsed}");
    let answer = did(&demo, &format!("subscriber reissue {}", seat.user_id));
    is_refused_at_the_site(&demo, &seat);
    Pc::issue(&demo, &seat_of(&answer)).is_let_in(&demo);
}

#[test]
fn a_used_up_password_and_a_new_pc_are_a_reissue() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let seat = demo.seat();
    let old = Pc::issue(&demo, &seat);
    old.is_let_in(&demo);
    is_refused_at_the_site(&demo, &seat);

    let answer = did(&demo, &format!("subscriber reissue {}", seat.user_id));
    assert_eq!(answer["standing"], json!([old.issued.serial]));
    assert_eq!(answer["revoked"], json!([]));
    old.is_let_in(&demo);
    let again = seat_of(&did(&demo, &format!("subscriber reissue {}", seat.user_id)));
    is_refused_at_the_site(&demo, &seat_of(&answer));

    let new = Pc::issue(&demo, &again);
    old.is_refused(&demo, "revoked", "new PC: the old certificate, from the issuance");
    assert_eq!(state(&demo, &old.issued), (json!("revoked"), json!("superseded")));
    new.is_let_in(&demo);
    // A lost reply is asked for again, and revokes nothing more.
    let repeated = Issued::of(&demo.api().enroll(&again, &new.key.request()));
    assert_eq!(repeated, new.issued);
}

/// A stolen key is held at once, then revoked with the day of the theft, and never comes back.
#[test]
fn a_stolen_key_is_held_revoked_and_blocked() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let seat = demo.seat();
    let pc = Pc::issue(&demo, &seat);
    pc.is_let_in(&demo);
    let user_id = &seat.user_id;
    let held = did(&demo, &format!("certificate hold {user_id}"));
    assert_eq!(held[0]["state"], "held");
    assert!(held[0]["help"].as_str().unwrap().starts_with(HELP), "{held}");
    pc.is_refused(&demo, "held", "stolen: on hold");

    let ahead = format!("certificate revoke {user_id} --reason keyCompromise --at 2999-01-01");
    assert!(refused(&demo, &ahead).contains("lies in the future"));
    let hold = ["certificate", "revoke", user_id, "--reason", "certificateHold"];
    assert_eq!(demo.tegata(&hold).code, Some(2));
    did(
        &demo,
        &format!(
            "certificate revoke {user_id} --reason keyCompromise --invalidity-date 2026-01-01"
        ),
    );
    pc.is_refused(&demo, "revoked", "stolen: revoked");
    let seat = seat_of(&did(&demo, &format!("subscriber reissue {user_id}")));
    demo.api().enroll(&seat, &pc.key.request()).problem(422, "key_not_accepted");
    Pc::issue(&demo, &seat).is_let_in(&demo);
    // OpenSSL reads the reason and, never before the certificate's beginning, since when.
    let text = eventually("it stands on the CRL", Duration::from_secs(10), || {
        let crl = dir.path().join("all.crl");
        fs::write(&crl, demo.status_file("crl/SB0001002C.crl")).unwrap();
        let shown = ["crl", "-inform", "DER", "-noout", "-text", "-in", crl.to_str().unwrap()];
        let text = run("openssl", shown).ok().text();
        text.contains("Key Compromise").then_some(text)
    });
    assert!(text.contains("Invalidity Date"), "{text}");
}

/// At once, before anything new exists.
#[test]
fn a_compromised_reissue_shuts_the_door_first() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let pc = Pc::issue(&demo, &demo.seat());
    pc.is_let_in(&demo);
    let answer = did(&demo, &format!("subscriber reissue {} --compromised", pc.issued.user_id));
    assert_eq!(answer["revoked"], json!([pc.issued.serial]));
    pc.is_refused(&demo, "revoked", "reissue --compromised");
    let seat = seat_of(&answer);
    demo.api().enroll(&seat, &pc.key.request()).problem(422, "key_not_accepted");
    Pc::issue(&demo, &seat).is_let_in(&demo);
}

/// An expired certificate is not renewed but reissued; nothing of it needs revoking.
#[test]
fn an_expired_certificate_is_reissued() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let seat = demo.seat();
    let pc = Pc::issue(&demo, &seat);
    time_passes(&demo, &seat.user_id, "certificate.not_after");
    assert_eq!(state(&demo, &pc.issued), (json!("expired"), Value::Null));
    let answer = did(&demo, &format!("subscriber reissue {}", seat.user_id));
    assert_eq!((&answer["standing"], &answer["revoked"]), (&json!([]), &json!([])));
    Pc::issue(&demo, &seat_of(&answer)).is_let_in(&demo);
    assert_eq!(state(&demo, &pc.issued), (json!("expired"), Value::Null));
}

/// The new address gets a link; opening it changes nothing, its button does, once.
#[test]
fn a_new_address_is_confirmed_by_its_link() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let seat = demo.seat();
    Pc::issue(&demo, &seat);
    let inbox = demo.ready.data_dir.join("mail");
    let user_id = &seat.user_id;
    let asked =
        did(&demo, &format!("subscriber change-email {user_id} hanako@example.jp --lang en"));
    assert_eq!(asked["email"], "taro@example.co.jp");
    let mail = eventually("the mail with the link", Duration::from_secs(10), || {
        mails(&inbox).into_iter().find(|mail| mail.contains("To: hanako@example.jp"))
    });
    assert!(mail.contains(HELP), "{mail}");
    let link = mail.lines().find(|line| line.starts_with("https://")).unwrap();
    let path = link.strip_prefix(demo.ready.site.split("/issueweb").next().unwrap()).unwrap();
    let registered = || {
        let rows = did(&demo, "subscriber list");
        let row = rows.as_array().unwrap().iter().find(|row| row["user_id"] == **user_id);
        row.unwrap().clone()
    };

    let site = demo.site();
    for (language, words) in [("en", "Register this address"), ("ja", "このアドレスを登録する")]
    {
        let path = path.replace("lang=en", &format!("lang={language}"));
        let page = site.get(&path, &[]);
        assert_eq!(page.status, 200);
        assert_eq!(page.header("cache-control"), Some("no-store"));
        assert!(page.header("content-security-policy").unwrap().contains("form-action 'self'"));
        for needed in [words, "hanako@example.jp", user_id, "<form method=\"post\">"] {
            assert!(page.text().contains(needed), "{needed}: {}", page.text());
        }
        assert!(!page.text().contains("<script"));
    }
    assert_eq!(registered()["email"], "taro@example.co.jp", "opening it changes nothing");
    assert_eq!(registered()["email_waits"], "hanako@example.jp");

    let press = |path: &str| site.send("POST", path, &[], b"").unwrap();
    let other = path.replace("/email/", "/email/00").replace("?", "0?");
    for wrong in ["/issueweb/0001/SB0001002C/email/x", &other] {
        let gone = press(wrong);
        assert_eq!(gone.status, 410, "{wrong}");
        assert!(gone.text().contains("0120-000-000"), "whom to call: {}", gone.text());
    }
    let done = press(path);
    assert_eq!(done.status, 200);
    assert!(done.text().contains("hanako@example.jp"));
    assert_eq!(registered()["email"], "hanako@example.jp");
    assert!(registered().get("email_waits").is_none());
    assert_eq!(press(path).status, 410, "once");
    assert_eq!(site.get(path, &[]).status, 410);
    for (kind, to) in [("email-old", "taro@example.co.jp"), ("email-new", "hanako@example.jp")] {
        eventually("both addresses are told", Duration::from_secs(10), || {
            let list = did(&demo, &format!("mail list --seat {user_id}"));
            let mut list = list.as_array().unwrap().iter();
            let told =
                |mail: &Value| mail["kind"] == kind && mail["to"] == to && mail["state"] == "sent";
            list.any(told).then_some(())
        });
    }
    let log = did(&demo, &format!("audit show --object {user_id} --action email."));
    let nonce = path.split("/email/").nth(1).unwrap().split('?').next().unwrap();
    assert!(!log.to_string().contains(nonce), "no secret in the log");
}

/// The user asks with the application; the key of the certificate is the authority, and the link.
#[test]
fn a_user_registers_another_address_without_calling_anybody() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let pc = tegata_scenarios::Pc::new(&dir.path().join("pc"));
    let seat = demo.seat();
    let user_id = &seat.user_id;
    pc.issue(&demo, &seat, "pem:certificate", &[]).ok();
    let ask = |new: &str| pc.run(&["email", "--mail", new, "--store", "pem:certificate"]);
    let same = ask("taro@example.co.jp").ended(3);
    assert_eq!(same.json()["code"], "email_unchanged", "{same:?}");
    assert_eq!(ask("taro").ended(2).json()["code"], "bad_mail");
    let asked = ask("hanako@example.jp").ok().json();
    assert_eq!(asked["result"], "email_asked");
    assert_eq!(
        (&asked["email"], &asked["user_id"]),
        (&json!("hanako@example.jp"), &json!(user_id))
    );
    let inbox = demo.ready.data_dir.join("mail");
    let mail = eventually("the mail with the link", Duration::from_secs(10), || {
        mails(&inbox).into_iter().find(|mail| mail.contains("To: hanako@example.jp"))
    });
    let link = mail.lines().find(|line| line.starts_with("https://")).unwrap();
    let path = link.strip_prefix(demo.ready.site.split("/issueweb").next().unwrap()).unwrap();
    assert_eq!(demo.site().send("POST", path, &[], b"").unwrap().status, 200);
    let rows = did(&demo, "subscriber list");
    let row = rows.as_array().unwrap().iter().find(|row| row["user_id"] == **user_id).unwrap();
    assert_eq!(row["email"], "hanako@example.jp");
    let log = did(&demo, &format!("audit show --object {user_id} --action email.asked"));
    assert!(log.to_string().contains("subscriber"), "{log}");

    demo.tegata(&["certificate", "hold", user_id]).ok();
    let held = ask("jiro@example.jp").ended(3);
    assert_eq!(held.json()["code"], "certificate_held", "{held:?}");
}

#[test]
fn a_closed_seat_and_a_closed_company_have_nothing_left() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let [first, second, unused] = demo.seats(3).try_into().unwrap();
    let [one, two] = [&first, &second].map(|seat| Pc::issue(&demo, seat));
    for pc in [&one, &two] {
        pc.is_let_in(&demo);
    }
    let closed = did(&demo, &format!("subscriber close {}", first.user_id));
    assert_eq!(closed["revoked"], json!([one.issued.serial]));
    one.is_refused(&demo, "revoked", "seat closed");
    assert_eq!(state(&demo, &one.issued), (json!("revoked"), json!("cessationOfOperation")));
    two.is_let_in(&demo);
    assert!(refused(&demo, &format!("subscriber reissue {}", first.user_id)).contains("reopen"));
    let reopened = did(&demo, &format!("subscriber reopen {}", first.user_id));
    let again = Pc::issue(&demo, &seat_of(&reopened[0]));
    again.is_let_in(&demo);

    let dry = did(&demo, "company close CMSM950-006 --dry-run");
    assert_eq!(dry["certificates"], 2);
    two.is_let_in(&demo);
    let unasked = refused(&demo, "company close CMSM950-006");
    assert!(unasked.contains("--yes"), "{unasked}");
    let closed = did(&demo, "company close CMSM950-006 --yes");
    assert_eq!((&closed["revoked"], &closed["seats"]), (&json!(2), &dry["seats"]));
    for pc in [&two, &again] {
        pc.is_refused(&demo, "revoked", "company closed");
    }
    is_refused_at_the_site(&demo, &unused);
    assert!(refused(&demo, "subscriber add --company CMSM950-006").contains("company reopen"));
    assert!(refused(&demo, &format!("subscriber reopen {}", unused.user_id)).contains("company"));
    assert!(refused(&demo, "company close CMSM950-066 --yes").contains("CMSM950-006"));
}

/// A batch of laptops goes by the list of who had them.
#[test]
fn a_laptop_batch_goes_by_its_list() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let seats = demo.seats(4);
    let pcs: Vec<Pc> = seats[..3].iter().map(|seat| Pc::issue(&demo, seat)).collect();
    for pc in &pcs {
        pc.is_let_in(&demo);
    }
    let list = dir.path().join("laptops.csv");
    let revoke = |list: &Path, rest: &str| {
        let file = list.display();
        format!("certificate revoke --from-file {file} --reason keyCompromise {rest}")
    };
    fs::write(&list, format!("user_id,note\n{},=cmd()\nCMSM950-006-40l\n", seats[0].user_id))
        .unwrap();
    let wrong = refused(&demo, &revoke(&list, "--yes"));
    assert!(wrong.contains("line 3: there is no user ID CMSM950-006-40L; is it"), "{wrong}");
    pcs[0].is_let_in(&demo);

    let (first, third) = (&seats[0].user_id, &pcs[2].issued.serial);
    let unused = &seats[3].user_id;
    fs::write(&list, format!("\u{feff}user_id\r\n{first}\r\n{third}\r\n{unused}\r\n")).unwrap();
    let dry = did(&demo, &revoke(&list, "--dry-run"));
    assert_eq!((&dry["count"], &dry["nothing_left"]), (&json!(2), &json!([unused])));
    pcs[0].is_let_in(&demo);
    assert!(refused(&demo, revoke(&list, "").trim()).contains("--yes"));
    let done = did(&demo, &revoke(&list, "--yes"));
    assert_eq!(done["revoked"], 2);
    for pc in [&pcs[0], &pcs[2]] {
        pc.is_refused(&demo, "revoked", "laptop batch");
    }
    pcs[1].is_let_in(&demo);
    let order = done["order"].as_str().unwrap();
    let log = did(&demo, "audit show --action certificate.revoked");
    let of_order =
        log.as_array().unwrap().iter().filter(|entry| entry["detail"]["order"] == *order);
    assert_eq!(of_order.count(), 2);
    assert!(refused(&demo, &revoke(&list, "--yes")).contains("no certificate that stands"));
    let nothing = demo.tegata(&["certificate", "revoke", "--yes"]);
    assert_eq!(nothing.code, Some(2), "everything is not meant by saying nothing");
}
