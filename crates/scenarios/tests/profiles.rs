//! What every profile makes, read by pkilint, zlint and OpenSSL; profiles as an operator sets
//! them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tegata_scenarios::demo::tegata;
use tegata_scenarios::lint::{pkilint, zlint};
use tegata_scenarios::run::run_command;
use tegata_scenarios::{figure, place, run};
use tempfile::tempdir;

/// Each profile, and the one purpose that OpenSSL finds it good for.
const PROFILES: [(&str, &str); 5] = [
    ("client", "sslclient"),
    ("server", "sslserver"),
    ("operator", "sslclient"),
    ("mail_signer", "smimesign"),
    ("ocsp_responder", "ocsphelper"),
];

/// OpenSSL finds everyone good for `ocsphelper`; what decides there is the usage in the answer.
const EXCLUSIVE: [&str; 3] = ["sslclient", "sslserver", "smimesign"];

/// A service with settings that say nothing of profiles, or these.
fn settings(profiles: Option<Value>) -> Value {
    let both = |text: &str| json!({ "ja": text, "en": text });
    let mut settings = json!({
        "organisation": both("Example Bank"),
        "name": both("Example CMS"),
        "help": both("Please call your branch."),
        "service_url": "https://cms.example.co.jp/cms",
        "status_url": "http://status.example.co.jp",
        "time_zone": "Asia/Tokyo",
        "user_id_example": "CMSM950-006-401",
    });
    if let Some(profiles) = profiles {
        settings["profiles"] = profiles;
    }
    settings
}

fn install(dir: &Path, issuing_key: &str) {
    let file = write(dir, "service.json", &settings(None));
    let names = ["--service", "0001/EX0001002C", "--root", "EX0001001C"];
    let keys = ["--issuing-key", issuing_key, "--service-settings", file.to_str().unwrap()];
    tegata(dir, &[&["init"], &names[..], &keys].concat()).ok();
}

fn write(dir: &Path, name: &str, json: &Value) -> PathBuf {
    let path = dir.join(name);
    fs::write(&path, json.to_string()).unwrap();
    path
}

/// Everything that a profile can say.
fn everything() -> Value {
    let policies =
        json!([{ "oid": "1.2.392.200000.1.1", "cps": "https://bank.example.co.jp/cps" }]);
    let extensions = json!([{ "oid": "1.2.392.200000.1.2", "der": "0c026869" }]);
    let subject = |common_name: &str| {
        json!([
            { "country": "JP" },
            { "organisation": "{organisation}" },
            { "organisational_unit": "{service}" },
            { "common_name": common_name },
        ])
    };
    let profile = |common_name: &str| {
        json!({
            "lifetime_days": 80,
            "backdate_minutes": 60,
            "keys": ["ec-p384"],
            "subject": subject(common_name),
            "policies": policies,
            "extensions": extensions,
        })
    };
    let mut client = profile("{user_id}");
    client["extended_key_usages"] = json!(["clientAuth", "1.3.6.1.4.1.311.20.2.2"]);
    client["alt_names"] = json!([{ "email": "{email}" }, { "uri": "https://id.example.co.jp/{company_code}/{user_id}" }]);
    let mut server = profile("{purpose}");
    server["keys"] = json!(["rsa-3072..4096"]);
    server["key_usages"] = json!(["digitalSignature", "keyEncipherment"]);
    let mut mail_signer = profile("{service}");
    mail_signer["key_usages"] = json!(["digitalSignature", "nonRepudiation"]);
    json!({
        "client": client,
        "server": server,
        "operator": profile("Operator {operator}"),
        "mail_signer": mail_signer,
        "ocsp_responder": profile("{issuer} OCSP"),
    })
}

/// Nothing at WARNING, notice or above, whatever the keys of the CA; good for its purpose and for
/// no other under OpenSSL's strict rules.
#[test]
fn every_profile_makes_a_certificate_that_others_find_faultless() {
    let (mut findings, mut asked) = (Vec::new(), 0);
    for issuing_key in ["p256", "rsa3072"] {
        let dir = tempdir().unwrap();
        install(dir.path(), issuing_key);
        for profiles in [None, Some(everything())] {
            let file = write(dir.path(), "new.json", &settings(profiles));
            for (name, purpose) in PROFILES {
                let preview = preview(dir.path(), name, &file);
                let [end, issuing, root] = files(dir.path(), &preview);
                findings.extend(pkilint("lint_pkix_cert", &[], &[&end]));
                let chain = "lint_pkix_signer_signee_cert_chain";
                findings.extend(pkilint(chain, &[], &[&issuing, &end]));
                findings.extend(pkilint(chain, &[], &[&root, &issuing]));
                for file in [&end, &issuing, &root] {
                    if let Some((rules, found)) = zlint(file) {
                        asked += rules;
                        findings.extend(found);
                    }
                }
                for asked in EXCLUSIVE.into_iter().chain([purpose]) {
                    let args = ["verify", "-x509_strict", "-purpose", asked, "-CAfile"];
                    let files = [&root, &issuing, &end].map(|path| path.to_str().unwrap());
                    let rest = [files[0], "-untrusted", files[1], files[2]];
                    let verdict = run("openssl", [&args[..], &rest].concat());
                    assert_eq!(
                        verdict.code == Some(0),
                        asked == purpose,
                        "{name} as {asked}: {verdict:?}"
                    );
                }
            }
        }
    }
    match asked {
        0 => figure("zlint", "not here: `tools/prepare test` builds it where Go is"),
        asked => figure("zlint", format!("{asked} rules asked")),
    }
    figure("pkilint", format!("{} certificates with their issuers", 4 * PROFILES.len()));
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

/// The linters are awake: what the profiles refuse to say they find.
#[test]
fn a_broken_certificate_is_found_by_both() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("broken.pem");
    let out = path.to_str().unwrap();
    let make = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    let say = ["-addext", "keyUsage=keyCertSign", "-addext", "extendedKeyUsage=OCSPSigning"];
    let rest = ["-subj", "/CN=x", "-set_serial", "-5", "-keyout", "/dev/null", "-out", out];
    run("openssl", [&make[..], &say, &rest].concat()).ok();
    assert!(!pkilint("lint_pkix_cert", &[], &[&path]).is_empty());
    if let Some((_, found)) = zlint(&path) {
        assert!(!found.is_empty());
    }
}

