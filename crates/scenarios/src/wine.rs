//! A Windows PC, as far as Wine is one: Debian's `wine64`, programs built here with mingw-w64.
//!
//! A Windows is installed once, into `target/wine`, and every [`WindowsPc`] is a copy of it, so
//! that no test sees what another left. Where something is missing the tests fail and say what
//! to install: they are never passed over.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::desktop::Screen;
use crate::installed::{Registry, files_of, registry_of};
use crate::place;
use crate::run::{Ran, run_command};
use crate::wait::eventually;

/// The target of programs for Windows.
const TARGET: &str = "x86_64-pc-windows-gnu";
/// The C compiler for it.
const COMPILER: &str = "x86_64-w64-mingw32-gcc";
/// Where the user's certificates are in the registry.
pub const MY: &str = r"HKCU\Software\Microsoft\SystemCertificates\My\Certificates";
/// Where the user's trusted roots are in the registry.
pub const ROOT: &str = r"HKCU\Software\Microsoft\SystemCertificates\Root\Certificates";
/// Where the user's intermediate authorities are in the registry.
pub const CA: &str = r"HKCU\Software\Microsoft\SystemCertificates\CA\Certificates";
/// Where Wine keeps the user's RSA keys of CAPI.
pub const KEYS: &str = r"HKCU\Software\Wine\Crypto\RSA";

/// Time within which the next page appears.
const PAGE: Duration = Duration::from_secs(30);

/// A PC with Windows on it. It is switched off and thrown away when dropped.
pub struct WindowsPc {
    prefix: TempDir,
    display: Option<Display>,
}

/// The screen in front of a PC, and how Windows uses it.
#[derive(Clone)]
struct Display {
    /// As X programs find it.
    name: String,
    /// Value of `LC_MESSAGES`.
    language: String,
}

/// What the window that stands for the whole screen is called.
const DESKTOP: &str = "Default";

impl WindowsPc {
    /// A new PC on which nothing was ever done.
    ///
    /// # Panics
    /// When Wine or mingw-w64 is missing, or does not work.
    pub fn new() -> Self {
        let pc = Self::assembled(None);
        pc.switch_on();
        pc
    }

    /// A new PC with a screen of this size, on which everything is so many percent as large as
    /// designed, for a user of this language (a value of `LC_MESSAGES`).
    ///
    /// # Panics
    /// As [`WindowsPc::new`].
    pub fn with_screen(
        screen: &Screen,
        (width, height): (u32, u32),
        percent: u32,
        language: &str,
    ) -> Self {
        let name = screen.display().to_owned();
        let pc = Self::assembled(Some(Display { name, language: language.to_owned() }));
        // Windows on a desk of their own, whose size is known, instead of one X window each. 96
        // dots an inch are 100 %.
        let settings = format!(
            "\n[Software\\\\Wine\\\\Explorer]\n\"Desktop\"=\"{DESKTOP}\"\n\n\
             [Software\\\\Wine\\\\Explorer\\\\Desktops]\n\"{DESKTOP}\"=\"{width}x{height}\"\n\n\
             [Control Panel\\\\Desktop]\n\"LogPixels\"=dword:{:08x}\n",
            96 * percent / 100
        );
        let registry = File::options().append(true).open(pc.prefix.path().join("user.reg"));
        let written = registry.and_then(|mut registry| registry.write_all(settings.as_bytes()));
        written.expect("a copy of ours");
        pc.switch_on();
        pc
    }

    /// Puts a PC together that is not switched on yet.
    fn assembled(display: Option<Display>) -> Self {
        let image = image();
        let prefix = tempfile::Builder::new().prefix("pc-").tempdir_in(folder());
        let prefix = prefix.expect("target can be written");
        // Programs and libraries never change, so they are linked; the registry does.
        let mut copy = Command::new("cp");
        copy.args(["-a", "--link"]).arg(image.join(".")).arg(prefix.path());
        run_command(&mut copy).ok();
        for name in ["system.reg", "user.reg", "userdef.reg"] {
            let file = prefix.path().join(name);
            fs::remove_file(&file).expect("a copy of ours");
            fs::copy(image.join(name), &file).expect("a copy of ours");
        }
        Self { prefix, display }
    }

