//! When a certificate was released from its hold.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tegata_domain::UserId;
use tegata_store::{ServiceId, StoreError, View};

use super::kind::{Content, MailKind};
use super::sample;
use super::sheet::Sheet;
use crate::status::has_good;

#[derive(Serialize, Deserialize)]
pub(crate) struct Released {
    pub(crate) user_id: UserId,
    pub(crate) at: Timestamp,
}

impl Content for Released {
    const KIND: MailKind = MailKind::Released;

    fn write(&self, sheet: &Sheet<'_>) -> (String, String) {
        let subject = sheet.text.mail_released_subject(sheet.service());
        // at, help, organisation, service, user_id.
        let body = sheet.text.mail_released_body(
            &sheet.date_time(self.at),
            sheet.help(),
            sheet.organisation(),
            sheet.service(),
            self.user_id.as_str(),
        );
        (subject, body)
    }

    /// What is on hold again, or revoked, while the mail waited, cannot be used: another mail says so.
    fn outdated(
        &self,
        view: View<'_>,
        service: ServiceId,
        now: Timestamp,
    ) -> Result<Option<&'static str>, StoreError> {
        let Some(seat) = view.seat(service, &self.user_id)? else { return Ok(None) };
        let is_good = has_good(view, seat.id, now)?;
        Ok((!is_good).then_some("the certificate cannot be used any more"))
    }

    fn samples(now: Timestamp) -> Vec<(&'static str, Self)> {
        vec![("released", Self { user_id: sample::user_id(401), at: now })]
    }
}
