//! Reminders, notices and digests of the real program, as a mail server gets them.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tegata_scenarios::api::{Issued, body};
use tegata_scenarios::key::Key;
use tegata_scenarios::mail::mails;
use tegata_scenarios::{Demo, eventually, figure};
use tempfile::tempdir;

/// Far more than any mail takes here.
const BOUND: Duration = Duration::from_secs(20);

/// The one mail with this in its subject, once it is there.
fn mail(dir: &Path, subject: &str) -> String {
    eventually(subject, BOUND, || mails(dir).into_iter().find(|mail| mail.contains(subject)))
}

fn change(demo: &Demo, dir: &Path, settings: &mut Value, changes: &Value) {
    for (key, value) in changes.as_object().expect("an object") {
        settings[key] = value.clone();
    }
    let file = dir.join("service.json");
    std::fs::write(&file, settings.to_string()).expect("a disk");
    let file = file.to_str().expect("text");
    demo.tegata(&["service", "change", "--service-settings", file]).ok();
}

/// A certificate that ends in two days, issued in English, gets the most urgent reminder as soon
/// as the service has thresholds, and never again; the branch gets its digest.
#[test]
fn a_reminder_a_notice_and_a_digest_arrive_once() {
    let dir = tempdir().expect("a disk");
    let demo = Demo::start(dir.path());
    let inbox = demo.ready.data_dir.join("mail");
    let mut settings = demo.tegata(&["service", "show"]).ok().json();
    let short = json!({
        "lifetime_days": 2, "renewal_window_days": 1, "reminder_days": [], "digest_at": "00:00",
        "language": "en",
    });
    change(&demo, dir.path(), &mut settings, &short);

    let seat = demo.seat();
    let mut request = body(&seat, &Key::default().request());
    request["unattended"] = json!(true);
    Issued::of(&demo.api().post(request.to_string().as_bytes()));
    let issued = mail(&inbox, "Your certificate was issued");
    assert!(issued.contains(&seat.user_id), "{issued}");
    let seats = demo.tegata(&["subscriber", "list"]).ok().json();
    let mut seats = seats.as_array().expect("a list").iter();
    let kept = seats.find(|row| row["user_id"] == seat.user_id.as_str()).expect("the seat");
    assert_eq!((&kept["lang"], &kept["unattended"]), (&json!("en"), &json!(true)));

    // Its own words, at once and without a restart.
    let own = dir.path().join("own.ftl");
    let text = "mail-reminder-subject = Heads up from { $service }: { $date }\n";
    std::fs::write(&own, text).expect("a disk");
    let own = own.to_str().expect("text");
    let set = demo.tegata(&["service", "mail-template", "set", "--lang", "en", own]).ok().json();
    assert_eq!(set["messages"], json!(["mail-reminder-subject"]));
    std::fs::write(own, "mail-reminder-subject = { $nothing }\n").expect("a disk");
    let refused = demo.tegata(&["service", "mail-template", "set", "--lang", "en", own]);
    let refused = refused.ended(1).json();
    assert!(refused["detail"].as_str().is_some_and(|why| why.contains("$nothing")), "{refused}");

    demo.tegata(&["branch", "set", "950", "--mail", "branch950@example.co.jp"]).ok();
    let begun = std::time::Instant::now();
    let usual = json!({
        "lifetime_days": 365, "renewal_window_days": 60, "reminder_days": [30, 7],
    });
    change(&demo, dir.path(), &mut settings, &usual);
    let reminder = mail(&inbox, "Subject: Heads up from Sample Lite CMS: ");
    figure("from new thresholds to the mail", format!("{:?}", begun.elapsed()));
    // The PC said that it renews by itself, and should have: somebody has to look.
    assert!(reminder.contains("automatic renewal has not succeeded"), "{reminder}");
    let digest = mail(&inbox, "For your attention");
    assert!(digest.contains("To: branch950@example.co.jp"), "{digest}");
    assert!(digest.contains(&seat.user_id), "{digest}");

    demo.tegata(&["certificate", "hold", &seat.user_id]).ok();
    mail(&inbox, "was put on hold");
    // Released, it is looked at again; the reminder it had it does not get again.
    demo.tegata(&["certificate", "release", &seat.user_id]).ok();
    mail(&inbox, "You can use your certificate again");
    change(&demo, dir.path(), &mut settings, &json!({ "reminder_days": [31, 7] }));
    demo.tegata(&["certificate", "revoke", &seat.user_id]).ok();
    mail(&inbox, "Your certificate was revoked");
    let row = |kind: &str| json!({ "kind": kind, "state": "sent" });
    let list = demo.tegata(&["mail", "list", "--seat", &seat.user_id]).ok().json();
    let list = list.as_array().expect("a list").iter();
    let list: Vec<_> =
        list.map(|mail| json!({ "kind": mail["kind"], "state": mail["state"] })).collect();
    let wanted = ["revoked", "released", "held", "reminder", "issued"].map(row);
    assert_eq!(list, wanted);
    assert_eq!(mails(&inbox).len(), 6, "these and the digest");
}

/// Every mail as a file that a mail program opens, in both languages.
#[test]
fn previews_are_mails() {
    let dir = tempdir().expect("a disk");
    let demo = Demo::start(dir.path());
    let out = dir.path().join("out");
    let out_text = out.to_str().expect("text");
    let files = demo.tegata(&["service", "mail-preview", "--out", out_text]).ok().json();
    let files = files.as_array().expect("a list").len();
    let all = mails(&out);
    assert_eq!((all.len(), files % 2), (files, 0));
    for mail in all {
        for header in ["From: ", "To: ", "Subject: ", "Message-ID: ", "Content-Type: text/plain"] {
            assert!(mail.contains(header), "{header}: {mail}");
        }
    }
    let list = demo.tegata(&["service", "mail-preview", "--kind", "reminder", "--lang", "ja"]);
    let list = list.ok().json();
    assert_eq!(list.as_array().expect("a list").len(), 4);
}
