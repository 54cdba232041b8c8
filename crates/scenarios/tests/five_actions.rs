//! What the whole is for, on Linux: from the issuing site in Chromium to the protected page in
//! Chromium, done as a person does, and no more to do than the page says.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::fs;
use std::time::{Duration, Instant};

use tegata_scenarios::desk::{Desk, Person};
use tegata_scenarios::packages::Packages;
use tegata_scenarios::wait::millis;
use tegata_scenarios::{Demo, eventually, figure, run};
use tempfile::tempdir;

const MAIL: &str = "taro@example.co.jp";

/// What is read on the way, in one language.
struct Words {
    language: &'static str,
    site: &'static str,
    form: &'static str,
    issued: &'static str,
    service: &'static str,
}

const JAPANESE: Words = Words {
    language: "ja",
    site: "電子証明書の新規発行 | ",
    form: "電子証明書の新規発行 – ",
    issued: "電子証明書を発行しました – ",
    service: "ご利用いただけます | ",
};

const ENGLISH: Words = Words {
    language: "en",
    site: "Issue a certificate | ",
    form: "Issue a certificate – ",
    issued: "The certificate was issued – ",
    service: "You are in | ",
};

#[test]
fn from_the_site_to_the_service_in_five_actions() {
    // For whoever looks at the pictures: the way is the same.
    let english = std::env::var("TEGATA_SCENARIO_LANGUAGE").is_ok_and(|language| language == "en");
    let words = if english { ENGLISH } else { JAPANESE };
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let archive = Packages::of_demo(dir.path(), &demo).make_archive("1.0.0");
    let downloads = demo.ready.data_dir.join("downloads");
    fs::create_dir_all(&downloads).unwrap();
    fs::copy(&archive, downloads.join(archive.file_name().unwrap())).unwrap();

    let home = dir.path().join("home");
    let page = format!("{}issue", demo.ready.site);
    let desk = Desk::start(&home, &demo, words.language, &page);
    let picture = |name: &str| desk.screen.picture(&format!("five-{name}-{}", words.language));
    let person = Person::at(&desk);
    desk.in_front(words.site);
    picture("0-site");

    person.does("run the installer", |person| {
        person.finds("Linux");
        person.presses("the installer is downloaded");
        let file = home.join("Downloads").join(archive.file_name().unwrap());
        eventually("the installer is there", Duration::from_secs(20), || {
            file.exists().then_some(())
        });
        picture("1-installer");
        person.runs("Downloads", &command(&demo, &page)).ok();
    });

    let begun = Instant::now();
    person.does("start the application", |person| {
        // Past the check of the download and the list of all downloads.
        person.moves(&["Tab", "Tab", "Tab"]);
        picture("2-start");
        person.presses("the browser asks");
        person.moves(&["Tab"]);
        picture("2-ask");
        person.presses("the application starts");
        desk.in_front(words.form);
    });
    picture("3-form");

    person.does("fill the form", |person| {
        person.types(&demo.ready.user_id.to_lowercase());
        person.moves(&["Tab"]);
        person.types(&demo.ready.password.to_lowercase());
        // Past the box that shows the password.
        person.moves(&["Tab", "Tab"]);
        person.types(MAIL);
        person.moves(&["Tab"]);
        person.types(MAIL);
    });
    picture("3-filled");

    person.does("press issue", |person| {
        person.presses("the certificate is issued");
        desk.in_front(words.issued);
    });
    picture("4-issued");

    person.does("open the service", |person| {
        person.presses("the browser comes to the front");
        desk.browser_in_front();
        picture("5-ask");
        person.presses_for(words.service);
    });
    figure("from start to the protected page, typing included", millis(begun.elapsed()));
    picture("5-service");

    assert_eq!(person.count(), 5, "as design and page promise");
    let opened = format!("the sample service opened its page user=\"{}\"", demo.ready.user_id);
    eventually("the service says who came", Duration::from_secs(5), || {
        demo.server.stderr().contains(&opened).then_some(())
    });
    let database = format!("sql:{}", home.join(".pki/nssdb").display());
    let keys = run("certutil", ["-K", "-d", &database]).ok().text();
    assert!(keys.contains(&demo.ready.user_id), "{keys}");

    // Called again while it is open behind the browser, as the button does: it comes to the front.
    let link = demo.link("issue", words.language);
    let display = desk.screen.display();
    person.runs("Downloads", &format!("DISPLAY={display} xdg-open '{link}'")).ok();
    desk.in_front(words.issued);
    picture("6-again");
}

/// What the page says to run in a terminal.
fn command(demo: &Demo, page: &str) -> String {
    let root = demo.ready.root_pem.to_str().unwrap();
    let agent = "User-Agent: Mozilla/5.0 (X11; Linux x86_64)";
    let page = run("curl", ["--silent", "--fail", "--cacert", root, "-H", agent, page]).ok();
    let page = page.text();
    let command = page.split("<pre><code>").nth(1).unwrap().split("</code>").next().unwrap();
    // `&&`, as HTML writes it.
    command.replace("&#38;", "&").replace("&amp;", "&")
}
