//! A verified package takes the place of the running program.

#[cfg(windows)]
mod msi;
mod tell;
#[cfg(unix)]
mod trial;
#[cfg(unix)]
mod unpack;

use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};
use tegata_wire::update::{Form, PackageDigest, Version};

use super::download::Hashing;
use super::{Application, Fetched, UpdateError};

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The program was replaced; the next start is the new one.
    Replaced {
        /// Where it stands.
        program: PathBuf,
        /// Where the one before is kept.
        previous: PathBuf,
        /// The new version, which was started once to see that it runs here.
        version: Version,
    },
    /// The system's installer has begun. This program has to end now; the new one starts when
    /// the installer is done.
    HandedOver {
        /// The version that it installs.
        version: Version,
    },
    /// An administrator has to install it; nothing was changed.
    Tell {
        /// The command line that does it.
        command: String,
        /// The version that it installs.
        version: Version,
    },
}

/// Installs a package in the way in which this program was installed.
///
/// # Errors
/// When the package was exchanged since it was fetched or does not run here, or the disk says no.
/// The program stays as it was.
pub fn apply(application: &Application<'_>, fetched: Fetched) -> Result<Applied, UpdateError> {
    match fetched.package.form {
        #[cfg(unix)]
        Form::Tar => unpack::replace(application, &fetched),
        #[cfg(windows)]
        Form::Msi => msi::hand_over(application, &fetched),
        Form::Deb | Form::Rpm | Form::Pkg | Form::Dmg => tell::administrator(&fetched),
        other => Err(UpdateError::BadPackage(other.word().to_owned())),
    }
}

/// Starts the program that was put in the place of this one. On Unix it takes over the process,
/// so that nothing of this one is left that it would knock at ([`crate::instance`]); this then
/// returns only when it failed.
///
/// # Errors
/// When the system does not start it.
pub fn restart(program: &Path) -> std::io::Result<()> {
    let quiet = || Stdio::null();
    let mut command = Command::new(program);
    command.stdin(quiet()).stdout(quiet()).stderr(quiet());
    #[cfg(unix)]
    return Err(std::os::unix::process::CommandExt::exec(&mut command));
    #[cfg(not(unix))]
    command.spawn().map(drop)
}

/// Reads the whole file from its beginning and compares it with what was signed; leaves it at its
/// beginning.
fn compare(file: &mut File, fetched: &Fetched) -> Result<(), UpdateError> {
    let failed = UpdateError::disk(&fetched.path);
    file.seek(SeekFrom::Start(0)).map_err(&failed)?;
    let mut hasher = Sha256::new();
    let mut all = Hashing { inner: &mut *file, hasher: &mut hasher, count: 0 };
    std::io::copy(&mut all, &mut std::io::sink()).map_err(&failed)?;
    let count = all.count;
    file.seek(SeekFrom::Start(0)).map_err(&failed)?;
    is_signed(hasher, count, fetched)
}

fn is_signed(hasher: Sha256, count: u64, fetched: &Fetched) -> Result<(), UpdateError> {
    let found = PackageDigest(hasher.finalize().into());
    match count == fetched.package.length && found == fetched.package.sha256 {
        true => Ok(()),
        false => Err(UpdateError::PackageDiffers("exchanged after it was verified")),
    }
}
