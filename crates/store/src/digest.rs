//! What a branch is told once a day.

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::OptionalExtension;
use tegata_domain::UserId;

use crate::column::{Column, at, parsed};
use crate::{BranchId, MailId, ServiceId, StoreError, Tx, View};

/// A certificate, a credential or a seat that a branch may have to look after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigestRow {
    /// Which branch.
    pub branch: BranchId,
    /// Whose.
    pub user_id: UserId,
    /// Whether the seat has an e-mail.
    pub has_email: bool,
    /// When it ends, lapses, or was locked.
    pub at: Timestamp,
}

/// A mail that could not be delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered {
    /// Which branch.
    pub branch: BranchId,
    /// Whose.
    pub user_id: UserId,
    /// Which text.
    pub kind: String,
    /// When it was given up.
    pub at: Timestamp,
}

impl Tx<'_> {
    /// Records the digest of a day. Returns `false`, and changes nothing, when there is one.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn insert_digest(
        &mut self,
        branch: BranchId,
        day: Date,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let inserted = self
            .0
            .prepare_cached(
                "INSERT INTO digest (branch_id, day, at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            )?
            .execute((branch.0, day.to_string(), Column(now)))?;
        Ok(inserted > 0)
    }

    /// Records the mail of a digest.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_digest_mail(
        &mut self,
        branch: BranchId,
        day: Date,
        mail: MailId,
    ) -> Result<(), StoreError> {
        self.0
            .prepare_cached("UPDATE digest SET mail_id = ?3 WHERE branch_id = ?1 AND day = ?2")?
            .execute((branch.0, day.to_string(), mail.0))?;
        Ok(())
    }
}

impl View<'_> {
    /// Whether there is a digest of this day.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn has_digest(&self, branch: BranchId, day: Date) -> Result<bool, StoreError> {
        Ok(self
            .0
            .prepare_cached("SELECT 1 FROM digest WHERE branch_id = ?1 AND day = ?2")?
            .exists((branch.0, day.to_string()))?)
    }

    /// When the last digest of a branch was made.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn last_digest(&self, branch: BranchId) -> Result<Option<Timestamp>, StoreError> {
        Ok(self
            .0
            .prepare_cached("SELECT at FROM digest WHERE branch_id = ?1 ORDER BY day DESC LIMIT 1")?
            .query_row([branch.0], |row| at(row, "at"))
            .optional()?)
    }

    /// Hands over the live certificates of a service, of open seats, that end from `now` to
    /// `until`, and of seats without e-mail those that end to `unmailed_until`, soonest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn expiring(
        &self,
        service: ServiceId,
        now: Timestamp,
        until: Timestamp,
        unmailed_until: Timestamp,
        mut take: impl FnMut(DigestRow),
    ) -> Result<(), StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT o.branch_id, s.user_id, s.email IS NOT NULL AS has_email, c.not_after AS at
             FROM certificate c CROSS JOIN seat s ON s.id = c.seat_id
                 CROSS JOIN company o ON o.id = s.company_id
             WHERE c.not_after >= ?2 AND c.not_after <= max(?3, ?4) AND c.state = 1
                 AND (c.not_after <= ?3 OR s.email IS NULL) AND s.open AND s.service_id = ?1
             ORDER BY c.not_after",
        )?;
        let mut rows =
            statement.query((service.0, Column(now), Column(until), Column(unmailed_until)))?;
        while let Some(row) = rows.next()? {
            take(digest_row(row)?);
        }
        Ok(())
    }

    /// Hands over the unused credentials of open seats without e-mail that lapse from `now` to
    /// `until`, soonest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn lapsing(
        &self,
        service: ServiceId,
        now: Timestamp,
        until: Timestamp,
        mut take: impl FnMut(DigestRow),
    ) -> Result<(), StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT o.branch_id, s.user_id, 0 AS has_email, c.lapses_at AS at
             FROM credential c CROSS JOIN seat s ON s.id = c.seat_id
                 CROSS JOIN company o ON o.id = s.company_id
             WHERE c.state = 0 AND c.lapses_at > ?2 AND c.lapses_at <= ?3 AND s.email IS NULL
                 AND s.open AND s.service_id = ?1
             ORDER BY c.lapses_at",
        )?;
        let mut rows = statement.query((service.0, Column(now), Column(until)))?;
        while let Some(row) = rows.next()? {
            take(digest_row(row)?);
        }
        Ok(())
    }

    /// Hands over the locked credentials of open seats that have not lapsed.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn locked(
        &self,
        service: ServiceId,
        now: Timestamp,
        mut take: impl FnMut(DigestRow),
    ) -> Result<(), StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT o.branch_id, s.user_id, s.email IS NOT NULL AS has_email, c.state_at AS at
             FROM credential c CROSS JOIN seat s ON s.id = c.seat_id
                 CROSS JOIN company o ON o.id = s.company_id
             WHERE c.state = 2 AND c.lapses_at > ?2 AND s.open AND s.service_id = ?1
             ORDER BY s.user_id",
        )?;
        let mut rows = statement.query((service.0, Column(now)))?;
        while let Some(row) = rows.next()? {
            take(digest_row(row)?);
        }
        Ok(())
    }

    /// Hands over the mails to seats that could not be delivered since `since`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn undelivered(
        &self,
        service: ServiceId,
        since: Timestamp,
        mut take: impl FnMut(Undelivered),
    ) -> Result<(), StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT o.branch_id, s.user_id, m.kind, m.failed_at
             FROM outbox m CROSS JOIN seat s ON s.id = m.seat_id
                 CROSS JOIN company o ON o.id = s.company_id
             WHERE m.service_id = ?1 AND m.failed_at > ?2 AND m.dropped_at IS NULL
             ORDER BY m.failed_at",
        )?;
        let mut rows = statement.query((service.0, Column(since)))?;
        while let Some(row) = rows.next()? {
            take(Undelivered {
                branch: BranchId(row.get("branch_id")?),
                user_id: parsed(row, "user_id")?,
                kind: row.get("kind")?,
                at: at(row, "failed_at")?,
            });
        }
        Ok(())
    }
}

fn digest_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<DigestRow> {
    Ok(DigestRow {
        branch: BranchId(row.get("branch_id")?),
        user_id: parsed(row, "user_id")?,
        has_email: row.get("has_email")?,
        at: at(row, "at")?,
    })
}
