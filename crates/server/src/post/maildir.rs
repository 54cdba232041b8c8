//! Reports of mail servers, taken from a Maildir that the local mail server fills.
//!
//! What was read moves from `new` to `cur`: a report about a mail of ours as seen (`S`),
//! everything else as new, for a person to look at. Nothing is deleted.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use tegata_registrar::Registrar;
use tegata_store::{Bounce, MailId, StoreError};

use super::bounce::{self, MAX_REPORT, Report};
use super::mark::MarkKey;

/// Most mails of one round.
const ROUND: usize = 500;

/// Where reports arrive.
pub struct Reports {
    dir: PathBuf,
    mark: std::sync::Arc<MarkKey>,
}

/// Why reports were not read.
#[derive(Debug, thiserror::Error)]
pub enum ReportsError {
    /// The file system said no.
    #[error("{0}: {1}")]
    Io(PathBuf, std::io::Error),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Reports {
    /// Reports in this Maildir about mails with marks of this key.
    pub fn new(dir: PathBuf, mark: std::sync::Arc<MarkKey>) -> Self {
        Self { dir, mark }
    }

    /// Reads what came. Returns how many mails were marked. Without a Maildir there is nothing
    /// to read.
    ///
    /// # Errors
    /// When the database refuses, or a file cannot be read or moved; others were dealt with.
    pub async fn take(&self, registrar: &Registrar) -> Result<usize, ReportsError> {
        let dir = self.dir.clone();
        let look = tokio::task::spawn_blocking(move || look(&dir)).await;
        let look = look.map_err(|why| ReportsError::Io(self.dir.clone(), why.into()))?;
        let (mut marked, Look { found, mut failed }) = (0, look?);
        for Found { path, name, report } in found {
            let known = report.and_then(|report| Some((self.mail_of(&report)?, report)));
            let flags = match known {
                None => ":2,",
                Some((id, report)) => {
                    let kind = match report.undeliverable {
                        true => Bounce::Undeliverable,
                        false => Bounce::Delayed,
                    };
                    let (now, said) = (registrar.now(), report.said);
                    let write =
                        move |tx: &mut tegata_store::Tx<'_>| tx.mail_bounced(id, kind, &said, now);
                    if registrar.store().write(write).await? {
                        marked += 1;
                    }
                    ":2,S"
                }
            };
            // After the database: what is read twice changes nothing the second time.
            let mut seen = name;
            seen.push(flags);
            let cur = self.dir.join("cur").join(seen);
            if let Err(error) = tokio::fs::rename(&path, &cur).await {
                failed = failed.or(Some(ReportsError::Io(cur, error)));
            }
        }
        failed.map_or(Ok(marked), Err)
    }

    /// The mail that a report is about, by the first mark of ours.
    fn mail_of(&self, report: &Report) -> Option<MailId> {
        report.marks.iter().find_map(|text| mail_of(&self.mark, text))
    }
}

/// Why no reports are read from this Maildir. One that nobody `expects` may be missing; a mail
/// server makes a new one with the first report.
pub fn unreadable(dir: &Path, expects: bool) -> Option<String> {
    let new = dir.join("new");
    let error = match fs::read_dir(&new) {
        Ok(_) => return None,
        Err(error) => error,
    };
    if error.kind() == std::io::ErrorKind::NotFound && !expects {
        return None;
    }
    Some(format!(
        "mail.bounces_maildir: reports of undeliverable mails are not read: {}: {error}; let the \
         user of `tegata serve` read and write it, or make one: mkdir -p {}/{{cur,new,tmp}}",
        new.display(),
        dir.display()
    ))
}

/// The mail whose mark stands somewhere in an address or a `Message-ID`: `12-{code}` in the one,
/// `12.issued.1800000000.{code}` in the other.
fn mail_of(key: &MarkKey, text: &str) -> Option<MailId> {
    let is_of_a_mark = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    text.split(|c: char| !is_of_a_mark(c)).find_map(|word| {
        let code = word.rsplit(['-', '.']).next()?;
        let number = word.split(['-', '.']).next()?.parse().ok()?;
        key.verifies(number, code).then(|| MailId::from_number(number))
    })
}

/// What came.
struct Found {
    path: PathBuf,
    name: OsString,
    report: Option<Report>,
}

/// What one look at `new` finds.
struct Look {
    found: Vec<Found>,
    /// The first that cannot be read.
    failed: Option<ReportsError>,
}

/// Reads what came. What is no file of its own stays where it is, unread.
fn look(dir: &Path) -> Result<Look, ReportsError> {
    let new = dir.join("new");
    let (mut found, mut failed) = (Vec::new(), None);
    let entries = match fs::read_dir(&new) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(Look { found, failed });
        }
        Err(error) => return Err(ReportsError::Io(new, error)),
    };
    // Names that begin with a dot are none of Maildir's.
    let is_mail = |entry: &fs::DirEntry| {
        let is_named = !entry.file_name().as_encoded_bytes().starts_with(b".");
        is_named && entry.file_type().is_ok_and(|kind| kind.is_file())
    };
    for entry in entries.flatten().filter(is_mail).take(ROUND) {
        let (path, name) = (entry.path(), entry.file_name());
        match read(&path) {
            Ok(Some(octets)) => found.push(Found { path, name, report: bounce::parse(&octets) }),
            Ok(None) => {}
            Err(error) => failed = failed.or(Some(ReportsError::Io(path, error))),
        }
    }
    Ok(Look { found, failed })
}

