use jiff::Timestamp;
use rusqlite::OptionalExtension;
use tegata_domain::Email;

use crate::column::{Column, at, optional_at, parsed};
use crate::{BranchId, SeatId, ServiceId, StoreError, Tx, View};

/// Row number of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MailId(pub(crate) i64);

impl MailId {
    /// The mail of this number; one that is too great is no mail's.
    pub fn from_number(number: u64) -> Self {
        Self(i64::try_from(number).unwrap_or(i64::MAX))
    }

    /// A number that stays the same over every attempt, for the `Message-ID`.
    pub fn number(self) -> u64 {
        self.0.unsigned_abs()
    }
}

/// A mail that is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMail {
    /// Whose service.
    pub service: ServiceId,
    /// For which seat, if it is about one.
    pub seat: Option<SeatId>,
    /// To which branch, if it is to one.
    pub branch: Option<BranchId>,
    /// Which text.
    pub kind: &'static str,
    /// To whom.
    pub recipient: Email,
    /// Language subtag.
    pub lang: &'static str,
    /// What the text needs, JSON.
    pub detail: serde_json::Value,
}

/// A mail that was claimed for sending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedMail {
    /// Row number.
    pub id: MailId,
    /// Whose service.
    pub service: ServiceId,
    /// Which text.
    pub kind: String,
    /// To whom.
    pub recipient: Email,
    /// Language subtag.
    pub lang: String,
    /// What the text needs, JSON.
    pub detail: serde_json::Value,
    /// When it came to be.
    pub created_at: Timestamp,
    /// From when on it is counted how long it is tried: it came to be, it last waited for something
    /// of ours, or an operator asked to try it once more.
    pub tried_from: Timestamp,
    /// How often it was tried before.
    pub attempts: u32,
}

/// A mail as operators see it. What it says is not in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailRow {
    /// Row number.
    pub id: MailId,
    /// Which text.
    pub kind: String,
    /// To whom.
    pub recipient: String,
    /// Language subtag.
    pub lang: String,
    /// When it came to be.
    pub created_at: Timestamp,
    /// When it is tried next.
    pub next_at: Option<Timestamp>,
    /// How often it was tried.
    pub attempts: u32,
    /// When a mail server took it.
    pub sent_at: Option<Timestamp>,
    /// When it was reported as late, and not yet as anything else.
    pub delayed_at: Option<Timestamp>,
    /// When it was refused, given up or reported as undeliverable.
    pub failed_at: Option<Timestamp>,
    /// When it turned out not to be wanted.
    pub dropped_at: Option<Timestamp>,
    /// What the mail server said last, or why it was dropped.
    pub error: Option<String>,
}

/// Which mails to list.
#[derive(Clone, Copy, Debug, Default)]
pub struct MailFilter {
    /// Only those that could not be delivered and were not dropped.
    pub failed: bool,
    /// Only those about this seat.
    pub seat: Option<SeatId>,
    /// At most this many.
    pub limit: u32,
}

