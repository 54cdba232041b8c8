//! The browser's choice as a policy, written where Chromium reads it and taken away again, on a
//! system of its own (a mount namespace), by whoever may write there.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tegata_scenarios::desktop::{Screen, Window};
use tegata_scenarios::{Demo, Pc, Seat, eventually, place, run};
use tempfile::tempdir;

#[test]
fn the_policy_is_shown_then_written_then_gone() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let pc = Pc::new(&dir.path().join("pc"));
    pc.issue(&demo, &demo.seat(), "nss", &[]).ok();
    let written = dir.path().join("written.json");
    let app = format!(
        "HOME='{home}' '{app}' --json autoselect --store nss",
        home = pc.home().display(),
        app = place::program("tegata-app").display(),
    );
    let policies = "/etc/chromium/policies/managed";
    let script = format!(
        "mount -t tmpfs none /etc/chromium && {app} && ls {policies} 2>/dev/null; \
         {app} --write && cat {policies}/*.json > '{written}' && {app} --remove && test ! -e {policies}",
        written = written.display(),
    );
    let ran = run("unshare", ["--user", "--map-root-user", "--mount", "sh", "-c", &script]).ok();
    let said: Vec<Value> =
        ran.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let results: Vec<_> = said.iter().map(|object| object["result"].clone()).collect();
    // What `ls` found before would be lines that are no JSON.
    assert_eq!(results, [json!("shown"), json!("written"), json!("removed")]);
    let policy: Value = serde_json::from_slice(&fs::read(&written).unwrap()).unwrap();
    assert_eq!(policy, json!({ "AutoSelectCertificateForUrls": said[0]["entries"] }));
    let entry: Value = serde_json::from_str(said[0]["entries"][0].as_str().unwrap()).unwrap();
    let service = &demo.ready.service_url;
    let pattern = entry["pattern"].as_str().unwrap();
    assert!(service.starts_with(&format!("{pattern}/")), "{pattern}, {service}");
    assert_eq!(entry["filter"], json!({ "ISSUER": { "CN": "SB0001002C" } }));
}

/// A person finds it after issuing, by keys; reads what would be written, writes it, and takes it
/// back. Where only an administrator may write, the command for them does it.
#[test]
fn a_person_lets_the_browser_choose_and_takes_it_back() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let screen = Screen::start(dir.path());
    let home = dir.path().join("home");
    let title = "Automatic choice of the certificate";
    let seat = Seat { user_id: demo.ready.user_id.clone(), password: demo.ready.password.clone() };
    let is_there = |window: &Window| {
        let folder = window.sees("/etc/chromium/policies/managed");
        fs::read_dir(folder).map_or(0, Iterator::count)
    };
    {
        let system = "mount -t tmpfs none /etc/chromium";
        let window = Window::open_after(&screen, &demo, &home, system);
        screen.window("Certificates on this PC");
        screen.keys(&["Return"]);
        screen.window("Issue a certificate");
        screen.issue(&seat);
        screen.window("The certificate was issued");
        screen.rest(None);
        // What stands before the main action.
        screen.keys(&["shift+Tab", "Return"]);
        screen.window(title);
        screen.rest(None);
        screen.picture("window-autoselect");
        assert_eq!(is_there(&window), 0, "shown, not written");
        screen.keys(&["Return"]);
        eventually("it is written", Duration::from_secs(10), || {
            (is_there(&window) == 1).then_some(())
        });
        screen.rest(None);
        screen.picture("window-autoselect-written");
        // The main action leads back now; removing stands beside it.
        screen.keys(&["Tab", "Return"]);
        eventually("it is gone", Duration::from_secs(10), || {
            (is_there(&window) == 0).then_some(())
        });
        screen.rest(None);
        screen.picture("window-autoselect-removed");
        screen.keys(&["Escape"]);
        screen.window("The certificate was issued");
    }

    // From the settings, on a system that lets nobody write.
    let system = "mount -t tmpfs -o ro none /etc/chromium";
    let window = Window::open_after(&screen, &demo, &home, system);
    screen.window("Certificates on this PC");
    screen.rest(None);
    screen.keys(&["shift+Tab", "shift+Tab", "Return"]);
    screen.window("Settings");
    screen.keys(&["shift+Tab", "shift+Tab", "Return"]);
    screen.window(title);
    screen.rest(None);
    screen.keys(&["Return"]);
    screen.window("An administrator is needed");
    screen.picture("window-autoselect-told");
    assert_eq!(is_there(&window), 0);
    screen.keys(&["Escape"]);
    screen.window(title);
}

/// What the window tells an administrator: `sudo` gives a program another home, and the command
/// names this one.
#[test]
fn the_command_for_an_administrator_works_from_another_home() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let pc = Pc::new(&dir.path().join("pc"));
    pc.issue(&demo, &demo.seat(), "nss", &[]).ok();
    let app = place::program("tegata-app");
    let other = dir.path().join("root");
    let ran = |command: String| {
        let script = format!("mount -t tmpfs none /etc/chromium && {command}");
        let mut unshare = std::process::Command::new("unshare");
        unshare.args(["--user", "--map-root-user", "--mount", "sh", "-c", &script]);
        unshare.env("HOME", &other).env_remove("XDG_STATE_HOME").output().unwrap()
    };
    let command = |home: &Path| {
        format!("env HOME={} {} autoselect --store nss --write", home.display(), app.display())
    };
    assert!(ran(command(pc.home())).status.success());
    assert_eq!(ran(command(&other)).status.code(), Some(2), "there is nothing to choose there");
}
