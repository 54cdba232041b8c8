//! Programs of others.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::Failure;

/// Runs a program to its end and returns its standard output.
///
/// # Errors
/// When it is missing, with the Debian package that brings it, or fails, with what it said.
pub(crate) fn run(command: &mut Command, package: &str) -> Result<String, Failure> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().map_err(|error| {
        format!("{name} cannot be run ({error}); it comes with Debian's {package}")
    })?;
    let said = String::from_utf8_lossy(&output.stderr);
    // wixl complains about a table it does not know, and says that it succeeded.
    if !output.status.success() || said.contains("-CRITICAL **") {
        return Err(format!("{name}: {}\n{}", output.status, said.trim()).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a program is found.
pub(crate) fn is_there(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

/// Replaces `to` by `from`, which is on the same file system.
///
/// # Errors
/// When the file system refuses.
pub(super) fn replace(from: &Path, to: &Path) -> Result<(), Failure> {
    std::fs::rename(from, to).map_err(|error| format!("{}: {error}", to.display()).into())
}
