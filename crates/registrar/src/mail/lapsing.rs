//! Before an unused credential lapses.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tegata_domain::{CredentialState, UserId};
use tegata_store::{ServiceId, StoreError, View};

use super::kind::{Content, MailKind};
use super::sample;
use super::sheet::Sheet;

#[derive(Serialize, Deserialize)]
pub(crate) struct Lapsing {
    pub(crate) user_id: UserId,
    pub(crate) lapses_at: Timestamp,
}

impl Content for Lapsing {
    const KIND: MailKind = MailKind::Lapsing;

    fn write(&self, sheet: &Sheet<'_>) -> (String, String) {
        // date, service.
        let subject = sheet.text.mail_lapsing_subject(&sheet.date(self.lapses_at), sheet.service());
        // help, organisation, service, until, user_id.
        let body = sheet.text.mail_lapsing_body(
            sheet.help(),
            sheet.organisation(),
            sheet.service(),
            &sheet.date_time(self.lapses_at),
            self.user_id.as_str(),
        );
        (subject, body)
    }

    fn outdated(
        &self,
        view: View<'_>,
        service: ServiceId,
        now: Timestamp,
    ) -> Result<Option<&'static str>, StoreError> {
        let Some(seat) = view.seat(service, &self.user_id)? else {
            return Ok(Some("there is no such seat any more"));
        };
        let credential = view.credential(seat.id)?.map(|record| record.credential);
        let still = credential.is_some_and(|credential| {
            matches!(credential.state, CredentialState::Ready { .. })
                && credential.lapses_at == self.lapses_at
                && now < credential.lapses_at
        });
        Ok((!still).then_some("the initial password was used, locked, replaced or has lapsed"))
    }

    fn samples(now: Timestamp) -> Vec<(&'static str, Self)> {
        let lapses_at = sample::in_days(now, 14);
        vec![("lapsing", Self { user_id: sample::user_id(401), lapses_at })]
    }
}
