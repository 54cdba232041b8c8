//! What a person sees in Chromium. Every page is kept as an image in `target/screenshots`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use tegata_scenarios::browser::{Browser, Screen};
use tegata_scenarios::run::run_command;
use tegata_scenarios::wait::millis;
use tegata_scenarios::{Demo, Pc, eventually, figure, place};
use tempfile::tempdir;

/// The certificate database of a person's browser.
const DATABASE: &str = "nss:.pki/nssdb";

/// What changes shows at the gateway within a second.
const PROMISE: Duration = Duration::from_secs(1);

const LANGUAGES: [&str; 2] = ["ja", "en"];

/// With the certificate that `tegata-app` put into its database, Chromium reads the protected
/// page; put on hold, released and revoked, the same running browser is turned away, let in
/// and turned away again, each at its next request.
#[test]
fn the_browser_is_let_in_until_the_certificate_is_revoked() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let pc = Pc::new(&dir.path().join("pc"));
    let seat = demo.seat();
    pc.issue(&demo, &seat, DATABASE, &[]).ok();
    let browser = Browser::start(pc.home(), "SB0001002C");
    let page = &demo.ready.service_url;

    visit(&browser, page, 200, "protected", &[&seat.user_id, "ようこそ", "Welcome"]);
    demo.tegata(&["certificate", "hold", &seat.user_id]).ok();
    let returned = Instant::now();
    eventually("turned away", PROMISE, || (browser.visit(page) == 403).then_some(()));
    figure("held: the running browser is turned away after", millis(returned.elapsed()));
    visit(&browser, page, 403, "refused-held", &["一時停止", "on hold"]);
    demo.tegata(&["certificate", "release", &seat.user_id]).ok();
    eventually("let in again", PROMISE, || (browser.visit(page) == 200).then_some(()));

    demo.tegata(&["certificate", "revoke", &seat.user_id]).ok();
    let returned = Instant::now();
    eventually("turned away", PROMISE, || (browser.visit(page) == 403).then_some(()));
    figure("revoked: the running browser is turned away after", millis(returned.elapsed()));
    visit(&browser, page, 403, "refused-revoked", &["失効", "revoked"]);
}

/// What the issuing site says to do, done as it says: the program downloaded by its link, the
/// commands copied from the page and run, only the words in capitals replaced. Then the browser
/// opens the protected page.
#[test]
fn the_issue_page_works_to_the_letter() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let pc = Pc::new(&dir.path().join("pc"));
    pc.trust(&demo, DATABASE).ok();
    let seat = demo.seat();
    let downloads = pc.file("Downloads");
    fs::create_dir(&downloads).unwrap();

    let browser = Browser::start(pc.home(), "SB0001002C");
    assert_eq!(browser.visit(&format!("{}issue", demo.ready.site)), 200);
    let program = browser.script("return document.querySelector('a[href*=\"/download/\"]').href");
    let root = demo.ready.root_pem.to_str().unwrap();
    let download = ["-sSf", "--cacert", root, "--remote-name", program.as_str().unwrap()];
    run_command(Command::new("curl").current_dir(&downloads).args(download)).ok();
    fs::write(downloads.join("password"), &seat.password).unwrap();
    let commands = browser.script(COMMANDS);
    for command in commands.as_array().unwrap() {
        let mut command = command.as_str().unwrap().to_owned();
        for (word, value) in [
            ("PASSWORD-FILE", "password"),
            ("USER-ID", &*seat.user_id),
            ("MAIL", "taro@example.co.jp"),
        ] {
            command = command.replace(word, value);
        }
        figure("copied", &command);
        let mut shell = Command::new("sh");
        shell
            .current_dir(&downloads)
            .env("HOME", pc.home())
            .env_remove("XDG_STATE_HOME")
            .args(["-c", &command]);
        run_command(&mut shell).ok();
    }
    drop(browser);

    let browser = Browser::start(pc.home(), "SB0001002C");
    assert_eq!(browser.visit(&demo.ready.service_url), 200);
    assert!(browser.text().contains(&seat.user_id));
}

