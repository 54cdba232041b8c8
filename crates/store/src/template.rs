//! Texts of mails in a service's own words.

use crate::{ServiceId, StoreError, Tx, View};

/// One message of a service in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailTemplate {
    /// Language subtag.
    pub lang: String,
    /// Id of the message.
    pub message: String,
    /// Fluent.
    pub source: String,
}

impl Tx<'_> {
    /// Puts a text in place of the built-in one, or of the one before.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn put_mail_template(
        &mut self,
        service: ServiceId,
        template: &MailTemplate,
    ) -> Result<(), StoreError> {
        self.0
            .prepare_cached(
                "INSERT INTO mail_template (service_id, lang, message, source)
                 VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (service_id, lang, message) DO UPDATE SET source = excluded.source",
            )?
            .execute((service.0, &template.lang, &template.message, &template.source))?;
        Ok(())
    }

    /// The built-in text holds again. Returns whether another one did.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn remove_mail_template(
        &mut self,
        service: ServiceId,
        lang: &str,
        message: &str,
    ) -> Result<bool, StoreError> {
        let removed = self
            .0
            .prepare_cached(
                "DELETE FROM mail_template WHERE service_id = ?1 AND lang = ?2 AND message = ?3",
            )?
            .execute((service.0, lang, message))?;
        Ok(removed > 0)
    }
}

impl View<'_> {
    /// Every text that a service says in its own words, by language and id.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn mail_templates(&self, service: ServiceId) -> Result<Vec<MailTemplate>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT lang, message, source FROM mail_template WHERE service_id = ?1
             ORDER BY lang, message",
        )?;
        let rows = statement.query_map([service.0], |row| {
            Ok(MailTemplate {
                lang: row.get("lang")?,
                message: row.get("message")?,
                source: row.get("source")?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
