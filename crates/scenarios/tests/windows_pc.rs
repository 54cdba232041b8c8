//! The whole life of the application on one Windows PC, as far as Wine is one: its installer, its
//! window driven by keys alone, and what stays behind when it goes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tegata_scenarios::app::MAIL;
use tegata_scenarios::desktop::Screen;
use tegata_scenarios::installed::{REFUSED, Registry};
use tegata_scenarios::office::{self, OfficeProxy};
use tegata_scenarios::packages::Packages;
use tegata_scenarios::wait::millis;
use tegata_scenarios::wine::{self, CA, KEYS, ROOT, WindowsPc};
use tegata_scenarios::{Demo, Ran, Seat, eventually, figure};
use tempfile::tempdir;

const ISSUER: &str = "SB0001002C";
/// A laptop as companies have them.
const LAPTOP: (u32, u32) = (1366, 768);

/// Longest time to wait for something that the window draws.
const BOUND: Duration = Duration::from_secs(30);

/// Packages of the demo's service.
fn packages(demo: &Demo, dir: &Path) -> Packages {
    let packages = Packages::of(dir, ISSUER);
    let site = demo.ready.site.split("/issueweb/").next().unwrap();
    let brand = demo.tegata(&["service", "brand", "--site", site]).ok();
    fs::write(packages.brand(), &brand.stdout).unwrap();
    packages
}

fn msiexec(pc: &WindowsPc, args: &[&str]) -> Ran {
    let begun = Instant::now();
    let ran = pc.run("msiexec", &[args, &["/qn"]].concat());
    figure(&format!("msiexec {}", args[0]), millis(begun.elapsed()));
    ran
}

/// The program as the installer left it.
fn program(pc: &WindowsPc) -> PathBuf {
    pc.local_app_data().join(format!("Programs/Tegata {ISSUER}/tegata-app.exe"))
}

/// The headless command of the installed program.
fn app(pc: &WindowsPc, args: &[&str]) -> Value {
    pc.run(program(pc), &[args, &["--store", "windows", "--json"]].concat()).ok().json()
}

fn list(pc: &WindowsPc) -> Vec<Value> {
    app(pc, &["list"])["certificates"].as_array().unwrap().clone()
}

/// Opens a link of the page, as Windows does it: by the command that the installer registered.
/// Wine looks for such a command among everyone's only, so its `start` does not find this user's.
fn follow(pc: &WindowsPc, link: &str) {
    let key = r"HKCU\Software\Classes\tegata\shell\open\command";
    let said = pc.run("reg", &["query", key, "/ve"]).ok().text();
    let command = said.split_once("REG_SZ").unwrap().1.trim();
    let parts: Vec<_> = command.split('"').collect();
    assert_eq!((parts.len(), parts[3]), (5, "%1"), "{command}");
    pc.leave(pc.command(parts[1]).arg(link));
}

/// Opens the entry of the start menu.
fn open_from_menu(pc: &WindowsPc) {
    let files = pc.files().into_iter().map(|file| file.to_str().unwrap().to_owned());
    let mut entries = files.filter(|file| file.contains("/Start Menu/") && file.ends_with(".lnk"));
    let entry = entries.next().unwrap();
    pc.open(&entry.replace("drive_c", "C:").replace('/', "\\"));
}

/// Time passes for this certificate: the site and what the application was told agree that it can
/// be renewed.
fn make_due(pc: &WindowsPc, demo: &Demo, serial: &str) {
    demo.open_renewal();
    let receipt = pc.local_app_data().join(format!("tegata/certificates/{serial}.json"));
    let mut told: Value = serde_json::from_slice(&fs::read(&receipt).unwrap()).unwrap();
    told["renewable_from"] = json!("2026-01-01T00:00:00Z");
    fs::write(&receipt, told.to_string()).unwrap();
}

/// Closes the window that has the keyboard.
fn close(pc: &WindowsPc, screen: &Screen) {
    screen.keys(&["alt+F4"]);
    pc.no_window();
}

