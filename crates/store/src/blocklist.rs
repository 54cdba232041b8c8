//! Keys that are never certified.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row};

use crate::column::{Column, at};
use crate::{StoreError, Tx, View};

/// A key that is never certified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockedKey {
    /// One of the fingerprints that `tegata_ca` gives a key: of 32 or 10 octets.
    pub fingerprint: Vec<u8>,
    /// Since when.
    pub at: Timestamp,
    /// Who or what says so.
    pub source: String,
}

impl Tx<'_> {
    /// Blocks a key for good; says whether it was not blocked before. What blocked it first
    /// stays on record.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn block_key(
        &mut self,
        fingerprint: &[u8],
        at: Timestamp,
        source: &str,
    ) -> Result<bool, StoreError> {
        let rows = self
            .0
            .prepare_cached(
                "INSERT INTO blocked_key (key_hash, at, source) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO NOTHING",
            )?
            .execute((fingerprint, Column(at), source))?;
        Ok(rows == 1)
    }
}

impl View<'_> {
    /// The entry that blocks a key of these fingerprints.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn blocked_key(&self, fingerprints: &[Vec<u8>]) -> Result<Option<BlockedKey>, StoreError> {
        let mut statement = self
            .0
            .prepare_cached("SELECT key_hash, at, source FROM blocked_key WHERE key_hash = ?1")?;
        for fingerprint in fingerprints {
            if let Some(found) = statement.query_row([fingerprint], blocked).optional()? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The keys blocked last, latest first, at most so many, without those whose source begins
    /// with `but_from`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn blocked_keys(
        &self,
        limit: u32,
        but_from: Option<&str>,
    ) -> Result<Vec<BlockedKey>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT key_hash, at, source FROM blocked_key
             WHERE ?2 IS NULL OR substr(source, 1, length(?2)) <> ?2
             ORDER BY at DESC, key_hash LIMIT ?1",
        )?;
        let rows = statement.query_map((limit, but_from), blocked)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many keys are blocked.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn blocked_key_count(&self) -> Result<u64, StoreError> {
        Ok(self.0.query_row("SELECT count(*) FROM blocked_key", [], |row| row.get(0))?)
    }

    /// Purpose and certificate of every server of our own, also of former ones.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn own_certificates(&self) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let mut statement = self.0.prepare_cached("SELECT purpose, der FROM own_certificate")?;
        let rows = statement.query_map([], |row| Ok((row.get("purpose")?, row.get("der")?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

fn blocked(row: &Row<'_>) -> rusqlite::Result<BlockedKey> {
    Ok(BlockedKey {
        fingerprint: row.get("key_hash")?,
        at: at(row, "at")?,
        source: row.get("source")?,
    })
}
