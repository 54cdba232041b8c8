//! `tegata-app issue` against a site on loopback.

use std::process::Stdio;
use std::sync::mpsc;

use crate::support::{MAIL, PASSWORD, Pc, Script, Site, USER, public_key, said};

#[test]
fn issues_into_pem_files_and_says_everything_in_json() {
    let (site, pc) = (Site::start(), Pc::new());
    let ran = pc.issue(&site, "pem:certs", &["--json"]).ended(0);
    let mut object = ran.json();
    let serial = "41000000000000000000000000000007";
    let expected = serde_json::json!({
        "result": "issued",
        "user_id": USER,
        "serial": serial,
        "not_before": "2026-02-16T00:00:00Z",
        "not_after": "2046-02-16T00:00:00Z",
        "renewable_from": "2045-12-18T00:00:00Z",
        "email": MAIL,
        "store": "pem:certs",
        "location": "certs/CMSM950-006-401.crt.pem",
        "key_location": "file",
        "root_sha256": site.root_sha256,
        "service_url": "https://gateway.example.jp/SAMPLE01/cms",
        // No such host: the certificate is there all the same.
        "gateway": "unreachable",
    });
    assert_eq!(object.take(), expected);
    assert_eq!(ran.stderr.lines().count(), 8, "a line for each step: {}", ran.stderr);
    assert_eq!(site.asked(), ["get trust", "get service", "post enroll"]);
    assert!(site.last_headers().contains("accept-language: en"));
    let enrolment = &site.enrolments()[0];
    assert_eq!((enrolment.user_id.as_str(), enrolment.email.as_str()), (USER, MAIL));
    assert_eq!(enrolment.password, PASSWORD);
    let file = |name: &str| pc.text(&format!("certs/{USER}{name}"));
    let root = pc.text("certs/root.crt.pem");
    let verified = said(
        "openssl",
        &["verify", "-CAfile", &root, "-untrusted", &file(".chain.pem"), &file(".crt.pem")],
    );
    assert!(verified.ends_with(": OK\n"));

    let listed = pc.run(&["list", "--store", "pem:certs", "--json"]).ended(0).json();
    let found = &listed["certificates"][0];
    assert_eq!(listed["certificates"].as_array().unwrap().len(), 1);
    for (name, value) in [
        ("user_id", USER),
        ("serial", serial),
        ("state", "valid"),
        ("key_location", "file"),
        ("renewable_from", "2045-12-18T00:00:00Z"),
        ("service_url", "https://gateway.example.jp/SAMPLE01/cms"),
    ] {
        assert_eq!(found[name], value, "{name}");
    }
    assert!(found["days_left"].as_i64().unwrap() > 1000);
}

#[test]
fn people_read_the_result_in_their_language() {
    let (site, pc) = (Site::start(), Pc::new());
    let ran = pc.issue(&site, "pem:certs", &["--lang", "ja"]).ended(0);
    for words in ["電子証明書を発行し、保存しました。", "2046年2月16日(金) 09:00まで", MAIL]
    {
        assert!(ran.stdout.contains(words), "{words}: {}", ran.stdout);
    }
    assert!(ran.stderr.contains("このPCで鍵を作成しています。"));
    assert!(site.last_headers().contains("accept-language: ja"));
    let listed = pc.run(&["list", "--store", "pem:certs", "--lang", "ja"]).ended(0);
    assert!(listed.stdout.contains("状態: 有効（残り"), "{}", listed.stdout);
}

