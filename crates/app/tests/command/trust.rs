//! `tegata-app trust`, and `list` where there is nothing.

use crate::support::{Pc, Site, said};

#[test]
fn trust_installs_root_and_intermediates_only() {
    let (site, pc) = (Site::start(), Pc::new());
    let url = site.url();
    let colons: Vec<_> = site
        .root_sha256
        .as_bytes()
        .chunks(2)
        .map(|pair| std::str::from_utf8(pair).unwrap())
        .collect();
    let pin = colons.join(":").to_uppercase();
    let arguments =
        ["trust", "--site", &url, "--root-sha256", &pin, "--store", "pem:certs", "--json"];
    let object = pc.run(&arguments).ended(0).json();
    assert_eq!(object["result"], "trusted");
    assert_eq!(object["root_sha256"], site.root_sha256);
    assert_eq!(pc.files("certs"), ["intermediates.crt.pem", "root.crt.pem"]);
    assert_eq!(site.asked(), ["get trust"]);
    let arguments = ["trust", "--site", &url, "--root-sha256", &pin, "--store", "nss", "--json"];
    pc.run(&arguments).ended(0);
    let listed = said("certutil", &["-L", "-d", &format!("sql:{}", pc.text(".pki/nssdb"))]);
    assert!(listed.contains("SB0001001C") && listed.contains("CT,,"), "{listed}");
    let empty = pc.run(&["list", "--store", "nss", "--json"]).ended(0).json();
    assert_eq!(empty["certificates"], serde_json::json!([]));
    let arguments = ["trust", "--site", &url, "--root-sha256", &pin, "--store", "pkcs12:x.p12"];
    pc.run(&arguments).ended(2);
}

#[test]
fn a_store_that_is_not_there_is_exit_5() {
    let pc = Pc::new();
    let ran = pc.run(&["list", "--store", "pem:gone", "--json"]).ended(5);
    assert_eq!(ran.json()["code"], "store_missing");
}

#[test]
fn who_named_no_store_is_told_which_was_looked_at_and_blamed_for_no_name() {
    for (lang, own, missing) in [
        ("en", "system's own key store (nss)", "is not there yet"),
        ("ja", "標準の保存先（nss）", "まだありません"),
    ] {
        let pc = Pc::new();
        let run = |command: &str, code| {
            let arguments: Vec<_> = command.split(' ').chain(["--lang", lang]).collect();
            pc.run(&arguments).ended(code)
        };
        let said = run("list", 5).stderr;
        assert!(said.contains(own) && said.contains(missing), "{said}");
        for command in ["list", "renew", "renew --all-due", "email --mail a@example.jp"] {
            let said = run(command, if command == "list" { 5 } else { 2 }).stderr;
            assert!(said.contains("nss") && said.contains("--store"), "{command}: {said}");
            for blamed in ["Check", "ご確認", "--user"] {
                assert!(!said.contains(blamed), "{command}: {said}");
            }
        }
        let said = run("renew --user CMSM950-006-401 --store pem:gone", 2).stderr;
        assert!(said.contains("--store") && said.contains("--user"), "{said}");
        assert!(run("remove --old", 0).stdout.contains("nss"));
    }
}
