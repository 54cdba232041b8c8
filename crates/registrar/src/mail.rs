//! Mails: composed from the outbox, handed to a [`Post`], retried with back-off.

use std::future::Future;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tegata_domain::{Email, Serial, ServiceKey, UserId};
use tegata_store::{ClaimedMail, NewMail, ServiceId, StoreError, View};
use tegata_text::{Lang, Text};

use crate::{Registrar, Service, Words};

/// How long a claimed mail belongs to whoever claimed it: longer than a mail server that answers
/// every command at the last moment can take.
const LEASE: SignedDuration = SignedDuration::from_mins(10);

/// Mails in one round.
const ROUND: usize = 50;

/// How long a mail waits for something of ours before it is looked at again.
const HELD: SignedDuration = SignedDuration::from_mins(5);

/// How long a mail is tried. A week covers every outage that nobody noticed.
const GIVE_UP: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A mail as it will be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Whose service.
    pub service: ServiceKey,
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
    /// Not before somebody here does something: the mail waits, however long.
    Waits(String),
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
    /// Sends what is due, one mail after the other. Returns how many mails were claimed.
    ///
    /// A mail is handed over first and recorded as sent afterwards: a crash in between sends it
    /// twice with the same `Message-ID`, never not at all. Several may do this at a time: each
    /// claims one mail, so that one which is stuck keeps nobody else's from being sent.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn send_mails(&self, post: &impl Post) -> Result<usize, StoreError> {
        let mut count = 0;
        while count < ROUND && self.send_next(post).await? {
            count += 1;
        }
        Ok(count)
    }

    /// Sends the mail that is due first. Returns whether there was one.
    async fn send_next(&self, post: &impl Post) -> Result<bool, StoreError> {
        let now = self.now();
        // Reading first: whoever waits for news asks after every commit of anyone.
        if !self.store().read(|view: View<'_>| view.is_mail_due(now))? {
            return Ok(false);
        }
        let claimed = self.store().write(move |tx| tx.claim_mails(now, now + LEASE, 1)).await?;
        let Some(mail) = claimed.into_iter().next() else {
            return Ok(false);
        };
        let id = mail.id;
        let outcome = match self.compose(&mail) {
            Some(letter) => post.deliver(letter).await,
            None => Delivery::Refused("there is no text for this mail".to_owned()),
        };
        let now = self.now();
        self.store()
            .write(move |tx| match outcome {
                Delivery::Accepted => tx.mail_sent(id, now),
                Delivery::Waits(why) => tx.mail_held(id, &why, now, now + HELD),
                Delivery::Later(error) => {
                    let next = now + pause(mail.attempts);
                    let tried_from =
                        mail.held_at.map_or(mail.created_at, |at| at.max(mail.created_at));
                    tx.mail_failed(id, &error, (next < tried_from + GIVE_UP).then_some(next))
                }
                Delivery::Refused(error) => tx.mail_failed(id, &error, None),
            })
            .await?;
        Ok(true)
    }

    fn compose(&self, mail: &ClaimedMail) -> Option<Letter> {
        let keyring = self.keyring();
        let service = keyring.services().find(|service| service.id == mail.service)?;
        let text = Text::of(Lang::from_tag(&mail.lang).unwrap_or_default());
        let (subject, body) = match mail.kind.as_str() {
            "issued" => {
                issued_text(service, text, serde_json::from_value(mail.detail.clone()).ok()?)
            }
            _ => return None,
        };
        Some(Letter {
            service: service.key.clone(),
            from_name: pick(&service.settings.organisation, text.lang()).to_owned(),
            to: mail.recipient.clone(),
            subject,
            body,
            message_id: format!(
                "{}.{}.{}",
                mail.id.number(),
                mail.kind,
                mail.created_at.as_second()
            ),
        })
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
