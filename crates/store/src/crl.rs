use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row};
use tegata_domain::{Reason, Serial};

use crate::column::{Column, at};
use crate::{AuthorityId, StoreError, Tx, View};

/// What a CRL is about: a shard of what a CA issued, or with number 0 all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CrlScope {
    /// Whose.
    pub authority: AuthorityId,
    /// Which shard; 0 for everything.
    pub shard: u32,
}

/// A shard, with the address of its CRL as it stands in the certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shard {
    /// From 1.
    pub number: u32,
    /// Address of the full CRL; ends in `.crl`.
    pub address: String,
}

/// The CRL that stands at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedCrl {
    /// CRL number.
    pub number: u64,
    /// Position of the feed that it covers.
    pub position: u64,
    /// When it was made.
    pub this_update: Timestamp,
    /// By when the next one is out.
    pub next_update: Timestamp,
    /// How many entries it has.
    pub entries: usize,
    /// The CRL.
    pub der: Vec<u8>,
}

/// A line of a CRL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrlRow {
    /// Whose.
    pub serial: Serial,
    /// When.
    pub at: Timestamp,
    /// Why; `None` for one that was released, on a delta.
    pub reason: Option<Reason>,
    /// Since when it was no good before that, where it is known.
    pub invalid_since: Option<Timestamp>,
}

/// The full CRL that deltas build on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeltaBase {
    /// Its CRL number.
    pub number: u64,
    /// Position of the feed that it covers.
    pub position: u64,
}

impl Tx<'_> {
    /// Takes the next CRL number of a CA. It is never given out again, whether or not its CRL
    /// comes to be.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn next_crl_number(&mut self, id: AuthorityId) -> Result<u64, StoreError> {
        Ok(self
            .0
            .prepare_cached(
                "UPDATE authority SET crl_number = crl_number + 1 WHERE id = ?1
                 RETURNING crl_number",
            )?
            .query_row([id.0], |row| row.get(0))?)
    }

    /// Publishes a full or a delta CRL, unless a later one stands already.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn publish_crl(
        &mut self,
        scope: CrlScope,
        delta: bool,
        crl: &PublishedCrl,
    ) -> Result<(), StoreError> {
        let row: Option<i64> = self
            .0
            .prepare_cached(
                "INSERT INTO published_crl (authority_id, shard, delta, number, position,
                     this_update, next_update, entries, der)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, zeroblob(?9))
                 ON CONFLICT (authority_id, shard, delta) DO UPDATE SET
                     number = excluded.number, position = excluded.position,
                     this_update = excluded.this_update, next_update = excluded.next_update,
                     entries = excluded.entries, der = excluded.der
                 WHERE excluded.number > published_crl.number
                 RETURNING rowid",
            )?
            .query_row(
                (
                    scope.authority.0,
                    scope.shard,
                    delta,
                    crl.number,
                    crl.position,
                    Column(crl.this_update),
                    Column(crl.next_update),
                    crl.entries,
                    crl.der.len(),
                ),
                |row| row.get(0),
            )
            .optional()?;
        // Written in place: a bound value would be a second copy of what may be 35 MB.
        if let Some(row) = row {
            let mut blob = self.0.blob_open("main", "published_crl", "der", row, false)?;
            blob.write_at(&crl.der, 0)?;
        }
        Ok(())
    }

    /// From now on deltas of this scope build on the full CRL `base`.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_delta_base(&mut self, scope: CrlScope, base: DeltaBase) -> Result<(), StoreError> {
        self.0
            .prepare_cached(
                "INSERT INTO delta_base (authority_id, shard, number, position)
                 VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (authority_id, shard) DO UPDATE SET
                     number = excluded.number, position = excluded.position",
            )?
            .execute((scope.authority.0, scope.shard, base.number, base.position))?;
        Ok(())
    }

    /// Counts a certificate into a shard, which may be a new one.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when the shard has another address, or when the database refuses.
    pub fn fill_shard(
        &mut self,
        id: AuthorityId,
        shard: &Shard,
        not_after: Timestamp,
    ) -> Result<(), StoreError> {
        let filled = self
            .0
            .prepare_cached(
                "INSERT INTO crl_shard (authority_id, number, address, issued, not_after)
                 VALUES (?1, ?2, ?3, 1, ?4)
                 ON CONFLICT (authority_id, number) DO UPDATE SET
                     issued = issued + 1, not_after = max(not_after, excluded.not_after)
                 WHERE address = excluded.address",
            )?
            .execute((id.0, shard.number, &shard.address, Column(not_after)))?;
        // Another address began this shard at the same moment; the next try finds it.
        match filled {
            0 => Err(StoreError::Exists { what: "CRL shard", name: shard.number.to_string() }),
            _ => Ok(()),
        }
    }
}

