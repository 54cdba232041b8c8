//! A person at a PC with a desk: a window manager, Chromium with windows of its own, and what an
//! installer leaves at home. Everything is done by keys, and counted.
//!
//! Chromium takes no flags from whoever opens a link, only from `/etc/chromium.d`. So the session
//! runs in a mount namespace where another directory stands there, and nothing on the machine
//! changes; in a process namespace too, so that it ends whole.

use std::cell::{Cell, RefCell};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;

use crate::demo::Demo;
use crate::desktop::Screen;
use crate::run::{Ran, run, run_command};
use crate::wait::{eventually, figure};

/// Where Debian's Chromium finds its flags.
const FLAGS: &str = "/etc/chromium.d";

/// Time within which a page is there.
const PAGE: Duration = Duration::from_secs(40);

/// Time within which a press shows. Dialogs of Chromium ignore presses for half a second, lest
/// somebody confirms what they did not see.
const PRESS: Duration = Duration::from_secs(3);

/// How the title of every window of the browser ends.
const BROWSER: &str = "- Chromium";

/// A desk with a browser on it. Ends when dropped.
pub struct Desk {
    /// Its screen.
    pub screen: Screen,
    session: Child,
    home: PathBuf,
    language: String,
    _files: TempDir,
}

impl Desk {
    /// A desk of the user whose home is `home` and whose language is `language`, for example `ja`,
    /// with Chromium open at `page`.
    ///
    /// The demo's site has a certificate of the demo's root, where a real site has one that every
    /// browser trusts. So Chromium is told this one key of the site. The gateway's is another: its
    /// pages open only once the application has put the root among those that Chromium trusts.
    ///
    /// # Panics
    /// When Xvfb, openbox, Chromium or `unshare` is not there or not permitted.
    pub fn start(home: &Path, demo: &Demo, language: &str, page: &str) -> Self {
        let files = tempfile::tempdir().expect("a directory can be made");
        let flags = files.path().join("flags");
        write_flags(&flags, language, &key_of(&demo.ready.site));
        write_preferences(home);
        let screen = Screen::start(files.path());
        let mut session = Command::new("unshare");
        if !rustix::process::geteuid().is_root() {
            session.arg("--map-root-user");
        }
        session.args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c"]);
        session.arg(format!("mount --bind \"$0\" {FLAGS} && (openbox &) && exec chromium \"$1\""));
        session.arg(flags).arg(page);
        at_home(&mut session, home, language);
        session.env("DISPLAY", screen.display()).current_dir(home);
        let errors = fs::File::create(home.join(".xsession-errors")).expect("home can be written");
        let session = session
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(errors)
            .spawn()
            .expect("unshare (util-linux) is installed");
        let (home, language) = (home.to_owned(), language.to_owned());
        Self { screen, session, home, language, _files: files }
    }

    /// Waits until the window in front has a title that begins with `title`. Nobody brings it
    /// there: a program that opens a window for a person has to.
    ///
    /// # Panics
    /// When another window is in front.
    #[track_caller]
    pub fn in_front(&self, title: &str) {
        self.comes_to_front(title, |seen| seen.starts_with(title));
    }

    /// Waits until a window of the browser is in front.
    ///
    /// # Panics
    /// When another window is in front.
    #[track_caller]
    pub fn browser_in_front(&self) {
        self.comes_to_front(BROWSER, |seen| seen.ends_with(BROWSER));
    }

    #[track_caller]
    fn comes_to_front(&self, title: &str, is_it: impl Fn(&str) -> bool) {
        let mut seen = String::new();
        let begun = Instant::now();
        while !is_it(&seen) {
            assert!(begun.elapsed() < PAGE, "in front is “{seen}”, not “{title}”\n{}", self.said());
            seen = self.screen.active().unwrap_or_default();
        }
        self.screen.rest(None);
    }

    /// Runs a command in a terminal, in this folder at home.
    #[track_caller]
    pub fn terminal(&self, folder: &str, command: &str) -> Ran {
        let mut sh = Command::new("sh");
        sh.args(["-c", command]).current_dir(self.home.join(folder));
        run_command(at_home(&mut sh, &self.home, &self.language))
    }

    /// What the programs of the session wrote.
    fn said(&self) -> String {
        fs::read_to_string(self.home.join(".xsession-errors")).unwrap_or_default()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        // The first process of its namespace: all others end with it.
        let _ = self.session.kill();
        let _ = self.session.wait();
    }
}

/// What a login gives every program, and nothing of the machine that the test runs on.
fn at_home<'a>(command: &'a mut Command, home: &Path, language: &str) -> &'a mut Command {
    command.env_clear().env("HOME", home);
    let locale = if language == "ja" { "ja_JP.UTF-8" } else { "en_US.UTF-8" };
    command.env("LANG", locale).env("LANGUAGE", language);
    // No bus: the answers would come from the machine's own.
    command.env("DBUS_SESSION_BUS_ADDRESS", "disabled:");
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default())
}

