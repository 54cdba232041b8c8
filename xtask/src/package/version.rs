//! The version of a package.

use std::fmt;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::str::FromStr;

use tegata_wire::update::version_of_program;

use crate::Failure;

/// `A.B.C` as Windows Installer compares it: at most 255.255.65535
/// (*ProductVersion property*, Windows Installer reference).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Version(u8, u8, u16);

/// Not such a version.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a version is A.B.C, at most 255.255.65535")]
pub(super) struct VersionError;

impl Version {
    /// That of the workspace, which is the application's.
    pub(super) fn of_workspace() -> Result<Self, VersionError> {
        env!("CARGO_PKG_VERSION").parse()
    }
}

/// Refuses an application of another version than its package's: it would update itself again and
/// again. A program that is not the application has no version to compare.
///
/// # Errors
/// When it is another one, or cannot be read.
pub(super) fn check(program: &Path, version: Version) -> Result<(), Failure> {
    let cannot = |error| format!("{}: {error}", program.display());
    let octets = BufReader::new(File::open(program).map_err(cannot)?);
    match version_of_program(octets).map_err(cannot)?.map(|found| found.to_string()) {
        Some(found) if found != version.to_string() => Err(format!(
            "{} is version {found}, and the packages would be called {version}: build the \
             application of that version, or leave --version out",
            program.display()
        )
        .into()),
        Some(_) => Ok(()),
        None => {
            crate::say(&format!(
                "package: {} does not say its version; nothing was compared",
                program.display()
            ));
            Ok(())
        }
    }
}

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let mut parts = text.split('.');
        let mut next = || parts.next().filter(|part| !part.starts_with('+')).ok_or(VersionError);
        let version = Self(
            next()?.parse().map_err(|_| VersionError)?,
            next()?.parse().map_err(|_| VersionError)?,
            next()?.parse().map_err(|_| VersionError)?,
        );
        if parts.next().is_some() { Err(VersionError) } else { Ok(version) }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_application_of_another_version_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("tegata-app");
        std::fs::write(&program, "\0tegata-app version stamp 0.1.0;\0").unwrap();
        check(&program, Version(0, 1, 0)).unwrap();
        let error = check(&program, Version(0, 2, 0)).unwrap_err().to_string();
        assert!(error.contains("is version 0.1.0") && error.contains("0.2.0"), "{error}");
        std::fs::write(&program, "another program").unwrap();
        check(&program, Version(0, 2, 0)).unwrap();
    }

    #[test]
    fn only_what_windows_can_compare_is_a_version() {
        assert_eq!("1.20.300".parse::<Version>().unwrap().to_string(), "1.20.300");
        for text in ["", "1.2", "1.2.3.4", "1.2.3-rc1", "256.0.0", "1.0.65536", "+1.0.0", "v1.0.0"]
        {
            assert_eq!(text.parse::<Version>(), Err(VersionError), "{text}");
        }
        Version::of_workspace().unwrap();
    }
}
