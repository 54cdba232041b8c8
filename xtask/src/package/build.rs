//! Builds the application for every system that this machine can build for.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use super::{limit, repository, stage, tool};
use crate::{Failure, say};

/// Executables of the application.
#[derive(Default)]
pub(crate) struct Programs {
    /// For Linux, of any architecture.
    pub(crate) linux: Option<PathBuf>,
    /// For 64-bit Windows.
    pub(crate) windows: Option<PathBuf>,
    /// For 32-bit Windows.
    pub(crate) windows_x86: Option<PathBuf>,
}

impl Programs {
    pub(super) fn is_empty(&self) -> bool {
        self.linux.is_none() && self.windows.is_none() && self.windows_x86.is_none()
    }
}

const WINDOWS: &str = "x86_64-pc-windows-gnu";
const WINDOWS_X86: &str = "i686-pc-windows-gnu";

/// How a target can be built.
enum Toolchain {
    /// With its standard library at hand.
    Ready,
    /// With Debian's compiler, the standard library built along: it has no other.
    Along,
}

/// Builds all of them: Linux and 64-bit Windows always, 32-bit Windows where that is possible.
pub(super) fn all(time: SystemTime) -> Result<Programs, Failure> {
    let windows = toolchain(WINDOWS, "x86_64-w64-mingw32-gcc").map_err(|missing| {
        format!(
            "the application cannot be built for Windows here: {missing}; install Debian's \
             gcc-mingw-w64-x86-64 and, with rustup, `rustup target add {WINDOWS}`, else \
             rust-web-src"
        )
    })?;
    let linux = Some(cargo(None, &Toolchain::Ready, time)?.join("tegata-app"));
    let windows = Some(cargo(Some(WINDOWS), &windows, time)?.join("tegata-app.exe"));
    let windows_x86 = match toolchain(WINDOWS_X86, "i686-w64-mingw32-gcc") {
        Ok(Toolchain::Ready) => {
            Some(cargo(Some(WINDOWS_X86), &Toolchain::Ready, time)?.join("tegata-app.exe"))
        }
        // Built along, the 32-bit library lacks its start files.
        Ok(Toolchain::Along) => skipped("it needs rustup's standard library"),
        Err(missing) => skipped(&missing),
    };
    for program in windows.iter().chain(&windows_x86) {
        limit::check(program)?;
    }
    Ok(Programs { linux, windows, windows_x86 })
}

fn skipped(why: &str) -> Option<PathBuf> {
    say(&format!("package: no packages for 32-bit Windows: {why}"));
    None
}

/// How to build for a target, or what is missing.
fn toolchain(target: &str, linker: &str) -> Result<Toolchain, String> {
    if !tool::is_there(linker) {
        return Err(format!("there is no {linker}"));
    }
    let mut rustc = Command::new("rustc");
    let sysroot = tool::run(rustc.args(["--print", "sysroot"]), "rustc-web")
        .map_err(|error| error.to_string())?;
    let library = Path::new(sysroot.trim()).join("lib/rustlib");
    if library.join(target).join("lib").is_dir() {
        Ok(Toolchain::Ready)
    } else if library.join("src/rust/library/std").is_dir() {
        Ok(Toolchain::Along)
    } else {
        Err(format!("the compiler has no standard library for {target}"))
    }
}

/// Runs cargo and returns the folder with what it built.
fn cargo(
    target: Option<&str>,
    toolchain: &Toolchain,
    time: SystemTime,
) -> Result<PathBuf, Failure> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--locked", "--profile", "app", "--package", "tegata-app"]);
    command.current_dir(repository("")).env("SOURCE_DATE_EPOCH", stage::seconds(time).to_string());
    let mut flags = remapped()?;
    if let Some(target) = target {
        command.args(["--target", target]);
        // The linker would write the hour into the executable.
        flags.push("-Clink-arg=-Wl,--no-insert-timestamp".to_owned());
    }
    if matches!(toolchain, Toolchain::Along) {
        command.arg("-Zbuild-std=std,panic_abort").env("RUSTC_BOOTSTRAP", "1");
    }
    // Ours, not those of whoever runs this: they are part of the input.
    command.env_remove("RUSTFLAGS").env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
    say(&format!("package: building the application for {}", target.unwrap_or("this system")));
    if !command.status()?.success() {
        return Err("the application could not be built".into());
    }
    let folder = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| repository("target"), |folder| repository("").join(folder));
    Ok(folder.join(target.unwrap_or_default()).join("app"))
}

/// Takes the folders of this machine out of what executables say of their sources.
fn remapped() -> Result<Vec<String>, Failure> {
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    let folders = [(Some(repository("").canonicalize()?), "/tegata"), (home, "/cargo")];
    let flags = folders.into_iter().filter_map(|(folder, name)| {
        Some(format!("--remap-path-prefix={}={name}", folder?.display()))
    });
    Ok(flags.collect())
}
