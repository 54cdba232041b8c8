use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Only the user (mode 0600).
    Private,
    /// Everybody (mode 0644).
    Public,
}

/// What becomes of a file that is already there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existing {
    /// It is replaced in one step.
    Replace,
    /// It stays, and the write fails with `AlreadyExists`.
    Keep,
}

/// Writes a file so that after a crash either all of it or none of it is there: a temporary
/// file beside it, synced, renamed, and the folder synced.
pub(crate) fn write(
    path: &Path,
    octets: &[u8],
    access: Access,
    existing: Existing,
) -> io::Result<()> {
    let folder = folder_of(path);
    let mut builder = tempfile::Builder::new();
    builder.prefix(".tegata-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(match access {
            Access::Private => 0o600,
            Access::Public => 0o644,
        }));
    }
    #[cfg(not(unix))]
    let _ = access;
    let mut file = builder.tempfile_in(&folder)?;
    #[cfg(unix)]
    if matches!(access, Access::Public) {
        use std::os::unix::fs::PermissionsExt;
        // Whatever the umask says: others are to read it.
        file.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
    }
    file.write_all(octets)?;
    file.as_file().sync_all()?;
    match existing {
        Existing::Replace => file.persist(path)?,
        Existing::Keep => file.persist_noclobber(path)?,
    };
    sync_folder(&folder)
}

/// Removes a file for good; that it is not there is no error.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(()) => sync_folder(&folder_of(path)),
    }
}

/// Removes a file or link that may be in a folder that is not there either.
#[cfg(not(windows))]
pub(crate) fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Reads at most `limit` octets; `None` when there is no such file.
pub(crate) fn read(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        other => read_open(other?, limit).map(Some),
    }
}

/// Reads at most `limit` octets.
pub(crate) fn read_open(file: File, limit: u64) -> io::Result<Vec<u8>> {
    use std::io::Read;
    let mut octets = Vec::new();
    file.take(limit + 1).read_to_end(&mut octets)?;
    if octets.len() as u64 > limit {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "longer than expected"));
    }
    Ok(octets)
}

/// Opens the file at `path` for reading, when it is this user's and nobody else's to read: the one
/// that is looked at is the one that is read, and it has no other name.
///
/// # Errors
/// When it cannot be opened. One that others can read, or that they made, is `PermissionDenied`.
#[cfg(unix)]
pub(crate) fn open_private(path: &Path) -> io::Result<File> {
    use rustix::fs::OFlags;
    use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
    // A pipe that somebody put there must not keep this waiting.
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file = fs::OpenOptions::new().read(true).custom_flags(flags).open(path);
    let refused = || io::Error::from(io::ErrorKind::PermissionDenied);
    let file = file.map_err(|error| match error.raw_os_error() {
        Some(code) if code == rustix::io::Errno::LOOP.raw_os_error() => refused(),
        _ => error,
    })?;
    let found = file.metadata()?;
    let is_own = found.uid() == own_ids(&found).0 && found.nlink() == 1;
    if found.is_file() && found.mode() & 0o077 == 0 && is_own { Ok(file) } else { Err(refused()) }
}

/// Windows keeps a user's folders from others by itself.
#[cfg(not(unix))]
pub(crate) fn open_private(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Whether other users can put files into the folder. The group that is this user's alone, as many
/// systems make one for each, is not others.
///
/// # Errors
/// When it cannot be looked at.
#[cfg(unix)]
pub(crate) fn is_open_to_others(folder: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let found = fs::metadata(folder)?;
    let (user, group) = own_ids(&found);
    let is_own_group = found.gid() == group && group == user;
    let others = if is_own_group { 0o002 } else { 0o022 };
    Ok(found.mode() & others != 0)
}

/// Windows keeps a user's folders from others by itself.
#[cfg(not(unix))]
pub(crate) fn is_open_to_others(_: &Path) -> io::Result<bool> {
    Ok(false)
}

/// The user and the group of this process; those of `found` where that is not told.
#[cfg(unix)]
fn own_ids(found: &fs::Metadata) -> (u32, u32) {
    use std::os::unix::fs::MetadataExt;
    // `/proc/self` belongs to whoever runs this process.
    let own = fs::metadata("/proc/self");
    own.map_or((found.uid(), found.gid()), |own| (own.uid(), own.gid()))
}

/// Whether the file at `path`, if there is one, is this user's and nobody else's to read.
///
/// # Errors
/// When the file cannot be looked at.
#[cfg(unix)]
pub(crate) fn is_private(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let file = match fs::symlink_metadata(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(error),
    };
    Ok(file.is_file() && file.mode() & 0o077 == 0 && file.uid() == own_ids(&file).0)
}

/// Windows keeps a user's folders from others by itself.
#[cfg(not(unix))]
pub(crate) fn is_private(_: &Path) -> io::Result<bool> {
    Ok(true)
}

/// Makes a folder that only the user may enter, with all above it; leaves an existing one alone.
pub(crate) fn make_private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Makes the folder like [`make_private_folder`] and sees that a file can be written in it.
pub(crate) fn make_writable_folder(path: &Path) -> io::Result<()> {
    make_private_folder(path)?;
    tempfile::Builder::new().prefix(".tegata-").tempfile_in(path)?.close()
}

pub(crate) fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

#[cfg(unix)]
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
pub(crate) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn private_files_are_for_the_user_only() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        for (access, mode) in [(Access::Private, 0o600), (Access::Public, 0o644)] {
            let path = folder.path().join(format!("{mode:o}"));
            write(&path, b"x", access, Existing::Keep).unwrap();
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode);
        }
    }

    #[test]
    fn keep_leaves_the_file_and_no_rest_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write(&path, b"first", Access::Private, Existing::Keep).unwrap();
        let error = write(&path, b"second", Access::Private, Existing::Keep).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"first");
        write(&path, b"third", Access::Private, Existing::Replace).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"third");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_is_seen_to_be_writable_and_left_empty() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b");
        make_writable_folder(&path).unwrap();
        make_writable_folder(&path).unwrap();
        assert_eq!(fs::read_dir(&path).unwrap().count(), 0);
        fs::write(folder.path().join("file"), "").unwrap();
        make_writable_folder(&folder.path().join("file")).unwrap_err();
    }

    #[test]
    fn a_file_over_the_limit_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        assert!(read(&path, 4).unwrap().is_none());
        fs::write(&path, b"12345").unwrap();
        assert!(read(&path, 4).is_err());
        assert_eq!(read(&path, 5).unwrap().unwrap(), b"12345");
    }
}
