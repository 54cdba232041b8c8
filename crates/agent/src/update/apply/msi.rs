//! A Windows Installer package is handed to the system.

use std::fs::OpenOptions;
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::{Applied, compare};
use crate::update::{Application, Fetched, UpdateError};

/// `FILE_SHARE_READ`: others may read the file, but not write, rename or remove it.
const SHARE_READ: u32 = 1;

/// `CREATE_NO_WINDOW`: the shell that waits for the installer stays out of sight.
const NO_WINDOW: u32 = 0x0800_0000;

/// Starts the installer and, when that is over, the program again, be it the new one or the old.
///
/// The package is opened so that nobody can change or exchange it, compared, and then given to
/// the processes that follow as their standard input: they read nothing from it, but as long as
/// one of them lives the file is the one that was compared, also when this program has ended, as
/// it must for its own file to be replaced.
pub(super) fn hand_over(
    application: &Application<'_>,
    fetched: &Fetched,
) -> Result<Applied, UpdateError> {
    let failed = UpdateError::disk(&fetched.path);
    let mut file =
        OpenOptions::new().read(true).share_mode(SHARE_READ).open(&fetched.path).map_err(failed)?;
    compare(&mut file, fetched)?;
    let scope = match application.place.is_own {
        true => "ALLUSERS=2 MSIINSTALLPERUSER=1",
        false => "ALLUSERS=1",
    };
    // Our installers refuse to go back unless they are told that the operator wants it.
    let back = if fetched.is_downgrade { "TEGATA_ALLOW_DOWNGRADE=1" } else { "" };
    // Paths come in through the environment, whose values the shell does not read as commands.
    let line = format!(
        "/d /v:off /c \"msiexec.exe /i \"%TEGATA_UPDATE_PACKAGE%\" /qb {scope} {back} \
         & start \"\" \"%TEGATA_UPDATE_PROGRAM%\"\""
    );
    let system = system_folder();
    Command::new(system.join("cmd.exe"))
        .raw_arg(line)
        .env("TEGATA_UPDATE_PACKAGE", &fetched.path)
        .env("TEGATA_UPDATE_PROGRAM", &application.place.program)
        .current_dir(&system)
        .creation_flags(NO_WINDOW)
        .stdin(Stdio::from(file))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(UpdateError::Installer)?;
    Ok(Applied::HandedOver { version: fetched.package.version })
}

/// `C:\Windows\System32`, from which alone programs are started.
fn system_folder() -> PathBuf {
    let root = std::env::var_os("SystemRoot").unwrap_or_else(|| r"C:\Windows".into());
    PathBuf::from(root).join("System32")
}
