//! Every page with sample data in both languages. The pages are also left in `target/pages/`
//! for people and browsers to look at.

use std::fs;
use std::path::PathBuf;

use super::*;

const NAMES: [&str; 11] = [
    "tegata-app-1.0.0-x86_64.exe",
    "tegata-app-1.0.0-x86_64.msi",
    "tegata-app-1.0.0-i686.msi",
    "tegata-app-1.0.0-arm64.msi",
    "tegata-app-1.0.0-universal.pkg",
    "tegata-app_1.0.0_amd64.deb",
    "tegata-app_1.0.0_arm64.deb",
    "tegata-app-1.0.0.x86_64.rpm",
    "tegata-app-1.0.0-linux-x86_64.tar.gz",
    PROGRAM,
    "manifest.json",
];

/// A folder with an installer of every kind.
fn installers() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in NAMES {
        fs::write(folder.path().join(name), name.repeat(100_000)).unwrap();
    }
    folder
}

/// What must hold of any page.
fn check(name: &str, lang: &str, html: &str) {
    let forbid = |what: &str| assert!(!html.contains(what), "{name} {lang}: {what}");
    assert!(html.len() < 60_000, "{name} {lang}: {} bytes", html.len());
    assert!(html.contains(&format!("<html lang=\"{lang}\">")), "{name} {lang}");
    for what in [
        "<script",
        " style=",
        "javascript:",
        "<iframe",
        "<form",
        "http-equiv",
        "target=",
        "placeholder=",
        "{{",
        "{%",
    ] {
        forbid(what);
    }
    for tag in html.split('<').skip(1).filter_map(|rest| rest.split_once('>')).map(|(tag, _)| tag) {
        for attribute in tag.split_whitespace().skip(1) {
            assert!(!attribute.starts_with("on"), "{name} {lang}: handler {attribute}");
        }
        if tag.starts_with("a ") {
            assert!(tag.contains("href=\""), "{name} {lang}: {tag}");
        }
    }
    assert_eq!(html.matches("<style>").count(), 1, "{name} {lang}");
    for once in ["<h1", "<main", "<header", "<footer"] {
        assert_eq!(html.matches(once).count(), 1, "{name} {lang}: {once}");
    }
    check_headings(name, lang, html);
    check_links(name, lang, html);
}

/// Headings begin with the only `h1` and never skip a level downwards.
fn check_headings(name: &str, lang: &str, html: &str) {
    let (_, main) = html.split_once("<main").unwrap();
    let levels: Vec<u8> = main
        .match_indices("<h")
        .filter_map(|(at, _)| main.as_bytes().get(at + 2))
        .filter(|level| level.is_ascii_digit())
        .map(|level| level - b'0')
        .collect();
    assert_eq!(levels.first(), Some(&1), "{name} {lang}");
    assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{name} {lang}: {levels:?}");
}

/// Every link has a text, and equal texts lead to equal places.
fn check_links(name: &str, lang: &str, html: &str) {
    let mut seen: Vec<(String, &str)> = Vec::new();
    for link in html.split("<a ").skip(1) {
        let (_, rest) = link.split_once("href=\"").unwrap();
        let (href, rest) = rest.split_once('"').unwrap();
        let (_, inner) = rest.split_once('>').unwrap();
        let (inner, _) = inner.split_once("</a>").unwrap();
        let text = without_tags(inner);
        assert!(!text.is_empty(), "{name} {lang}: a link without text to {href}");
        for (other, to) in &seen {
            assert!(
                *other != text || *to == href,
                "{name} {lang}: `{text}` leads to {to} and {href}"
            );
        }
        seen.push((text, href));
    }
}

pub(super) fn without_tags(html: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            c if !inside => text.push(c),
            _ => {}
        }
    }
    text.trim().to_owned()
}

fn leave(name: &str, lang: &str, html: &str) {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/pages"));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(format!("{name}.{lang}.html")), html).unwrap();
}

