//! An operator publishes, an application follows: the real programs, from the key to the new
//! version and back.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tegata_scenarios::desktop::{Screen, Window};
use tegata_scenarios::packages::stamp;
use tegata_scenarios::run::run_command;
use tegata_scenarios::{Demo, Ran, eventually, place, run};
use tempfile::{TempDir, tempdir};

/// The version that was built.
const BUILT: &str = "0.1.0";

/// An installation with an update key, and a PC with the application of its service.
struct World {
    dir: TempDir,
    demo: Demo,
}

impl World {
    fn new() -> Self {
        let dir = tempdir().unwrap();
        let demo = Demo::start(dir.path());
        let world = Self { dir, demo };
        let made = world.keygen("update.key.pem");
        fs::create_dir_all(world.path("pc/bin")).unwrap();
        copy(&place::program("tegata-app"), &world.program());
        let brand = world.brand(&[&made]);
        fs::write(world.path("pc/bin/brand.json"), brand).unwrap();
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    fn program(&self) -> PathBuf {
        self.path("pc/bin/tegata-app")
    }

    /// Makes a key and returns its public half.
    fn keygen(&self, name: &str) -> String {
        let out = self.text(name);
        let made = tegata(&["update", "keygen", "--out", &out, "--json"]).ok().json();
        made["public_key"].as_str().unwrap().to_owned()
    }

    fn brand(&self, keys: &[&str]) -> String {
        let ready = &self.demo.ready;
        let both = |text: &str| json!({ "ja": text, "en": text });
        json!({
            "site": ready.site,
            "root_sha256": ready.root_sha256,
            "organisation": both("Sample Bank, Ltd."),
            "name": both("Sample Lite CMS"),
            "update_keys": keys,
        })
        .to_string()
    }

    /// Packs the application as it was built, with another version stamped on it, and a brand.
    fn package(&self, version: &str, keys: &[&str]) -> String {
        let folder = self.path(&format!("pack-{version}"));
        fs::create_dir_all(&folder).unwrap();
        stamp(&place::program("tegata-app"), &folder.join("tegata-app"), version);
        fs::write(folder.join("brand.json"), self.brand(keys)).unwrap();
        let file = self.text(&format!("tegata-app-{version}-linux-x86_64.tar.gz"));
        let folder = folder.to_str().unwrap();
        run("tar", ["-I", "gzip -1", "-cf", &file, "-C", folder, "tegata-app", "brand.json"]).ok();
        file
    }

    fn publish(&self, package: &str, more: &[&str]) -> Ran {
        let key = self.text("update.key.pem");
        let publish = ["update", "publish", "--key", &key, "--package", package];
        self.demo.tegata(&[&publish, more].concat())
    }

    fn app(&self, args: &[&str]) -> Ran {
        run_command(self.command().args(args))
    }

    fn command(&self) -> Command {
        let mut app = Command::new(self.program());
        app.current_dir(self.path("pc")).env_clear().env("HOME", self.path("pc"));
        app.env("LANG", "en_US.UTF-8");
        app
    }

    fn window(&self, screen: &Screen) -> Window {
        Window::of(screen, &self.program(), &self.path("pc"))
    }

    /// What the application remembers of manifests; `Null` before it has seen one.
    fn memory(&self) -> Value {
        let file = self.path("pc/.local/state/tegata/updates/0001-SB0001002C.json");
        fs::read(file).map_or(Value::Null, |json| serde_json::from_slice(&json).unwrap())
    }

    fn version(&self) -> String {
        self.app(&["--version"]).ok().text().trim().replace("tegata-app ", "")
    }

    fn issue(&self) -> Ran {
        fs::write(self.path("pc/password"), &self.demo.ready.password).unwrap();
        let ready = &self.demo.ready;
        let to = ["--user", &ready.user_id, "--mail", "taro@example.co.jp", "--store", "pem:mine"];
        let from = ["issue", "--site", &ready.site, "--root-sha256", &ready.root_sha256];
        self.app(&[&from[..], &to, &["--password-file", "password", "--json"]].concat())
    }
}

fn tegata(args: &[&str]) -> Ran {
    run(place::program("tegata"), args)
}

/// By another process: a file that this one has open for writing cannot be started.
fn copy(from: &Path, to: &Path) {
    run("cp", [from, to]).ok();
}

/// Published, looked for, installed, and the new program does it again; then the way back.
#[test]
fn the_application_becomes_the_published_version_and_goes_back_when_told() {
    let world = World::new();
    assert_eq!(world.version(), BUILT);
    let nothing = world.app(&["update", "--check", "--json"]).ok().json();
    assert_eq!(nothing["result"], "up_to_date");
    assert_eq!(world.demo.tegata(&["update", "show"]).ok().json()["sequence"], Value::Null);

    let key = public(&world);
    let good = world.package("0.2.0", &[&key]);
    let contradiction = world.publish(&good, &["--minimum-version", "0.2.1"]).ended(1);
    assert!(contradiction.stderr.contains("older than the oldest"), "{contradiction:?}");
    let notes = ["--notes-ja", "速くなりました。", "--notes-en", "Faster."];
    let published = world.publish(&good, &notes).ok().json();
    let shown = world.demo.tegata(&["update", "show"]).ok().json();
    assert_eq!(shown["sequence"], published["sequence"]);
    assert_eq!((&shown["keys"], &shown["warnings"]), (&json!([key]), &json!([])));
    let entry = world.demo.tegata(&["audit", "show", "--action", "update.published"]).ok().json();
    assert_eq!(entry[0]["detail"]["sequence"], published["sequence"]);

    let found = world.app(&["update", "--check", "--json"]).ok().json();
    assert_eq!((&found["result"], &found["available"]), (&json!("available"), &json!("0.2.0")));
    assert_eq!(found["notes"], "Faster.");
    let updated = world.app(&["update", "--yes", "--json"]).ok().json();
    assert_eq!((&updated["result"], &updated["version"]), (&json!("updated"), &json!(BUILT)));
    assert_eq!(world.version(), "0.2.0");
    let again = world.app(&["update", "--yes", "--json"]).ok().json();
    assert_eq!((&again["result"], &again["version"]), (&json!("up_to_date"), &json!("0.2.0")));

    // 0.3.0 is a mistake; who has it goes back, by a new manifest only.
    let bad = world.package("0.3.0", &[&key]);
    world.publish(&bad, &[]).ok();
    world.app(&["update", "--yes"]).ok();
    assert_eq!(world.version(), "0.3.0");
    let refused = world.publish(&good, &[]).ended(1);
    assert!(refused.stderr.contains("tegata update rollback"), "{refused:?}");
    let key_file = world.text("update.key.pem");
    let back = world.demo.tegata(&["update", "rollback", "--key", &key_file]).ok().json();
    assert_eq!(back["allow_downgrade"], true);
    assert!(
        !world.demo.ready.data_dir.join("downloads/tegata-app-0.3.0-linux-x86_64.tar.gz").exists()
    );
    let back = world.app(&["update", "--yes", "--json"]).ok().json();
    assert_eq!((&back["downgrade"], &back["available"]), (&json!(true), &json!("0.2.0")));
    assert_eq!(world.version(), "0.2.0");
}

fn public(world: &World) -> String {
    let brand = fs::read_to_string(world.path("pc/bin/brand.json")).unwrap();
    let brand: Value = serde_json::from_str(&brand).unwrap();
    brand["update_keys"][0].as_str().unwrap().to_owned()
}

/// Below the minimum nothing is issued; the message says what to type, and typing it helps.
#[test]
fn a_required_update_comes_before_an_issuance() {
    let world = World::new();
    let package = world.package("0.2.0", &[&public(&world)]);
    world.publish(&package, &["--minimum-version", "0.2.0"]).ok();
    let refused = world.issue().ended(3).json();
    assert_eq!(refused["code"], "app_too_old");
    assert!(refused["detail"].as_str().unwrap().contains("its command is \"update\""), "{refused}");
    assert!(
        !world.path("pc/mine").exists()
            || fs::read_dir(world.path("pc/mine")).unwrap().count() == 0
    );
    let found = world.app(&["update", "--check", "--json"]).ok().json();
    assert_eq!(found["required"], true);
    world.app(&["update", "--yes"]).ok();
    assert_eq!(world.issue().ok().json()["result"], "issued");
}

/// The key is on a machine without the installation; two keys sign while one takes over.
#[test]
fn a_manifest_signed_elsewhere_is_published_and_keys_roll() {
    let world = World::new();
    let (old, new) = (public(&world), world.keygen("next.key.pem"));
    let package = world.package("0.2.0", &[&old, &new]);
    let (key, next) = (world.text("update.key.pem"), world.text("next.key.pem"));
    let (one, two) = (world.text("one.json"), world.text("two.json"));
    let service = "0001/SB0001002C";
    let sign = ["update", "sign", "--service", service, "--package", &package, "--key", &key];
    tegata(&[&sign[..], &["--out", &one, "--json"]].concat()).ok();
    let both = ["update", "sign", "--service", service, "--key", &next, "--add-to", &one];
    tegata(&[&both[..], &["--out", &two, "--json"]].concat()).ok();
    let publish = ["update", "publish", "--manifest", &two];
    let missing = world.demo.tegata(&publish).ended(1);
    assert!(missing.stderr.contains("--package"), "{missing:?}");
    world.demo.tegata(&[&publish[..], &["--package", &package]].concat()).ok();
    let played_again = world.demo.tegata(&["update", "publish", "--manifest", &one]).ended(1);
    assert!(played_again.stderr.contains("does not come after"), "{played_again:?}");
    world.app(&["update", "--yes"]).ok();
    assert_eq!(world.version(), "0.2.0");

    // The new application knows both keys; the next manifest has the new one alone.
    let package = world.package("0.3.0", &[&new]);
    let alone = ["update", "publish", "--key", &next, "--package", &package];
    assert_eq!(world.demo.tegata(&alone).ok().json()["warnings"], json!([]));
    world.app(&["update", "--yes"]).ok();
    assert_eq!(world.version(), "0.3.0");
}

/// What the operator must not be left to find out from users is in the log of the server.
#[test]
fn a_manifest_that_ends_soon_is_said() {
    let world = World::new();
    let package = world.package("0.2.0", &[&public(&world)]);
    let published = world.publish(&package, &["--expires-in", "6d"]).ok().json();
    assert!(published["warnings"][0].as_str().unwrap().contains("ends at"), "{published}");
    let World { dir, demo } = world;
    drop(demo);
    let _again = Demo::start(dir.path());
    eventually("the server warns", Duration::from_secs(10), || {
        let log = fs::read_to_string(dir.path().join("demo.err")).ok()?;
        log.contains("update manifest").then_some(())
    });
}

/// Killed again and again while it installs, there is always a program, old or new.
#[test]
fn killed_at_any_moment_it_leaves_a_program_that_runs() {
    let world = World::new();
    let package = world.package("0.2.0", &[&public(&world)]);
    world.publish(&package, &[]).ok();
    // Every step takes a while with a program of this size: kill earlier and later.
    for millis in (0..12).map(|nth| 40 * nth) {
        let mut child = world
            .command()
            .args(["update", "--yes"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let begun = std::time::Instant::now();
        eventually("time to be killed", Duration::from_secs(10), || {
            let ended = child.try_wait().unwrap().is_some();
            (ended || begun.elapsed() >= Duration::from_millis(millis)).then_some(())
        });
        let _ = child.kill();
        child.wait().unwrap();
        assert!([BUILT, "0.2.0"].contains(&world.version().as_str()));
    }
    world.app(&["update", "--yes"]).ok();
    assert_eq!(world.version(), "0.2.0");
    let mut names: Vec<_> = fs::read_dir(world.path("pc/bin"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with(".previous"))
        .collect();
    names.sort();
    assert_eq!(names, ["brand.json", "tegata-app"]);
}

/// Offered, postponed, taken; then demanded; then one that nobody we know has signed.
#[test]
fn the_window_follows_what_is_signed_and_tells_what_is_not() {
    let world = World::new();
    let screen = Screen::start(world.dir.path());
    let key = public(&world);
    let notes = ["--notes-ja", "速くなりました。", "--notes-en", "Faster."];
    let good = world.package("0.2.0", &[&key]);
    let sequence = world.publish(&good, &notes).ok().json()["sequence"].clone();

    let window = world.window(&screen);
    let seen = |sequence: &Value| {
        eventually("the window has looked", Duration::from_secs(30), || {
            (world.memory()["sequence"] == *sequence).then_some(())
        });
        // What it found is on the screen when nothing there changes any more.
        screen.rest(None);
    };
    screen.window("Certificates on this PC");
    seen(&sequence);
    screen.picture("window-update-offered");
    // From the main action backwards: four other actions, then "later".
    screen.keys(&["shift+Tab"; 5]);
    screen.keys(&["Return"]);
    eventually("it is remembered", Duration::from_secs(10), || {
        world.memory().get("later_at").map(|_| ())
    });
    screen.window("Certificates on this PC");
    screen.rest(None);
    screen.picture("window-update-later");
    assert_eq!(world.version(), BUILT);

    // Who changes their mind finds it under "About".
    screen.keys(&["shift+Tab", "Return"]);
    screen.window("About");
    screen.picture("window-about-offered");
    screen.keys(&["shift+Tab", "Return"]);
    screen.window("There is a new version");
    screen.picture("window-update");
    screen.keys(&["Return"]);
    became(&world, &window, "0.2.0");
    screen.window("Certificates on this PC");
    screen.rest(None);
    screen.picture("window-updated");

    // Demanded: nothing that needs the site is left but the update.
    let better = world.package("0.3.0", &[&key]);
    world.publish(&better, &["--minimum-version", "0.3.0"]).ok();
    drop(window);
    let window = world.window(&screen);
    screen.window("Another version is needed");
    screen.picture("window-update-required");
    screen.keys(&["shift+Tab", "Return"]);
    screen.window("About");
    screen.keys(&["Escape"]);
    screen.window("Another version is needed");
    screen.keys(&["Return"]);
    became(&world, &window, "0.3.0");
    screen.rest(None);
    screen.window("Certificates on this PC");

    // Signed by somebody else: silent at the start, told under "About" and when asked.
    world.keygen("other.key.pem");
    let hostile = world.package("0.4.0", &[&key]);
    let other = world.text("other.key.pem");
    let publish = ["update", "publish", "--key", &other, "--package", &hostile];
    world.demo.tegata(&publish).ok();
    drop(window);
    let _window = world.window(&screen);
    screen.window("Certificates on this PC");
    screen.keys(&["shift+Tab", "Return"]);
    screen.window("About");
    screen.rest(None);
    screen.picture("window-about-unsigned");
    screen.keys(&["shift+Tab", "Return"]);
    screen.window("Something went wrong");
    screen.picture("window-update-unsigned");
    assert_eq!(world.version(), "0.3.0");
    let fetched = fs::read_dir(world.path("pc/.local/state/tegata/updates")).unwrap();
    let names = fetched.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(names.into_iter().all(|name| !name.contains("0.4.0") && !name.ends_with(".part")));
}

/// The program on the disk is another version, and the window's process runs it.
fn became(world: &World, window: &Window, version: &str) {
    eventually("the program is replaced", Duration::from_secs(60), || {
        (world.version() == version).then_some(())
    });
    eventually("the window is the new program", Duration::from_secs(30), || {
        (window.runs() == world.program().canonicalize().unwrap()).then_some(())
    });
    let settings = world.path("pc/.local/state/tegata/settings.json");
    eventually("the new program has said so", Duration::from_secs(30), || {
        let json: Value = serde_json::from_slice(&fs::read(&settings).ok()?).ok()?;
        json.get("updated_from").is_none().then_some(())
    });
}
