//! The mails around a change of address: the link that confirms it, and that it happened.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tegata_domain::{EMAIL_LINK_LIFETIME, Email, UserId};
use tegata_store::{ClaimedMail, NewMail, ServiceId, StoreError};
use tegata_text::{Lang, Text};

use super::{Letter, pick};
use crate::change_email::LinkNonce;
use crate::{Registrar, Service};

/// The mail with the link.
pub(super) const CONFIRM: &str = "email-confirm";

/// The mail that tells of a change.
pub(super) const CHANGED: &str = "email-changed";

/// What the mail with the link says; the link itself is made when the mail is sent.
#[derive(Serialize, Deserialize)]
struct ConfirmDetail {
    user_id: UserId,
    number: u64,
}

#[derive(Serialize, Deserialize)]
struct ChangedDetail {
    user_id: UserId,
    email: Email,
}

/// A mail with a link, to the address that is to be confirmed.
pub(crate) fn confirm(
    service: ServiceId,
    to: &Email,
    lang: Lang,
    user_id: &UserId,
    number: u64,
) -> NewMail {
    let detail = ConfirmDetail { user_id: user_id.clone(), number };
    new(service, CONFIRM, to, lang, &detail)
}

/// A mail that the address is now `email`, to the one before or to itself.
pub(crate) fn changed(
    service: ServiceId,
    to: &Email,
    lang: Lang,
    user_id: &UserId,
    email: &Email,
) -> NewMail {
    let detail = ChangedDetail { user_id: user_id.clone(), email: email.clone() };
    new(service, CHANGED, to, lang, &detail)
}

fn new(
    service: ServiceId,
    kind: &'static str,
    to: &Email,
    lang: Lang,
    detail: &impl Serialize,
) -> NewMail {
    let detail = serde_json::to_value(detail).unwrap_or_default();
    NewMail { service, kind, recipient: to.clone(), lang: lang.code(), detail }
}

impl Registrar {
    /// Writes the mail with the link. Each attempt to send it gets a link of its own, so that the
    /// nonce is nowhere but in the mail; they all work until one was used, the request was
    /// replaced, or their day is over. `None` when the change is not wanted any more.
    pub(super) async fn confirmation(
        &self,
        mail: &ClaimedMail,
    ) -> Result<Option<Letter>, StoreError> {
        let keyring = self.keyring();
        let service = keyring.services().find(|service| service.id == mail.service);
        let detail = serde_json::from_value(mail.detail.clone()).ok();
        let (Some(service), Some(ConfirmDetail { user_id, number })) = (service, detail) else {
            return Ok(None);
        };
        let (nonce, now) = (LinkNonce::random(&*self.entropy), self.now());
        let ends_at = now.saturating_add(EMAIL_LINK_LIFETIME).unwrap_or(Timestamp::MAX);
        let (id, hash, wanted) = (service.id, nonce.hash(), user_id.clone());
        let is_wanted = self
            .store()
            .write(move |tx| {
                let Some(seat) = tx.seat(id, &wanted)? else { return Ok(false) };
                let pending = tx.pending_email(seat.id)?;
                if pending.is_none_or(|pending| pending.number != number) {
                    return Ok(false);
                }
                tx.insert_email_link(seat.id, hash, ends_at, now)?;
                Ok::<_, StoreError>(true)
            })
            .await?;
        if !is_wanted {
            return Ok(None);
        }
        let lang = Lang::from_tag(&mail.lang).unwrap_or_default();
        let link = format!(
            "{}/issueweb/{}/email/{}?lang={}",
            service.settings.site_url,
            service.key,
            nonce.reveal(),
            lang.code()
        );
        let (subject, body) = confirm_text(service, Text::of(lang), &user_id, &link, ends_at);
        Ok(Some(self.letter(service, mail, subject, body)))
    }
}

fn confirm_text(
    service: &Service,
    text: Text,
    user_id: &UserId,
    link: &str,
    until: Timestamp,
) -> (String, String) {
    let lang = text.lang();
    let name = pick(&service.settings.name, lang);
    // In the order of the variables' names.
    let body = text.mail_email_confirm_body(
        pick(&service.settings.help, lang),
        link,
        pick(&service.settings.organisation, lang),
        name,
        &tegata_text::date_time(lang, until, &service.time_zone),
        user_id.as_str(),
    );
    (text.mail_email_confirm_subject(name), body)
}

/// What tells of a change.
pub(super) fn changed_text(
    service: &Service,
    text: Text,
    detail: serde_json::Value,
) -> Option<(String, String)> {
    let ChangedDetail { user_id, email } = serde_json::from_value(detail).ok()?;
    let lang = text.lang();
    let name = pick(&service.settings.name, lang);
    let body = text.mail_email_changed_body(
        email.as_str(),
        pick(&service.settings.help, lang),
        pick(&service.settings.organisation, lang),
        name,
        user_id.as_str(),
    );
    Some((text.mail_email_changed_subject(name), body))
}
