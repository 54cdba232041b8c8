//! The texts of a service's mails in its own words: kept in the database, so that every node says
//! the same.

use tegata_store::{MailTemplate, ServiceRecord, StoreError, View};
use tegata_text::{Lang, MailMessage, MailTemplates, TemplateFault};

use super::desk::{Desk, DeskError};
use super::preview::samples;
use crate::office::entry;
use crate::{Actor, Office, SettingsError};

/// A message in one language and where its text comes from.
#[derive(Clone, Debug)]
pub struct TemplateRow {
    /// The message.
    pub message: &'static MailMessage,
    /// Language.
    pub lang: Lang,
    /// Its text, Fluent.
    pub source: String,
    /// Whether it is the service's own.
    pub own: bool,
}

/// Why texts are not taken.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// Everything that is wrong with them.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Faults(Vec<TemplateFault>),
    /// There is no text in them.
    #[error("there is no message in it")]
    Nothing,
    /// The settings of the service cannot be read.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The database could not.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<DeskError> for TemplateError {
    fn from(error: DeskError) -> Self {
        match error {
            DeskError::Settings(error) => Self::Settings(error),
            DeskError::Store(error) => Self::Store(error),
        }
    }
}

impl Office {
    /// Every text of the mails of a service, its own and the built-in ones.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn mail_templates(&self, service: &ServiceRecord) -> Result<Vec<TemplateRow>, StoreError> {
        let own = self.store.read(|view: View<'_>| view.mail_templates(service.id))?;
        let row = |message: &'static MailMessage, lang: Lang| {
            let replaced =
                own.iter().find(|one| one.lang == lang.code() && one.message == message.id);
            let source = replaced.map_or(message.built_in(lang), |one| &one.source).to_owned();
            TemplateRow { message, lang, source, own: replaced.is_some() }
        };
        let of = |lang| MailMessage::all().iter().map(move |message| row(message, lang));
        Ok(Lang::ALL.into_iter().flat_map(of).collect())
    }

    /// Takes texts in one language, Fluent messages, in place of the built-in ones of the same
    /// ids, all of them or none. Returns the ids of those
    /// that are not what is built in.
    ///
    /// # Errors
    /// Everything that is wrong with them, whatever fails with sample values included.
    pub async fn set_mail_templates(
        &self,
        actor: Actor,
        service: ServiceRecord,
        lang: Lang,
        source: &str,
    ) -> Result<Vec<&'static str>, TemplateError> {
        let taken = MailTemplates::parse(lang, source).map_err(TemplateError::Faults)?;
        if taken.messages().is_empty() {
            return Err(TemplateError::Nothing);
        }
        let now = self.now();
        // What is as it is built in stays that, and follows later versions of this program.
        let own = |(id, source): &&(&'static str, String)| {
            MailMessage::find(id).is_none_or(|message| message.built_in(lang) != source.as_str())
        };
        let ids: Vec<_> = taken.messages().iter().filter(own).map(|(id, _)| *id).collect();
        let again: Vec<_> = taken.messages().iter().map(|(id, _)| *id).collect();
        let rows: Vec<_> = taken
            .messages()
            .iter()
            .filter(own)
            .map(|(id, source)| MailTemplate {
                lang: lang.code().to_owned(),
                message: (*id).to_owned(),
                source: source.clone(),
            })
            .collect();
        // Of the texts that stay nothing is said here: each was judged when it came.
        let desk = self.store.read(|view: View<'_>| Desk::load(view, &service))?;
        let (_, faults) = samples(&desk.with(lang, taken), now);
        if !faults.is_empty() {
            return Err(TemplateError::Faults(faults));
        }
        let named = ids.clone();
        self.store
            .write(move |tx| {
                for id in again {
                    tx.remove_mail_template(service.id, lang.code(), id)?;
                }
                for row in &rows {
                    tx.put_mail_template(service.id, row)?;
                }
                let mut entry = entry(now, &actor, "mail_template.set", &service.key);
                entry.detail = serde_json::json!({ "lang": lang.code(), "messages": named });
                tx.audit(&entry)
            })
            .await?;
        Ok(ids)
    }

    /// Goes back to the built-in texts: those of `ids`, or all, in one language or both. Returns
    /// how many were not built-in before.
    ///
    /// # Errors
    /// When an id is unknown or the database refuses.
    pub async fn reset_mail_templates(
        &self,
        actor: Actor,
        service: ServiceRecord,
        lang: Option<Lang>,
        ids: &[String],
    ) -> Result<usize, TemplateError> {
        let unknown: Vec<_> = ids
            .iter()
            .filter(|id| MailMessage::find(id).is_none())
            .map(|id| TemplateFault::Unknown(id.clone()))
            .collect();
        if !unknown.is_empty() {
            return Err(TemplateError::Faults(unknown));
        }
        let now = self.now();
        let ids = ids.to_vec();
        self.store
            .write(move |tx| {
                let mut removed = Vec::new();
                for own in tx.mail_templates(service.id)? {
                    let meant = lang.is_none_or(|lang| lang.code() == own.lang)
                        && (ids.is_empty() || ids.contains(&own.message));
                    if meant && tx.remove_mail_template(service.id, &own.lang, &own.message)? {
                        removed.push(format!("{} ({})", own.message, own.lang));
                    }
                }
                if !removed.is_empty() {
                    let mut entry = entry(now, &actor, "mail_template.reset", &service.key);
                    entry.detail = serde_json::json!({ "messages": removed });
                    tx.audit(&entry)?;
                }
                Ok(removed.len())
            })
            .await
    }
}
