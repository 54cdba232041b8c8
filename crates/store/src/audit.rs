use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

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
        let rows = statement.query_map((after, limit), |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
        })?;
        rows.map(|row| {
            let (seq, body) = row?;
            let entry = serde_json::from_str(&body)
                .map_err(|_| StoreError::Corrupt("an audit entry that is not JSON"))?;
            Ok((seq, entry))
        })
        .collect()
    }

    /// Whether every entry follows from the one before, from the first to the last.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn audit_chain_holds(&self) -> Result<bool, StoreError> {
        let mut chain = Chain { seq: 0, hash: [0; 32] };
        let mut statement = self.0.prepare("SELECT seq, body, hash FROM audit ORDER BY seq")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            chain = chain.next(row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?);
            if chain.seq != row.get::<_, i64>(0)? || chain.hash != row.get::<_, [u8; 32]>(2)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
