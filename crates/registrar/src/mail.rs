//! Mails: composed from the outbox, handed to a [`Post`], retried with back-off.

pub(crate) mod email;

use std::future::Future;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tegata_domain::{Email, Serial, UserId};
use tegata_store::{ClaimedMail, NewMail, ServiceId, StoreError};
use tegata_text::{Lang, Text};

use crate::{Registrar, Service, Words};

/// How long a claimed mail belongs to whoever claimed it.
const LEASE: SignedDuration = SignedDuration::from_mins(5);

/// Mails in one round.
const ROUND: u32 = 50;

/// How long a mail is tried. A week covers every outage that nobody noticed.
const GIVE_UP: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A mail as it will be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Shown name of the sender.
    pub from_name: String,
    /// To whom.
    pub to: Email,
    /// Subject.
    pub subject: String,
    /// Plain text.
    pub body: String,
    /// The same over every attempt, so that receivers can fold duplicates. Without brackets
    /// and domain.
    pub message_id: String,
}

/// How a mail was received by the mail server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Accepted.
    Accepted,
    /// Not now (4xx, or the server is away).
    Later(String),
    /// Never (5xx).
    Refused(String),
}

/// A way to a mail server.
pub trait Post: Send + Sync {
    /// Hands over one letter.
    fn deliver(&self, letter: Letter) -> impl Future<Output = Delivery> + Send;
}

/// What the mail after an issuance says.
#[derive(Serialize, Deserialize)]
struct IssuedDetail {
    user_id: UserId,
    serial: Serial,
    not_after: Timestamp,
}

/// The mail after an issuance: confirms the address.
pub(crate) fn issued(
    service: ServiceId,
    recipient: Email,
    lang: Lang,
    user_id: &UserId,
    serial: Serial,
    not_after: Timestamp,
) -> NewMail {
    let detail = IssuedDetail { user_id: user_id.clone(), serial, not_after };
    NewMail {
        service,
        kind: "issued",
        recipient,
        lang: lang.code(),
        detail: serde_json::to_value(detail).unwrap_or_default(),
    }
}

impl Registrar {
    /// Sends what is due. Returns how many mails were claimed.
    ///
    /// A mail is handed over first and recorded as sent afterwards: a crash in between sends it
    /// twice with the same `Message-ID`, never not at all.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn send_mails(&self, post: &impl Post) -> Result<usize, StoreError> {
        let now = self.now();
        let claimed = self.store().write(move |tx| tx.claim_mails(now, now + LEASE, ROUND)).await?;
        let count = claimed.len();
        for mail in claimed {
            let id = mail.id;
            let letter = match mail.kind.as_str() {
                email::CONFIRM => self.confirmation(&mail).await?,
                _ => self.compose(&mail),
            };
            let outcome = match letter {
                Some(letter) => post.deliver(letter).await,
                None => Delivery::Refused(
                    "there is nothing to say any more, or no text for it".to_owned(),
                ),
            };
            let now = self.now();
            self.store()
                .write(move |tx| match outcome {
                    Delivery::Accepted => tx.mail_sent(id, now),
                    Delivery::Later(error) => {
                        let next = now + pause(mail.attempts);
                        let in_time = next < mail.created_at + GIVE_UP;
                        tx.mail_failed(id, &error, in_time.then_some(next))
                    }
                    Delivery::Refused(error) => tx.mail_failed(id, &error, None),
                })
                .await?;
        }
        Ok(count)
    }

    fn compose(&self, mail: &ClaimedMail) -> Option<Letter> {
        let keyring = self.keyring();
        let service = keyring.services().find(|service| service.id == mail.service)?;
        let text = Text::of(Lang::from_tag(&mail.lang).unwrap_or_default());
        let (subject, body) = match mail.kind.as_str() {
            "issued" => {
                issued_text(service, text, serde_json::from_value(mail.detail.clone()).ok()?)
            }
            email::CHANGED => email::changed_text(service, text, mail.detail.clone())?,
            _ => return None,
        };
        Some(self.letter(service, mail, subject, body))
    }

    fn letter(
        &self,
        service: &Service,
        mail: &ClaimedMail,
        subject: String,
        body: String,
    ) -> Letter {
        let lang = Lang::from_tag(&mail.lang).unwrap_or_default();
        Letter {
            from_name: pick(&service.settings.organisation, lang).to_owned(),
            to: mail.recipient.clone(),
            subject,
            body,
            message_id: format!(
                "{}.{}.{}",
                mail.id.number(),
                mail.kind,
                mail.created_at.as_second()
            ),
        }
    }
}

fn issued_text(service: &Service, text: Text, detail: IssuedDetail) -> (String, String) {
    let lang = text.lang();
    let name = pick(&service.settings.name, lang);
    let until = tegata_text::date_time(lang, detail.not_after, &service.time_zone);
    let subject = text.mail_issued_subject(name);
    // In the order of the variables' names: help, organisation, serial, service, until, user_id.
    let body = text.mail_issued_body(
        pick(&service.settings.help, lang),
        pick(&service.settings.organisation, lang),
        &detail.serial.to_string(),
        name,
        &until,
        detail.user_id.as_str(),
    );
    (subject, body)
}

fn pick(words: &Words, lang: Lang) -> &str {
    match lang {
        Lang::Ja => &words.ja,
        Lang::En => &words.en,
    }
}

/// One minute, doubling to six hours.
fn pause(attempts: u32) -> SignedDuration {
    SignedDuration::from_mins(1 << attempts.min(9)).min(SignedDuration::from_hours(6))
}