/// A copy of the machine's flags with ours.
fn write_flags(folder: &Path, language: &str, key: &str) {
    fs::create_dir_all(folder).expect("a directory can be made");
    for entry in fs::read_dir(FLAGS).unwrap_or_else(|error| panic!("{FLAGS}: {error}")).flatten() {
        fs::copy(entry.path(), folder.join(entry.file_name())).expect("a file can be copied");
    }
    let flags = [
        // The namespace has one user, root; and without a warning of it over every page.
        "--no-sandbox",
        "--test-type",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        // What a first start asks and fetches.
        "--no-first-run",
        "--disable-component-update",
        "--disable-sync",
        "--password-store=basic",
        &format!("--accept-lang={language}"),
        &format!("--ignore-certificate-errors-spki-list={key}"),
    ];
    let line = format!("export CHROMIUM_FLAGS=\"$CHROMIUM_FLAGS {}\"\n", flags.join(" "));
    fs::write(folder.join("zz-test"), line).expect("a file can be written");
}

/// No offers to translate: on a machine without Chromium's language packs they would stand over
/// the pages.
fn write_preferences(home: &Path) {
    let profile = home.join(".config/chromium/Default");
    fs::create_dir_all(&profile).expect("the directory can be written");
    let preferences = json!({ "translate": { "enabled": false } });
    fs::write(profile.join("Preferences"), preferences.to_string()).expect("home can be written");
}

/// SHA-256 of the public key of the server at an address, as Chromium takes it.
fn key_of(address: &str) -> String {
    let host = address.split('/').nth(2).expect("an address has a host");
    let pipeline = "openssl s_client -connect \"$0\" </dev/null 2>/dev/null \
        | openssl x509 -noout -pubkey | openssl pkey -pubin -outform der \
        | openssl dgst -sha256 -binary | base64";
    run("sh", ["-c", pipeline, host]).ok().text().trim().to_owned()
}

/// Who sits at a desk. What they do is counted.
pub struct Person<'a> {
    desk: &'a Desk,
    actions: RefCell<Vec<String>>,
    steps: Cell<usize>,
}

impl<'a> Person<'a> {
    /// Sits down.
    pub fn at(desk: &'a Desk) -> Self {
        Self { desk, actions: RefCell::default(), steps: Cell::new(0) }
    }

    /// One action, as the page counts them: what is done until the PC answers, with the presses
    /// and fields that it takes.
    #[track_caller]
    pub fn does(&self, what: &str, how: impl FnOnce(&Self)) {
        self.steps.set(0);
        how(self);
        self.actions.borrow_mut().push(format!("{what} (steps: {})", self.steps.get()));
    }

    /// Prints what was done and returns how many actions it took.
    pub fn count(&self) -> usize {
        let actions = self.actions.borrow();
        figure("user actions", actions.len());
        for (number, action) in (1..).zip(actions.iter()) {
            figure(&format!("action {number}"), action);
        }
        actions.len()
    }

    /// Moves to the first link of the page whose text holds `text`, by the browser's search.
    #[track_caller]
    pub fn finds(&self, text: &str) {
        let screen = &self.desk.screen;
        let before = screen.image();
        screen.keys(&["ctrl+f"]);
        let searching = screen.rest(Some(&before));
        screen.text(text);
        let found = screen.rest(Some(&searching));
        screen.keys(&["Escape"]);
        screen.rest(Some(&found));
    }

    /// Moves on to another link, button or field.
    #[track_caller]
    pub fn moves(&self, keys: &[&str]) {
        let screen = &self.desk.screen;
        let before = screen.image();
        screen.keys(keys);
        screen.rest(Some(&before));
    }

    /// Presses what has the focus, and again when nothing came of it.
    #[track_caller]
    pub fn presses(&self, what: &str) {
        let screen = &self.desk.screen;
        let before = screen.image();
        eventually(what, PAGE, || {
            screen.keys(&["Return"]);
            screen.differs(&before, PRESS).then_some(())
        });
        screen.rest(Some(&before));
        self.one_more();
    }

    /// The same until a window with `title` is in front: a dialog may be drawn late.
    #[track_caller]
    pub fn presses_for(&self, title: &str) {
        eventually(title, PAGE, || {
            self.desk.screen.keys(&["Return"]);
            let begun = Instant::now();
            let is_there = || self.desk.screen.active().is_some_and(|seen| seen.starts_with(title));
            while !is_there() {
                if begun.elapsed() > PRESS {
                    return None;
                }
            }
            Some(())
        });
        self.desk.screen.rest(None);
        self.one_more();
    }

    /// Types into the field that has the focus.
    #[track_caller]
    pub fn types(&self, text: &str) {
        self.desk.screen.text(text);
        self.one_more();
    }

    /// Runs a command in a terminal.
    #[track_caller]
    pub fn runs(&self, folder: &str, command: &str) -> Ran {
        self.one_more();
        self.desk.terminal(folder, command)
    }

    fn one_more(&self) {
        self.steps.set(self.steps.get() + 1);
    }
}
