//! A PC on which MSI packages are installed: Wine with a Windows of its own.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::place;
use crate::run::{Ran, run_command};

/// What `msiexec` says when it refused, 1603 (ERROR_INSTALL_FAILURE), as far as an exit code of
/// this system holds it.
pub const REFUSED: i32 = 1603 & 0xff;

/// Values of the registry by key and name. Keys begin with `HKLM` or `HKCU`.
pub type Registry = BTreeMap<(String, String), String>;

/// A Windows on which nothing was installed yet. Thrown away when dropped.
pub struct Installed {
    prefix: TempDir,
}

impl Installed {
    /// A new one.
    ///
    /// # Panics
    /// When Wine (Debian: `wine64`) is missing or does not work.
    pub fn new() -> Self {
        let prefix = tempfile::Builder::new().prefix("wine-").tempdir_in(place::target());
        let pc = Self { prefix: prefix.expect("target can be written") };
        let boot = || run_command(pc.wine().args(["wineboot", "--init"]));
        // On a busy machine the processes of Wine may miss each other when they start.
        if boot().code != Some(0) {
            pc.settle();
            boot().ok();
        }
        pc.settle();
        pc
    }

    /// Runs `msiexec` without a window, with these arguments.
    pub fn msiexec<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Ran {
        run_command(self.wine().arg("msiexec").args(args).arg("/qn"))
    }

    /// Installs a package, with these properties.
    #[track_caller]
    pub fn install(&self, package: &Path, properties: &[&str]) {
        let package = [OsStr::new("/i"), package.as_os_str()];
        self.msiexec(package.into_iter().chain(properties.iter().map(OsStr::new))).ok();
    }

    /// Uninstalls a package, with these properties.
    #[track_caller]
    pub fn uninstall(&self, package: &Path, properties: &[&str]) {
        let package = [OsStr::new("/x"), package.as_os_str()];
        self.msiexec(package.into_iter().chain(properties.iter().map(OsStr::new))).ok();
    }

    /// How the programs here were called that write it down.
    pub fn record(&self) -> String {
        fs::read_to_string(self.record_file()).unwrap_or_default()
    }

    /// Every file and folder on the disk.
    pub fn files(&self) -> Vec<PathBuf> {
        files_of(self.prefix.path())
    }

    /// The one file of this name; `None` when there is none.
    #[track_caller]
    pub fn find(&self, name: &str) -> Option<PathBuf> {
        let files = self.files();
        let mut named = files.iter().filter(|path| path.file_name() == Some(OsStr::new(name)));
        let found = named.next();
        assert!(named.next().is_none(), "more than one {name}");
        found.map(|path| self.prefix.path().join(path))
    }

    /// The registry, once everything is written.
    pub fn registry(&self) -> Registry {
        self.settle();
        registry_of(self.prefix.path())
    }

    /// Waits until nothing runs any more.
    fn settle(&self) {
        run_command(self.environment(&mut Command::new("/usr/lib/wine/wineserver")).arg("-w")).ok();
    }

    fn record_file(&self) -> PathBuf {
        self.prefix.path().join("record")
    }

    fn wine(&self) -> Command {
        let mut wine = Command::new("/usr/lib/wine/wine64");
        self.environment(&mut wine);
        wine
    }

    fn environment<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        let path = std::env::var_os("PATH").unwrap_or_default();
        command.env_clear().env("PATH", path).env("HOME", self.prefix.path());
        command.env("WINEPREFIX", self.prefix.path()).env("WINEDEBUG", "-all");
        // Neither the menus of this machine nor downloads of other parts of Windows.
        command.env("WINEDLLOVERRIDES", "winemenubuilder.exe=d;mscoree=;mshtml=");
        command.env("LANG", "C.UTF-8").env("RECORD", self.record_file())
    }
}

impl Default for Installed {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Installed {
    fn drop(&mut self) {
        // What still runs in it ends before its folder goes.
        let mut end = Command::new("/usr/lib/wine/wineserver");
        let _ = self.environment(&mut end).args(["-k", "-w"]).status();
    }
}

/// Every file and folder on the disk of the Windows in `prefix`, named from there.
pub(crate) fn files_of(prefix: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    gather(&prefix.join("drive_c"), &mut found);
    found.sort();
    let below = found.iter().map(|path| path.strip_prefix(prefix).map(Path::to_owned));
    below.map(|path| path.expect("below the prefix")).collect()
}

/// The registry of the Windows in `prefix`, which is switched off.
pub(crate) fn registry_of(prefix: &Path) -> Registry {
    let mut registry = Registry::new();
    for (file, root) in [("system.reg", "HKLM"), ("user.reg", "HKCU")] {
        let text = fs::read(prefix.join(file)).expect("Wine keeps a registry");
        read(&String::from_utf8_lossy(&text), root, &mut registry);
    }
    registry
}

fn gather(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            gather(&entry.path(), found);
        }
        found.push(entry.path());
    }
}

/// Reads Wine's form of a registry: `[key] time`, then `"name"=value` or `@=value`.
fn read(text: &str, root: &str, registry: &mut Registry) {
    let mut key = String::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix('[') {
            let name = rest.rsplit_once(']').map_or(rest, |(name, _)| name);
            key = format!("{root}\\{}", unescaped(name));
            registry.insert((key.clone(), "(key)".to_owned()), String::new());
        } else if let Some((name, value)) = line.split_once('=')
            && (name == "@" || name.starts_with('"'))
        {
            let plain = |text: &str| {
                let inside = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
                unescaped(inside.unwrap_or(text))
            };
            registry.insert((key.clone(), plain(name)), plain(value));
        }
    }
}

/// `\\`, `\"` and `\x8a3c`.
fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        plain.push_str(before);
        let digits = after.strip_prefix('x').map(|digits| {
            let end = digits.bytes().take(4).take_while(u8::is_ascii_hexdigit).count();
            digits.split_at(end)
        });
        match digits.map(|(digits, rest)| (u32::from_str_radix(digits, 16), rest)) {
            Some((Ok(code), after)) => {
                plain.push(char::from_u32(code).unwrap_or('\u{fffd}'));
                rest = after;
            }
            _ => {
                let mut after = after.chars();
                plain.extend(after.next());
                rest = after.as_str();
            }
        }
    }
    plain + rest
}