#[test]
fn a_list_speaks_in_the_zone_of_the_service_or_names_that_of_the_pc() {
    let (site, pc) = (Site::start(), Pc::new().env("TZ", "America/New_York"));
    let issued = pc.issue(&site, "pem:certs", &[]).ended(0).stdout;
    let list = |lang| pc.run(&["list", "--store", "pem:certs", "--lang", lang]).ended(0).stdout;
    let dates = |said: &str, label: &str| {
        let line = said.lines().find(|line| line.trim_start().starts_with(label));
        line.unwrap_or_else(|| panic!("{label}: {said}")).to_owned()
    };
    let listed = list("en");
    for label in ["Valid: ", "Renewable from: "] {
        assert_eq!(dates(&issued, label), dates(&listed, label));
    }
    assert!(dates(&listed, "Valid: ").ends_with("16 Feb 2046, 09:00 JST"));
    assert!(dates(&list("ja"), "有効期間: ").ends_with("2046年2月16日(金) 09:00まで"));
    // Of a certificate that another program put there nothing is remembered.
    std::fs::remove_dir_all(pc.path(".local/state/tegata/certificates")).unwrap();
    assert!(dates(&list("en"), "Valid: ").ends_with("15 Feb 2046, 19:00 EST"));
    assert!(dates(&list("ja"), "有効期間: ").ends_with("2046年2月15日(木) 19:00 ESTまで"));
}

#[test]
fn a_pkcs12_file_opens_with_the_password_as_it_was_typed() {
    let (site, pc) = (Site::start(), Pc::new());
    std::fs::write(pc.path("password.txt"), " 01ab-cdef-ghjk-mnpq \n").unwrap();
    let object = pc.issue(&site, "pkcs12:card.p12", &["--json"]).ended(0).json();
    assert_eq!(object["store_password"], "initial_password");
    assert_eq!(site.enrolments()[0].password, "01ab-cdef-ghjk-mnpq", "the server judges it");
    let file = pc.text("card.p12");
    said("openssl", &["pkcs12", "-in", &file, "-passin", "pass:01ab-cdef-ghjk-mnpq", "-nodes"]);

    std::fs::write(pc.path("store.txt"), "correct horse\n").unwrap();
    let own = ["--json", "--store-password-file", "store.txt", "--pkcs12-form", "legacy"];
    let object = pc.issue(&site, "pkcs12:own.p12", &own).ended(0).json();
    assert_eq!(object.get("store_password"), None);
    let file = pc.text("own.p12");
    said(
        "openssl",
        &["pkcs12", "-legacy", "-in", &file, "-passin", "pass:correct horse", "-nodes"],
    );
    let listed = pc.run(&[
        "list",
        "--store",
        "pkcs12:own.p12",
        "--store-password-file",
        "store.txt",
        "--json",
    ]);
    assert_eq!(listed.ended(0).json()["certificates"][0]["user_id"], USER);
    let unknown = pc.run(&["list", "--store", "pkcs12:own.p12"]).ended(2);
    assert!(unknown.stderr.contains("--store-password-file"), "{}", unknown.stderr);
}

#[test]
fn the_browsers_database_is_made_where_browsers_look() {
    let (site, pc) = (Site::start(), Pc::new());
    let object = pc.issue(&site, "nss", &["--json"]).ended(0).json();
    assert_eq!(object["key_location"], "system");
    let listed = said("certutil", &["-L", "-d", &format!("sql:{}", pc.text(".pki/nssdb"))]);
    assert!(listed.contains("CMSM950-006-401 (until 2046-02-16)"), "{listed}");
    assert_eq!(pc.files(".local/state/tegata/pending"), [""; 0]);
    // It is the one that is meant where none is named.
    let object = pc.run(&["list", "--json"]).ended(0).json();
    assert_eq!(object["store"], "nss");
    assert_eq!(object["certificates"][0]["renewable_from"], "2045-12-18T00:00:00Z");
}

#[test]
fn the_browsers_database_needs_no_tools() {
    let (site, pc) = (Site::start(), Pc::new());
    let pc = pc.env("PATH", "/nonexistent");
    let object = pc.issue(&site, "nss", &["--json"]).ended(0).json();
    assert_eq!(object["key_location"], "system");
    assert_eq!(object.get("restart"), None);
}

