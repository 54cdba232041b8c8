//! A package on its way to the disk: one private file, hashed as it grows, never longer than the
//! manifest says, and taken up again where an earlier try ended.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tegata_wire::update::{Package, PackageDigest};

use super::{Offer, UpdateError};
use crate::files;

/// The file whose lock says that an update is under way.
const LOCK: &str = "lock";

/// Ends of names of files that are ours to remove.
const PART: &str = "part";

/// The unfinished file of a package. It holds the folder for itself.
#[derive(Debug)]
pub(super) struct Partial {
    folder: PathBuf,
    path: PathBuf,
    package: Package,
    is_downgrade: bool,
    file: File,
    hasher: Sha256,
    at: u64,
    lock: File,
}

/// A whole package that is what was signed.
///
/// It came from a verified manifest, and [`super::apply`] compares it again while it uses it, so
/// that a file which was exchanged in between is noticed.
#[derive(Debug)]
pub struct Fetched {
    pub(super) package: Package,
    pub(super) path: PathBuf,
    /// Whether it is older than what runs, as its manifest allows.
    pub(super) is_downgrade: bool,
    /// Keeps other updates away until this one is over.
    pub(super) _lock: File,
}

impl Fetched {
    /// The version that it brings.
    pub fn version(&self) -> tegata_wire::update::Version {
        self.package.version
    }
}

impl Partial {
    /// Takes up what an earlier try left in `folder`, or begins. What is left of other packages
    /// goes away.
    pub(super) fn open(folder: &Path, offer: &Offer) -> Result<Self, UpdateError> {
        let package = &offer.package;
        let failed = UpdateError::disk(folder);
        files::make_private_folder(folder).map_err(&failed)?;
        let lock = lock(folder)?;
        let path = folder.join(format!("{}.{PART}", package.sha256));
        sweep(folder, &path).map_err(&failed)?;
        let file = reopen(&path).map_err(UpdateError::disk(&path))?;
        let mut partial = Self {
            folder: folder.to_owned(),
            path,
            package: package.clone(),
            is_downgrade: offer.is_downgrade,
            file,
            hasher: Sha256::new(),
            at: 0,
            lock,
        };
        partial.take_up().map_err(UpdateError::disk(&partial.path))?;
        Ok(partial)
    }

    fn take_up(&mut self) -> std::io::Result<()> {
        if self.file.metadata()?.len() > self.package.length {
            return self.begin_again();
        }
        let mut there = Hashing { inner: &mut self.file, hasher: &mut self.hasher, count: 0 };
        std::io::copy(&mut there, &mut std::io::sink())?;
        self.at = there.count;
        Ok(())
    }

    fn begin_again(&mut self) -> std::io::Result<()> {
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        (self.hasher, self.at) = (Sha256::new(), 0);
        Ok(())
    }

    /// How many octets are here.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// Forgets the octets from `at` on; only all of them can be forgotten.
    pub(super) fn go_on_at(&mut self, at: u64) -> Result<(), UpdateError> {
        match at == self.at {
            true => Ok(()),
            false => self.begin_again().map_err(UpdateError::disk(&self.path)),
        }
    }

    /// Adds octets, of which there are never more than the package has.
    pub(super) fn push(&mut self, octets: &[u8]) -> Result<(), UpdateError> {
        if self.at + octets.len() as u64 > self.package.length {
            return Err(UpdateError::PackageDiffers("longer"));
        }
        self.file.write_all(octets).map_err(UpdateError::disk(&self.path))?;
        self.hasher.update(octets);
        self.at += octets.len() as u64;
        Ok(())
    }

    /// The whole package, when it is what was signed; otherwise it is thrown away.
    pub(super) fn finish(self) -> Result<Fetched, UpdateError> {
        let Self { folder, path, package, is_downgrade, file, hasher, at, lock } = self;
        let found = PackageDigest(hasher.finalize().into());
        if at != package.length || found != package.sha256 {
            drop(file);
            files::remove(&path).map_err(UpdateError::disk(&path))?;
            return Err(UpdateError::PackageDiffers("other octets"));
        }
        file.sync_all().map_err(UpdateError::disk(&path))?;
        drop(file);
        let whole = folder.join(package.file.as_str());
        fs::rename(&path, &whole)
            .and_then(|()| files::sync_folder(&folder))
            .map_err(UpdateError::disk(&whole))?;
        Ok(Fetched { package, path: whole, is_downgrade, _lock: lock })
    }

    /// Throws away what is here: it can never become the package.
    pub(super) fn discard(self) -> Result<(), UpdateError> {
        let Self { path, file, .. } = self;
        drop(file);
        files::remove(&path).map_err(UpdateError::disk(&path))
    }
}

/// Reads and hashes what it hands on.
pub(super) struct Hashing<'a, R> {
    pub(super) inner: R,
    pub(super) hasher: &'a mut Sha256,
    pub(super) count: u64,
}

impl<R: Read> Read for Hashing<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        self.count += count as u64;
        Ok(count)
    }
}

/// The file of an earlier try, or a new one.
fn reopen(path: &Path) -> std::io::Result<File> {
    // One that others made or can write may change under our hands.
    if !files::is_private(path)? {
        files::remove(path)?;
    }
    private(OpenOptions::new().read(true).write(true).create(true)).open(path)
}

fn lock(folder: &Path) -> Result<File, UpdateError> {
    let path = folder.join(LOCK);
    let file = private(OpenOptions::new().write(true).create(true))
        .open(&path)
        .map_err(UpdateError::disk(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(UpdateError::UnderWay),
        Err(TryLockError::Error(error)) => Err(UpdateError::disk(&path)(error)),
    }
}

/// For this user alone.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Removes what other downloads left, packages that were installed among it.
fn sweep(folder: &Path, keep: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // A folder is none of ours.
        if entry.file_type()?.is_dir() {
            continue;
        }
        let path = entry.path();
        let is_ours = path.extension().is_none_or(|end| end != "json")
            && path.file_name().is_some_and(|name| name != LOCK);
        if is_ours && path != keep {
            files::remove(&path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_other_downloads_left_goes_and_a_folder_of_somebody_stays() {
        let folder = tempfile::tempdir().unwrap();
        let keep = folder.path().join("now.part");
        for name in ["now.part", "then.part", "package.tar.gz", "memory.json", LOCK] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        fs::create_dir(folder.path().join("backup")).unwrap();
        sweep(folder.path(), &keep).unwrap();
        let mut names: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["backup", LOCK, "memory.json", "now.part"]);
    }
}