/// What an operator sets is refused when it makes no sense, with every error, and stays as it
/// was; a preview shows it before it is set and records nothing.
#[test]
fn an_operator_sees_a_profile_before_setting_it() {
    let dir = tempdir().unwrap();
    install(dir.path(), "p256");
    let show = || tegata(dir.path(), &["profile", "show", "client"]).ok().json();
    let before = show();
    assert_eq!(
        before["subject"],
        json!([{ "organisation": "{company}" }, { "common_name": "{user_id}" }])
    );
    let log = || tegata(dir.path(), &["audit", "show"]).ok().text();
    let log_before = log();

    let new = write(dir.path(), "new.json", &settings(Some(everything())));
    let seen = preview(dir.path(), "client", &new);
    assert_eq!(seen["serial"], "50524556494557205052455649455720");
    let parts = seen["parts"].to_string();
    for wanted in ["OU=Example CMS", "https://bank.example.co.jp/cps", "RFC 5280 §4.2.1.4"] {
        assert!(parts.contains(wanted), "{wanted}: {parts}");
    }
    assert_eq!((show(), log()), (before.clone(), log_before), "nothing is recorded");
    let change = |file: &Path| {
        let args = ["service", "change", "--service-settings", file.to_str().unwrap()];
        tegata(dir.path(), &args)
    };
    assert_eq!(change(&new).ok().json()["warnings"], json!([]));
    assert_eq!(show()["lifetime_days"], 80);

    let wrong = json!({ "client": {
        "subject": [{ "common_name": "{user_id}-{nobody}" }],
        "extended_key_usages": ["serverAuth"],
        "extensions": [{ "oid": "2.5.29.19", "der": "30030101ff" }],
    }});
    let refused = change(&write(dir.path(), "wrong.json", &settings(Some(wrong))));
    assert_eq!(refused.code, Some(1));
    let said = refused.json()["detail"].as_str().unwrap().to_owned();
    for place in ["subject[0]", "extended_key_usages[0]", "extensions[0]"] {
        assert!(said.contains(&format!("profiles.client.{place}:")), "{said}");
    }
    assert_eq!(show()["lifetime_days"], 80, "what was set stays");
}

#[test]
fn a_lifetime_beyond_the_issuing_ca_is_warned_of() {
    let dir = tempdir().unwrap();
    let mut long = settings(None);
    long["lifetime_days"] = json!(3600);
    let file = write(dir.path(), "long.json", &long);
    let given = ["--service-settings", file.to_str().unwrap()];
    let names = ["init", "--service", "0001/EX0001002C", "--root", "EX0001001C"];
    let made = tegata(dir.path(), &[&names[..], &given].concat()).ok().json();
    let changed = tegata(dir.path(), &[&["service", "change"][..], &given].concat()).ok().json();
    for answer in [made, changed] {
        let warning = answer["warnings"][0].as_str().unwrap();
        assert!(warning.contains("come to 3660 days, but issuing CA EX0001002C"), "{warning}");
    }
}

fn preview(dir: &Path, name: &str, settings: &Path) -> Value {
    let settings = ["--service-settings", settings.to_str().unwrap()];
    tegata(dir, &[&["profile", "preview", name][..], &settings].concat()).ok().json()
}

/// The certificate of a preview, its issuing CA and root, as files.
fn files(dir: &Path, preview: &Value) -> [PathBuf; 3] {
    ["certificate", "issuing", "root"].map(|name| {
        let path = dir.join(format!("{name}.pem"));
        fs::write(&path, preview[name].as_str().unwrap()).unwrap();
        path
    })
}

/// The text form names every extension; the PEM form is read by others as it is.
#[test]
fn a_preview_is_for_people_and_for_other_programs() {
    let dir = tempdir().unwrap();
    install(dir.path(), "p256");
    let say = |more: &[&str]| {
        let mut command = Command::new(place::program("tegata"));
        command.args(["profile", "preview", "client", "--dir"]).arg(dir.path()).args(more);
        run_command(&mut command).ok().text()
    };
    let text = say(&[]);
    assert!(text.starts_with("PREVIEW of profile client:"), "{text}");
    for rule in ["§4.2.1.1 ", "§4.2.1.2 ", "§4.2.1.3 ", "§4.2.1.12 ", "§4.2.1.13 ", "§4.2.2.1 "]
    {
        assert!(text.contains(rule), "{rule}: {text}");
    }
    let pem = say(&["--pem"]);
    assert!(pem.starts_with("PREVIEW of profile client:"), "{pem}");
    let path = dir.path().join("preview.pem");
    fs::write(&path, pem).unwrap();
    let read = run("openssl", ["x509", "-noout", "-serial", "-in", path.to_str().unwrap()]);
    assert_eq!(read.ok().text(), "serial=50524556494557205052455649455720\n");
}
