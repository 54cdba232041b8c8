//! The window of the application on a screen without a desk: filled and driven by keys alone,
//! against a real server, into a real certificate database.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tegata_scenarios::desktop::{Screen, Window};
use tegata_scenarios::mail::mails;
use tegata_scenarios::wait::millis;
use tegata_scenarios::{Demo, Pc, Seat, eventually, figure, run};
use tempfile::tempdir;

/// What NSS says of the database at home.
fn nss(home: &Path) -> String {
    let database = format!("sql:{}", home.join(".pki/nssdb").display());
    run("certutil", ["-L", "-d", &database]).text()
}

fn seat(demo: &Demo) -> Seat {
    Seat { user_id: demo.ready.user_id.clone(), password: demo.ready.password.clone() }
}

/// With an installer's brand: menu, form, result; and the service lets the certificate in.
#[test]
fn a_certificate_is_issued_by_keyboard_alone() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let screen = Screen::start(dir.path());
    let home = dir.path().join("home");
    let seat = seat(&demo);
    let begun = Instant::now();
    let _window = Window::open(&screen, &demo, &home, true);
    screen.window("Certificates on this PC");
    figure("the window is there after", millis(begun.elapsed()));
    screen.picture("window-menu");
    screen.keys(&["Return"]);
    screen.window("Issue a certificate");
    screen.issue(&seat);
    let pressed = Instant::now();
    screen.window("The certificate was issued");
    figure("issued after", millis(pressed.elapsed()));
    screen.picture("window-issued");
    assert!(nss(&home).contains(&seat.user_id), "{}", nss(&home));
    assert_eq!(demo.certificates(Some(&seat.user_id)).len(), 1, "pressed twice, issued once");
    assert_opens_the_service(&demo, &home, &seat);

    // The main action opens the service in the browser.
    screen.keys(&["Return"]);
    let opened = home.join("opened");
    eventually("the browser is called", Duration::from_secs(10), || {
        let url = std::fs::read_to_string(&opened).ok()?;
        (url.trim() == demo.ready.service_url).then_some(())
    });

    // Back to the menu, which shows it.
    screen.keys(&["Escape"]);
    screen.window("Certificates on this PC");
    screen.picture("window-menu-issued");

    // Another address: from the main action back over the four other operations to the card's button.
    screen.keys(&[&["shift+Tab"; 5][..], &["Return"]].concat());
    screen.window("Change the e-mail address");
    screen.text("hanako@example.jp");
    screen.keys(&["Tab"]);
    screen.text("hanako@example.jp");
    screen.picture("window-email");
    screen.keys(&["Return"]);
    screen.window("A mail to confirm the address was sent");
    screen.picture("window-email-asked");
    eventually("the mail with the link", Duration::from_secs(10), || {
        let mails = mails(&demo.ready.data_dir.join("mail"));
        mails.iter().any(|mail| mail.contains("To: hanako@example.jp")).then_some(())
    });
}

/// Without a brand the site is typed and its root compared; the next start knows both.
#[test]
fn a_site_is_typed_and_compared_once() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let screen = Screen::start(dir.path());
    let home = dir.path().join("home");
    {
        let _window = Window::open(&screen, &demo, &home, false);
        screen.window("Address of the site");
        screen.text(&demo.ready.site);
        screen.keys(&["Return"]);
        screen.window("Is this the right site?");
        screen.picture("window-root");
        // Enter alone says nothing; the first action of the page does.
        screen.keys(&["Return", "shift+Tab", "shift+Tab", "Return"]);
        screen.window("Certificates on this PC");
    }
    let settings = home.join(".local/state/tegata/settings.json");
    let written = std::fs::read_to_string(settings).unwrap();
    assert!(written.contains(&demo.ready.root_sha256), "{written}");
    let _window = Window::open(&screen, &demo, &home, false);
    screen.window("Certificates on this PC");
}

/// A wrong password is told with a reference, and the form keeps what was typed.
#[test]
fn a_refusal_is_explained_and_the_form_is_still_filled() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let screen = Screen::start(dir.path());
    let home = dir.path().join("home");
    let seat = seat(&demo);
    let _window = Window::open(&screen, &demo, &home, true);
    screen.window("Certificates on this PC");
    screen.keys(&["Return"]);
    screen.window("Issue a certificate");
    let wrong = Seat { password: "0000-0000-0000-0000".to_owned(), ..seat.clone() };
    screen.issue(&wrong);
    screen.window("Something went wrong");
    screen.picture("window-refused");
    // Back to the form; what is most likely wrong has the focus.
    screen.keys(&["Return"]);
    screen.window("Issue a certificate");
    screen.keys(&["ctrl+a"]);
    screen.text(&seat.password);
    screen.keys(&["Return"]);
    screen.window("The certificate was issued");
    eventually("the certificate is in the database", Duration::from_secs(5), || {
        nss(&home).contains(&seat.user_id).then_some(())
    });
}

