//! The folder of the copy. One that was killed leaves it behind; the next one takes it away.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use tempfile::TempDir;

/// How the folder of a simulation is called, before what is drawn.
const PREFIX: &str = "tegata-simulate-";

/// A file that is locked for as long as the simulation lives, however it ends.
const ALIVE: &str = "alive";

/// A folder of one's own. It is removed when this is dropped.
pub(super) struct Folder {
    dir: TempDir,
    _alive: File,
}

impl Folder {
    /// A new folder below `parent`, readable by its owner alone, as every directory that this
    /// makes. Those of simulations that were killed are removed.
    pub(super) fn below(parent: &Path) -> io::Result<Self> {
        let own = Permissions::from_mode(0o700);
        let dir = tempfile::Builder::new().prefix(PREFIX).permissions(own).tempdir_in(parent)?;
        // Under its name only when it is locked: another one may look at any moment.
        let unnamed = dir.path().join("alive.new");
        let alive = File::create(&unnamed)?;
        alive.lock()?;
        fs::rename(&unnamed, dir.path().join(ALIVE))?;
        remove_left(parent, fs::metadata(dir.path())?.uid());
        Ok(Self { dir, _alive: alive })
    }

    pub(super) fn path(&self) -> &Path {
        self.dir.path()
    }
}

/// Removes the folders of this owner whose simulations are gone. What cannot be removed is none of
/// this simulation's business.
fn remove_left(parent: &Path, owner: u32) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let is_named = entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes());
        // Not what a link leads to.
        let is_own = || entry.metadata().is_ok_and(|it| it.is_dir() && it.uid() == owner);
        if is_named && is_own() && is_left(&entry.path()) {
            match fs::remove_dir_all(entry.path()) {
                Ok(()) => {
                    tracing::info!(folder = %entry.path().display(), "left by another: removed")
                }
                Err(error) => {
                    tracing::warn!(folder = %entry.path().display(), %error, "left by another");
                }
            }
        }
    }
}

/// Whether nobody holds the lock. Without a lock file it may be about to be made.
fn is_left(folder: &Path) -> bool {
    File::open(folder.join(ALIVE)).is_ok_and(|alive| alive.try_lock().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn what_a_killed_one_left_goes_and_what_lives_stays() {
        let parent = tempfile::tempdir().unwrap();
        let killed = parent.path().join("tegata-simulate-killed");
        fs::create_dir(&killed).unwrap();
        fs::write(killed.join(ALIVE), "").unwrap();
        fs::write(killed.join("tegata.db"), "seats").unwrap();
        let beginning = parent.path().join("tegata-simulate-beginning");
        fs::create_dir(&beginning).unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        fs::write(elsewhere.path().join(ALIVE), "").unwrap();
        let link = parent.path().join("tegata-simulate-link");
        std::os::unix::fs::symlink(elsewhere.path(), link).unwrap();
        fs::create_dir(parent.path().join("other")).unwrap();

        let living = Folder::below(parent.path()).unwrap();
        let second = Folder::below(parent.path()).unwrap();
        let left = names(parent.path());
        assert!(!left.contains(&"tegata-simulate-killed".to_owned()), "{left:?}");
        for kept in [living.path(), second.path(), &beginning] {
            assert!(kept.is_dir(), "{}", kept.display());
        }
        assert_eq!(left.len(), 5, "{left:?}");
        assert_eq!(names(elsewhere.path()), [ALIVE]);
        assert_eq!(fs::metadata(living.path()).unwrap().permissions().mode() & 0o777, 0o700);
        drop((living, second));
        assert_eq!(names(parent.path()).len(), 3, "nothing is left in order");
    }
}
