//! What mail servers report of a mail after they took it, and mails that wait for us.

use jiff::Timestamp;

use crate::column::{Column, at, optional_at};
use crate::outbox::MailId;
use crate::{ServiceId, StoreError, Tx, View};

/// What a mail server reports of a mail that it took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bounce {
    /// It will not arrive.
    Undeliverable,
    /// It is still being tried.
    Delayed,
}

/// A mail that did not get through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered {
    /// Row number.
    pub id: u64,
    /// Which text.
    pub kind: String,
    /// To whom.
    pub recipient: String,
    /// When it came to be.
    pub created_at: Timestamp,
    /// When a mail server took it; none when none ever did.
    pub sent_at: Option<Timestamp>,
    /// When it was reported as undeliverable; none when the mail server refused it at once.
    pub bounced_at: Option<Timestamp>,
    /// What the mail server said.
    pub said: String,
}

/// A seat whose present address sends mails back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BouncedSeat {
    /// Its user ID.
    pub user_id: String,
    /// Its address.
    pub email: String,
    /// When the last mail came back.
    pub bounced_at: Timestamp,
    /// What the mail server said.
    pub said: String,
}

impl Tx<'_> {
    /// Records what was reported of a mail that was sent. Returns `false`, and changes nothing,
    /// when there is no such mail, it was never sent, or more is known of it already.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn mail_bounced(
        &mut self,
        id: MailId,
        bounce: Bounce,
        said: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let statement = match bounce {
            Bounce::Undeliverable => {
                "UPDATE outbox SET bounced_at = ?2, delayed_at = NULL, report = ?3
                 WHERE id = ?1 AND attempts > 0 AND bounced_at IS NULL"
            }
            Bounce::Delayed => {
                "UPDATE outbox SET delayed_at = ?2, report = ?3
                 WHERE id = ?1 AND attempts > 0 AND bounced_at IS NULL"
            }
        };
        let changed = self.0.prepare_cached(statement)?.execute((id.0, Column(now), said))?;
        Ok(changed > 0)
    }

    /// Records that a mail waits for something of ours, and until when at least. It does not
    /// count as a try, nor does the time as one in which the mail was tried.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn mail_held(
        &mut self,
        id: MailId,
        why: &str,
        now: Timestamp,
        next_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.0
            .prepare_cached(
                "UPDATE outbox SET next_at = ?4, held_at = ?3, error = ?2, attempts = 0
                 WHERE id = ?1",
            )?
            .execute((id.0, why, Column(now), Column(next_at)))?;
        Ok(())
    }
}

impl View<'_> {
    /// Whether a mail is due.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn is_mail_due(&self, now: Timestamp) -> Result<bool, StoreError> {
        Ok(self
            .0
            .prepare_cached("SELECT 1 FROM outbox WHERE next_at <= ?1 LIMIT 1")?
            .exists([Column(now)])?)
    }

    /// Mails of a service that were refused, given up, or sent back; newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn undelivered_mails(
        &self,
        service: ServiceId,
        limit: u32,
    ) -> Result<Vec<Undelivered>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT id, kind, recipient, created_at, sent_at, bounced_at,
                    coalesce(report, error, '') said
             FROM outbox
             WHERE service_id = ?1
                 AND (bounced_at IS NOT NULL OR next_at IS NULL AND sent_at IS NULL)
             ORDER BY id DESC LIMIT ?2",
        )?;
        let rows = statement.query_map((service.0, limit), |row| {
            Ok(Undelivered {
                id: row.get::<_, i64>("id")?.unsigned_abs(),
                kind: row.get("kind")?,
                recipient: row.get("recipient")?,
                created_at: at(row, "created_at")?,
                sent_at: optional_at(row, "sent_at")?,
                bounced_at: optional_at(row, "bounced_at")?,
                said: row.get("said")?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Open seats of a branch whose present address sent back a mail since `since` and took none
    /// after it.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn bounced_seats(
        &self,
        service: ServiceId,
        branch_code: &str,
        since: Timestamp,
    ) -> Result<Vec<BouncedSeat>, StoreError> {
        // With one max() the other columns are those of its row (SQLite, "Bare columns").
        let mut statement = self.0.prepare_cached(
            "SELECT seat.user_id, seat.email, max(outbox.bounced_at) bounced_at, outbox.report
             FROM outbox
                 JOIN seat ON seat.service_id = outbox.service_id AND seat.email = outbox.recipient
                 JOIN company ON company.id = seat.company_id
                 JOIN branch ON branch.id = company.branch_id
             WHERE outbox.bounced_at >= ?3 AND outbox.service_id = ?1 AND branch.code = ?2
                 AND seat.open
                 AND NOT EXISTS (SELECT 1 FROM outbox later
                     WHERE later.service_id = outbox.service_id AND later.id > outbox.id
                         AND later.recipient = outbox.recipient
                         AND later.sent_at > outbox.bounced_at AND later.bounced_at IS NULL)
             GROUP BY seat.id ORDER BY seat.user_id",
        )?;
        let rows = statement.query_map((service.0, branch_code, Column(since)), |row| {
            Ok(BouncedSeat {
                user_id: row.get("user_id")?,
                email: row.get("email")?,
                bounced_at: at(row, "bounced_at")?,
                said: row.get::<_, Option<String>>("report")?.unwrap_or_default(),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
