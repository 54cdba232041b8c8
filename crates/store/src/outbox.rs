use jiff::Timestamp;
use tegata_domain::{Email, UserId};

use crate::column::{Column, at, parsed};
use crate::{ServiceId, StoreError, Tx};

/// Row number of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MailId(i64);

impl MailId {
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
    /// How often it was tried before.
    pub attempts: u32,
}

impl Tx<'_> {
    /// Puts a mail into the outbox.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn enqueue_mail(&mut self, mail: &NewMail, now: Timestamp) -> Result<(), StoreError> {
        self.0
            .prepare_cached(
                "INSERT INTO outbox (service_id, kind, recipient, lang, detail, created_at, next_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
            )?
            .execute((
                mail.service.0,
                mail.kind,
                mail.recipient.as_str(),
                mail.lang,
                mail.detail.to_string(),
                Column(now),
            ))?;
        Ok(())
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
                attempts: row.get::<_, u32>("attempts")?.saturating_sub(1),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Gives up every mail that waits for a seat: those whose detail names this user ID.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn drop_mails(
        &mut self,
        service: ServiceId,
        user_id: &UserId,
        why: &str,
    ) -> Result<usize, StoreError> {
        Ok(self
            .0
            .prepare_cached(
                "UPDATE outbox SET next_at = NULL, error = ?3
                 WHERE next_at IS NOT NULL AND service_id = ?1 AND detail ->> '$.user_id' = ?2",
            )?
            .execute((service.0, user_id.as_str(), why))?)
    }

    /// Records that a mail was handed to the mail server.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn mail_sent(&mut self, id: MailId, now: Timestamp) -> Result<(), StoreError> {
        self.0
            .prepare_cached(
                "UPDATE outbox SET next_at = NULL, sent_at = ?2, error = NULL WHERE id = ?1",
            )?
            .execute((id.0, Column(now)))?;
        Ok(())
    }

    /// Records that a mail could not be sent, and when to try again, if at all.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn mail_failed(
        &mut self,
        id: MailId,
        error: &str,
        next_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        self.0
            .prepare_cached("UPDATE outbox SET next_at = ?2, error = ?3 WHERE id = ?1")?
            .execute((id.0, next_at.map(Column), error))?;
        Ok(())
    }
}
