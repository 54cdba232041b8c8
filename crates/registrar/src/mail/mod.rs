//! Mails: composed from the outbox, handed to a [`Post`], retried with back-off.
//!
//! A use case puts a mail into the outbox within its own transaction; what the mail says is
//! written when it is sent, from what the row holds. One kind of mail is one file here.

mod desk;
mod digest;
mod email_changed;
mod email_confirm;
mod held;
mod issued;
mod kind;
mod lapsing;
mod letter;
mod outbox;
mod preview;
mod released;
mod reminder;
mod renewed;
mod revoked;
mod sample;
mod sheet;
mod template;
mod trouble;

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use jiff::{SignedDuration, Timestamp};
use tegata_store::{ClaimedMail, ServiceId, StoreError, Tx, View};
use tegata_text::Lang;

use crate::Registrar;
use desk::Desk;

pub(crate) use digest::{Digest, Item};
pub(crate) use email_changed::{email_changed, email_left};
pub(crate) use email_confirm::confirm;
pub(crate) use held::Held;
pub(crate) use issued::Issued;
pub(crate) use kind::{lang_of, to_seat};
pub(crate) use lapsing::Lapsing;
pub(crate) use released::Released;
pub(crate) use reminder::Reminder;
pub(crate) use renewed::Renewed as RenewedMail;
pub(crate) use revoked::Revoked;

pub use kind::MailKind;
pub use letter::{Delivery, HeaderText, Letter, Post};
pub use outbox::OutboxError;
pub use preview::MailSample;
pub use template::{TemplateError, TemplateRow};
pub use trouble::ServerTrouble;

/// How long a claimed mail belongs to whoever claimed it: longer than a mail server that answers
/// every command at the last moment can take.
const LEASE: SignedDuration = SignedDuration::from_mins(10);

/// Mails in one round.
const ROUND: usize = 50;

/// How long a mail waits for something of ours before it is looked at again.
const HELD: SignedDuration = SignedDuration::from_mins(5);

