//! Every certificate and list that Tegata makes, read by pkilint.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use tegata_scenarios::run::run_command;
use tegata_scenarios::{Demo, Pc, figure, place, run};
use tempfile::tempdir;

/// pkilint finds nothing at WARNING or above in root, issuing CA, the TLS certificate of site
/// and gateway, client certificates, their pairs, and both lists, with and without entries.
#[test]
fn pkilint_finds_nothing_at_warning() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let pc = Pc::new(&dir.path().join("pc"));
    let seats = demo.seats(3);
    let clients: Vec<_> = seats
        .iter()
        .map(|seat| {
            pc.issue(&demo, seat, "pem:certificate", &[]).ok();
            pc.pem("certificate", &seat.user_id).certificate
        })
        .collect();
    let file = |name: &str, octets: &[u8]| {
        let path = dir.path().join(name);
        std::fs::write(&path, octets).unwrap();
        path
    };
    let empty_list = file("empty.crl", &demo.status_file("crl/SB0001002C.crl"));
    demo.tegata(&["certificate", "revoke", &seats[0].user_id, "--reason", "keyCompromise"]).ok();
    demo.tegata(&["certificate", "hold", &seats[1].user_id]).ok();
    let serial = demo.certificates(Some(&seats[1].user_id))[0]["serial"].clone();
    let list = tegata_scenarios::eventually(
        "both are on the list",
        std::time::Duration::from_secs(5),
        || {
            let path = file("issuing.crl", &demo.status_file("crl/SB0001002C.crl"));
            let text = run("openssl", ["crl", "-noout", "-text", "-in", path.to_str()?]).ok().text();
            text.contains(&serial.as_str()?.to_uppercase()).then_some(path)
        },
    );
    let root_list = file("root.crl", &demo.status_file("crl/SB0001001C.crl"));
    let root = demo.ready.root_pem.clone();
    let issuing = file("issuing.cer", &demo.status_file("aia/SB0001002C.cer"));
    let site = file("site.pem", &presented(&demo.ready.site));
    let gateway = file("gateway.pem", &presented(&demo.ready.gateway));

    let certificates = [vec![root.clone(), issuing.clone(), site, gateway], clients].concat();
    let mut findings = Vec::new();
    for certificate in &certificates {
        findings.extend(lint("lint_pkix_cert", &[], &[certificate]));
    }
    findings.extend(lint("lint_pkix_signer_signee_cert_chain", &[], &[&root, &issuing]));
    for certificate in &certificates[2..] {
        findings
            .extend(lint("lint_pkix_signer_signee_cert_chain", &[], &[&issuing, certificate]));
    }
    for list in [&empty_list, &list, &root_list] {
        findings.extend(lint("lint_crl", &["-t", "CRL", "-p", "PKIX"], &[list]));
    }
    figure("pkilint", format!("{} certificates and 3 lists", certificates.len()));
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

/// What pkilint has to say of these files.
fn lint(tool: &str, options: &[&str], files: &[&PathBuf]) -> Vec<String> {
    let mut command = Command::new(place::venv(tool));
    command.arg("lint").args(options).args(["-s", "WARNING", "-f", "JSON"]).args(files);
    let ran = run_command(&mut command);
    let names: Vec<_> =
        files.iter().filter_map(|path| path.file_name()?.to_str()).collect();
    let results = ran.json()["results"].as_array().cloned().unwrap_or_default();
    let findings = results.iter().flat_map(|result| {
        let found = result["finding_descriptions"].as_array().cloned().unwrap_or_default();
        found.into_iter().map(|one: Value| format!("{names:?} {}: {one}", result["node_path"]))
    });
    let findings: Vec<_> = findings.collect();
    assert_eq!(ran.code, Some(i32::try_from(findings.len()).unwrap()), "{ran:?}");
    findings
}

/// The certificate that a server shows in its handshake, as openssl sees it.
fn presented(address: &str) -> Vec<u8> {
    let server = format!("127.0.0.1:{}", tegata_scenarios::https::port(address));
    let shown = run("openssl", ["s_client", "-connect", &server, "-servername", "localhost"]);
    let text = shown.text();
    let (begin, end) = ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----");
    let from = text.find(begin).unwrap();
    let to = text.find(end).unwrap() + end.len();
    text[from..to].as_bytes().to_vec()
}
