//! What is written into the schedule of a user, and what is said of a store with nothing to renew.

use serde_json::{Value, json};

use crate::support::{Pc, Site};

#[test]
fn no_argument_becomes_a_line_of_the_schedule() {
    let pc = Pc::new();
    let user = "a\nHidden=true";
    std::fs::write(pc.path("proxy.txt"), "secret").unwrap();
    std::fs::create_dir(pc.path(user)).unwrap();
    let account = ["--proxy-user", user, "--proxy-password-file", "proxy.txt"];
    for more in [&["--store", "pem:a\nHidden=true"][..], &account[..]] {
        let arguments = [&["schedule", "--on", "--json"], more].concat();
        let ran = pc.run(&arguments).ended(2);
        assert_eq!(ran.json()["code"], "bad_argument");
        assert!(ran.stderr.starts_with(&format!("{} has a line break", more[0])), "{ran:?}");
    }
    assert!(!pc.path(".config").exists(), "nothing is written");
}

#[test]
fn a_password_of_a_proxy_is_not_written_into_a_schedule() {
    let pc = Pc::new();
    for proxy in ["http://user:s3cret@proxy:3128", "pac:http://user:s3cret@proxy/proxy.pac"] {
        let ran = pc.run(&["schedule", "--on", "--json", "--proxy", proxy]).ended(2);
        assert_eq!(ran.json()["code"], "bad_proxy");
        assert!(ran.stderr.contains("--proxy-password-file"), "{ran:?}");
        assert!(!format!("{ran:?}").contains("s3cret"), "{ran:?}");
    }
    assert!(!pc.path(".config").exists(), "nothing is written");
}

#[test]
fn a_schedule_for_a_store_without_a_certificate_warns_and_for_none_is_refused() {
    let (site, pc) = (Site::start(), Pc::new());
    let on = |store: &str| pc.run(&["schedule", "--on", "--json", "--store", store]);
    let ran = on("pem:typo").ended(5);
    assert_eq!(ran.json()["code"], "store_missing");
    assert!(!pc.path(".config").exists(), "nothing is written");

    std::fs::create_dir(pc.path("certs")).unwrap();
    let object = on("pem:certs").ended(0).json();
    assert_eq!(
        (&object["on"], &object["warning"]["code"]),
        (&true.into(), &"no_certificate".into())
    );
    let said =
        pc.run(&["schedule", "--on", "--store", "pem:certs", "--lang", "ja"]).ended(0).stdout;
    assert!(said.contains("このままでは更新されません。保存先（pem:"), "{said}");
    assert!(said.contains("先に発行してください"), "{said}");
    // The system's own store is there as soon as something is put in.
    let object = pc.run(&["schedule", "--on", "--json"]).ended(0).json();
    assert_eq!(object["warning"]["code"], "no_certificate");

    pc.issue(&site, "pem:certs", &[]).ended(0);
    assert_eq!(on("pem:certs").ended(0).json().get("warning"), None);
}

#[test]
fn renewal_in_a_store_without_a_certificate_is_no_success() {
    let (site, pc) = (Site::start(), Pc::new());
    pc.issue(&site, "pem:certs", &[]).ended(0);
    let all_due = |store: &str| pc.run(&["renew", "--all-due", "--json", "--store", store]);
    assert_eq!(all_due("pem:certs").ended(0).json()["renewed"], json!([]), "not due yet");

    let ran = all_due("pem:nonexist").ended(2);
    assert_eq!(ran.json()["code"], "no_certificate");
    assert!(ran.stderr.starts_with("No certificate of this service was found"), "{ran:?}");
    assert!(
        ran.stderr.contains("pem:nonexist") && ran.stderr.contains("tegata-app list"),
        "{ran:?}"
    );
}

#[test]
fn a_scheduled_run_in_a_store_without_a_certificate_tells_it_until_it_was_shown_and_waits() {
    let (site, pc) = (Site::start(), Pc::new());
    let run =
        |store: &str| pc.run(&["renew", "--all-due", "--unattended", "--json", "--store", store]);
    let object = run("pem:typo").ended(2).json();
    assert_eq!(object["failed"][0]["code"], "no_certificate");
    let told = object["told"][0]["body"].as_str().unwrap();
    assert!(told.contains("pem:typo") && told.contains("issue one first"), "{told}");
    let object = run("pem:typo").ended(0).json();
    assert_eq!((&object["told"], &object["failed"]), (&json!([]), &json!([])), "{object}");
    assert_eq!(object["waiting"][0]["code"], "no_certificate");
    // The next day it is found out again. Nobody could see it here, so it is said again; once
    // somebody saw it, only a week later.
    let state = pc.path(".local/state/tegata/unattended.json");
    let change = |key: &str, value: Value| {
        let mut tries: Value = serde_json::from_slice(&std::fs::read(&state).unwrap()).unwrap();
        let before = std::mem::replace(&mut tries["pem:typo"][key], value);
        std::fs::write(&state, tries.to_string()).unwrap();
        before
    };
    let day_after = || change("not_before", json!("2026-01-01T00:00:00Z"));
    day_after();
    let object = run("pem:typo").ended(2).json();
    assert_eq!(object["told"][0]["shown"], false, "{object}");
    day_after();
    #[expect(clippy::disallowed_methods, reason = "the program under test has the real clock")]
    let now = jiff::Timestamp::now();
    assert_eq!(change("told_at", json!(now)), Value::Null);
    let object = run("pem:typo").ended(2).json();
    assert_eq!(object["told"], json!([]), "{object}");

    // A schedule of all users runs for those, too, who never had a certificate; and for those who had
    // one somewhere else.
    assert_eq!(run("nss").ended(0).json()["told"], json!([]));
    pc.issue(&site, "pem:certs", &[]).ended(0);
    assert_eq!(run("nss").ended(2).json()["failed"][0]["code"], "no_certificate");
}
