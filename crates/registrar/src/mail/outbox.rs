//! The outbox as operators see it and put it right.

use tegata_store::{MailFilter, MailId, MailRow, ServiceId, StoreError, View};

use crate::office::entry;
use crate::{Actor, Office};

/// Why nothing became of a mail.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// There is none of this number.
    #[error("there is no mail {0}")]
    Unknown(u64),
    /// It was sent and has not come back.
    #[error("mail {0} was sent")]
    Sent(u64),
    /// It was dropped before.
    #[error("mail {0} was dropped before")]
    Dropped(u64),
    /// The database could not.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Office {
    /// Mails of a service, newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn mails(
        &self,
        service: ServiceId,
        filter: &MailFilter,
    ) -> Result<Vec<MailRow>, StoreError> {
        self.store.read(|view: View<'_>| view.mails(service, filter))
    }

    /// Tries a mail again at once, one that was given up or dropped among them.
    ///
    /// # Errors
    /// When there is none, or it was sent.
    pub async fn retry_mail(
        &self,
        actor: Actor,
        service: ServiceId,
        id: MailId,
    ) -> Result<(), OutboxError> {
        let (now, number) = (self.now(), id.number());
        self.store
            .write(move |tx| {
                let mail = tx.mail(service, id)?.ok_or(OutboxError::Unknown(number))?;
                if !tx.retry_mail(id, now)? {
                    return Err(OutboxError::Sent(number));
                }
                let mut entry = entry(now, &actor, "mail.retried", number);
                entry.detail = serde_json::json!({ "kind": mail.kind, "to": mail.recipient });
                Ok(tx.audit(&entry)?)
            })
            .await
    }

    /// Gives up a mail that waits or could not be delivered.
    ///
    /// # Errors
    /// When there is none, or it was sent or dropped before.
    pub async fn drop_mail(
        &self,
        actor: Actor,
        service: ServiceId,
        id: MailId,
    ) -> Result<(), OutboxError> {
        let (now, number) = (self.now(), id.number());
        self.store
            .write(move |tx| {
                let mail = tx.mail(service, id)?.ok_or(OutboxError::Unknown(number))?;
                if mail.dropped_at.is_some() {
                    return Err(OutboxError::Dropped(number));
                }
                // What the server said last is worth more than that an operator gave up: the
                // audit log has the latter.
                let why = mail.error.unwrap_or_else(|| "given up by an operator".to_owned());
                if !tx.drop_mail(id, &why, now)? {
                    return Err(OutboxError::Sent(number));
                }
                let mut entry = entry(now, &actor, "mail.dropped", number);
                entry.detail = serde_json::json!({ "kind": mail.kind, "to": mail.recipient });
                Ok(tx.audit(&entry)?)
            })
            .await
    }
}