#[test]
fn the_certificate_goes_into_the_default_profile_of_firefox() {
    let (site, pc) = (Site::start(), Pc::new());
    let none = pc.issue(&site, "nss:firefox", &["--json"]).ended(5).json();
    assert_eq!(none["code"], "store_missing");
    let folder = pc.path(".mozilla/firefox/x.default");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(
        pc.path(".mozilla/firefox/profiles.ini"),
        "[Profile0]\nName=default\nIsRelative=1\nPath=x.default\nDefault=1\n",
    )
    .unwrap();
    let ran = pc.issue(&site, "nss:firefox", &[]).ended(0);
    assert!(ran.stdout.contains("start it again"), "{}", ran.stdout);
    let listed = said("certutil", &["-L", "-d", &format!("sql:{}", folder.display())]);
    assert!(listed.contains("CMSM950-006-401 (until 2046-02-16)"), "{listed}");
}

#[test]
fn the_password_may_come_from_standard_input() {
    let (site, pc) = (Site::start(), Pc::new().input("０１ＡＢ－ｃｄｅｆ ghjk mnpq\n"));
    pc.issue(&site, "pem:certs", &["--password-file", "-"]).ended(2);
    let url = site.url();
    let arguments = [
        "issue",
        "--site",
        &url,
        "--root-sha256",
        &site.root_sha256,
        "--user",
        "ｃｍｓｍ９５０－００６－４０１",
        "--password-file",
        "-",
        "--mail",
        MAIL,
        "--store",
        "pem:certs",
    ];
    pc.run(&arguments).ended(0);
    assert_eq!(site.enrolments()[0].password, "０１ＡＢ－ｃｄｅｆ ghjk mnpq", "as typed");
    assert_eq!(site.enrolments()[0].user_id, USER);
}

#[test]
fn a_wrong_root_is_exit_3_and_nothing_is_posted() {
    let (site, pc) = (Site::start(), Pc::new());
    let other = Site::start();
    let url = site.url();
    let arguments = [
        "issue",
        "--site",
        &url,
        "--root-sha256",
        &other.root_sha256,
        "--user",
        USER,
        "--password-file",
        "password.txt",
        "--mail",
        MAIL,
        "--store",
        "pem:certs",
        "--json",
    ];
    let ran = pc.run(&arguments).ended(3);
    let object = ran.json();
    assert_eq!(object["result"], "error");
    assert_eq!(object["code"], "root_mismatch");
    assert_eq!(object["exit_code"], 3);
    assert!(ran.stderr.contains("intercepting"), "{}", ran.stderr);
    assert_eq!(site.asked(), ["get trust"]);
    assert!(!pc.path("certs").exists());
}

#[test]
fn a_server_with_another_name_is_exit_3_and_nothing_is_posted() {
    let pc = Pc::new();
    let site = Site::named("issue.example.jp");
    let url = site.url().replace("issue.example.jp", "localhost");
    let arguments = [
        "issue",
        "--site",
        &url,
        "--root-sha256",
        &site.root_sha256,
        "--user",
        USER,
        "--password-file",
        "password.txt",
        "--mail",
        MAIL,
        "--store",
        "pem:certs",
        "--json",
    ];
    let ran = pc.run(&arguments).ended(3);
    assert_eq!(ran.json()["code"], "server_unproven");
    assert_eq!(site.asked(), ["get trust"]);
}

#[test]
fn without_a_pin_and_without_a_terminal_the_fingerprint_is_shown() {
    let (site, pc) = (Site::start(), Pc::new());
    let url = site.url();
    let arguments = [
        "issue",
        "--site",
        &url,
        "--user",
        USER,
        "--password-file",
        "password.txt",
        "--mail",
        MAIL,
        "--store",
        "pem:certs",
        "--json",
    ];
    let ran = pc.run(&arguments).ended(2);
    assert_eq!(ran.json()["code"], "root_unconfirmed");
    assert!(ran.stderr.contains(&format!("--root-sha256 {}", site.root_sha256)), "{}", ran.stderr);
    assert_eq!(site.asked(), ["get trust"]);
}