/// The beginning of a file: one octet more than is looked at would change nothing. What was put
/// in its place meanwhile is not followed, nor waited for.
fn read(path: &Path) -> std::io::Result<Option<Vec<u8>>> {
    let file = open(path)?;
    if !file.metadata()?.is_file() {
        return Ok(None);
    }
    let mut octets = Vec::new();
    file.take(MAX_REPORT as u64).read_to_end(&mut octets)?;
    Ok(Some(octets))
}

#[cfg(unix)]
fn open(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;

    use rustix::fs::OFlags;
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    File::options().read(true).custom_flags(flags).open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> std::io::Result<File> {
    File::open(path)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;
    use std::process::Command;

    use super::*;

    #[test]
    fn a_maildir_that_somebody_named_must_be_there() {
        let dir = tempfile::tempdir().unwrap();
        let maildir = dir.path().join("reports");
        assert_eq!(unreadable(&maildir, false), None, "nobody asked for it");
        let said = unreadable(&maildir, true).unwrap();
        assert!(said.contains("mkdir -p") && said.contains("mail.bounces_maildir"), "{said}");
        fs::create_dir(&maildir).unwrap();
        fs::write(maildir.join("new"), "a file").unwrap();
        assert!(unreadable(&maildir, false).is_some(), "there, and of no use");
        fs::remove_file(maildir.join("new")).unwrap();
        fs::create_dir(maildir.join("new")).unwrap();
        assert_eq!(unreadable(&maildir, true), None);
    }

    #[test]
    fn only_files_are_read_and_nothing_is_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        assert!(look(dir.path()).unwrap().found.is_empty(), "no Maildir");
        let new = dir.path().join("new");
        fs::create_dir(&new).unwrap();
        fs::write(new.join("mail"), "Subject: x\r\n\r\nx").unwrap();
        fs::write(new.join(".hidden"), "x").unwrap();
        fs::write(dir.path().join("secret"), "x").unwrap();
        symlink(dir.path().join("secret"), new.join("link")).unwrap();
        fs::create_dir(new.join("folder")).unwrap();
        assert!(Command::new("mkfifo").arg(new.join("pipe")).status().unwrap().success());
        let (told, hears) = std::sync::mpsc::channel();
        let home = dir.path().to_owned();
        std::thread::spawn(move || {
            let all = (look(&home), read(&home.join("new/pipe")), read(&home.join("new/link")));
            let _ = told.send(all);
        });
        let heard = hears.recv_timeout(std::time::Duration::from_secs(20)).expect("it hangs");
        let (look, pipe, link) = heard;
        let look = look.unwrap();
        let names: Vec<_> = look.found.iter().map(|one| one.name.clone()).collect();
        assert_eq!(names, ["mail"]);
        assert!(look.failed.is_none());
        // Put in the place of a file behind the look.
        assert_eq!(pipe.unwrap(), None);
        assert!(link.is_err(), "a link is not followed");
    }
}
