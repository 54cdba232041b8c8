//! A tar takes the place of a program that belongs to the user: new file beside the old one,
//! tried, and then exchanged in one step.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};
use tempfile::{NamedTempFile, TempPath};

use super::{Applied, compare, is_signed, trial};
use crate::brand::{self, Brand};
use crate::files::{self, Access, Existing};
use crate::update::download::Hashing;
use crate::update::{Application, Fetched, UpdateError};

/// Name of the program in a package, in whichever folder.
const PROGRAM: &str = "tegata-app";

/// File in which `install.sh` keeps the version that it installed, so as not to go back to an older
/// one unasked. Beside a program that came otherwise there is none.
const VERSION: &str = "version";

/// Beginning of the names of our temporary files.
const TEMPORARY: &str = ".tegata-app-new-";

/// Most octets of a program. Ours has about 20 million.
const MAX_PROGRAM: u64 = 512 * 1024 * 1024;

/// Most entries of a package.
const MAX_ENTRIES: usize = 10_000;

/// What a package brings, on the disk but not in use.
struct Unpacked {
    program: TempPath,
    brand: Option<Vec<u8>>,
}

pub(super) fn replace(
    application: &Application<'_>,
    fetched: &Fetched,
) -> Result<Applied, UpdateError> {
    let program = &application.place.program;
    let folder = files::folder_of(program);
    sweep(&folder);
    let mut file = File::open(&fetched.path).map_err(UpdateError::disk(&fetched.path))?;
    // Twice: before any of it is read as an archive, and while what is unpacked is read.
    compare(&mut file, fetched)?;
    let Unpacked { program: new, brand } = unpack(&mut file, fetched, &folder)?;
    let brand = brand.map(|json| fitting(application, &json).map(|()| json)).transpose()?;
    trial::run(application, &new, fetched.package.version)?;
    let failed = UpdateError::program(&folder);
    let previous = beside(program, "previous");
    keep(program, &previous).map_err(&failed)?;
    // The program first: a new one reads an old brand, an old one perhaps no new brand.
    new.persist(program).map_err(|error| failed(error.error))?;
    files::sync_folder(&folder).map_err(&failed)?;
    if let Some(json) = brand {
        renew_brand(&folder.join(brand::FILE), &json).map_err(&failed)?;
    }
    let version = folder.join(VERSION);
    if version.exists() {
        let line = format!("{}\n", fetched.package.version);
        files::write(&version, line.as_bytes(), Access::Public, Existing::Replace)
            .map_err(&failed)?;
    }
    files::remove(&fetched.path).map_err(UpdateError::disk(&fetched.path))?;
    Ok(Applied::Replaced { program: program.clone(), previous, version: fetched.package.version })
}

/// Takes program and brand out of the archive, and goes on to the end of the file: only then it
/// is known that all of it was what was signed.
fn unpack(file: &mut File, fetched: &Fetched, folder: &Path) -> Result<Unpacked, UpdateError> {
    let mut hasher = Sha256::new();
    let mut whole = Hashing { inner: file, hasher: &mut hasher, count: 0 };
    let found = entries(&mut whole, folder);
    io::copy(&mut whole, &mut io::sink()).map_err(UpdateError::disk(&fetched.path))?;
    let count = whole.count;
    is_signed(hasher, count, fetched)?;
    let (program, brand) = found?;
    let program = program.ok_or_else(|| UpdateError::BadPackage(format!("no {PROGRAM} in it")))?;
    Ok(Unpacked { program, brand })
}

type Entries = (Option<TempPath>, Option<Vec<u8>>);

fn entries(archive: impl Read, folder: &Path) -> Result<Entries, UpdateError> {
    let bad = |error: io::Error| UpdateError::BadPackage(error.to_string());
    let mut archive = tar::Archive::new(MultiGzDecoder::new(archive));
    let (mut program, mut brand) = (None, None);
    for entry in archive.entries().map_err(bad)?.take(MAX_ENTRIES) {
        let mut entry = entry.map_err(bad)?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        // Only the last part of its path says what it is; no path of an archive is ever used.
        let name = entry.path().map_err(bad)?.file_name().map(|name| name.to_owned());
        if name.as_deref() == Some(PROGRAM.as_ref()) && program.is_none() {
            program = Some(write(&mut entry, folder)?);
        } else if name.as_deref() == Some(brand::FILE.as_ref()) && brand.is_none() {
            let mut json = Vec::new();
            entry.take(brand::MAX_LEN).read_to_end(&mut json).map_err(bad)?;
            brand = Some(json);
        }
    }
    Ok((program, brand))
}

/// The program as a file beside the running one, for everybody to run as the running one is.
fn write(entry: &mut impl Read, folder: &Path) -> Result<TempPath, UpdateError> {
    let failed = UpdateError::program(folder);
    let mut file: NamedTempFile = tempfile::Builder::new()
        .prefix(TEMPORARY)
        .permissions(fs::Permissions::from_mode(0o700))
        .tempfile_in(folder)
        .map_err(&failed)?;
    let mut buffer = vec![0; 64 * 1024];
    let mut count = 0;
    loop {
        let read = entry.read(&mut buffer).map_err(|e| UpdateError::BadPackage(e.to_string()))?;
        if read == 0 {
            break;
        }
        count += read as u64;
        if count > MAX_PROGRAM {
            return Err(UpdateError::BadPackage("too long".to_owned()));
        }
        file.write_all(&buffer[..read]).map_err(&failed)?;
    }
    file.as_file().set_permissions(fs::Permissions::from_mode(0o755)).map_err(&failed)?;
    file.as_file().sync_all().map_err(&failed)?;
    // Closed, for a file that somebody writes cannot be started.
    Ok(file.into_temp_path())
}

/// A brand of another service would turn this application into that one's.
fn fitting(application: &Application<'_>, json: &[u8]) -> Result<(), UpdateError> {
    let brand =
        Brand::from_json(json).map_err(|error| UpdateError::BadPackage(error.to_string()))?;
    match brand.site.service() == application.brand.site.service() {
        true => Ok(()),
        false => Err(UpdateError::BadPackage(format!("for service {}", brand.site.service()))),
    }
}

/// Keeps a file under a second name, so that it stands under its own all the time.
fn keep(file: &Path, second: &Path) -> io::Result<()> {
    let temporary = beside(second, "new");
    files::remove(&temporary)?;
    if fs::hard_link(file, &temporary).is_err() {
        // Not every file system has them.
        fs::copy(file, &temporary)?;
        File::open(&temporary)?.sync_all()?;
    }
    fs::rename(&temporary, second)
}

fn renew_brand(path: &Path, json: &[u8]) -> io::Result<()> {
    if files::read(path, brand::MAX_LEN)?.is_some_and(|old| old == json) {
        return Ok(());
    }
    if path.exists() {
        keep(path, &beside(path, "previous"))?;
    }
    files::write(path, json, Access::Public, Existing::Replace)
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(end);
    name.into()
}

/// Removes what an update that was killed has left. What cannot be removed harms nobody.
fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(TEMPORARY) {
            let _ = fs::remove_file(entry.path());
        }
    }
}