#[test]
fn a_refusal_is_shown_with_its_reference() {
    let (site, pc) = (Site::start(), Pc::new());
    site.then(Script::Problem(403, "credential_refused", ""));
    let ran = pc.issue(&site, "pem:certs", &["--json"]).ended(3);
    let expected = serde_json::json!({
        "result": "error",
        "code": "credential_refused",
        "title": "It was refused.",
        "detail": "Ask the branch.",
        "reference": "R-20261123",
        "exit_code": 3,
    });
    assert_eq!(ran.json(), expected);
    for words in ["It was refused.", "Ask the branch.", "R-20261123"] {
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
    }
    assert_eq!(pc.files("certs"), [""; 0], "a key that bought nothing is gone");
}

#[test]
fn after_a_lost_reply_a_refusal_keeps_the_key_and_says_where() {
    let (site, pc) = (Site::start(), Pc::new());
    site.then(Script::Cut).then(Script::Problem(403, "credential_refused", ""));
    let ran = pc.issue(&site, "pkcs12:card.p12", &[]).ended(3);
    assert_eq!(pc.files("."), [".local", "password.txt", "tmp"], "nothing beside the file");
    let waiting = pc.files(".local/state/tegata/pending");
    let [name] = waiting.as_slice() else { panic!("{waiting:?}") };
    let place = pc.text(&format!(".local/state/tegata/pending/{name}"));
    assert!(ran.stderr.contains("kept for the next try"), "{}", ran.stderr);
    assert!(ran.stderr.contains(&place), "{}", ran.stderr);
    // A slip of the finger at the second try, in another folder and language.
    site.then(Script::Problem(403, "credential_refused", ""));
    let ran = pc.issue(&site, "pkcs12:./card.p12", &["--lang", "ja"]).ended(3);
    assert!(ran.stderr.contains(&format!("{place} に残しています。")), "{}", ran.stderr);
    pc.issue(&site, "pkcs12:card.p12", &[]).ended(0);
    let keys: Vec<_> = site.enrolments().into_iter().map(|enrolment| enrolment.request).collect();
    assert_eq!(keys.len(), 4);
    assert!(keys.iter().all(|key| *key == keys[0]));
    assert_eq!(pc.files(".local/state/tegata/pending"), [""; 0]);
}

#[test]
fn issuing_again_by_mistake_names_the_certificate_that_is_there() {
    for (store, place) in [
        ("pem:certs", "certs/CMSM950-006-401.crt.pem"),
        ("pkcs12:card.p12", "card.p12"),
        ("nss", ".pki/nssdb: CMSM950-006-401 (until 2046-02-16)"),
    ] {
        let (site, pc) = (Site::start(), Pc::new());
        pc.issue(&site, store, &[]).ended(0);
        site.then(Script::Problem(403, "credential_refused", ""));
        let ran = pc.issue(&site, store, &["--json"]).ended(3);
        let object = ran.json();
        assert_eq!(object["code"], "credential_refused");
        let existing = &object["existing"];
        assert_eq!(existing["serial"], "41000000000000000000000000000007");
        assert_eq!(existing["not_after"], "2046-02-16T00:00:00Z");
        assert!(existing["location"].as_str().unwrap().ends_with(place), "{existing}");
        assert_eq!(existing.as_object().unwrap().len(), 3);
        for words in ["already has the certificate", "16 Feb 2046, 09:00 JST", place] {
            assert!(ran.stderr.contains(words), "{words}: {}", ran.stderr);
        }
        assert!(!ran.stderr.contains("kept"), "{}", ran.stderr);
        site.then(Script::Problem(403, "credential_refused", ""));
        let ran = pc.issue(&site, store, &["--lang", "ja"]).ended(3);
        let words = "すでにあります（有効期限: 2046年2月16日(金) 09:00、";
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
        assert_eq!(pc.run(&["list", "--store", store]).code, i32::from(store.contains("p12")) * 2);
    }
}

