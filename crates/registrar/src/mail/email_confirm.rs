//! Before another e-mail is registered: to the new address, with the link that confirms it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tegata_domain::{EMAIL_LINK_LIFETIME, Email, UserId};
use tegata_store::{ClaimedMail, NewMail, SeatRecord, StoreError};
use tegata_text::Lang;

use super::desk::Desk;
use super::kind::{Content, MailKind};
use super::sheet::Sheet;
use super::{Composed, sample};
use crate::Registrar;
use crate::change_email::LinkNonce;

/// What the outbox holds: the link is made when the mail is sent.
#[derive(Serialize, Deserialize)]
struct Asked {
    user_id: UserId,
    number: u64,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Confirm {
    user_id: UserId,
    link: String,
    until: Timestamp,
}

/// The mail about request `number` of a seat to register `new`.
pub(crate) fn confirm(seat: &SeatRecord, new: &Email, lang: Lang, number: u64) -> NewMail {
    let asked = Asked { user_id: seat.user_id.clone(), number };
    NewMail {
        service: seat.service,
        seat: Some(seat.id),
        branch: None,
        kind: Confirm::KIND.name(),
        recipient: new.clone(),
        lang: lang.code(),
        detail: serde_json::to_value(asked).unwrap_or_default(),
    }
}

impl Registrar {
    /// Makes the link of a mail. Each attempt to send it gets a link of its own, so that the nonce
    /// is nowhere but in the mail; they all work until one was used, the request was replaced, or
    /// their day is over.
    ///
    /// # Errors
    /// When the database refuses.
    pub(super) async fn with_link(
        &self,
        mail: &ClaimedMail,
        lang: Lang,
        desk: &Desk,
    ) -> Result<Result<Value, Composed>, StoreError> {
        if desk.settings.site_url.is_empty() {
            return Ok(Err(Composed::Later("the settings of the service have no site_url")));
        }
        let Ok(Asked { user_id, number }) = Asked::deserialize(&mail.detail) else {
            return Ok(Err(Composed::Never("what this mail says cannot be read")));
        };
        let (nonce, now, service) = (LinkNonce::random(&*self.entropy), self.now(), mail.service);
        let until = now.saturating_add(EMAIL_LINK_LIFETIME).unwrap_or(Timestamp::MAX);
        let (hash, wanted) = (nonce.hash(), user_id.clone());
        let is_wanted = self
            .store()
            .write(move |tx| {
                let Some(seat) = tx.seat(service, &wanted)? else { return Ok(false) };
                let pending = tx.pending_email(seat.id)?;
                if pending.is_none_or(|pending| pending.number != number) {
                    return Ok(false);
                }
                tx.insert_email_link(seat.id, hash, until, now)?;
                Ok::<_, StoreError>(true)
            })
            .await?;
        if !is_wanted {
            return Ok(Err(Composed::Outdated("nothing waits for this confirmation any more")));
        }
        let link = format!(
            "{}/issueweb/{}/email/{}?lang={}",
            desk.settings.site_url,
            desk.service,
            nonce.reveal(),
            lang.code()
        );
        Ok(Ok(serde_json::to_value(Confirm { user_id, link, until }).unwrap_or_default()))
    }
}

impl Content for Confirm {
    const KIND: MailKind = MailKind::EmailConfirm;

    fn write(&self, sheet: &Sheet<'_>) -> (String, String) {
        let subject = sheet.text.mail_email_confirm_subject(sheet.service());
        // help, link, organisation, service, until, user_id.
        let body = sheet.text.mail_email_confirm_body(
            sheet.help(),
            &self.link,
            sheet.organisation(),
            sheet.service(),
            &sheet.date_time(self.until),
            self.user_id.as_str(),
        );
        (subject, body)
    }

    fn samples(now: Timestamp) -> Vec<(&'static str, Self)> {
        let nonce = "0123456789abcdef0123456789abcdef01234567";
        let link = format!("https://cert.example.jp/issueweb/0001/SB0001002C/email/{nonce}");
        let until = now.saturating_add(EMAIL_LINK_LIFETIME).unwrap_or(Timestamp::MAX);
        vec![("email-confirm", Self { user_id: sample::user_id(401), link, until })]
    }
}
