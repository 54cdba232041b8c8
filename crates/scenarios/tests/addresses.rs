//! What each address is for, and that every link leads somewhere.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use tegata_scenarios::{Demo, figure, place, run};
use tempfile::tempdir;

/// Site, gateway, status and administration answer for what they are for, and for nothing of
/// the others.
#[test]
fn each_address_has_one_role() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let site = demo.ready.site.split("/issueweb/").next().unwrap().to_owned();
    let roles = [
        (&site, &["/issueweb/0001/SB0001002C/", "/api/v1/0001/SB0001002C/service"][..]),
        (
            &demo.ready.status,
            &["/crl/SB0001001C.crl", "/crl/SB0001002C.crl", "/aia/SB0001002C.cer", FEED],
        ),
        (&demo.ready.admin, &["/healthz", "/readyz"]),
        // Not even these without a certificate.
        (&demo.ready.gateway, &[]),
    ];
    let paths: Vec<_> = roles.iter().flat_map(|(_, paths)| *paths).collect();
    for (address, own) in roles {
        for path in &paths {
            let status = status(&demo, &format!("{address}{path}"));
            let expected = if own.contains(path) { "200" } else { "404" };
            assert_eq!(status, expected, "{address}{path}");
        }
    }
    // Without TLS the site and the gateway say nothing.
    for address in [&site, &demo.ready.gateway] {
        let plain = format!("{}/", address.replace("https:", "http:"));
        assert_eq!(status(&demo, &plain), "000");
    }
}

/// Every link on every page of the site leads to a page or a file, in both languages.
#[test]
fn every_link_leads_somewhere() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let site = demo.ready.site.split("/issueweb/").next().unwrap().to_owned();
    let mut seen = BTreeMap::new();
    let mut waiting = BTreeSet::from([demo.ready.site.clone()]);
    while let Some(address) = waiting.pop_first() {
        let page = get(&demo, &address);
        for link in links(&page) {
            let link = match link.strip_prefix('/') {
                Some(_) => format!("{site}{link}"),
                None if link.starts_with('?') => {
                    format!("{}{link}", address.split('?').next().unwrap())
                }
                None => link,
            };
            if link.starts_with(&site) && !seen.contains_key(&link) {
                waiting.insert(link);
            } else if !link.starts_with(&site) {
                // The application's scheme, a place on the same page, the empty icon.
                let is_ours = ["tegata:", "#", "data:,"].iter().any(|form| link.starts_with(form));
                assert!(is_ours || link == demo.ready.service_url, "{link} on {address}");
            }
        }
        seen.insert(address, page.len());
    }
    assert!(seen.len() >= 10, "{seen:?}");
    figure("links of the site", seen.len());
}

/// The zip of *root certificate download* holds root and issuing CA, and the root is the one of
/// the slip.
#[test]
fn the_zip_holds_the_root_of_the_slip() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let zip = dir.path().join("root.zip");
    fs::write(&zip, get(&demo, &format!("{}root", demo.ready.site))).unwrap();
    let out = dir.path().join("out");
    let [zip, out_text] = [&zip, &out].map(|path| path.to_str().unwrap());
    run(place::venv("python3"), ["-m", "zipfile", "-e", zip, out_text]).ok();
    let mut names: Vec<_> =
        fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["SB0001001C.cer", "SB0001002C.cer"]);
    let [root, issuing] = ["SB0001001C.cer", "SB0001002C.cer"]
        .map(|name| out.join(name).to_str().unwrap().to_owned());
    let digest = run("openssl", ["dgst", "-sha256", "-r", &root]).ok().text();
    assert!(digest.starts_with(&demo.ready.root_sha256), "{digest}");
    let pem = demo.ready.root_pem.to_str().unwrap();
    run("openssl", ["verify", "-CAfile", pem, &issuing]).ok();
}

const FEED: &str = "/feed/0001/SB0001002C";

/// The status with which an address answers; `000` for none.
fn status(demo: &Demo, url: &str) -> String {
    let root = demo.ready.root_pem.to_str().unwrap();
    let quiet = ["--silent", "--output", "/dev/null", "--write-out", "%{http_code}"];
    run("curl", [&quiet[..], &["--cacert", root, url]].concat()).text()
}

fn get(demo: &Demo, url: &str) -> Vec<u8> {
    let root = demo.ready.root_pem.to_str().unwrap();
    run("curl", ["-sSf", "--location", "--cacert", root, url]).ok().stdout
}

/// What stands in `href="…"`.
fn links(page: &[u8]) -> Vec<String> {
    let Ok(page) = std::str::from_utf8(page) else { return Vec::new() };
    let rest = page.split(" href=\"").skip(1);
    rest.filter_map(|rest| rest.split('"').next())
        .map(|link| link.replace("&#38;", "&").replace("&amp;", "&"))
        .collect()
}
