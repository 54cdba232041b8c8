//! The whole life of the application on one Windows PC, as far as Wine is one: its installer, its
//! window driven by keys alone, and what stays behind when it goes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::{Value, json};
use tegata_scenarios::app::MAIL;
use tegata_scenarios::desktop::Screen;
use tegata_scenarios::installed::{REFUSED, Registry};
use tegata_scenarios::packages::Packages;
use tegata_scenarios::wait::millis;
use tegata_scenarios::wine::{self, CA, KEYS, MY, ROOT, WindowsPc};
use tegata_scenarios::{Demo, Ran, Seat, eventually, figure};
use tempfile::tempdir;

const ISSUER: &str = "SB0001002C";
/// A laptop as companies have them.
const LAPTOP: (u32, u32) = (1366, 768);

/// Packages of the demo's service.
fn packages(demo: &Demo, dir: &Path) -> Packages {
    let packages = Packages::of(dir, ISSUER);
    let site = demo.ready.site.split("/issueweb/").next().unwrap();
    let brand = demo.tegata(&["service", "brand", "--site", site]).ok();
    std::fs::write(packages.brand(), &brand.stdout).unwrap();
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

/// Opens the entry of the start menu.
fn open_from_menu(pc: &WindowsPc) {
    let (files, prefix) = (pc.files(), pc.c(""));
    let entry = files.iter().find(|file| {
        file.extension().is_some_and(|kind| kind == "lnk")
            && file.to_string_lossy().contains("Start Menu")
    });
    let entry = prefix.parent().unwrap().parent().unwrap().join(entry.unwrap());
    pc.open(&wine::path(&entry));
}

/// Fills the form that has the focus in its first field and presses Enter twice, as people do.
fn issue(screen: &Screen, seat: &Seat) {
    screen.text(&seat.user_id.to_lowercase());
    screen.keys(&["Tab"]);
    screen.text(&seat.password.to_lowercase().replace('-', " "));
    // Past the box that shows the password.
    screen.keys(&["Tab", "Tab"]);
    screen.text(MAIL);
    screen.keys(&["Tab"]);
    screen.text(MAIL);
    screen.keys(&["Return", "Return"]);
}

#[test]
fn the_application_lives_its_whole_life_on_a_windows_pc() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let screen = Screen::of_size(dir.path(), LAPTOP.0, LAPTOP.1);
    let pc = WindowsPc::with_screen(&screen, LAPTOP, 100, "en_US.UTF-8");
    let packages = packages(&demo, dir.path());
    let begun = Instant::now();
    let msi = |made: PathBuf| wine::path(&made.join(packages.msi("_user")));
    let (first, second) = (packages.make_real_msi("1.0.0"), packages.make_real_msi("1.1.0"));
    figure("two versions packed", millis(begun.elapsed()));
    let size = first.join(packages.msi("_user")).metadata().unwrap().len();
    figure("installer, unoptimised", format!("{:.1} MB", size as f64 / 1e6));
    let (first, second) = (msi(first), msi(second));
    let seat = Seat { user_id: demo.ready.user_id.clone(), password: demo.ready.password.clone() };
    // Windows notes what it has shown to whom: let it do so before we look.
    pc.titles();
    let untouched = pc.inventory();
    let authorities = [ROOT, CA].map(|key| pc.registry(key).len());

    msiexec(&pc, &["/i", &first]).ok();
    let begun = Instant::now();
    pc.open(&demo.link("issue", "en"));
    pc.window(&screen, "Issue a certificate");
    figure("from the link to the form", millis(begun.elapsed()));
    screen.picture("wine-issue");
    issue(&screen, &seat);
    let pressed = Instant::now();
    pc.window(&screen, "The certificate was issued");
    figure("from Enter to the result", millis(pressed.elapsed()));
    screen.picture("wine-issued");

    let listed = list(&pc);
    println!("{listed:?}");
    println!("{:?}", pc.look());
    println!("{:?}", demo.certificates(None));
}
