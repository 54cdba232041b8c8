use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tegata_domain::Serial;

use crate::column::Column;
use crate::{StoreError, Tx, View};

/// Who did what to what. Never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// Who: `subscriber CMSM950-006-401`, `operator cli`, `system`.
    pub actor: String,
    /// What: a stable word such as `certificate.issued`.
    pub action: String,
    /// To what: a user ID, a serial number, a name.
    pub object: String,
    /// What else is worth knowing.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub detail: serde_json::Value,
    /// Support reference that was shown to the caller, if one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// The end of the audit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditHead {
    /// Number of the last entry; 0 when there is none.
    pub seq: i64,
    /// Its hash, which covers every entry before it.
    pub hash: [u8; 32],
}

/// What does not hold in the audit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditFault {
    /// The entry, or its hash, is not what was written.
    Altered {
        /// Its number.
        seq: i64,
    },
    /// Entries are gone.
    Missing {
        /// First number.
        from: i64,
        /// Last number.
        to: i64,
    },
}

/// The head of the chain while a transaction runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chain {
    seq: i64,
    hash: [u8; 32],
}

impl Chain {
    pub(crate) fn load(connection: &Connection) -> Result<Self, StoreError> {
        let head = connection
            .prepare_cached("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")?
            .query_row([], |row| Ok(Self { seq: row.get(0)?, hash: row.get(1)? }))
            .optional()?;
        Ok(head.unwrap_or(Self { seq: 0, hash: [0; 32] }))
    }

    fn next(self, body: &str) -> Self {
        let hash = Sha256::new().chain_update(self.hash).chain_update(body).finalize();
        Self { seq: self.seq + 1, hash: hash.into() }
    }
}

impl Tx<'_> {
    /// Begins another epoch: what came behind the present end of the log is lost.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn begin_epoch(&mut self, at: Timestamp) -> Result<(), StoreError> {
        self.0
            .prepare_cached("INSERT INTO rollback (last_entry, at) VALUES (?1, ?2)")?
            .execute((self.chain.seq, Column(at)))?;
        Ok(())
    }

    /// From now on there is an anchor outside the database.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn begin_anchor(&mut self, at: Timestamp) -> Result<(), StoreError> {
        self.0.prepare_cached("INSERT INTO anchor (at) VALUES (?1)")?.execute([Column(at)])?;
        Ok(())
    }

    /// The end of the log as this transaction leaves it.
    pub fn audit_head_so_far(&self) -> AuditHead {
        AuditHead { seq: self.chain.seq, hash: self.chain.hash }
    }

    /// Appends an entry to the audit log.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn audit(&mut self, entry: &AuditEntry) -> Result<(), StoreError> {
        let body = serde_json::to_string(entry)
            .map_err(|_| StoreError::Corrupt("an audit entry that is not JSON"))?;
        let next = self.chain.next(&body);
        self.0
            .prepare_cached("INSERT INTO audit (seq, body, hash) VALUES (?1, ?2, ?3)")?
            .execute((next.seq, body, next.hash))?;
        self.chain = next;
        Ok(())
    }
}

