//! Reports of mail servers, taken from a Maildir that the local mail server fills.
//!
//! What was read moves from `new` to `cur`: a report about a mail of ours as seen (`S`),
//! everything else as new, for a person to look at. Nothing is deleted.

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
        let new = self.dir.join("new");
        let entries = match fs::read_dir(&new) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
            Err(error) => return Err(ReportsError::Io(new, error)),
        };
        let (mut marked, mut failed) = (0, None);
        // Names that begin with a dot are none of Maildir's.
        let names = entries.flatten().map(|entry| entry.file_name());
        let names = names.filter(|name| !name.as_encoded_bytes().starts_with(b"."));
        for name in names.take(ROUND) {
            let path = new.join(&name);
            let report = match read(&path) {
                Ok(octets) => bounce::parse(&octets),
                Err(error) => {
                    failed = failed.or(Some(ReportsError::Io(path, error)));
                    continue;
                }
            };
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
            if let Err(error) = fs::rename(&path, &cur) {
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

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    // One more than is looked at would change nothing.
    File::open(path)?.take(MAX_REPORT as u64).read_to_end(&mut octets)?;
    Ok(octets)
}