/// What the clipboard gets of each block of commands.
const COMMANDS: &str = "
    return [...document.querySelectorAll('li pre')].map(block => {
        getSelection().selectAllChildren(block);
        return getSelection().toString();
    });";

/// Without a certificate, but with the root that `tegata-app trust` put there, the gateway's
/// page says what to do.
#[test]
fn without_a_certificate_the_browser_gets_the_page_that_helps() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let pc = Pc::new(&dir.path().join("pc"));
    pc.trust(&demo, DATABASE).ok();
    let browser = Browser::start(pc.home(), "SB0001002C");
    let [ja, en] = ["電子証明書を確認できませんでした", "We could not see your certificate"];
    visit(&browser, &demo.ready.service_url, 403, "refused-no-certificate", &[ja, en]);
    let elsewhere = format!("{}/elsewhere", demo.ready.gateway);
    let [ja, en] = ["ページが見つかりませんでした", "There is no page here"];
    visit(&browser, &elsewhere, 404, "refused-unknown-path", &[ja, en]);
}

/// Every page of the issuing site in both languages, on a PC and on a phone: it has a title and
/// one main heading, no horizontal scrolling, and nothing that the browser complains about.
#[test]
fn every_page_of_the_site() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let pc = Pc::new(&dir.path().join("pc"));
    pc.trust(&demo, DATABASE).ok();
    let browser = Browser::start(pc.home(), "SB0001002C");
    for (path, name) in [
        ("", "site-home"),
        ("issue", "site-issue"),
        ("renew", "site-renew"),
        ("root-certificate", "site-root-certificate"),
        ("download/", "site-download"),
    ] {
        visit(&browser, &format!("{}{path}", demo.ready.site), 200, name, &[]);
    }
    visit(&browser, &format!("{}nothing", demo.ready.site), 404, "site-not-found", &[]);
}

/// Opens a page in both languages and on both screens, checks what holds for every page, and
/// keeps images. `words` are what it has to say, Japanese first, after what it says in both.
fn visit(browser: &Browser, address: &str, status: u64, name: &str, words: &[&str]) {
    let (both, words) = words.split_at(words.len().saturating_sub(LANGUAGES.len()));
    for (index, language) in LANGUAGES.into_iter().enumerate() {
        browser.speak(language);
        assert_eq!(browser.visit(address), status, "{address}");
        let text = browser.text();
        for word in both.iter().chain(words.get(index)) {
            assert!(text.contains(word), "{name} {language}: {word} is not in\n{text}");
        }
        let about = browser.script(ABOUT);
        assert_eq!(about["lang"], language, "{name}");
        assert_eq!(about["headings"], 1, "{name}");
        assert_ne!(about["title"], "", "{name}");
        let octets = about["octets"].as_u64().unwrap();
        assert!(octets < 60_000, "{name} has {octets} octets with everything");
        for screen in [Screen::Wide, Screen::Narrow] {
            let file = format!("{name}-{language}-{}.png", format!("{screen:?}").to_lowercase());
            fs::write(place::screenshots().join(file), browser.screenshot(screen)).unwrap();
            let wider = browser.script("return document.documentElement.scrollWidth - innerWidth");
            assert!(
                wider.as_i64().unwrap() <= 0,
                "{name} {language} {screen:?}: {wider} px too wide"
            );
        }
        let complaints = browser.complaints();
        assert!(complaints.is_empty(), "{name} {language}: {complaints:?}");
    }
}

/// Language, title, main headings and octets of a page with all that it loads.
const ABOUT: &str = "
    const loaded = performance.getEntriesByType('resource');
    const all = [...performance.getEntriesByType('navigation'), ...loaded];
    return {
        lang: document.documentElement.lang,
        title: document.title,
        headings: document.querySelectorAll('h1').length,
        octets: all.reduce((sum, entry) => sum + entry.transferSize, 0),
    };";