impl View<'_> {
    /// The entries from `after` on, oldest first, at most `limit`, with their numbers.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn audit_entries(
        &self,
        after: i64,
        limit: u32,
    ) -> Result<Vec<(i64, AuditEntry)>, StoreError> {
        let mut statement = self
            .0
            .prepare_cached("SELECT seq, body FROM audit WHERE seq > ?1 ORDER BY seq LIMIT ?2")?;
        let rows = statement.query_map((after, limit), numbered)?;
        rows.map(|row| parse(row?)).collect()
    }

    /// The entries before `before`, newest first, at most `limit`, with their numbers.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn audit_entries_back(
        &self,
        before: i64,
        limit: u32,
    ) -> Result<Vec<(i64, AuditEntry)>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT seq, body FROM audit WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2",
        )?;
        let rows = statement.query_map((before, limit), numbered)?;
        rows.map(|row| parse(row?)).collect()
    }

    /// The last entry's number and hash; 0 and zeros when there is none.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn audit_head(&self) -> Result<AuditHead, StoreError> {
        let Chain { seq, hash } = Chain::load(self.0)?;
        Ok(AuditHead { seq, hash })
    }

    /// The hash of the entry of this number.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn audit_hash(&self, seq: i64) -> Result<Option<[u8; 32]>, StoreError> {
        Ok(self
            .0
            .prepare_cached("SELECT hash FROM audit WHERE seq = ?1")?
            .query_row([seq], |row| row.get(0))
            .optional()?)
    }

    /// Whether there is an anchor outside the database, as far as it knows.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn has_anchor(&self) -> Result<bool, StoreError> {
        Ok(self.0.prepare_cached("SELECT 1 FROM anchor LIMIT 1")?.exists([])?)
    }

    /// How often an older copy was taken for this database.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn epoch(&self) -> Result<u64, StoreError> {
        Ok(self
            .0
            .prepare_cached("SELECT count(*) FROM rollback")?
            .query_row([], |row| row.get(0))?)
    }

    /// Certificates that the log says were revoked or voided and that are neither in their own
    /// row, or no longer in the feed, at most `limit`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn unrevoked(&self, limit: usize) -> Result<Vec<Serial>, StoreError> {
        let mut statement = self.0.prepare(
            "SELECT DISTINCT serial FROM
                 (SELECT unhex(body ->> '$.detail.serial') AS serial FROM audit
                  WHERE instr(body, '\"action\":\"certificate.revoked\"') > 0
                     OR instr(body, '\"action\":\"intent.voided\"') > 0) said
             WHERE NOT EXISTS (SELECT 1 FROM certificate c
                       WHERE c.serial = said.serial AND c.state IN (4, 5))
                OR NOT EXISTS (SELECT 1 FROM status_change s
                       WHERE s.serial = said.serial AND s.status = 2)
             LIMIT ?1",
        )?;
        let rows =
            statement.query_map([limit], |row| Ok(row.get::<_, Column<Serial>>("serial")?.0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Checks the entries from number `from` up to and without `to`: each must follow from the
    /// one before. Names what does not hold, at most `limit` times.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn audit_faults(
        &self,
        from: i64,
        to: i64,
        limit: usize,
    ) -> Result<Vec<AuditFault>, StoreError> {
        let mut faults = Vec::new();
        let mut last = match from - 1 {
            0 => Some(Chain { seq: 0, hash: [0; 32] }),
            before => self.audit_hash(before)?.map(|hash| Chain { seq: before, hash }),
        };
        let mut expected = from;
        let mut statement = self.0.prepare(
            "SELECT seq, body, hash FROM audit WHERE seq >= ?1 AND seq < ?2 ORDER BY seq",
        )?;
        let mut rows = statement.query((from, to))?;
        while let Some(row) = rows.next()? {
            let seq: i64 = row.get(0)?;
            let hash: [u8; 32] = row.get(2)?;
            if seq != expected {
                faults.push(AuditFault::Missing { from: expected, to: seq - 1 });
                // What follows a gap cannot be judged: its predecessor is gone.
                last = None;
            }
            if let Some(chain) = last {
                let body = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
                if chain.next(body).hash != hash {
                    faults.push(AuditFault::Altered { seq });
                }
            }
            if faults.len() >= limit {
                return Ok(faults);
            }
            last = Some(Chain { seq, hash });
            expected = seq + 1;
        }
        if expected < to {
            faults.push(AuditFault::Missing { from: expected, to: to - 1 });
        }
        Ok(faults)
    }
}

fn numbered(row: &rusqlite::Row<'_>) -> rusqlite::Result<(i64, String)> {
    Ok((row.get(0)?, row.get(1)?))
}

fn parse((seq, body): (i64, String)) -> Result<(i64, AuditEntry), StoreError> {
    let entry = serde_json::from_str(&body)
        .map_err(|_| StoreError::Corrupt("an audit entry that is not JSON"))?;
    Ok((seq, entry))
}
