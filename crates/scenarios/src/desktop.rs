//! A screen of its own (Xvfb) with the window of `tegata-app` on it, driven by keys (xdotool).

use std::collections::VecDeque;
use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::app::MAIL;
use crate::demo::{Demo, Seat};
use crate::place;
use crate::run::{Ran, run_command};
use crate::server::Server;
use crate::wait::eventually;

/// In pixels.
const WIDTH: usize = 1280;

/// Time within which the next page appears.
const PAGE: Duration = Duration::from_secs(30);

/// A screen without a desk in front of it. Ends when dropped.
pub struct Screen {
    display: String,
    _server: Server,
}

impl Screen {
    /// A screen of 1280 × 800.
    ///
    /// # Panics
    /// When Xvfb is not there.
    pub fn start(base: &Path) -> Self {
        Self::of_size(base, 1280, 800)
    }

    /// A screen of so many pixels.
    ///
    /// # Panics
    /// When Xvfb is not there.
    pub fn of_size(base: &Path, width: u32, height: u32) -> Self {
        let mut command = Command::new("Xvfb");
        let size = format!("{width}x{height}x24");
        // Two that look for a free display at the same moment take the socket from one another.
        let turn = File::create(std::env::temp_dir().join("tegata-scenarios-display.lock"))
            .expect("the folder of temporary files is there");
        turn.lock().expect("locks work there");
        // It chooses a free display and says which.
        command.args(["-displayfd", "1", "-screen", "0", &size, "-nolisten", "tcp"]);
        // Without it whoever starts just when the last program has gone is turned away.
        command.arg("-noreset");
        let (server, number) = Server::start(&mut command, &base.join("xvfb.err"));
        drop(turn);
        Self { display: format!(":{}", number.trim()), _server: server }
    }

    /// What programs find it by, in `DISPLAY`.
    pub fn display(&self) -> &str {
        &self.display
    }

    /// Presses keys as xdotool names them, for example `Tab`.
    #[track_caller]
    pub fn keys(&self, keys: &[&str]) {
        self.xdotool(&[&["key", "--delay", "30"], keys].concat());
    }

    /// Types a text.
    #[track_caller]
    pub fn text(&self, text: &str) {
        self.xdotool(&["type", "--delay", "30", text]);
    }

    /// Waits for a window whose title begins with `title`, and gives it the keyboard.
    #[track_caller]
    pub fn window(&self, title: &str) {
        let pattern = format!("^{title}");
        let search = ["search", "--onlyvisible", "--name", &pattern];
        eventually(&format!("a window “{title}”"), PAGE, || {
            let found = run_command(self.command("xdotool").args(search)).text();
            // There is no window manager that would do it. A window that is not drawn yet
            // refuses.
            let window = found.lines().next()?.to_owned();
            let focus = ["windowfocus", "--sync", &window];
            (run_command(self.command("xdotool").args(focus)).code == Some(0)).then_some(())
        });
    }

    /// Fills the form to issue, which has the focus in its first field, and presses Enter twice, as
    /// people do.
    #[track_caller]
    pub fn issue(&self, seat: &Seat) {
        self.text(&seat.user_id.to_lowercase());
        self.keys(&["Tab"]);
        self.text(&seat.password.to_lowercase().replace('-', " "));
        // Past the box that shows the password.
        self.keys(&["Tab", "Tab"]);
        self.text(MAIL);
        self.keys(&["Tab"]);
        self.text(MAIL);
        self.keys(&["Return", "Return"]);
    }

    /// Whether there is a window now whose title begins with `title`.
    pub fn shows(&self, title: &str) -> bool {
        let search = ["search", "--onlyvisible", "--name", &format!("^{title}")];
        run_command(self.command("xdotool").args(search)).code == Some(0)
    }

    /// The title of the window that has the keyboard, where a window manager says so.
    pub fn active(&self) -> Option<String> {
        let active = ["getactivewindow", "getwindowname"];
        let ran = run_command(self.command("xdotool").args(active));
        (ran.code == Some(0)).then(|| ran.text().trim().to_owned())
    }

    /// Whether it shows something else than `before` within a time.
    pub fn differs(&self, before: &[u8], within: Duration) -> bool {
        let begun = Instant::now();
        while below(&self.image()) == below(before) {
            if begun.elapsed() > within {
                return false;
            }
        }
        true
    }

    /// Waits until it shows something else than `before`, and what it showed a moment ago: a cursor
    /// that blinks goes on.
    #[track_caller]
    pub fn rest(&self, before: Option<&[u8]>) -> Vec<u8> {
        let mut seen: VecDeque<Vec<u8>> = VecDeque::new();
        eventually("the screen comes to rest", PAGE, || {
            let image = self.image();
            let is_other = before.is_none_or(|before| below(before) != below(&image));
            if is_other && seen.iter().any(|seen| below(seen) == below(&image)) {
                return Some(image);
            }
            seen.truncate(3);
            seen.push_front(image);
            None
        })
    }

    /// What is on it now, octet for octet.
    pub fn image(&self) -> Vec<u8> {
        run_command(self.command("import").args(["-window", "root", "ppm:-"])).ok().stdout
    }

