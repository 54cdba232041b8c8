use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::CeremonyError;
use crate::keyfile::write_private;

/// A directory that gets its name when everything is in it, and disappears otherwise.
pub(super) struct Output {
    partial: PathBuf,
    named: PathBuf,
    is_done: bool,
}

/// What is wrong with a place for the output.
pub(super) fn check(out: &Path) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut refuse = |what: &str| wrong.push(format!("{}: {what}", out.display()));
    match fs::symlink_metadata(out) {
        Ok(found) if !found.is_dir() => refuse("is no directory"),
        Ok(found) => {
            if found.permissions().mode() & 0o077 != 0 {
                refuse("others may read it; run `chmod 700` on it, or name one that is not there");
            }
            match fs::read_dir(out).map(|mut entries| entries.next().is_some()) {
                Ok(false) => {}
                Ok(true) => refuse("is not empty; name a directory that is not there yet"),
                Err(error) => refuse(&error.to_string()),
            }
        }
        Err(_) if parent(out).is_dir() => {}
        Err(_) => refuse("the directory that it should be in is not there"),
    }
    if partial(out).exists() {
        let partial = partial(out);
        wrong.push(format!(
            "{}: was left by a ceremony that was cut short; see what is in it, then remove it",
            partial.display()
        ));
    }
    wrong
}

impl Output {
    pub(super) fn begin(out: &Path) -> Result<Self, CeremonyError> {
        let partial = partial(out);
        DirBuilder::new()
            .mode(0o700)
            .create(&partial)
            .map_err(|error| CeremonyError::Output(partial.clone(), error))?;
        Ok(Self { partial, named: out.to_owned(), is_done: false })
    }

    /// Where a file of this name is until the end.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.partial.join(name)
    }

    pub(super) fn write(&self, name: &str, octets: &[u8]) -> Result<(), CeremonyError> {
        Ok(write_private(&self.path(name), octets)?)
    }

    /// Gives the directory its name, on the disk before this returns.
    pub(super) fn finish(mut self) -> Result<(), CeremonyError> {
        let sync = |path: &Path| File::open(path).and_then(|directory| directory.sync_all());
        sync(&self.partial)
            .and_then(|()| fs::rename(&self.partial, &self.named))
            .and_then(|()| sync(parent(&self.named)))
            .map_err(|error| CeremonyError::Output(self.named.clone(), error))?;
        self.is_done = true;
        Ok(())
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if !self.is_done {
            let _ = fs::remove_dir_all(&self.partial);
        }
    }
}

fn parent(out: &Path) -> &Path {
    match out.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn partial(out: &Path) -> PathBuf {
    let name = out.file_name().unwrap_or_default().to_string_lossy();
    parent(out).join(format!(".{name}.partial"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directory_is_there_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out");
        let output = Output::begin(&out).unwrap();
        output.write("file", b"octets").unwrap();
        assert_eq!(check(&out).len(), 1, "the other is under way");
        drop(output);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        let output = Output::begin(&out).unwrap();
        output.write("file", b"octets").unwrap();
        output.finish().unwrap();
        assert_eq!(fs::read(out.join("file")).unwrap(), b"octets");
        assert_eq!(fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::metadata(out.join("file")).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(check(&out)[0].contains("is not empty"));
    }

    #[test]
    fn places_that_others_read_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out");
        fs::create_dir(&out).unwrap();
        fs::set_permissions(&out, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(check(&out)[0].contains("chmod 700"));
        fs::set_permissions(&out, fs::Permissions::from_mode(0o700)).unwrap();
        assert_eq!(check(&out), Vec::<String>::new());
        assert!(check(&out.join("a/b"))[0].contains("is not there"));
        fs::write(out.join("a"), "").unwrap();
        assert!(check(&out.join("a"))[0].contains("is no directory"));
    }
}
