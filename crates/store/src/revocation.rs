use jiff::Timestamp;
use rusqlite::OptionalExtension;
use tegata_domain::{Reason, RevocationStatus, Serial};

use crate::column::{Column, at};
use crate::{AuthorityId, CrlScope, ServiceId, StoreError, Tx, View};

/// A change of what relying parties are told of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusAnnouncement {
    /// Whose service.
    pub service: ServiceId,
    /// On which CRL it stands.
    pub scope: CrlScope,
    /// Whose.
    pub serial: Serial,
    /// What stands from now on.
    pub status: RevocationStatus,
    /// Since when.
    pub at: Timestamp,
}

/// An announcement with what else is known of its certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangeRow {
    /// Position.
    pub seq: u64,
    /// The announcement.
    pub change: StatusAnnouncement,
    /// Why, as it stands now.
    pub reason: Option<Reason>,
    /// When the certificate ends.
    pub not_after: Timestamp,
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
    pub fn announce(&mut self, new: &StatusAnnouncement) -> Result<(), StoreError> {
        self.0
            .prepare_cached(
                "INSERT INTO status_change (service_id, authority_id, shard, serial, status, at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute((
                new.service.0,
                new.scope.authority.0,
                new.scope.shard,
                Column(new.serial),
                code(new.status),
                Column(new.at),
            ))?;
        Ok(())
    }

    /// No position of the feed up to `position` will be given out again.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn burn_feed_positions(&mut self, position: u64) -> Result<(), StoreError> {
        let changed = self
            .0
            .prepare_cached(
                "UPDATE sqlite_sequence SET seq = max(seq, ?1) WHERE name = 'status_change'",
            )?
            .execute([position])?;
        if changed == 0 {
            self.0
                .prepare_cached(
                    "INSERT INTO sqlite_sequence (name, seq) VALUES ('status_change', ?1)",
                )?
                .execute([position])?;
        }
        Ok(())
    }

    /// Keeps a serial number revoked that this database knows nothing else of.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn insert_unaccounted(
        &mut self,
        scope: CrlScope,
        serial: Serial,
        (at, reason): (Timestamp, Reason),
        not_after: Timestamp,
    ) -> Result<(), StoreError> {
        self.0
            .prepare_cached(
                "INSERT INTO unaccounted (serial, authority_id, shard, at, reason, not_after)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
            )?
            .execute((
                Column(serial),
                scope.authority.0,
                scope.shard,
                Column(at),
                reason.code(),
                Column(not_after),
            ))?;
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
                status: status(row.get("status")?),
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

    /// The last position of every feed together.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn last_change(&self) -> Result<u64, StoreError> {
        Ok(self
            .0
            .prepare_cached("SELECT ifnull(max(seq), 0) FROM status_change")?
            .query_row([], |row| row.get(0))?)
    }

    /// The changes of every service behind position `after`, at most `limit`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn changes(&self, after: u64, limit: usize) -> Result<Vec<ChangeRow>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT s.seq, s.service_id, s.authority_id, s.shard, s.serial, s.status, s.at,
                    ifnull(c.reason, u.reason) AS reason,
                    ifnull(ifnull(c.not_after, u.not_after), s.at) AS not_after
             FROM status_change s
             LEFT JOIN certificate c ON c.serial = s.serial AND c.authority_id = s.authority_id
             LEFT JOIN unaccounted u ON u.serial = s.serial AND u.authority_id = s.authority_id
             WHERE s.seq > ?1 ORDER BY s.seq LIMIT ?2",
        )?;
        let rows = statement.query_map((after, limit), |row| {
            Ok(ChangeRow {
                seq: row.get("seq")?,
                change: StatusAnnouncement {
                    service: ServiceId(row.get("service_id")?),
                    scope: CrlScope {
                        authority: AuthorityId(row.get("authority_id")?),
                        shard: row.get("shard")?,
                    },
                    serial: row.get::<_, Column<Serial>>("serial")?.0,
                    status: status(row.get("status")?),
                    at: at(row, "at")?,
                },
                reason: row.get::<_, Option<u8>>("reason")?.and_then(Reason::from_code),
                not_after: at(row, "not_after")?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Whether any CA has given out this serial number, as far as this database knows.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn is_on_record(&self, serial: Serial) -> Result<bool, StoreError> {
        Ok(self
            .0
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM certificate WHERE serial = ?1)
                     OR EXISTS (SELECT 1 FROM own_certificate WHERE serial = ?1)
                     OR EXISTS (SELECT 1 FROM unaccounted WHERE serial = ?1)",
            )?
            .query_row([Column(serial)], |row| row.get(0))?)
    }

    /// What an older copy of this database forgot, when it is this serial number of `authority`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn unaccounted(
        &self,
        authority: AuthorityId,
        serial: Serial,
    ) -> Result<Option<(Timestamp, Reason)>, StoreError> {
        Ok(self
            .0
            .prepare_cached(
                "SELECT at, reason FROM unaccounted WHERE serial = ?1 AND authority_id = ?2",
            )?
            .query_row((Column(serial), authority.0), |row| {
                let reason = Reason::from_code(row.get(1)?).unwrap_or(Reason::Unspecified);
                Ok((at(row, "at")?, reason))
            })
            .optional()?)
    }
}

fn code(status: RevocationStatus) -> u8 {
    match status {
        RevocationStatus::Good => 0,
        RevocationStatus::Held => 1,
        RevocationStatus::Revoked => 2,
    }
}

fn status(code: u8) -> RevocationStatus {
    match code {
        0 => RevocationStatus::Good,
        1 => RevocationStatus::Held,
        _ => RevocationStatus::Revoked,
    }
}
