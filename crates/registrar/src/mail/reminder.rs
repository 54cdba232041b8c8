//! Before a certificate expires.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tegata_domain::{Action, CertificateState, SeatState, Serial, UserId};
use tegata_store::{ServiceId, StoreError, View};

use super::kind::{Content, MailKind};
use super::sample;
use super::sheet::Sheet;

#[derive(Serialize, Deserialize)]
pub(crate) struct Reminder {
    pub(crate) user_id: UserId,
    pub(crate) serial: Serial,
    pub(crate) not_after: Timestamp,
    pub(crate) threshold_days: u16,
    pub(crate) asks: Asks,
}

/// [`Action`] as it stands in the outbox.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Asks {
    Renew,
    RenewFrom(Timestamp),
    Nothing,
    Overdue,
}

impl From<Action> for Asks {
    fn from(action: Action) -> Self {
        match action {
            Action::Renew => Self::Renew,
            Action::RenewFrom(opens) => Self::RenewFrom(opens),
            Action::Nothing => Self::Nothing,
            Action::Overdue => Self::Overdue,
        }
    }
}

impl Content for Reminder {
    const KIND: MailKind = MailKind::Reminder;

    fn write(&self, sheet: &Sheet<'_>) -> (String, String) {
        let text = &sheet.text;
        let action = match self.asks {
            Asks::Renew => text.mail_reminder_renew(sheet.service()),
            Asks::RenewFrom(opens) => text.mail_reminder_later(&sheet.date_time(opens)),
            Asks::Nothing => text.mail_reminder_none(),
            Asks::Overdue => text.mail_reminder_overdue(),
        };
        // date, service.
        let subject = text.mail_reminder_subject(&sheet.date(self.not_after), sheet.service());
        // action, help, organisation, service, until, user_id.
        let body = text.mail_reminder_body(
            &action,
            sheet.help(),
            sheet.organisation(),
            sheet.service(),
            &sheet.date_time(self.not_after),
            self.user_id.as_str(),
        );
        (subject, body)
    }

    /// Whoever renewed while the mail waited, or whose certificate is held or revoked, is not
    /// reminded; nor is anybody twice, by what waited for a mail server that was away.
    fn outdated(
        &self,
        view: View<'_>,
        service: ServiceId,
        now: Timestamp,
    ) -> Result<Option<&'static str>, StoreError> {
        let seat = view.seat(service, &self.user_id)?;
        if seat.is_some_and(|seat| seat.state == SeatState::Closed) {
            return Ok(Some("the seat is closed"));
        }
        let record = view.certificate(self.serial)?;
        let certificate = record.map(|record| record.certificate);
        Ok(match certificate.map(|certificate| (certificate.state, certificate.validity)) {
            Some((CertificateState::Issued { .. }, validity)) if !validity.is_over(now) => {
                let told = view.reminders_of_serial(self.serial)?;
                let more_urgent = told.iter().any(|threshold| *threshold < self.threshold_days);
                more_urgent.then_some("a more urgent reminder followed")
            }
            Some((CertificateState::Issued { .. }, _)) => Some("the certificate has expired"),
            Some((CertificateState::Superseded { .. }, _)) => Some("the certificate was renewed"),
            Some((CertificateState::Held { .. }, _)) => Some("the certificate is on hold"),
            Some((CertificateState::Revoked { .. }, _)) => Some("the certificate is revoked"),
            _ => Some("there is no such certificate"),
        })
    }

    fn samples(now: Timestamp) -> Vec<(&'static str, Self)> {
        let of = |days: u16, asks| Self {
            user_id: sample::user_id(401),
            serial: sample::serial(),
            not_after: sample::in_days(now, days.into()),
            threshold_days: days,
            asks,
        };
        let opens = sample::in_days(now, 30);
        vec![
            ("reminder", of(30, Asks::Renew)),
            ("reminder-later", of(90, Asks::RenewFrom(opens))),
            ("reminder-none", of(30, Asks::Nothing)),
            ("reminder-overdue", of(7, Asks::Overdue)),
        ]
    }
}