    /// Once for all programs: otherwise each starts the services of Windows, and waits for them,
    /// who hold on to its output.
    fn switch_on(&self) {
        let mut on = wineserver(self.prefix.path());
        on.arg("--persistent").stdout(Stdio::null()).stderr(Stdio::null());
        assert!(on.status().is_ok_and(|status| status.success()), "{on:?}");
        let mut boot = self.command("wineboot");
        let booted = self.start(&mut boot).wait();
        assert!(booted.is_ok_and(|status| status.success()), "{boot:?}");
    }

    /// Everything on the PC: it is switched off for it, and on again.
    ///
    /// # Panics
    /// When it cannot be read.
    pub fn inventory(&self) -> (Vec<PathBuf>, Registry) {
        let _ = wineserver(self.prefix.path()).args(["-k", "-w"]).status();
        let found = (files_of(self.prefix.path()), registry_of(self.prefix.path()));
        self.switch_on();
        found
    }

    /// Every file and folder on the disk, named from the folder that holds `drive_c`.
    pub fn files(&self) -> Vec<PathBuf> {
        files_of(self.prefix.path())
    }

    /// Starts what a file or an address stands for, as a click on it does, and returns at once.
    ///
    /// # Panics
    /// When there is nothing that opens it.
    #[track_caller]
    pub fn open(&self, what: &str) {
        // What it starts would hold on to our end of its outputs.
        let mut start = self.command("start");
        let started = self.start(start.arg(what)).wait();
        assert!(started.is_ok_and(|status| status.success()), "{start:?}");
    }

    /// The titles of the windows on the screen, the topmost first; `None` when it could not be
    /// looked, as at times on a busy machine.
    pub fn titles(&self) -> Option<Vec<String>> {
        static TITLES: LazyLock<PathBuf> =
            LazyLock::new(|| compile("titles", "titles.exe", &["-mconsole"], &["-luser32"]));
        // Into a file: whoever is the first to look starts what draws the screen, and that would
        // hold on to our end of an output.
        let file = self.prefix.path().join("titles");
        let mut look = self.command(&*TITLES);
        let looked = self.start(look.arg(path(&file))).wait();
        if !looked.is_ok_and(|status| status.success()) {
            return None;
        }
        let said = fs::read_to_string(file).expect("just written");
        Some(said.lines().map(str::to_owned).collect())
    }

    /// Waits for a window whose title begins with `title`, and gives the screen the keyboard.
    #[track_caller]
    pub fn window(&self, screen: &Screen, title: &str) {
        let mut last = Vec::new();
        let begun = Instant::now();
        while !last.iter().any(|found: &String| found.starts_with(title)) {
            assert!(begun.elapsed() < PAGE, "no window “{title}”: {last:?}");
            last = self.titles().unwrap_or_default();
        }
        screen.window(DESKTOP);
    }

    /// Waits until no window is open.
    #[track_caller]
    pub fn no_window(&self) {
        eventually("all windows are closed", PAGE, || {
            let open = self.titles()?.into_iter().find(|title| title.contains(" – "));
            open.is_none().then_some(())
        });
    }

    /// Runs a program of Windows to its end.
    ///
    /// # Panics
    /// When it cannot be started or does not end within a minute.
    pub fn run(&self, program: impl AsRef<Path>, args: &[&str]) -> Ran {
        run_command(self.command(program).args(args))
    }