impl Tx<'_> {
    /// Puts a mail into the outbox.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn enqueue_mail(&mut self, mail: &NewMail, now: Timestamp) -> Result<MailId, StoreError> {
        self.0
            .prepare_cached(
                "INSERT INTO outbox (service_id, kind, recipient, lang, detail, created_at, next_at,
                     seat_id, branch_id)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, ?8)",
            )?
            .execute((
                mail.service.0,
                mail.kind,
                mail.recipient.as_str(),
                mail.lang,
                mail.detail.to_string(),
                Column(now),
                mail.seat.map(|seat| seat.0),
                mail.branch.map(|branch| branch.0),
            ))?;
        Ok(MailId(self.0.last_insert_rowid()))
    }

    /// Claims up to `limit` mails that are due; until `lease` they are nobody else's.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn claim_mails(
        &mut self,
        now: Timestamp,
        lease: Timestamp,
        limit: u32,
    ) -> Result<Vec<ClaimedMail>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "UPDATE outbox SET next_at = ?2, attempts = attempts + 1
             WHERE id IN (SELECT id FROM outbox WHERE next_at <= ?1 ORDER BY next_at LIMIT ?3)
             RETURNING *",
        )?;
        let rows = statement.query_map((Column(now), Column(lease), limit), |row| {
            let detail: String = row.get("detail")?;
            Ok(ClaimedMail {
                id: MailId(row.get("id")?),
                service: ServiceId(row.get("service_id")?),
                kind: row.get("kind")?,
                recipient: parsed(row, "recipient")?,
                lang: row.get("lang")?,
                detail: serde_json::from_str(&detail).unwrap_or_default(),
                created_at: at(row, "created_at")?,
                tried_from: match optional_at(row, "tried_from")? {
                    Some(from) => from,
                    None => at(row, "created_at")?,
                },
                attempts: row.get::<_, u32>("attempts")?.saturating_sub(1),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Gives up every mail that waits for a seat. Returns how many.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn drop_mails_of(
        &mut self,
        seat: SeatId,
        why: &str,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        Ok(self
            .0
            .prepare_cached(
                "UPDATE outbox SET next_at = NULL, dropped_at = ?3, error = ?2
                 WHERE next_at IS NOT NULL AND seat_id = ?1",
            )?
            .execute((seat.0, why, Column(now)))?)
    }

    /// Lets the mails that wait for a seat go to its new address, but for those of the kinds that
    /// are meant for one address.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn readdress_mails(
        &mut self,
        seat: SeatId,
        new: &Email,
        but: &[&str],
    ) -> Result<(), StoreError> {
        self.0
            .prepare_cached(
                "UPDATE outbox SET recipient = ?2 WHERE next_at IS NOT NULL AND seat_id = ?1
                     AND kind NOT IN (SELECT value FROM json_each(?3))",
            )?
            .execute((seat.0, new.as_str(), serde_json::json!(but).to_string()))?;
        Ok(())
    }

    /// Records that a mail was handed to the mail server. It may be back already.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn mail_sent(&mut self, id: MailId, now: Timestamp) -> Result<(), StoreError> {
        self.0
            .prepare_cached(
                "UPDATE outbox SET next_at = NULL, sent_at = ?2,
                     error = CASE WHEN failed_at IS NOT NULL THEN error END
                 WHERE id = ?1",
            )?
            .execute((id.0, Column(now)))?;
        Ok(())
    }

    /// Records that a mail could not be sent, and when to try again, if at all. One that somebody
    /// else sent meanwhile is sent.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn mail_failed(
        &mut self,
        id: MailId,
        error: &str,
        next_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.0
            .prepare_cached(
                "UPDATE outbox SET next_at = ?2, error = ?3,
                     failed_at = CASE WHEN ?2 IS NULL THEN ?4 END
                 WHERE id = ?1 AND dropped_at IS NULL AND sent_at IS NULL",
            )?
            .execute((id.0, next_at.map(Column), error, Column(now)))?;
        Ok(())
    }

    /// Records that a mail is not wanted any more, and why. Returns `false`, and changes nothing,
    /// when it was sent or dropped before.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn drop_mail(&mut self, id: MailId, why: &str, now: Timestamp) -> Result<bool, StoreError> {
        let dropped = self
            .0
            .prepare_cached(
                "UPDATE outbox SET next_at = NULL, dropped_at = ?3, error = ?2
                 WHERE id = ?1 AND dropped_at IS NULL
                     AND (sent_at IS NULL OR failed_at IS NOT NULL)",
            )?
            .execute((id.0, why, Column(now)))?;
        Ok(dropped > 0)
    }

    /// Tries a mail at once, as if it were new. Returns `false`, and changes nothing, when it was
    /// sent and nothing speaks against its having arrived.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn retry_mail(&mut self, id: MailId, now: Timestamp) -> Result<bool, StoreError> {
        let again = self
            .0
            .prepare_cached(
                "UPDATE outbox SET next_at = ?2, tried_from = ?2, attempts = 0, sent_at = NULL,
                     failed_at = NULL, dropped_at = NULL
                 WHERE id = ?1 AND (sent_at IS NULL OR failed_at IS NOT NULL)",
            )?
            .execute((id.0, Column(now)))?;
        Ok(again > 0)
    }
}

impl View<'_> {
    /// Mails of a service, newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn mails(
        &self,
        service: ServiceId,
        filter: &MailFilter,
    ) -> Result<Vec<MailRow>, StoreError> {
        let narrowed = match (filter.failed, filter.seat) {
            (_, Some(_)) => {
                "seat_id = ?2 AND (NOT ?3 OR failed_at IS NOT NULL AND dropped_at IS NULL)"
            }
            (true, None) => "?2 IS NULL AND ?3 AND failed_at IS NOT NULL AND dropped_at IS NULL",
            (false, None) => "?2 IS NULL AND NOT ?3",
        };
        let mut statement = self.0.prepare_cached(&format!(
            "SELECT * FROM outbox WHERE service_id = ?1 AND {narrowed} ORDER BY id DESC LIMIT ?4"
        ))?;
        let rows = statement.query_map(
            (service.0, filter.seat.map(|seat| seat.0), filter.failed, filter.limit),
            mail_row,
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// One mail of a service.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn mail(&self, service: ServiceId, id: MailId) -> Result<Option<MailRow>, StoreError> {
        Ok(self
            .0
            .prepare_cached("SELECT * FROM outbox WHERE service_id = ?1 AND id = ?2")?
            .query_row((service.0, id.0), mail_row)
            .optional()?)
    }
}

fn mail_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<MailRow> {
    Ok(MailRow {
        id: MailId(row.get("id")?),
        kind: row.get("kind")?,
        recipient: row.get("recipient")?,
        lang: row.get("lang")?,
        created_at: at(row, "created_at")?,
        next_at: optional_at(row, "next_at")?,
        attempts: row.get("attempts")?,
        sent_at: optional_at(row, "sent_at")?,
        delayed_at: optional_at(row, "delayed_at")?,
        failed_at: optional_at(row, "failed_at")?,
        dropped_at: optional_at(row, "dropped_at")?,
        error: row.get("error")?,
    })
}
