use serde_json::Value;
use tegata_domain::{Email, ServiceKey};
use tegata_store::{MailTemplate, ServiceRecord, StoreError, View};
use tegata_text::{Lang, MailTemplates, TemplateFault};

use super::kind::MailKind;
use super::letter::{HeaderText, Letter};
use super::sheet::Sheet;
use crate::{ServiceSettings, SettingsError};

/// Everything that the mails of one service are written with.
pub(crate) struct Desk {
    pub(super) service: ServiceKey,
    pub(crate) settings: ServiceSettings,
    /// In the order of [`Lang::ALL`].
    templates: [Option<MailTemplates>; 2],
}

/// Why no mail of a service can be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeskError {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Desk {
    pub(crate) fn load(view: View<'_>, service: &ServiceRecord) -> Result<Self, DeskError> {
        let settings = ServiceSettings::on_record(&service.settings)?;
        Ok(Self::new(service.key.clone(), settings, &view.mail_templates(service.id)?))
    }

    /// Templates that cannot be read any more, of an older version for one, are not used.
    pub(crate) fn new(
        service: ServiceKey,
        settings: ServiceSettings,
        templates: &[MailTemplate],
    ) -> Self {
        let templates = Lang::ALL.map(|lang| {
            let of_lang = templates.iter().filter(|one| one.lang == lang.code());
            let source: String = of_lang.map(|one| one.source.as_str()).collect();
            if source.is_empty() {
                return None;
            }
            let read = MailTemplates::parse(lang, &source);
            for fault in read.as_ref().err().into_iter().flatten() {
                tracing::error!(lang = lang.code(), %fault, "the built-in texts of mails are used");
            }
            read.ok()
        });
        Self { service, settings, templates }
    }

    /// The same with other texts in one language.
    pub(crate) fn with(mut self, lang: Lang, templates: MailTemplates) -> Self {
        self.templates[index(lang)] = Some(templates);
        self
    }

    /// Writes a mail; `None` when `detail` is not of its kind. Says also which of the service's
    /// own texts could not be rendered, so that the built-in one took its place.
    pub(crate) fn letter(
        &self,
        kind: MailKind,
        lang: Lang,
        detail: &Value,
        to: Email,
        message_id: &str,
    ) -> Option<(Letter, Vec<TemplateFault>)> {
        let sheet = Sheet::new(&self.settings, self.templates[index(lang)].as_ref(), lang);
        let (subject, body) = kind.write(detail, &sheet)?;
        let letter = Letter {
            service: self.service.clone(),
            from_name: HeaderText::new(sheet.organisation()),
            to,
            subject: HeaderText::new(&subject),
            body,
            message_id: HeaderText::new(message_id),
        };
        Some((letter, sheet.text.into_faults()))
    }
}

fn index(lang: Lang) -> usize {
    match lang {
        Lang::Ja => 0,
        Lang::En => 1,
    }
}
