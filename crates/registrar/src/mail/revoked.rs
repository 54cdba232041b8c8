//! When a certificate was revoked.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tegata_domain::UserId;

use super::kind::{Content, MailKind};
use super::sample;
use super::sheet::Sheet;

#[derive(Serialize, Deserialize)]
pub(crate) struct Revoked {
    pub(crate) user_id: UserId,
    pub(crate) at: Timestamp,
}

impl Content for Revoked {
    const KIND: MailKind = MailKind::Revoked;

    fn write(&self, sheet: &Sheet<'_>) -> (String, String) {
        let subject = sheet.text.mail_revoked_subject(sheet.service());
        // at, help, organisation, service, user_id.
        let body = sheet.text.mail_revoked_body(
            &sheet.date_time(self.at),
            sheet.help(),
            sheet.organisation(),
            sheet.service(),
            self.user_id.as_str(),
        );
        (subject, body)
    }

    fn samples(now: Timestamp) -> Vec<(&'static str, Self)> {
        vec![("revoked", Self { user_id: sample::user_id(401), at: now })]
    }
}