    /// A picture of everything, in `target/screenshots`.
    #[track_caller]
    pub fn picture(&self, name: &str) {
        let path = place::screenshots().join(format!("{name}.png"));
        run_command(self.command("import").args(["-window", "root"]).arg(path)).ok();
    }

    #[track_caller]
    fn xdotool(&self, args: &[&str]) {
        run_command(self.command("xdotool").args(args)).ok();
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("DISPLAY", &self.display);
        command
    }
}

/// A picture without its upmost 50 lines, where a browser turns a sign while a page loads.
fn below(image: &[u8]) -> &[u8] {
    &image[image.len().min(50 * 3 * WIDTH)..]
}

/// The application in a folder of its own, as an installer leaves it. A browser that it opens
/// leaves the address in the file `opened` at home. Ends when dropped.
pub struct Window {
    child: Child,
}

impl Window {
    /// Opens the window of a PC whose home is `home`. With `brand` it knows the demo's service.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn open(screen: &Screen, demo: &Demo, home: &Path, brand: bool) -> Self {
        Self::open_with(screen, demo, home, brand, &[])
    }

    /// The same, started with these arguments, as a system does for a link.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn open_with(
        screen: &Screen,
        demo: &Demo,
        home: &Path,
        brand: bool,
        args: &[&str],
    ) -> Self {
        let mut app = Self::command(screen, demo, home, brand);
        let child = app.args(args).stdin(Stdio::null()).spawn().expect("the application is built");
        Self { child }
    }

    /// Starts the application once more beside this window; it is expected to end by itself.
    ///
    /// # Panics
    /// When it does not end.
    #[track_caller]
    pub fn start_again(&self, screen: &Screen, demo: &Demo, home: &Path, args: &[&str]) -> Ran {
        run_command(Self::command(screen, demo, home, true).args(args))
    }

    /// Opens the window of an application that is installed already.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn of(screen: &Screen, program: &Path, home: &Path) -> Self {
        let mut app = Self::started(screen, program, home);
        let child = app.stdin(Stdio::null()).spawn().expect("the application is there");
        Self { child }
    }

    /// Opens the window on a system where this shell script ran first, as root of namespaces of its
    /// own: what it mounts is there for the window only.
    ///
    /// # Panics
    /// When it cannot be started, or `unshare` is not permitted.
    pub fn open_after(screen: &Screen, demo: &Demo, home: &Path, script: &str) -> Self {
        let app = Self::command(screen, demo, home, true);
        let mut command = screen.command("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c"]);
        command.arg(format!("{script} && exec \"$0\"")).arg(app.get_program());
        command.env_clear();
        command.envs(app.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let child = command.stdin(Stdio::null()).spawn().expect("unshare is installed");
        Self { child }
    }

    /// A file as the window's process sees it.
    pub fn sees(&self, path: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{path}", self.child.id()))
    }

    /// The file that its process runs, by which name it stands on the disk now.
    ///
    /// # Panics
    /// When the process has ended.
    pub fn runs(&self) -> PathBuf {
        std::fs::read_link(format!("/proc/{}/exe", self.child.id())).expect("it runs")
    }

    fn command(screen: &Screen, demo: &Demo, home: &Path, brand: bool) -> Command {
        let program = installed(demo, &home.join("program"), brand);
        Self::started(screen, &program, home)
    }

    fn started(screen: &Screen, program: &Path, home: &Path) -> Command {
        let mut app = screen.command(program.to_str().expect("a path of ours is text"));
        app.env_clear().env("DISPLAY", &screen.display).env("HOME", home);
        app.env("LANG", "en_US.UTF-8").env("PATH", std::env::var_os("PATH").unwrap_or_default());
        // In place of a browser: notes what it is called with.
        let browser = home.join("browser");
        let script = format!("#!/bin/sh\necho \"$1\" > '{}'\n", home.join("opened").display());
        std::fs::write(&browser, script).expect("home can be written");
        std::fs::set_permissions(&browser, PermissionsExt::from_mode(0o755)).expect("it is ours");
        app.env("BROWSER", browser);
        app
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn installed(demo: &Demo, folder: &Path, brand: bool) -> PathBuf {
    std::fs::create_dir_all(folder).expect("home can be written");
    let program = folder.join("tegata-app");
    if program.exists() {
        // It may be running.
        return program;
    }
    // By a process of its own: what another test starts meanwhile would inherit the open file, and
    // a file that somebody may write is not run.
    let mut copy = Command::new("cp");
    let copied = copy.arg(place::program("tegata-app")).arg(&program).status();
    assert!(copied.expect("there is cp").success(), "home can be written");
    let json = json!({
        "site": demo.ready.site,
        "root_sha256": demo.ready.root_sha256,
        "organisation": { "ja": "サンプル銀行", "en": "Sample Bank, Ltd." },
        "name": { "ja": "サンプルライトCMS", "en": "Sample Lite CMS" },
    });
    if brand {
        let file = folder.join("brand.json");
        std::fs::write(file, json.to_string()).expect("home can be written");
    }
    program
}