/// What is there now and was not before, apart from the empty folders and keys in which Windows
/// keeps its own records.
fn new_since(pc: &WindowsPc, before: &(Vec<PathBuf>, Registry)) -> Vec<String> {
    let (files, registry) = pc.inventory();
    let is_theirs = |name: &str| {
        // Screens come and go in what Windows knows of its hardware.
        name.contains(r"\CurrentControlSet\Control\Class\")
            || name.contains(r"\CurrentControlSet\Control\Video\")
            || name.contains(r"\CurrentControlSet\Enum\")
            || name.contains(r"\Installer\") && name.ends_with("(key)")
            || [
                "Local/Programs",
                "Microsoft/Installer",
                "windows/Installer",
                r"\Wine\Crypto\RSA (key)",
                r"\CRLs (key)",
                r"\CTLs (key)",
                r"\Certificates (key)",
            ]
            .iter()
            .any(|their| name.ends_with(their))
    };
    let files = files.into_iter().filter(|file| !before.0.contains(file));
    let files = files.map(|file| file.display().to_string());
    let values = registry.into_iter().filter(|(at, _)| !before.1.contains_key(at));
    let values = values.map(|((key, name), _)| format!("{key} {name}"));
    files.chain(values).filter(|name| !is_theirs(name)).collect()
}

/// Installed without rights; issued, renewed and cleaned up in the window; replaced by a newer
/// version and not by an older one; gone, with and without the keys.
#[test]
fn the_application_lives_its_whole_life_on_a_windows_pc() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let screen = Screen::of_size(dir.path(), LAPTOP.0, LAPTOP.1);
    let pc = WindowsPc::with_screen(&screen, LAPTOP, 100, "en_US.UTF-8");
    let packages = packages(&demo, dir.path());
    let begun = Instant::now();
    let (old, new) = (packages.make_real_msi("1.0.0"), packages.make_real_msi("1.1.0"));
    figure("two versions packed", millis(begun.elapsed()));
    let size = old.join(packages.msi("_user")).metadata().unwrap().len();
    figure("installer, unoptimised", format!("{:.1} MB", size as f64 / 1e6));
    let older = packages.make_msi("0.9.0");
    let msi = |made: &Path, form: &str| wine::path(&made.join(packages.msi(form)));
    let seat = Seat { user_id: demo.ready.user_id.clone(), password: demo.ready.password.clone() };
    let untouched = pc.inventory();
    let authorities = || [ROOT, CA].map(|key| pc.registry(key).len());
    let bare = authorities();

    // From the page's button to the certificate, by keyboard alone.
    msiexec(&pc, &["/i", &msi(&old, "_user")]).ok();
    let begun = Instant::now();
    follow(&pc, &demo.link("issue", "en"));
    pc.window(&screen, "Issue a certificate");
    figure("from the link to the form", millis(begun.elapsed()));
    screen.issue(&seat);
    let pressed = Instant::now();
    pc.window(&screen, "The certificate was issued");
    figure("from Enter to the result", millis(pressed.elapsed()));
    screen.picture("windows-issued");
    // Another process reads it back, and a program that is not ours.
    let [issued] = list(&pc).try_into().unwrap();
    assert_eq!((&issued["user_id"], &issued["state"]), (&json!(seat.user_id), &json!("valid")));
    assert_eq!(issued["key_location"], "system");
    let [seen] = pc.look().try_into().unwrap();
    assert!(seen["friendly_name"].as_str().unwrap().starts_with(&seat.user_id), "{seen}");
    assert_eq!((&seen["signs"], &seen["private_key_taken_out"]), (&json!(true), &json!(false)));
    assert_eq!(demo.certificates(Some(&seat.user_id)).len(), 1, "pressed twice, issued once");
    assert_eq!(authorities(), [bare[0] + 1, bare[1] + 1], "one root and one issuing CA");
    // A setting of the person's: the other language.
    screen.keys(&["Escape"]);
    pc.window(&screen, "Certificates on this PC");
    screen.picture("windows-menu");
    screen.keys(&["Tab", "Tab", "Return"]);
    pc.window(&screen, "このPCの電子証明書");
    close(&pc, &screen);

    // A newer version takes its place, an older one does not.
    let serial = issued["serial"].as_str().unwrap();
    let installed = || fs::read(program(&pc)).unwrap();
    let of = |version: &str| fs::read(packages.real(version)).unwrap();
    msiexec(&pc, &["/i", &msi(&new, "_user")]).ok();
    assert!(installed() == of("1.1.0"), "replaced");
    msiexec(&pc, &["/i", &msi(&older, "_user")]).ended(REFUSED);
    assert!(installed() == of("1.1.0"), "an older version replaces nothing");
    assert_eq!(list(&pc), std::slice::from_ref(&issued), "certificate and receipt stay");

    // Renewed in the window, which still speaks the language chosen before.
    make_due(&pc, &demo, serial);
    open_from_menu(&pc);
    pc.window(&screen, "このPCの電子証明書");
    follow(&pc, &demo.link("renew", "en"));
    pc.window(&screen, "電子証明書の更新");
    screen.keys(&["Return"]);
    pc.window(&screen, "電子証明書を更新しました");
    screen.picture("windows-renewed");
    let both = list(&pc);
    assert_eq!((both.len(), pc.look().len(), pc.registry(KEYS).len()), (2, 2, 2), "{both:?}");

    // The old one is cleaned up in the window when that is closed.
    screen.keys(&["Escape"]);
    pc.window(&screen, "このPCの電子証明書");
    screen.keys(&["shift+Tab"; 5]);
    screen.keys(&["Return"]);
    pc.window(&screen, "不要な電子証明書の整理");
    screen.keys(&["shift+Tab", "Return"]);
    screen.picture("windows-clean-up");
    close(&pc, &screen);
    let [renewed] = list(&pc).try_into().unwrap();
    assert_ne!(renewed["serial"], issued["serial"]);
    assert_eq!((pc.look().len(), pc.registry(KEYS).len()), (1, 1), "its key is gone, too");

    // Another seat's, by command alone.
    let second = demo.seat();
    let password = pc.c("password.txt");
    fs::write(&password, &second.password).unwrap();
    let (site, root) = (&demo.ready.site, &demo.ready.root_sha256);
    let password = wine::path(&password);
    let other = app(
        &pc,
        &[
            &["issue", "--site", site, "--root-sha256", root, "--user", &second.user_id][..],
            &["--mail", MAIL, "--password-file", &password],
        ]
        .concat(),
    );
    assert_eq!((list(&pc).len(), &other["gateway"]), (2, &json!("accepted")));
    app(&pc, &["remove", "--yes", "--serial", other["serial"].as_str().unwrap()]);
    assert_eq!(list(&pc), std::slice::from_ref(&renewed));
    fs::remove_file(pc.c("password.txt")).unwrap();

    // Gone, but for the certificate and what it needs to work and to be renewed once the
    // application is there again.
    msiexec(&pc, &["/x", &msi(&new, "_user")]).ok();
    let [kept] = pc.look().try_into().unwrap();
    assert_eq!(kept["signs"], true);
    let receipt = format!("{}.json", renewed["serial"].as_str().unwrap());
    let needed = |name: &String| {
        name.contains(r"Software\Wine\Crypto\RSA\")
            || name.contains(r"\SystemCertificates\")
            || name.ends_with("AppData/Local/tegata")
            || name.ends_with("tegata/certificates")
            || name.ends_with(&receipt)
            || name.ends_with("tegata/settings.json")
    };
    let mut left = new_since(&pc, &untouched);
    left.retain(|name| !needed(name));
    assert_eq!(left, [""; 0]);
    assert_eq!(authorities(), [bare[0] + 1, bare[1] + 1], "the certificate needs them");

    // Installed for everyone, the link opens it by Windows' own means. It finds the certificate.
    msiexec(&pc, &["/i", &msi(&new, "")]).ok();
    pc.open(&demo.link("renew", "en"));
    pc.window(&screen, "このPCの電子証明書");
    close(&pc, &screen);

    // Now with the keys: nothing is left.
    msiexec(&pc, &["/x", &msi(&new, ""), "REMOVEKEYS=1"]).ok();
    assert_eq!((pc.look().len(), pc.registry(KEYS).len()), (0, 0));
    assert_eq!(authorities(), bare);
    assert_eq!(new_since(&pc, &untouched), [""; 0]);
}

/// Pictures for people to judge, on a small laptop: what a clerk sees, in both languages, at two
/// scales.
#[test]
fn every_page_is_shown_on_a_laptop() {
    let dir = tempdir().unwrap();
    let screen = Screen::of_size(dir.path(), LAPTOP.0, LAPTOP.1);
    for (lang, percent) in [("ja", 100), ("ja", 150), ("en", 150)] {
        // A service of its own: time passes for all of its certificates.
        let own = dir.path().join(format!("{percent}-{lang}"));
        fs::create_dir(&own).unwrap();
        let demo = Demo::start(&own);
        let pc = WindowsPc::with_screen(&screen, LAPTOP, percent, lang);
        let home = pc.c("tegata");
        fs::create_dir(&home).unwrap();
        fs::copy(wine::app(), home.join("tegata-app.exe")).unwrap();
        fs::copy(packages(&demo, &own).brand(), home.join("brand.json")).unwrap();
        let seat = demo.seat();
        let picture = |name: &str| screen.picture(&format!("laptop-{percent}-{lang}-{name}"));
        let title = |ja: &'static str, en: &'static str| if lang == "ja" { ja } else { en };
        let menu = title("このPCの電子証明書", "Certificates on this PC");
        let see = |ja, en, name| {
            pc.window(&screen, title(ja, en));
            screen.rest(None);
            picture(name);
        };
        let other = pc.c("other");
        fs::create_dir(&other).unwrap();
        fs::copy(wine::app(), other.join("tegata-app.exe")).unwrap();

        // Where no installer said which site: its root is compared with the slip.
        pc.leave(&mut pc.command(other.join("tegata-app.exe")));
        pc.window(&screen, title("サイトのアドレスの入力", "Address of the site"));
        screen.rest(None);
        screen.text(&demo.ready.site);
        screen.rest(None);
        picture("site");
        screen.keys(&["Return"]);
        pc.window(&screen, title("サイトの正当性の確認", "Is this the right site?"));
        screen.rest(None);
        picture("root");
        screen.keys(&["Escape"]);
        pc.window(&screen, title("エラーが発生しました", "Something went wrong"));
        picture("root-differs");
        close(&pc, &screen);

        // Behind the proxy of an office.
        let proxy = OfficeProxy::start();
        let own = pc.local_app_data().join("tegata");
        fs::create_dir_all(&own).unwrap();
        let settings = json!({ "proxy": "address", "proxy_address": proxy.address() });
        fs::write(own.join("settings.json"), settings.to_string()).unwrap();
        pc.leave(&mut pc.command(home.join("tegata-app.exe")));
        pc.window(&screen, menu);
        picture("menu-none");
        screen.keys(&["Return"]);
        let form = ("電子証明書の新規発行", "Issue a certificate");
        see(form.0, form.1, "issue");
        let before = screen.image();
        screen.text("!");
        screen.keys(&["Return"]);
        eventually("the fields say what is wrong", BOUND, || {
            // More than a letter: the lines move.
            let now = screen.image();
            let differ = before.iter().zip(&now).filter(|(one, other)| one != other).count();
            (differ > now.len() / 100).then_some(())
        });
        picture("issue-wrong");
        screen.keys(&["ctrl+a"]);
        screen.issue(&Seat { password: "0000-0000-0000-0000".to_owned(), ..seat.clone() });
        see("プロキシーの認証", "The proxy asks who you are", "proxy");
        let before = screen.image();
        screen.text(office::USER);
        screen.keys(&["Tab"]);
        screen.text("wrong");
        screen.keys(&["Return"]);
        screen.rest(Some(&before));
        pc.window(&screen, title("プロキシーの認証", "The proxy asks who you are"));
        screen.rest(None);
        picture("proxy-again");
        // The name is still there.
        screen.text(office::PASSWORD);
        screen.keys(&["Return"]);
        see("エラーが発生しました", "Something went wrong", "refused");
        screen.keys(&["Return"]);
        pc.window(&screen, title(form.0, form.1));
        screen.keys(&["ctrl+a"]);
        screen.text(&seat.password);
        // The last of the steps waits until it was looked at.
        proxy.hold(demo.ready.service_url.split('/').nth(2).unwrap());
        screen.keys(&["Return"]);
        proxy.holds();
        pc.window(&screen, title("電子証明書を発行しています", "Issuing"));
        screen.rest(None);
        picture("running");
        proxy.release();
        see("電子証明書を発行しました", "The certificate was issued", "issued");
        screen.keys(&["shift+Tab", "Return"]);
        let choice = title("電子証明書の自動選択", "Automatic choice of the certificate");
        pc.window(&screen, choice);
        screen.rest(None);
        picture("autoselect");
        let before = screen.image();
        screen.keys(&["Return"]);
        screen.rest(Some(&before));
        picture("autoselect-written");
        let policy = r"HKCU\Software\Policies\Google\Chrome\AutoSelectCertificateForUrls";
        let said = pc.run("reg", &["query", policy, "/v", "1"]).ok().text();
        assert!(said.contains(ISSUER), "{said}");
        screen.keys(&["Tab", "Return"]);
        eventually("it is taken back", BOUND, || {
            (pc.run("reg", &["query", policy, "/v", "1"]).code != Some(0)).then_some(())
        });
        screen.keys(&["Escape"]);
        pc.window(&screen, title("電子証明書を発行しました", "The certificate was issued"));
        screen.keys(&["Escape"]);
        pc.window(&screen, menu);
        picture("menu");
        for (steps, ja, en, name) in [
            (1, "このアプリケーションについて", "About", "about"),
            (2, "設定", "Settings", "settings"),
        ] {
            screen.keys(&vec!["shift+Tab"; steps]);
            screen.keys(&["Return"]);
            see(ja, en, name);
            screen.keys(&["Escape"]);
            pc.window(&screen, menu);
        }
        screen.keys(&["shift+Tab"; 4]);
        screen.keys(&["Return"]);
        pc.window(&screen, title("接続", "Check the connection"));
        // What it found, unless that is there already.
        let before = screen.image();
        screen.differs(&before, BOUND / 3);
        screen.rest(None);
        picture("doctor");
        close(&pc, &screen);

        // Time passes.
        proxy.let_everybody_through();
        let [receipt] =
            fs::read_dir(own.join("certificates")).unwrap().collect::<Vec<_>>().try_into().unwrap();
        let receipt = receipt.unwrap().path();
        make_due(&pc, &demo, receipt.file_stem().unwrap().to_str().unwrap());
        pc.leave(&mut pc.command(home.join("tegata-app.exe")));
        pc.window(&screen, menu);
        // The menu before its certificates are read, and after.
        let before = screen.image();
        screen.differs(&before, BOUND / 6);
        screen.rest(None);
        picture("menu-due");
        screen.keys(&["Return"]);
        see("電子証明書の更新", "Renew the certificate", "renew");
        screen.keys(&["Return"]);
        see("電子証明書を更新しました", "The certificate was renewed", "renewed");
        close(&pc, &screen);
    }
}
