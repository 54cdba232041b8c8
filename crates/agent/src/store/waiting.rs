//! Keys that wait inside a token: what is written down of them is no secret.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use tegata_domain::ServiceKey;

use super::{Seat, StoreError};
use crate::files::{self, Access, Existing};
use crate::pending;

/// How long a key waits for its certificate: as long as the server answers a repeated request
/// with the same certificate (24 hours). After that a new key is made.
const WAITS: SignedDuration = SignedDuration::from_hours(24);

/// Longest record that is read, in octets. Ours have about 120.
const MAX_LEN: u64 = 4096;

/// Which key waits, as it is written before the key is made: a crash at any point leaves no key
/// that nobody knows of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// The key's label while it waits; no other object has it.
    pub(super) label: String,
    /// The store that the key is in.
    #[serde(default)]
    pub(super) store: String,
    /// The key's identifier, in hexadecimal, once it has been made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
}

impl Record {
    /// One for a key that is about to be made.
    pub(super) fn new(seat: &Seat<'_>, waiting: &Waiting) -> Self {
        let mut tag = [0; 4];
        seat.entropy.fill(&mut tag);
        let label = format!("{} waiting {}", seat.user, hexadecimal(&tag));
        Self { label, store: waiting.store.clone(), id: None }
    }
}

/// The file of a [`Record`].
///
/// It belongs to a seat, its site and the store that the key is in.
pub(super) struct Waiting {
    path: PathBuf,
    /// What tells the store from others.
    store: String,
}

/// How the name of a record's file ends.
const ENDING: &str = ".waiting.json";

impl Waiting {
    /// The file in `folder` for a seat's key in the store of this name.
    pub(super) fn of(folder: &Path, seat: &Seat<'_>, store: &str) -> Self {
        let mut digest = Sha256::new();
        digest.update(seat.site.to_string());
        digest.update([0]);
        digest.update(store);
        let tag = hexadecimal(&digest.finalize()[..8]);
        let service = seat.site.service();
        let name = format!("{}-{}-{}-{tag}", service.tenant, service.issuer, seat.user);
        Self { path: folder.join(format!("{name}{ENDING}")), store: store.to_owned() }
    }

    /// Every record in `folder` of a key that waits in the store of this name for a certificate of
    /// the service, of all services without one.
    pub(super) fn all(
        folder: &Path,
        service: Option<&ServiceKey>,
        store: &str,
    ) -> Result<Vec<(Self, Record)>, StoreError> {
        let mut all = Vec::new();
        for path in pending::files_of(folder, service, &[ENDING]) {
            let waiting = Self { path, store: store.to_owned() };
            let record = waiting.read()?.filter(|record| record.store == store);
            all.extend(record.map(|record| (waiting, record)));
        }
        Ok(all)
    }

    /// What is written, if it can be believed: a record that others could have written is none.
    pub(super) fn read(&self) -> Result<Option<Record>, StoreError> {
        let read = || -> io::Result<Option<Record>> {
            if !files::is_private(&self.path)? {
                return Ok(None);
            }
            let octets = files::read(&self.path, MAX_LEN)?;
            Ok(octets.and_then(|octets| serde_json::from_slice(&octets).ok()))
        };
        read().map_err(StoreError::io(&self.path))
    }

    /// Whether the key has waited too long.
    pub(super) fn is_stale(&self, now: Timestamp) -> Result<bool, StoreError> {
        let written = match fs::metadata(&self.path).and_then(|file| file.modified()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            other => other.map_err(StoreError::io(&self.path))?,
        };
        let written = Timestamp::try_from(written).unwrap_or(Timestamp::MIN);
        Ok(now.duration_since(written) >= WAITS)
    }

    /// Writes it, in place of what may be there.
    pub(super) fn write(&self, record: &Record) -> Result<(), StoreError> {
        let json = serde_json::to_vec(record)
            .map_err(|error| StoreError::Io { path: self.path.clone(), source: error.into() })?;
        files::write(&self.path, &json, Access::Private, Existing::Replace)
            .map_err(StoreError::io(&self.path))
    }

    /// Forgets it.
    pub(super) fn clear(&self) -> Result<(), StoreError> {
        files::remove(&self.path).map_err(StoreError::io(&self.path))
    }
}

pub(super) fn hexadecimal(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(folder: &Path) -> Waiting {
        Waiting { path: folder.join("seat.waiting.json"), store: "card".to_owned() }
    }

    #[test]
    fn a_record_reads_back_until_it_is_cleared() {
        let folder = tempfile::tempdir().unwrap();
        let waiting = waiting(folder.path());
        assert_eq!(waiting.read().unwrap(), None);
        for id in [None, Some("00ff".to_owned())] {
            let (label, store) = ("seat waiting 00".to_owned(), "card".to_owned());
            let record = Record { label, store, id };
            waiting.write(&record).unwrap();
            assert_eq!(waiting.read().unwrap(), Some(record));
        }
        waiting.clear().unwrap();
        waiting.clear().unwrap();
        assert_eq!(waiting.read().unwrap(), None);
    }

    fn record() -> Record {
        Record { label: "x".to_owned(), store: "card".to_owned(), id: None }
    }

    #[test]
    fn what_is_damaged_or_open_to_others_is_no_record() {
        let folder = tempfile::tempdir().unwrap();
        let waiting = waiting(folder.path());
        waiting.write(&record()).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let open = fs::Permissions::from_mode(0o666);
            fs::set_permissions(&waiting.path, open).unwrap();
            assert_eq!(waiting.read().unwrap(), None);
        }
        fs::write(&waiting.path, "{\"label\":").unwrap();
        assert_eq!(waiting.read().unwrap(), None);
    }

    #[test]
    fn a_key_waits_for_exactly_a_day() {
        let folder = tempfile::tempdir().unwrap();
        let waiting = waiting(folder.path());
        assert!(!waiting.is_stale(Timestamp::MAX).unwrap(), "nothing waits");
        waiting.write(&record()).unwrap();
        let written = fs::metadata(&waiting.path).unwrap().modified().unwrap();
        let day = Timestamp::try_from(written).unwrap() + WAITS;
        assert!(!waiting.is_stale(day - SignedDuration::from_secs(1)).unwrap());
        assert!(waiting.is_stale(day).unwrap());
    }
}
