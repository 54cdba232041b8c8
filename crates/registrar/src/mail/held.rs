//! When a certificate was put on hold.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tegata_domain::{CertificateState, UserId};
use tegata_store::{CertificateRecord, ServiceId, StoreError, View};

use super::kind::{Content, MailKind};
use super::sample;
use super::sheet::Sheet;

#[derive(Serialize, Deserialize)]
pub(crate) struct Held {
    pub(crate) user_id: UserId,
    pub(crate) at: Timestamp,
}

impl Content for Held {
    const KIND: MailKind = MailKind::Held;

    fn write(&self, sheet: &Sheet<'_>) -> (String, String) {
        let subject = sheet.text.mail_held_subject(sheet.service());
        // at, help, organisation, service, user_id.
        let body = sheet.text.mail_held_body(
            &sheet.date_time(self.at),
            sheet.help(),
            sheet.organisation(),
            sheet.service(),
            self.user_id.as_str(),
        );
        (subject, body)
    }

    /// Of a hold that ended while the mail waited, another mail tells.
    fn outdated(
        &self,
        view: View<'_>,
        service: ServiceId,
        _: Timestamp,
    ) -> Result<Option<&'static str>, StoreError> {
        let Some(seat) = view.seat(service, &self.user_id)? else { return Ok(None) };
        let all = view.certificates_of_seat(seat.id)?;
        let held = |record: &CertificateRecord| {
            matches!(record.certificate.state, CertificateState::Held { .. })
        };
        Ok((!all.iter().any(held)).then_some("the certificate is not on hold any more"))
    }

    fn samples(now: Timestamp) -> Vec<(&'static str, Self)> {
        vec![("held", Self { user_id: sample::user_id(401), at: now })]
    }
}
