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
