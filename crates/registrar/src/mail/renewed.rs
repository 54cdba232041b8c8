//! After a renewal, by a person or by itself.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tegata_domain::{Serial, UserId};

use super::kind::{Content, MailKind};
use super::sample;
use super::sheet::Sheet;

#[derive(Serialize, Deserialize)]
pub(crate) struct Renewed {
    pub(crate) user_id: UserId,
    pub(crate) serial: Serial,
    pub(crate) not_after: Timestamp,
}

impl Content for Renewed {
    const KIND: MailKind = MailKind::Renewed;

    fn write(&self, sheet: &Sheet<'_>) -> (String, String) {
        let subject = sheet.text.mail_renewed_subject(sheet.service());
        // In the order of the variables' names: help, organisation, serial, service, until, user_id.
        let body = sheet.text.mail_renewed_body(
            sheet.help(),
            sheet.organisation(),
            &self.serial.to_string(),
            sheet.service(),
            &sheet.date_time(self.not_after),
            self.user_id.as_str(),
        );
        (subject, body)
    }

    fn samples(now: Timestamp) -> Vec<(&'static str, Self)> {
        let not_after = sample::in_days(now, 365);
        let user_id = sample::user_id(401);
        vec![("renewed", Self { user_id, serial: sample::serial(), not_after })]
    }
}