impl View<'_> {
    /// The last shard of a CA, and how many certificates are on it.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn last_shard(&self, id: AuthorityId) -> Result<Option<(Shard, u32)>, StoreError> {
        Ok(self
            .0
            .prepare_cached(
                "SELECT number, address, issued FROM crl_shard WHERE authority_id = ?1
                 ORDER BY number DESC LIMIT 1",
            )?
            .query_row([id.0], |row| {
                Ok((Shard { number: row.get(0)?, address: row.get(1)? }, row.get(2)?))
            })
            .optional()?)
    }

    /// Where the CRL of a shard is; `None` for one that does not exist.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn shard_address(&self, scope: CrlScope) -> Result<Option<String>, StoreError> {
        Ok(self
            .0
            .prepare_cached(
                "SELECT address FROM crl_shard WHERE authority_id = ?1 AND number = ?2",
            )?
            .query_row((scope.authority.0, scope.shard), |row| row.get(0))
            .optional()?)
    }

    /// The shards of a CA with certificates that had not all ended at `ended_before`, and when
    /// the last of each ends.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn crl_shards(
        &self,
        id: AuthorityId,
        ended_before: Timestamp,
    ) -> Result<Vec<u32>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT number FROM crl_shard WHERE authority_id = ?1 AND not_after >= ?2
             ORDER BY number",
        )?;
        let rows = statement.query_map((id.0, Column(ended_before)), |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The position in the feed of the last change within a scope; 0 when nothing ever changed.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn crl_position(&self, scope: CrlScope) -> Result<u64, StoreError> {
        let sql = if scope.shard == 0 {
            "SELECT ifnull(max(seq), 0) FROM status_change WHERE authority_id = ?1 AND ?2 = 0"
        } else {
            "SELECT ifnull(max(seq), 0) FROM status_change WHERE authority_id = ?1 AND shard = ?2"
        };
        let mut statement = self.0.prepare_cached(sql)?;
        Ok(statement.query_row((scope.authority.0, scope.shard), |row| row.get(0))?)
    }

    /// The full or delta CRL that was published last.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn published_crl(
        &self,
        scope: CrlScope,
        delta: bool,
    ) -> Result<Option<PublishedCrl>, StoreError> {
        Ok(self
            .0
            .prepare_cached(
                "SELECT * FROM published_crl
                 WHERE authority_id = ?1 AND shard = ?2 AND delta = ?3",
            )?
            .query_row((scope.authority.0, scope.shard, delta), |row| {
                Ok(PublishedCrl {
                    number: row.get("number")?,
                    position: row.get("position")?,
                    this_update: at(row, "this_update")?,
                    next_update: at(row, "next_update")?,
                    entries: row.get("entries")?,
                    der: row.get("der")?,
                })
            })
            .optional()?)
    }

    /// The CRL that was published last, without its octets.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn published_crl_head(
        &self,
        scope: CrlScope,
        delta: bool,
    ) -> Result<Option<PublishedCrl>, StoreError> {
        Ok(self
            .0
            .prepare_cached(
                "SELECT number, position, this_update, next_update, entries FROM published_crl
                 WHERE authority_id = ?1 AND shard = ?2 AND delta = ?3",
            )?
            .query_row((scope.authority.0, scope.shard, delta), |row| {
                Ok(PublishedCrl {
                    number: row.get("number")?,
                    position: row.get("position")?,
                    this_update: at(row, "this_update")?,
                    next_update: at(row, "next_update")?,
                    entries: row.get("entries")?,
                    der: Vec::new(),
                })
            })
            .optional()?)
    }

    /// The full CRL that deltas of this scope build on.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn delta_base(&self, scope: CrlScope) -> Result<Option<DeltaBase>, StoreError> {
        Ok(self
            .0
            .prepare_cached(
                "SELECT number, position FROM delta_base WHERE authority_id = ?1 AND shard = ?2",
            )?
            .query_row((scope.authority.0, scope.shard), |row| {
                Ok(DeltaBase { number: row.get(0)?, position: row.get(1)? })
            })
            .optional()?)
    }

    /// Shows `each` what belongs on the CRL of a scope: everything on hold, revoked or void that
    /// had not expired at `expired_before`. A revoked certificate stays until it was on a CRL
    /// issued after its end (RFC 5280 §3.3), so the caller passes the time of the CRL before.
    ///
    /// # Errors
    /// When the database cannot be read, or those of `each`.
    pub fn crl_rows<E: From<StoreError>>(
        &self,
        scope: CrlScope,
        expired_before: Timestamp,
        mut each: impl FnMut(CrlRow) -> Result<(), E>,
    ) -> Result<(), E> {
        // One query a scope, so that each walks its index and nothing else.
        let within = if scope.shard == 0 { "?2 = 0" } else { "shard = ?2" };
        let sql = format!(
            "SELECT serial, state_at, reason, invalid_since FROM certificate
             WHERE authority_id = ?1 AND {within} AND state >= 3 AND not_after >= ?3
             UNION ALL
             SELECT serial, at, reason, NULL FROM unaccounted
             WHERE authority_id = ?1 AND {within} AND not_after >= ?3
             UNION ALL
             SELECT serial, revoked_at, revoked_reason, NULL FROM own_certificate
             WHERE authority_id = ?1 AND {within} AND revoked_at IS NOT NULL AND not_after >= ?3"
        );
        let mut statement = self.0.prepare_cached(&sql).map_err(StoreError::from)?;
        let mut rows = statement
            .query((scope.authority.0, scope.shard, Column(expired_before)))
            .map_err(StoreError::from)?;
        while let Some(row) = rows.next().map_err(StoreError::from)? {
            each(line(row).map_err(StoreError::from)?)?;
        }
        Ok(())
    }

    /// The certificates of CAs under `parent` that are revoked, for its CRL.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn revoked_authorities(
        &self,
        parent: AuthorityId,
    ) -> Result<Vec<(Vec<u8>, Timestamp, Reason)>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT certificate, revoked_at, revoked_reason FROM authority
             WHERE parent_id = ?1 AND revoked_at IS NOT NULL ORDER BY id",
        )?;
        let rows = statement.query_map([parent.0], |row| {
            Ok((row.get(0)?, at(row, "revoked_at")?, reason(row.get(2)?)))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Shows `each` what changed within a scope behind position `after`: the last word on each
    /// certificate.
    ///
    /// # Errors
    /// When the database cannot be read, or those of `each`.
    pub fn delta_rows<E: From<StoreError>>(
        &self,
        scope: CrlScope,
        after: u64,
        mut each: impl FnMut(CrlRow) -> Result<(), E>,
    ) -> Result<(), E> {
        let within = if scope.shard == 0 { "?2 = 0" } else { "s.shard = ?2" };
        // The bare columns are those of the row with the greatest seq.
        let sql = format!(
            "SELECT l.serial, ifnull(c.state_at, l.at), ifnull(c.reason, u.reason), c.invalid_since, l.status
             FROM (SELECT serial, max(seq), status, at FROM status_change s
                   WHERE authority_id = ?1 AND {within} AND seq > ?3 GROUP BY serial) l
             LEFT JOIN certificate c ON c.serial = l.serial AND c.authority_id = ?1
             LEFT JOIN unaccounted u ON u.serial = l.serial AND u.authority_id = ?1"
        );
        let mut statement = self.0.prepare_cached(&sql).map_err(StoreError::from)?;
        let mut rows =
            statement.query((scope.authority.0, scope.shard, after)).map_err(StoreError::from)?;
        while let Some(row) = rows.next().map_err(StoreError::from)? {
            let mut found = line(row).map_err(StoreError::from)?;
            if row.get::<_, u8>(4).map_err(StoreError::from)? == 0 {
                found = CrlRow { reason: None, invalid_since: None, ..found };
            }
            each(found)?;
        }
        Ok(())
    }

    /// The shards that changes behind position `after` of the feeds touch.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn touched_scopes(&self, after: u64) -> Result<Vec<CrlScope>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT DISTINCT authority_id, shard FROM status_change WHERE seq > ?1",
        )?;
        let rows = statement.query_map([after], |row| {
            Ok(CrlScope { authority: AuthorityId(row.get(0)?), shard: row.get(1)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The shards that have no CRL yet.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn new_shards(&self) -> Result<Vec<CrlScope>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT authority_id, number FROM crl_shard s WHERE NOT EXISTS
             (SELECT 1 FROM published_crl p WHERE p.authority_id = s.authority_id
              AND p.shard = s.number AND p.delta = 0)",
        )?;
        let rows = statement.query_map([], |row| {
            Ok(CrlScope { authority: AuthorityId(row.get(0)?), shard: row.get(1)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// About how many entries the CRL of a scope has.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn crl_size(&self, scope: CrlScope) -> Result<usize, StoreError> {
        let within = if scope.shard == 0 { "?2 = 0" } else { "shard = ?2" };
        let sql = format!(
            "SELECT count(*) FROM certificate WHERE authority_id = ?1 AND {within} AND state >= 3"
        );
        let mut statement = self.0.prepare_cached(&sql)?;
        Ok(statement.query_row((scope.authority.0, scope.shard), |row| row.get(0))?)
    }
}

fn line(row: &Row<'_>) -> rusqlite::Result<CrlRow> {
    Ok(CrlRow {
        serial: row.get::<_, Column<Serial>>(0)?.0,
        at: row.get::<_, Column<Timestamp>>(1)?.0,
        reason: Some(reason(row.get(2)?)),
        invalid_since: row.get::<_, Option<Column<Timestamp>>>(3)?.map(|column| column.0),
    })
}

/// A void certificate has no reason.
fn reason(code: Option<u8>) -> Reason {
    code.and_then(Reason::from_code).unwrap_or(Reason::Unspecified)
}
