//! The same as `tegata-app issue` does, by openssl, curl and NSS's tools: what somebody who knows
//! how would type into a script. Neither checks the root's fingerprint at an unknown site, nor
//! makes good a lost answer, nor reads back what was stored.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use der::pem::{LineEnding, encode_string};
use tegata_wire::api::Issued;

use super::super::issue::body;
use super::issue::Store;
use super::{Demo, Seat};
use crate::Failure;
use crate::package::tool::{is_there, run};

/// Whether its tools are installed.
pub(super) fn is_possible(store: Store) -> bool {
    let nss = ["certutil", "pk12util"];
    ["openssl", "curl"]
        .iter()
        .chain(nss.iter().filter(|_| store == Store::Nss))
        .all(|n| is_there(n))
}

/// Issues one certificate and returns what the programs took.
pub(super) fn issue(
    demo: &Demo<'_>,
    store: Store,
    seat: &Seat,
    home: &Path,
) -> Result<Duration, Failure> {
    let dir = home.join("by-hand");
    std::fs::create_dir_all(&dir)?;
    let begin = Instant::now();
    let step = |program: &str, args: &[&str]| -> Result<String, Failure> {
        run(Command::new(program).args(args).current_dir(&dir), program)
    };
    let curl = |args: &[&str]| {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--fail", "--cacert"]).arg(&demo.ready.root_pem);
        run(curl.args(args).current_dir(&dir), "curl")
    };

    step("openssl", &["ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", "key.pem"])?;
    let subject = format!("/CN={}", seat.user_id);
    let request = ["req", "-new", "-key", "key.pem", "-subj", &subject, "-outform", "DER"];
    step("openssl", &[&request[..], &["-out", "request.der"]].concat())?;
    let request = std::fs::read(dir.join("request.der"))?;
    std::fs::write(dir.join("body.json"), body(&seat.user_id, &seat.password, &request)?)?;
    let enroll = format!("{}enroll", demo.ready.site.replace("/issueweb/", "/api/v1/"));
    let json = ["--header", "Content-Type: application/json", "--data-binary", "@body.json"];
    let issued: Issued = serde_json::from_str(&curl(&[&json[..], &[&enroll]].concat())?)?;
    let mut pem = String::new();
    for certificate in std::iter::once(&issued.certificate).chain(issued.chain.first()) {
        let text = encode_string("CERTIFICATE", LineEnding::LF, &certificate.0);
        pem += &text.map_err(|error| error.to_string())?;
    }
    std::fs::write(dir.join("chain.pem"), pem)?;

    if store == Store::Nss {
        let root = demo.ready.root_pem.to_string_lossy();
        std::fs::create_dir_all(dir.join("nssdb"))?;
        step("certutil", &["-N", "-d", "sql:nssdb", "--empty-password"])?;
        step("certutil", &["-A", "-d", "sql:nssdb", "-n", "root", "-t", "C,,", "-i", &root])?;
        let export = ["pkcs12", "-export", "-in", "chain.pem", "-inkey", "key.pem"];
        step("openssl", &[&export[..], &["-passout", "pass:", "-out", "all.p12"]].concat())?;
        step("pk12util", &["-i", "all.p12", "-d", "sql:nssdb", "-W", "", "-K", ""])?;
    }
    curl(&["--cert", "chain.pem", "--key", "key.pem", &demo.ready.service_url])?;
    Ok(begin.elapsed())
}