    /// Starts a program of Windows. Its process is the one that is returned: killed, it is gone
    /// as after a power cut.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(&self, command: &mut Command) -> Child {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"))
    }

    /// Starts a program of Windows that opens a window, and lets it be: it ends when somebody
    /// closes it, or with the PC.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn leave(&self, command: &mut Command) {
        let mut child = self.start(command);
        std::thread::spawn(move || child.wait());
    }

    /// The command line of a program of Windows, in an environment without any of ours.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = wine(self.prefix.path());
        if let Some(display) = &self.display {
            // Names of files in whatever language, also where its locale is not installed.
            command.env("DISPLAY", &display.name).env("LANG", "C.UTF-8");
            command.env("LC_MESSAGES", &display.language);
        }
        command.arg(program.as_ref());
        command
    }

    /// A file or folder below `C:\`.
    pub fn c(&self, path: &str) -> PathBuf {
        self.prefix.path().join("drive_c").join(path)
    }

    /// The user's folder for local state, `%LOCALAPPDATA%`.
    ///
    /// # Panics
    /// When there is not one user.
    pub fn local_app_data(&self) -> PathBuf {
        let users = fs::read_dir(self.c("users")).expect("Windows has users");
        let mut own = users.map(|user| user.expect("readable").path().join("AppData/Local"));
        own.find(|path| path.is_dir() && !path.starts_with(self.c("users/Public")))
            .expect("the user has a folder")
    }

    /// The names below a key of the registry; none where there is no such key.
    pub fn registry(&self, key: &str) -> Vec<String> {
        let said = self.run("reg", &["query", key]).text();
        let below = said.lines().filter_map(|line| {
            let name = line.trim().rsplit_once('\\')?.1;
            line.starts_with("HKEY").then(|| name.to_owned())
        });
        // The key itself comes first where it holds values of its own.
        let own = key.rsplit('\\').next().unwrap_or_default();
        below.filter(|name| !name.eq_ignore_ascii_case(own)).collect()
    }

    /// What another program sees in the user's certificate store.
    pub fn look(&self) -> Vec<Value> {
        static LOOK: LazyLock<PathBuf> = LazyLock::new(|| {
            compile("look", "look.exe", &["-mconsole"], &["-lcrypt32", "-ladvapi32"])
        });
        let said = self.run(&*LOOK, &[]).ok().text();
        said.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }
}

impl Default for WindowsPc {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for WindowsPc {
    fn drop(&mut self) {
        let _ = wineserver(self.prefix.path()).args(["-k", "-w"]).status();
    }
}

/// The path of a file of this system as Windows programs see it.
pub fn path(file: &Path) -> String {
    format!("Z:{}", file.display()).replace('/', "\\")
}

/// `tegata-app.exe`, built by the first who asks if it has changed.
///
/// # Panics
/// When it does not build.
pub fn app() -> &'static Path {
    static APP: LazyLock<PathBuf> = LazyLock::new(|| {
        build(&["build", "--package", "tegata-app"]);
        place::target().join(TARGET).join("debug/tegata-app.exe")
    });
    &APP
}

/// The tests of a crate's library, built for Windows.
///
/// # Panics
/// When they do not build.
pub fn tests_of(package: &str) -> PathBuf {
    let said =
        build(&["test", "--no-run", "--lib", "--message-format", "json", "--package", package]);
    let executable = said.lines().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let is_test = message["profile"]["test"] == true;
        is_test.then(|| message["executable"].as_str().map(PathBuf::from))?
    });
    executable.expect("cargo names what it built")
}

/// Runs cargo for Windows: with rustup's target where it is there, else with the sources of the
/// standard library, as Debian packages them.
fn build(args: &[&str]) -> String {
    check_compiler();
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(args).args(["--locked", "--quiet", "--target", TARGET, "--target-dir"]);
    cargo.arg(place::target()).current_dir(place::repository());
    if !rustc_has(&["--print", "target-libdir", "--target", TARGET], "") {
        assert!(
            rustc_has(&["--print", "sysroot"], "lib/rustlib/src/rust/library"),
            "Rust for Windows is missing: run `rustup target add {TARGET}`, or install Debian's \
             rust-web-src"
        );
        cargo.args(["-Z", "build-std=std,panic_abort"]).env("RUSTC_BOOTSTRAP", "1");
    }
    // A first build takes minutes, so it is not bound by the time of a program.
    let output = cargo.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.unwrap_or_else(|error| panic!("{cargo:?}: {error}"));
    assert!(output.status.success(), "{cargo:?}");
    String::from_utf8(output.stdout).expect("cargo writes UTF-8")
}

