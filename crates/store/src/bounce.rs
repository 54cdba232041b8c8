//! What mail servers report of a mail after they took it, and mails that wait for us.

use jiff::Timestamp;

use crate::column::{Column, optional_at};
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
                "UPDATE outbox SET failed_at = ?2, delayed_at = NULL, next_at = NULL, error = ?3
                 WHERE id = ?1 AND attempts > 0 AND failed_at IS NULL AND dropped_at IS NULL"
            }
            Bounce::Delayed => {
                "UPDATE outbox SET delayed_at = ?2, error = ?3
                 WHERE id = ?1 AND attempts > 0 AND failed_at IS NULL AND dropped_at IS NULL"
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
                "UPDATE outbox SET next_at = ?4, tried_from = ?3, error = ?2, attempts = 0
                 WHERE id = ?1 AND dropped_at IS NULL AND sent_at IS NULL",
            )?
            .execute((id.0, why, Column(now), Column(next_at)))?;
        Ok(())
    }

    /// Lets mails whose trouble `begins` so be tried at `now`, if they would be later than `after`.
    /// Returns how many.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn hurry_mails(
        &mut self,
        begins: &str,
        after: Timestamp,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        Ok(self
            .0
            .prepare_cached(
                "UPDATE outbox SET next_at = ?3
                 WHERE next_at > ?2 AND substr(error, 1, length(?1)) = ?1",
            )?
            .execute((begins, Column(after), Column(now)))?)
    }
}

impl View<'_> {
    /// How many mails of a service wait for another try because of what `begins` so, and when the
    /// oldest of them came to be.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn mails_put_off(
        &self,
        service: ServiceId,
        begins: &str,
    ) -> Result<(u64, Option<Timestamp>), StoreError> {
        Ok(self
            .0
            .prepare_cached(
                "SELECT count(*) AS count, min(created_at) AS oldest FROM outbox
                 WHERE service_id = ?1 AND next_at IS NOT NULL
                     AND substr(error, 1, length(?2)) = ?2",
            )?
            .query_row((service.0, begins), |row| {
                Ok((row.get("count")?, optional_at(row, "oldest")?))
            })?)
    }

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
}