/// How long a mail is tried. A week covers every outage that nobody noticed.
const GIVE_UP: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What came of writing a mail.
enum Composed {
    Letter(Letter),
    /// It is not wanted any more.
    Outdated(&'static str),
    /// It cannot be written now.
    Later(&'static str),
    /// It can never be written.
    Never(&'static str),
}

impl Registrar {
    /// Sends what is due, one mail after the other. Returns how many mails were claimed.
    ///
    /// A mail is handed over first and recorded as sent afterwards: a crash in between sends it
    /// twice with the same `Message-ID`, never not at all. Whether it is still wanted is looked at
    /// just before. Several may do this at a time: each claims one mail, so that one which is stuck
    /// keeps nobody else's from being sent.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn send_mails(&self, post: &impl Post) -> Result<usize, StoreError> {
        let (mut count, mut desks) = (0, None);
        while count < ROUND && self.send_next(post, &mut desks).await? {
            count += 1;
        }
        Ok(count)
    }

    /// Sends the mail that is due first. Returns whether there was one. The desks serve a round.
    async fn send_next(
        &self,
        post: &impl Post,
        of_round: &mut Option<HashMap<ServiceId, Desk>>,
    ) -> Result<bool, StoreError> {
        let now = self.now();
        // Reading first: whoever waits for news asks after every commit of anyone.
        if !self.store().read(|view: View<'_>| view.is_mail_due(now))? {
            return Ok(false);
        }
        let claimed = self.store().write(move |tx| tx.claim_mails(now, now + LEASE, 1)).await?;
        let Some(mail) = claimed.into_iter().next() else {
            return Ok(false);
        };
        let desks = match of_round {
            Some(desks) => desks,
            None => of_round.insert(self.store().read(desks)?),
        };
        let id = mail.id;
        let outcome = match self.compose(&mail, desks).await? {
            Composed::Letter(letter) => post.deliver(letter).await,
            Composed::Later(why) => Delivery::Waits(why.to_owned()),
            Composed::Never(why) => Delivery::Refused(why.to_owned()),
            Composed::Outdated(why) => {
                let now = self.now();
                self.store().write(move |tx| tx.drop_mail(id, why, now)).await?;
                return Ok(true);
            }
        };
        let now = self.now();
        let answers_again = match outcome {
            Delivery::Accepted => !self.mail_server_answers.swap(true, Ordering::Relaxed),
            Delivery::Away(..) => {
                self.mail_server_answers.store(false, Ordering::Relaxed);
                false
            }
            _ => false,
        };
        self.store()
            .write(move |tx| match outcome {
                Delivery::Accepted => {
                    tx.mail_sent(id, now)?;
                    // What was put off for hours because nothing could leave goes now. Whatever is
                    // due before a lease is over may be in somebody's hands.
                    if answers_again {
                        tx.hurry_mails(ServerTrouble::BEGINS, now + LEASE, now)?;
                    }
                    Ok(())
                }
                Delivery::Away(trouble, said) => put_off(tx, &mail, &trouble.record(&said), now),
                Delivery::Waits(why) => tx.mail_held(id, &why, now, now + HELD),
                Delivery::Later(error) => put_off(tx, &mail, &error, now),
                Delivery::Refused(error) => tx.mail_failed(id, &error, None, now),
            })
            .await?;
        Ok(true)
    }

    async fn compose(
        &self,
        mail: &ClaimedMail,
        desks: &HashMap<ServiceId, Desk>,
    ) -> Result<Composed, StoreError> {
        let Some(desk) = desks.get(&mail.service) else {
            return Ok(Composed::Later("the settings of the service cannot be read"));
        };
        let Some(kind) = MailKind::from_name(&mail.kind) else {
            return Ok(Composed::Never("there is no text for this mail"));
        };
        let now = self.now();
        let outdated = self
            .store()
            .read(|view: View<'_>| kind.outdated(&mail.detail, view, mail.service, now))?;
        if let Some(why) = outdated {
            return Ok(Composed::Outdated(why));
        }
        let lang = Lang::from_tag(&mail.lang).unwrap_or_else(|| desk.settings.lang());
        let number = mail.id.number();
        let message_id = format!("{number}.{}.{}", kind.name(), mail.created_at.as_second());
        let detail = match kind {
            MailKind::EmailConfirm => match self.with_link(mail, lang, desk).await? {
                Ok(detail) => detail,
                Err(otherwise) => return Ok(otherwise),
            },
            _ => mail.detail.clone(),
        };
        Ok(match desk.letter(kind, lang, &detail, mail.recipient.clone(), &message_id) {
            Some((letter, faults)) => {
                for fault in faults {
                    tracing::error!(mail = number, %fault, "the built-in text was sent instead");
                }
                Composed::Letter(letter)
            }
            None => Composed::Never("what this mail says cannot be read"),
        })
    }
}

/// What the mails of every service are written with.
fn desks(view: View<'_>) -> Result<HashMap<ServiceId, Desk>, StoreError> {
    let mut desks = HashMap::new();
    for service in view.services()? {
        match Desk::load(view, &service) {
            Ok(desk) => {
                desks.insert(service.id, desk);
            }
            Err(desk::DeskError::Store(error)) => return Err(error),
            Err(error) => tracing::error!(service = %service.key, %error, "mails wait"),
        }
    }
    Ok(desks)
}

/// Lets a mail wait for another try, or gives it up.
fn put_off(
    tx: &mut Tx<'_>,
    mail: &ClaimedMail,
    error: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let next = now + pause(mail.attempts);
    let in_time = next < mail.tried_from + GIVE_UP;
    tx.mail_failed(mail.id, error, in_time.then_some(next), now)
}

/// One minute, doubling to six hours.
fn pause(attempts: u32) -> SignedDuration {
    SignedDuration::from_mins(1 << attempts.min(9)).min(SignedDuration::from_hours(6))
}