/// Whether the folder that rustc prints holds `path`.
fn rustc_has(args: &[&str], path: &str) -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let said = run_command(Command::new(rustc).args(args)).ok().text();
    Path::new(said.trim()).join(path).is_dir()
}

fn check_compiler() {
    let found = Command::new(COMPILER).arg("--version").output();
    assert!(
        found.is_ok_and(|found| found.status.success()),
        "{COMPILER} is missing: run `make test`, or install gcc-mingw-w64-x86-64"
    );
}

/// A program or library of `crates/scenarios/wine`, compiled into `target/wine`.
fn compile(source: &str, result: &str, options: &[&str], libraries: &[&str]) -> PathBuf {
    check_compiler();
    let source = place::repository().join(format!("crates/scenarios/wine/{source}.c"));
    let path = folder().join(result);
    // Tests run side by side: each compiles for itself, and the last one's stays.
    let own = tempfile::NamedTempFile::new_in(folder()).expect("target can be written");
    let mut gcc = Command::new(COMPILER);
    gcc.args(["-Os", "-Wall", "-Wextra", "-Werror"]).args(options);
    gcc.arg("-o").arg(own.path()).arg(source).args(libraries);
    run_command(&mut gcc).ok();
    own.persist(&path).expect("target can be written");
    path
}

/// The installed Windows from which every PC is copied.
fn image() -> PathBuf {
    let image = folder().join("image");
    let lock = File::create(folder().join("image.lock")).expect("target can be written");
    lock.lock().expect("a lock on a file of ours");
    let done = image.join("done");
    if !done.exists() {
        let _ = fs::remove_dir_all(&image);
        fs::create_dir_all(&image).expect("target can be written");
        run_command(wine(&image).args(["wineboot", "--init"])).ok();
        // The registry is on the disk when this returns.
        let ended = wineserver(&image).args(["-k", "-w"]).status();
        ended.expect("it came with Wine");
        let library =
            compile("bcryptprimitives", "bcryptprimitives.dll", &["-shared"], &["-ladvapi32"]);
        let system = image.join("drive_c/windows/system32/bcryptprimitives.dll");
        fs::copy(library, system).expect("Wine installed Windows");
        File::create(done).expect("target can be written");
    }
    image
}

fn folder() -> PathBuf {
    let folder = place::target().join("wine");
    fs::create_dir_all(&folder).expect("target can be written");
    folder
}

/// Wine on this prefix, without anything of our environment and without a screen.
fn wine(prefix: &Path) -> Command {
    of_wine(&["/usr/lib/wine/wine64", "wine64", "wine"], prefix)
}

fn wineserver(prefix: &Path) -> Command {
    of_wine(&["/usr/lib/wine/wineserver64", "/usr/lib/wine/wineserver", "wineserver"], prefix)
}

fn of_wine(names: &[&str], prefix: &Path) -> Command {
    let is_there = |name: &&&str| {
        Command::new(name).arg("--version").output().is_ok_and(|said| said.status.success())
    };
    let name = names.iter().find(is_there);
    let name = name.unwrap_or_else(|| {
        panic!("Wine is missing: run `make test`, or install wine64 ({names:?})")
    });
    let mut command = Command::new(name);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("HOME", prefix).env("WINEPREFIX", prefix).env("WINEDEBUG", "-all");
    // No questions about Mono and Gecko, no menu entries on this system.
    command.env("WINEDLLOVERRIDES", "mscoree=;mshtml=;winemenubuilder.exe=");
    command
}
