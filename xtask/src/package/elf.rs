//! What an executable for Linux asks of the system, as Debian's dependencies.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use super::tool;
use crate::Failure;

/// Libraries that the application may be linked with, and the packages that bring them.
const LIBRARIES: &[(&str, &str)] = &[
    ("libc.so.6", "libc6"),
    ("libm.so.6", "libc6"),
    ("libdl.so.2", "libc6"),
    ("libpthread.so.0", "libc6"),
    ("librt.so.1", "libc6"),
    ("ld-linux-x86-64.so.2", "libc6"),
    ("ld-linux-aarch64.so.1", "libc6"),
    ("libgcc_s.so.1", "libgcc-s1"),
    ("libfontconfig.so.1", "libfontconfig1"),
    ("libfreetype.so.6", "libfreetype6"),
    ("libwayland-client.so.0", "libwayland-client0"),
    ("libX11.so.6", "libx11-6"),
    ("libX11-xcb.so.1", "libx11-xcb1"),
    ("libxcb.so.1", "libxcb1"),
    ("libXcursor.so.1", "libxcursor1"),
    ("libXi.so.6", "libxi6"),
    ("libxkbcommon.so.0", "libxkbcommon0"),
    ("libxkbcommon-x11.so.0", "libxkbcommon-x11-0"),
    ("libdbus-1.so.3", "libdbus-1-3"),
];

/// Libraries that the application loads by name while it runs, and the packages that bring them.
/// Without those of X11 no window opens, without NSS's driver no browser gets a certificate.
const LOADED: &[(&str, &str)] = &[
    ("libX11.so.6", "libx11-6"),
    ("libX11-xcb.so.1", "libx11-xcb1"),
    ("libXcursor.so.1", "libxcursor1"),
    ("libXi.so.6", "libxi6"),
    ("libxcb.so.1", "libxcb1"),
    ("libxkbcommon.so.0", "libxkbcommon0"),
    ("libxkbcommon-x11.so.0", "libxkbcommon-x11-0"),
    ("libwayland-client.so.0", "libwayland-client0"),
    ("libfontconfig.so.1", "libfontconfig1"),
    ("libsoftokn3.so", "libnss3"),
];

/// An executable as a package has to know it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Elf {
    /// Debian's name of the architecture.
    pub(super) arch: &'static str,
    /// The usual name of the architecture.
    pub(super) machine: &'static str,
    /// The packages it needs, libc6 with the version.
    pub(super) depends: String,
}

impl Elf {
    /// Reads an executable.
    ///
    /// # Errors
    /// When it is not one, or needs a library that nobody here knows.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let mut readelf = Command::new("readelf");
        readelf.args(["--wide", "--file-header", "--dynamic", "--version-info"]).arg(path);
        let told = tool::run(readelf.env("LC_ALL", "C"), "binutils")?;
        let octets = std::fs::read(path)?;
        Self::of(&told, &octets).map_err(|error| format!("{}: {error}", path.display()).into())
    }

    /// Of what readelf told, and of the octets of the file.
    fn of(told: &str, octets: &[u8]) -> Result<Self, Failure> {
        let machine = told.lines().find_map(|line| line.trim().strip_prefix("Machine:"));
        let (arch, machine) = match machine.unwrap_or_default().trim() {
            machine if machine.contains("X86-64") => ("amd64", "x86_64"),
            "AArch64" => ("arm64", "aarch64"),
            other => return Err(format!("not an executable for Linux: {other:?}").into()),
        };
        let mut packages = BTreeSet::new();
        for line in told.lines().filter(|line| line.contains("(NEEDED)")) {
            let name = line.split(['[', ']']).nth(1).unwrap_or_default();
            let known = LIBRARIES.iter().find(|(library, _)| *library == name);
            let (_, package) = known.ok_or_else(|| format!("needs {name}, of which package?"))?;
            packages.insert(*package);
        }
        // Their names stand in it, and nobody else knows of them.
        packages.extend(loaded(octets));
        let glibc = told
            .split("GLIBC_")
            .skip(1)
            .filter_map(|rest| {
                let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.');
                let numbers = rest[..end.unwrap_or(rest.len())].split('.');
                numbers.map(|number| number.parse::<u32>().ok()).collect::<Option<Vec<_>>>()
            })
            .max();
        let depends: Vec<String> = packages
            .into_iter()
            .map(|package| match (&glibc, package) {
                (Some(version), "libc6") => {
                    let version: Vec<_> = version.iter().map(u32::to_string).collect();
                    format!("libc6 (>= {})", version.join("."))
                }
                _ => package.to_owned(),
            })
            .collect();
        Ok(Self { arch, machine, depends: depends.join(", ") })
    }
}

/// Packages of the libraries of [`LOADED`] whose names stand in a file.
fn loaded(octets: &[u8]) -> impl Iterator<Item = &'static str> {
    let beginnings = octets.iter().enumerate().filter(|(_, octet)| **octet == b'l');
    beginnings.filter_map(|(at, _)| {
        let known = LOADED.iter().find(|(name, _)| octets[at..].starts_with(name.as_bytes()));
        known.map(|(_, package)| *package)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLD: &str = "ELF Header:
  Machine:                           Advanced Micro Devices X86-64
 0x0000000000000001 (NEEDED)             Shared library: [libgcc_s.so.1]
 0x0000000000000001 (NEEDED)             Shared library: [libc.so.6]
 0x0020:   Name: GLIBC_2.9  Flags: none  Version: 4
 0x0030:   Name: GLIBC_2.34  Flags: none  Version: 5
 0x0040:   Name: GCC_3.0  Flags: none  Version: 5
";

    #[test]
    fn the_latest_version_of_the_c_library_counts() {
        let elf = Elf::of(TOLD, b"").unwrap();
        assert_eq!(elf.depends, "libc6 (>= 2.34), libgcc-s1");
        assert_eq!((elf.arch, elf.machine), ("amd64", "x86_64"));
    }

    #[test]
    fn an_unknown_library_is_named() {
        let error = Elf::of(&TOLD.replace("libgcc_s.so.1", "libmagic.so.1"), b"").unwrap_err();
        assert!(error.to_string().contains("libmagic.so.1"));
        assert!(Elf::of("Machine: MIPS", b"").is_err());
    }

    #[test]
    fn what_is_loaded_by_name_is_depended_on() {
        let octets = b"\x7fELF...libXi.so.6libXi.solibsoftokn3.so\0";
        let elf = Elf::of(TOLD, octets).unwrap();
        assert_eq!(elf.depends, "libc6 (>= 2.34), libgcc-s1, libnss3, libxi6");
    }
}
