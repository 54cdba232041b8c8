//! What each mail of a service would say.

use tegata_domain::Email;
use tegata_store::{ServiceRecord, View};
use tegata_text::{Lang, TemplateFault};

use super::desk::Desk;
use super::{Letter, MailKind, TemplateError};
use crate::Office;

/// A mail with sample values.
#[derive(Debug)]
pub struct MailSample {
    /// What it is about.
    pub kind: MailKind,
    /// Its form, for the name of a file.
    pub name: &'static str,
    /// Language.
    pub lang: Lang,
    /// As it would be sent.
    pub letter: Letter,
}

impl Office {
    /// Every mail of a service, or those of one kind or language, with sample values.
    ///
    /// # Errors
    /// When the database or the settings cannot be read.
    pub fn preview_mails(
        &self,
        service: &ServiceRecord,
        kind: Option<MailKind>,
        lang: Option<Lang>,
    ) -> Result<Vec<MailSample>, TemplateError> {
        let desk = self.store.read(|view: View<'_>| Desk::load(view, service))?;
        let (samples, _) = samples(&desk, self.now());
        let wanted = |sample: &MailSample| {
            kind.is_none_or(|kind| kind == sample.kind)
                && lang.is_none_or(|lang| lang == sample.lang)
        };
        Ok(samples.into_iter().filter(wanted).collect())
    }
}

/// Every form of every mail in both languages, and what could not be rendered.
pub(super) fn samples(desk: &Desk, now: jiff::Timestamp) -> (Vec<MailSample>, Vec<TemplateFault>) {
    let (mut samples, mut faults) = (Vec::new(), Vec::new());
    for kind in MailKind::ALL.iter().copied() {
        for (name, detail) in kind.samples(now) {
            for lang in Lang::ALL {
                let message_id = format!("preview.{name}.{}", lang.code());
                let Some((letter, wrong)) = desk.letter(kind, lang, &detail, to(), &message_id)
                else {
                    continue;
                };
                samples.push(MailSample { kind, name, lang, letter });
                faults.extend(
                    wrong.into_iter().filter(|fault| !faults.contains(fault)).collect::<Vec<_>>(),
                );
            }
        }
    }
    (samples, faults)
}

#[expect(clippy::expect_used, reason = "a literal, read in a test")]
fn to() -> Email {
    "taro@example.co.jp".parse().expect("an e-mail address")
}
