//! After the registered e-mail was changed: to the old address and to the new one. Neither says
//! the other address.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tegata_domain::{Email, UserId};
use tegata_store::{NewMail, SeatRecord};

use super::kind::{Content, MailKind, to_seat};
use super::sample;
use super::sheet::Sheet;
use crate::ServiceSettings;

/// The mails about a change of the e-mail of `seat`, which still has its old one, if any, to
/// `new`: for the transaction that changes it.
pub(crate) fn email_changed(
    seat: &SeatRecord,
    new: &Email,
    settings: &ServiceSettings,
    at: Timestamp,
) -> Vec<NewMail> {
    let moved = SeatRecord { email: Some(new.clone()), ..seat.clone() };
    let to_new = to_seat(&moved, settings, &ToNew { user_id: seat.user_id.clone(), at });
    email_left(seat, settings, at).into_iter().chain(to_new).collect()
}

/// The mail to the address that `seat` still has and will have no longer.
pub(crate) fn email_left(
    seat: &SeatRecord,
    settings: &ServiceSettings,
    at: Timestamp,
) -> Option<NewMail> {
    to_seat(seat, settings, &ToOld { user_id: seat.user_id.clone(), at })
}

#[derive(Serialize, Deserialize)]
pub(crate) struct ToOld {
    user_id: UserId,
    at: Timestamp,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct ToNew {
    user_id: UserId,
    at: Timestamp,
}

impl Content for ToOld {
    const KIND: MailKind = MailKind::EmailOld;

    fn write(&self, sheet: &Sheet<'_>) -> (String, String) {
        let subject = sheet.text.mail_email_old_subject(sheet.service());
        // at, help, organisation, service, user_id.
        let body = sheet.text.mail_email_old_body(
            &sheet.date_time(self.at),
            sheet.help(),
            sheet.organisation(),
            sheet.service(),
            self.user_id.as_str(),
        );
        (subject, body)
    }

    fn samples(now: Timestamp) -> Vec<(&'static str, Self)> {
        vec![("email-old", Self { user_id: sample::user_id(401), at: now })]
    }
}

impl Content for ToNew {
    const KIND: MailKind = MailKind::EmailNew;

    fn write(&self, sheet: &Sheet<'_>) -> (String, String) {
        let subject = sheet.text.mail_email_new_subject(sheet.service());
        // at, help, organisation, service, user_id.
        let body = sheet.text.mail_email_new_body(
            &sheet.date_time(self.at),
            sheet.help(),
            sheet.organisation(),
            sheet.service(),
            self.user_id.as_str(),
        );
        (subject, body)
    }

    fn samples(now: Timestamp) -> Vec<(&'static str, Self)> {
        vec![("email-new", Self { user_id: sample::user_id(401), at: now })]
    }
}