#[test]
fn a_store_that_cannot_be_written_promises_nothing() {
    let (site, pc) = (Site::start(), Pc::new());
    for store in ["pem:/proc/x", "pkcs12:/proc/x.p12", "nss:/proc/x"] {
        let ran = pc.issue(&site, store, &["--json"]).ended(5);
        assert_eq!(ran.json()["code"], "store_io", "{store}");
        assert!(ran.stderr.contains("permissions"), "{}", ran.stderr);
        assert!(!ran.stderr.contains("24 hours"), "{}", ran.stderr);
        let url = site.url();
        let ran = pc.run(&[
            "trust",
            "--site",
            &url,
            "--root-sha256",
            &site.root_sha256,
            "--store",
            store,
        ]);
        assert!(!ran.stderr.contains("24 hours"), "{}", ran.stderr);
    }
    assert!(site.enrolments().is_empty());
}

#[test]
fn nobody_there_is_exit_4() {
    let pc = Pc::new();
    let url = Site::start().url();
    let pin = "00".repeat(32);
    let arguments = [
        "issue",
        "--site",
        &url,
        "--root-sha256",
        &pin,
        "--user",
        USER,
        "--password-file",
        "password.txt",
        "--mail",
        MAIL,
        "--store",
        "pem:certs",
        "--json",
    ];
    let ran = pc.run(&arguments).ended(4);
    assert_eq!(ran.json()["code"], "no_connection");
}

#[test]
fn an_address_of_something_else_is_exit_4() {
    let (site, pc) = (Site::start(), Pc::new());
    let url = site.url().replace("SB0001002C", "SB0001003C");
    let arguments = ["trust", "--site", &url, "--store", "pem:certs", "--json"];
    assert_eq!(pc.run(&arguments).ended(4).json()["code"], "not_an_issuing_site");
}

#[test]
fn another_key_in_the_store_is_exit_5_and_the_password_is_not_spent() {
    let (site, pc) = (Site::start(), Pc::new());
    std::fs::create_dir(pc.path("certs")).unwrap();
    std::fs::write(pc.path("certs/CMSM950-006-401.key.pem"), "someone else's").unwrap();
    let ran = pc.issue(&site, "pem:certs", &["--json"]).ended(5);
    assert_eq!(ran.json()["code"], "store_occupied");
    assert!(site.enrolments().is_empty());
}

#[test]
fn a_cut_reply_and_a_busy_server_get_the_same_key_again() {
    let (site, pc) = (Site::start(), Pc::new());
    site.then(Script::Cut).then(Script::Problem(503, "busy", "retry-after: 0\r\n"));
    pc.issue(&site, "pem:certs", &[]).ended(0);
    let enrolments = site.enrolments();
    assert_eq!(enrolments.len(), 3);
    assert!(enrolments.iter().all(|enrolment| *enrolment == enrolments[0]));
}

#[test]
fn a_program_killed_while_it_waits_for_the_reply_resumes_with_the_same_key() {
    let (site, pc) = (Site::start(), Pc::new());
    let (arrived, arrival) = mpsc::channel();
    let (gone, end) = mpsc::channel::<()>();
    site.then(Script::Do(Box::new(move || {
        arrived.send(()).unwrap();
        // Returns when the test drops its end.
        let _ = end.recv();
    })));
    let mut child = pc
        .command(env!("CARGO_BIN_EXE_tegata-app"))
        .args(["issue", "--site", &site.url(), "--root-sha256", &site.root_sha256, "--user", USER])
        .args(["--password-file", "password.txt", "--mail", MAIL, "--store", "nss"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    arrival.recv().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    drop(gone);
    assert_eq!(pc.files(".local/state/tegata/pending").len(), 1);
    let ran = pc.issue(&site, "nss", &[]).ended(0);
    assert!(ran.stderr.contains("earlier try"), "{}", ran.stderr);
    // The signature differs: the browsers' database draws a number for each.
    let requests = site.enrolments().into_iter().map(|enrolment| enrolment.request);
    let keys: Vec<_> = requests.map(|request| public_key(&request.0)).collect();
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0], keys[1]);
    assert_eq!(pc.files(".local/state/tegata/pending"), [""; 0]);
}