/// From the page's button: the link opens the form in the page's language, in the window that is
/// open already if there is one. It works once; what others write does nothing.
#[test]
fn a_link_of_the_page_opens_the_form_once() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let screen = Screen::start(dir.path());
    let home = dir.path().join("home");
    let link = || demo.link("issue", "en");
    let first = link();
    {
        let window = Window::open_with(&screen, &demo, &home, true, &[&first]);
        screen.window("Issue a certificate");
        screen.keys(&["Escape"]);
        screen.window("Certificates on this PC");

        // A second start hands its link over and ends.
        window.start_again(&screen, &demo, &home, &[&link()]).ok();
        screen.window("Issue a certificate");
        screen.keys(&["Escape"]);
        screen.window("Certificates on this PC");

        // Used before: the menu says so and stays.
        let before = screen.image();
        window.start_again(&screen, &demo, &home, &[&first]).ok();
        eventually("the menu says why", Duration::from_secs(10), || {
            (screen.image() != before).then_some(())
        });
        screen.window("Certificates on this PC");
        screen.picture("window-link-spent");
    }
    let hostile = link().replace("127.0.0.1", "127.0.0.2");
    let _window = Window::open_with(&screen, &demo, &home, true, &[&hostile]);
    screen.window("Certificates on this PC");
    screen.picture("window-link-foreign");
}

/// What is due is renewed in the window; the old certificate stays good.
#[test]
fn a_certificate_is_renewed_in_the_window() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let screen = Screen::start(dir.path());
    let home = dir.path().join("home");
    let seat = seat(&demo);
    let pc = Pc::new(&home);
    let issued = pc.issue(&demo, &seat, "nss", &[]).ok().json();
    // Time passes, on the server and in what the application was told.
    demo.open_renewal();
    let serial = issued["serial"].as_str().unwrap();
    let receipt = home.join(format!(".local/state/tegata/certificates/{serial}.json"));
    let mut told: Value = serde_json::from_slice(&std::fs::read(&receipt).unwrap()).unwrap();
    told["renewable_from"] = json!("2026-01-01T00:00:00Z");
    std::fs::write(&receipt, told.to_string()).unwrap();

    let _window = Window::open(&screen, &demo, &home, true);
    screen.window("Certificates on this PC");
    screen.picture("window-menu-due");
    // Renewal is the main action once the certificates are read; before that it is issuance.
    eventually("renewal is the main action", Duration::from_secs(30), || {
        screen.keys(&["Return"]);
        eventually("a page opens", Duration::from_secs(10), || {
            (!screen.shows("Certificates on this PC")).then_some(())
        });
        if screen.shows("Renew the certificate") {
            return Some(());
        }
        screen.keys(&["Escape"]);
        screen.window("Certificates on this PC");
        None
    });
    screen.keys(&["Return"]);
    screen.window("The certificate was renewed");
    screen.picture("window-renewed");
    let states: Vec<_> =
        demo.certificates(Some(&seat.user_id)).iter().map(|row| row["state"].clone()).collect();
    assert_eq!(states.len(), 2, "{states:?}");
    assert!(states.contains(&json!("superseded")) && states.contains(&json!("live")));
}

fn assert_opens_the_service(demo: &Demo, home: &Path, seat: &Seat) {
    let database = format!("sql:{}", home.join(".pki/nssdb").display());
    let file = home.join("card.p12");
    let file = file.to_str().unwrap();
    let nickname = nss(home);
    let nickname = nickname.lines().find(|line| line.starts_with(&seat.user_id)).unwrap();
    let nickname = nickname.rsplit_once(' ').unwrap().0.trim();
    let export = ["-o", file, "-n", nickname, "-d", &database, "-W", "secret", "-K", ""];
    run("pk12util", export).ok();
    let pem = home.join("card.pem");
    let pem = pem.to_str().unwrap();
    run(
        "openssl",
        ["pkcs12", "-in", file, "-passin", "pass:secret", "-nodes", "-clcerts", "-out", pem],
    )
    .ok();
    let root = demo.ready.root_pem.to_str().unwrap();
    let url = demo.ready.service_url.as_str();
    let page = run("curl", ["--silent", "--fail", "--cacert", root, "--cert", pem, url]).ok();
    assert!(page.text().contains(&seat.user_id), "{}", page.text());
}
