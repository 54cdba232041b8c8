//! How this program came to this PC, and by that in which form the next one comes.

use std::fs;
use std::path::{Path, PathBuf};

use tegata_wire::update::{Form, Platform};

use super::UpdateError;
use crate::files;

/// Where Debian's package manager lists the files of each package.
const DPKG_LISTS: &str = "/var/lib/dpkg/info";

/// Where the running program stands and who put it there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The executable, which an update replaces.
    pub program: PathBuf,
    /// What it was built for.
    pub platform: Platform,
    /// The form in which it was installed.
    pub form: Form,
    /// Whether it is this user's alone, so that no administrator is needed.
    pub is_own: bool,
}

impl Place {
    /// Finds out about `program`, the running executable. `local_data` is the folder of a
    /// Windows user's own programs and data (`%LOCALAPPDATA%`).
    pub fn of(program: &Path, local_data: Option<&Path>) -> Self {
        Self::found(program, local_data, Path::new(DPKG_LISTS))
    }

    /// Whether the program can be replaced, as far as can be told before anything is downloaded.
    pub(super) fn check(&self) -> Result<(), UpdateError> {
        if self.form != Form::Tar {
            return Ok(());
        }
        let folder = files::folder_of(&self.program);
        files::make_writable_folder(&folder).map_err(UpdateError::program(&folder))
    }

    pub(super) fn found(program: &Path, local_data: Option<&Path>, lists: &Path) -> Self {
        let program = fs::canonicalize(program).unwrap_or_else(|_| program.to_owned());
        let is_in = |folder: &Path| {
            let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
            program.starts_with(folder)
        };
        let (form, is_own) = if cfg!(windows) {
            (Form::Msi, local_data.is_some_and(is_in))
        } else if cfg!(target_os = "macos") {
            (Form::Pkg, false)
        } else if is_listed(&program, lists) {
            (Form::Deb, false)
        } else {
            (Form::Tar, true)
        };
        Self { program, platform: Platform::here(), form, is_own }
    }
}

/// Whether a package of ours lists the file. Only lists of packages with our name are read.
fn is_listed(program: &Path, lists: &Path) -> bool {
    let Ok(entries) = fs::read_dir(lists) else { return false };
    entries.flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with("tegata")
            && name.ends_with(".list")
            && fs::read_to_string(entry.path())
                .is_ok_and(|list| list.lines().any(|line| Path::new(line) == program))
    })
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_debians_when_a_package_of_ours_lists_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let program = root.join("tegata-app");
        fs::write(&program, "").unwrap();
        let form = || Place::found(&program, None, &root).form;
        assert_eq!(form(), Form::Tar);
        let list = format!("/.\n{}\n", program.display());
        fs::write(root.join("other.list"), &list).unwrap();
        assert_eq!(form(), Form::Tar, "of another package");
        fs::write(root.join("tegata-app-sb0001002c.list"), list).unwrap();
        assert_eq!(form(), Form::Deb);
    }
}
