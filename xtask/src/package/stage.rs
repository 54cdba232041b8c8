//! What a package will hold, laid out as it will be installed.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use super::tool;
use crate::Failure;

/// Mode of a file that is read.
pub(super) const DATA: u32 = 0o644;
/// Mode of a file that is run.
pub(super) const PROGRAM: u32 = 0o755;

/// The time that packages carry: `SOURCE_DATE_EPOCH` in seconds since 1970
/// (reproducible-builds.org), else that of the last commit.
///
/// # Errors
/// When neither is known.
pub(super) fn time() -> Result<SystemTime, Failure> {
    let seconds = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(seconds) => seconds,
        Err(_) => tool::run(
            Command::new("git")
                .args(["log", "-1", "--format=%ct"])
                .current_dir(super::repository("")),
            "git",
        )
        .map_err(|error| format!("set SOURCE_DATE_EPOCH: {error}"))?,
    };
    let seconds = seconds.trim().parse().map_err(|_| "SOURCE_DATE_EPOCH is not a number")?;
    Ok(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
}

/// The seconds since 1970 of a time.
pub(super) fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// A folder that goes away with it.
pub(super) struct Stage {
    folder: TempDir,
    time: SystemTime,
}

impl Stage {
    /// An empty one, in the folder where the package will be.
    pub(super) fn new(out: &Path, time: SystemTime) -> Result<Self, Failure> {
        let folder = tempfile::Builder::new().prefix(".package-").tempdir_in(out)?;
        fs::set_permissions(folder.path(), Permissions::from_mode(PROGRAM))?;
        Ok(Self { folder, time })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A place in it, whose folders are made.
    pub(super) fn place(&self, path: &str) -> Result<PathBuf, Failure> {
        let mut at = self.folder.path().to_owned();
        let mut parts = path.split('/').peekable();
        while let Some(part) = parts.next() {
            at.push(part);
            if parts.peek().is_some() && !at.exists() {
                fs::create_dir(&at)?;
                fs::set_permissions(&at, Permissions::from_mode(PROGRAM))?;
            }
        }
        Ok(at)
    }

    /// Puts a file in.
    pub(super) fn put(&self, path: &str, octets: &[u8], mode: u32) -> Result<PathBuf, Failure> {
        let at = self.place(path)?;
        fs::write(&at, octets)?;
        fs::set_permissions(&at, Permissions::from_mode(mode))?;
        Ok(at)
    }

    /// Puts a copy of a file in.
    pub(super) fn copy(&self, path: &str, from: &Path, mode: u32) -> Result<PathBuf, Failure> {
        let octets = fs::read(from).map_err(|error| format!("{}: {error}", from.display()))?;
        self.put(path, &octets, mode)
    }

    /// Puts a symbolic link in.
    pub(super) fn link(&self, path: &str, to: &str) -> Result<(), Failure> {
        Ok(symlink(to, self.place(path)?)?)
    }

    /// Gives everything in it the one time.
    pub(super) fn seal(&self) -> Result<(), Failure> {
        set_times(self.folder.path(), self.time)
    }
}

fn set_times(folder: &Path, time: SystemTime) -> Result<(), Failure> {
    for entry in fs::read_dir(folder)? {
        let (path, kind) = entry.map(|entry| (entry.path(), entry.file_type()))?;
        match kind? {
            kind if kind.is_dir() => set_times(&path, time)?,
            kind if kind.is_file() => File::open(&path)?.set_modified(time)?,
            // What packs a link sets its time.
            _ => {}
        }
    }
    Ok(File::open(folder)?.set_modified(time)?)
}