#[test]
fn what_is_missing_or_wrong_is_named_before_any_connection() {
    let (site, pc) = (Site::start(), Pc::new());
    let ran = pc.run(&["issue", "--user", USER, "--json"]).ended(2);
    assert_eq!(ran.json()["code"], "missing");
    assert!(ran.stderr.contains("--site, --password-file, --mail"), "{}", ran.stderr);
    let url = site.url();
    std::fs::write(pc.path("empty.txt"), " \n").unwrap();
    for (option, value, code) in [
        ("--site", "http://localhost/issueweb/0001/SB0001002C/", "bad_site"),
        ("--root-sha256", "12:34", "bad_root_sha256"),
        ("--user", "CMSM*", "bad_user"),
        ("--password-file", "empty.txt", "bad_password"),
        ("--password-file", "gone.txt", "bad_file"),
        ("--mail", "taro", "bad_mail"),
        ("--store", "windows", "bad_store"),
        ("--store", "pkcs11:token=x", "bad_store"),
        ("--store", "jks:x", "bad_store"),
    ] {
        let mut arguments = vec!["issue", "--json"];
        for (name, good) in [
            ("--site", url.as_str()),
            ("--root-sha256", &site.root_sha256),
            ("--user", USER),
            ("--password-file", "password.txt"),
            ("--mail", MAIL),
            ("--store", "pem:certs"),
        ] {
            arguments.extend([name, if name == option { value } else { good }]);
        }
        let ran = pc.run(&arguments).ended(2);
        assert_eq!(ran.json()["code"], code, "{option} {value}");
        assert!(
            ran.stderr.contains(option)
                || code == "bad_file"
                || value.contains("win")
                || value.contains("pkcs11"),
            "{}",
            ran.stderr
        );
    }
    assert!(site.asked().is_empty());
}

#[test]
fn mistyped_options_are_usage_errors_for_programs_too() {
    let pc = Pc::new();
    let ran = pc.run(&["issue", "--json", "--sight", "x"]).ended(2);
    let object = ran.json();
    assert_eq!((object["code"].as_str(), object["exit_code"].as_i64()), (Some("usage"), Some(2)));
    let ran = pc.run(&["isue"]).ended(2);
    assert!(ran.stdout.is_empty());
}

#[test]
fn help_documents_exit_codes_stores_and_examples() {
    let pc = Pc::new();
    let help = pc.run(&["--help"]).ended(0).stdout;
    for words in
        ["Exit codes:", "Examples:\n  tegata-app issue", "[OPTIONS] [COMMAND]", "HTTPS_PROXY"]
    {
        assert!(help.contains(words), "{words}: {help}");
    }
    for command in ["issue", "list", "trust"] {
        let help = pc.run(&[command, "--help"]).ended(0).stdout;
        let example = format!("Examples:\n  tegata-app {command} ");
        assert!(help.contains(&example) && help.contains("Exit codes:"), "{help}");
    }
    let help = pc.run(&["issue", "--help"]).ended(0).stdout;
    assert!(
        help.contains("E-mail address to register (the issuance is confirmed there)"),
        "{help}"
    );
    for command in ["issue", "renew", "list", "email", "remove", "trust", "doctor", "autoselect"] {
        let help = pc.run(&[command, "--help"]).ended(0).stdout;
        assert!(help.contains("(default: nss)"), "{command}: {help}");
    }
}

#[test]
fn help_in_japanese_has_no_english_heads() {
    let pc = Pc::new();
    for command in [&[][..], &["issue"], &["list"], &["trust"]] {
        let arguments = [command, &["--help", "--lang", "ja"]].concat();
        let help = pc.run(&arguments).ended(0).stdout;
        for words in ["使い方: tegata-app", "[オプション]", "使用例:\n  tegata-app", "終了コード:"]
        {
            assert!(help.contains(words), "{words}: {help}");
        }
        for english in ["OPTIONS", "COMMAND", "default", "possible", "Usage", "Examples", "Print"] {
            assert!(!help.contains(english), "{english}: {help}");
        }
    }
    let help = pc.run(&["issue", "--help", "--lang", "ja"]).ended(0).stdout;
    assert!(help.contains("pkcs11:URI") && help.contains("<modern|legacy>"), "{help}");
}