#[tokio::test]
async fn every_page_in_both_languages_is_small_plain_and_well_formed() {
    let folder = installers();
    let full = router(vec![sample(folder.path())], some_links());
    let empty = bare();
    let linux = "Mozilla/5.0 (X11; Fedora; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    let old = "Mozilla/5.0 (X11; Linux i686; rv:140.0) Gecko/20100101 Firefox/140.0";
    let programs = shelf(&[PROGRAM, "tegata-app-linux-aarch64"]);
    let command = router(vec![sample(programs.path())], some_links());
    for (name, site, path, agent, status) in [
        ("home", &full, "", WINDOWS, 200),
        ("home-command", &command, "", LINUX, 200),
        ("issue", &full, "issue", WINDOWS, 200),
        ("issue-linux", &full, "issue", linux, 200),
        ("issue-no-match", &full, "issue", old, 200),
        ("issue-phone", &full, "issue", PHONE, 200),
        ("issue-unknown", &full, "issue", "curl/8", 200),
        ("issue-empty", &empty, "issue", WINDOWS, 200),
        ("issue-empty-phone", &empty, "issue", PHONE, 200),
        ("issue-empty-unknown", &empty, "issue", "curl/8", 200),
        ("issue-command", &command, "issue", LINUX, 200),
        ("issue-command-unknown", &command, "issue", "curl/8", 200),
        ("issue-command-windows", &command, "issue", WINDOWS, 200),
        ("renew", &full, "renew", WINDOWS, 200),
        ("renew-empty", &empty, "renew", WINDOWS, 200),
        ("renew-command", &command, "renew", LINUX, 200),
        ("root", &full, "root-certificate", WINDOWS, 200),
        ("download", &full, "download/", WINDOWS, 200),
        ("download-command", &command, "download/", LINUX, 200),
        ("download-empty", &empty, "download/", WINDOWS, 200),
        ("not-found", &full, "nothing", WINDOWS, 404),
    ] {
        for lang in ["ja", "en"] {
            let headers = [("accept-language", lang), ("user-agent", agent)];
            let answer = get_with(site, &format!("{HOME}{path}"), &headers).await;
            assert_eq!(answer.status, status, "{name}");
            assert_eq!(answer.header("content-type"), "text/html; charset=utf-8", "{name}");
            leave(name, lang, answer.text());
            check(name, lang, answer.text());
        }
    }
}

#[tokio::test]
async fn the_first_page_leads_to_the_three_choices() {
    let answer = get(&bare(), HOME).await;
    for page in ["issue", "renew", "root-certificate"] {
        let link = format!("href=\"{HOME}{page}\"");
        assert!(answer.text().contains(&link), "{link}");
        assert_eq!(get(&bare(), &format!("{HOME}{page}")).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn the_root_page_shows_the_fingerprint_in_groups() {
    use sha2::{Digest, Sha256};
    let answer = get(&bare(), &format!("{HOME}root-certificate")).await;
    let code = answer
        .text()
        .split_once("class=\"fingerprint\">")
        .unwrap()
        .1
        .split_once("</code>")
        .unwrap()
        .0;
    assert_eq!(without_tags(code), tegata_look::fingerprint(&Sha256::digest(ROOT)));
    assert!(answer.text().contains(&format!("href=\"{HOME}root\"")));
    assert!(answer.text().contains("SB0001001C.cer") && answer.text().contains("SB0001002C.cer"));
}

#[tokio::test]
async fn names_of_the_service_are_text_never_markup() {
    const EVIL: &str = "<script>alert(1)</script>\"'<img src=x onerror=alert(1)>";
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("<img src=x onerror=alert(1)>.msi"), "x").unwrap();
    fs::write(folder.path().join("<b>.deb"), "x").unwrap();
    let mut service = sample(folder.path());
    for text in [&mut service.organisation, &mut service.name, &mut service.help] {
        *text = both(EVIL, EVIL);
    }
    service.service_url = format!("https://cms.example.jp/{EVIL}");
    let evil = router(vec![service], some_links());
    for page in ["", "issue", "renew", "root-certificate", "download/", "nothing"] {
        for lang in ["ja", "en"] {
            let path = format!("{HOME}{page}?lang={lang}");
            let headers = [("user-agent", WINDOWS)];
            let answer = get_with(&evil, &path, &headers).await;
            for trace in ["<script", "<img", "<b>", "\"'"] {
                assert!(!answer.text().contains(trace), "{path}: {trace}");
            }
            assert!(answer.text().contains("&#60;script&#62;"), "{path}");
        }
    }
}
