use jiff::Timestamp;
use tegata_domain::{Reason, RevocationStatus, Serial};

use crate::column::{Column, at};
use crate::{AuthorityId, ServiceId, StoreError, Tx, View};

/// A line of a CRL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrlRow {
    /// Whose.
    pub serial: Serial,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: Reason,
}

/// A change in the feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedRow {
    /// Position.
    pub seq: u64,
    /// Whose.
    pub serial: Serial,
    /// What stands from now on.
    pub status: RevocationStatus,
}

/// A stretch of the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedRows {
    /// The changes in order.
    pub rows: Vec<FeedRow>,
    /// Whether nothing later exists.
    pub complete: bool,
}

impl Tx<'_> {
    /// Announces a change of what relying parties are told.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn announce(
        &mut self,
        service: ServiceId,
        serial: Serial,
        status: RevocationStatus,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let status = match status {
            RevocationStatus::Good => 0,
            RevocationStatus::Held => 1,
            RevocationStatus::Revoked => 2,
        };
        self.0
            .prepare_cached(
                "INSERT INTO status_change (service_id, serial, status, at)
                 VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute((service.0, Column(serial), status, Column(at)))?;
        Ok(())
    }
}

impl View<'_> {
    /// The feed of a service behind position `after`, at most `limit` changes.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn feed(
        &self,
        service: ServiceId,
        after: u64,
        limit: usize,
    ) -> Result<FeedRows, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT seq, serial, status FROM status_change
             WHERE service_id = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
        )?;
        let rows = statement.query_map((service.0, after, limit + 1), |row| {
            Ok(FeedRow {
                seq: row.get("seq")?,
                serial: row.get::<_, Column<Serial>>("serial")?.0,
                status: match row.get::<_, u8>("status")? {
                    0 => RevocationStatus::Good,
                    1 => RevocationStatus::Held,
                    _ => RevocationStatus::Revoked,
                },
            })
        })?;
        let mut rows: Vec<FeedRow> = rows.collect::<Result<_, _>>()?;
        let complete = rows.len() <= limit;
        rows.truncate(limit);
        Ok(FeedRows { rows, complete })
    }

    /// The last position of a service's feed; 0 when nothing ever changed.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn feed_position(&self, service: ServiceId) -> Result<u64, StoreError> {
        Ok(self
            .0
            .prepare_cached("SELECT ifnull(max(seq), 0) FROM status_change WHERE service_id = ?1")?
            .query_row([service.0], |row| row.get(0))?)
    }

    /// What belongs on the CRL of a CA, together with the feed position it covers: every
    /// certificate on hold, revoked or void that had not expired at `expired_before`. A revoked
    /// certificate stays until it was on a CRL issued after its end (RFC 5280 §3.3), so the
    /// caller passes the time of the CRL before.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn crl_rows(
        &self,
        authority: AuthorityId,
        expired_before: Timestamp,
    ) -> Result<Vec<CrlRow>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT serial, state_at, reason FROM certificate
             WHERE authority_id = ?1 AND state >= 3 AND not_after >= ?2 ORDER BY id",
        )?;
        let rows = statement.query_map((authority.0, Column(expired_before)), |row| {
            Ok(CrlRow {
                serial: row.get::<_, Column<Serial>>("serial")?.0,
                at: at(row, "state_at")?,
                reason: row
                    .get::<_, Option<u8>>("reason")?
                    .and_then(Reason::from_code)
                    .unwrap_or(Reason::Unspecified),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
