//! To a branch, once a day, when there is something to look after.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tegata_domain::UserId;

use super::kind::{Content, MailKind};
use super::sample;
use super::sheet::Sheet;

/// Most lines of a section: a mail is read, a list is asked for.
const LINES: usize = 20;

#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Digest {
    pub(crate) branch: String,
    /// The day of the service's zone.
    pub(crate) day: Date,
    pub(crate) expiring: Section,
    pub(crate) undelivered: Section,
    pub(crate) lapsing: Section,
    pub(crate) locked: Section,
}

/// What is alike.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Section {
    /// How many there are.
    count: usize,
    /// The first of them.
    items: Vec<Item>,
}

/// One seat.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Item {
    pub(crate) user_id: UserId,
    pub(crate) at: Timestamp,
    /// Whether its user gets no mails.
    #[serde(default)]
    pub(crate) unmailed: bool,
    /// Which mail, by the name of its kind.
    #[serde(default)]
    pub(crate) mail: Option<String>,
}

impl Section {
    pub(crate) fn add(&mut self, item: Item) {
        self.count += 1;
        if self.items.len() < LINES {
            self.items.push(item);
        }
    }

    /// The lines and their number; `None` when there is nothing to tell.
    fn lines(&self, sheet: &Sheet<'_>, line: impl Fn(&Item) -> String) -> Option<(String, String)> {
        if self.count == 0 {
            return None;
        }
        let mut lines: Vec<_> = self.items.iter().map(line).collect();
        let more = self.count - self.items.len();
        if more > 0 {
            lines.push(sheet.text.mail_digest_more(&more.to_string()));
        }
        Some((self.count.to_string(), lines.join("\n")))
    }
}

impl Digest {
    pub(crate) fn is_empty(&self) -> bool {
        [&self.expiring, &self.undelivered, &self.lapsing, &self.locked]
            .iter()
            .all(|section| section.count == 0)
    }

    fn sections(&self, sheet: &Sheet<'_>) -> String {
        let text = &sheet.text;
        // The variables of each line: date, user_id.
        let until = |item: &Item| {
            let (date, user_id) = (sheet.date(item.at), item.user_id.as_str());
            match item.unmailed {
                true => text.mail_digest_item_unmailed(&date, user_id),
                false => text.mail_digest_item_until(&date, user_id),
            }
        };
        let expiring = self.expiring.lines(sheet, until);
        let lapsing = self.lapsing.lines(sheet, |item| {
            text.mail_digest_item_until(&sheet.date(item.at), item.user_id.as_str())
        });
        let undelivered = self.undelivered.lines(sheet, |item| {
            let what = name(sheet, item.mail.as_deref().unwrap_or_default());
            text.mail_digest_item_undelivered(&sheet.date(item.at), item.user_id.as_str(), &what)
        });
        let locked = self.locked.lines(sheet, |item| {
            text.mail_digest_item_locked(&sheet.date(item.at), item.user_id.as_str())
        });
        let sections = [
            expiring.map(|(count, items)| text.mail_digest_expiring(&count, &items)),
            locked.map(|(count, items)| text.mail_digest_locked(&count, &items)),
            lapsing.map(|(count, items)| text.mail_digest_lapsing(&count, &items)),
            undelivered.map(|(count, items)| text.mail_digest_undelivered(&count, &items)),
        ];
        sections.into_iter().flatten().collect::<Vec<_>>().join("\n\n")
    }
}

/// What people call a kind of mail to a seat.
fn name(sheet: &Sheet<'_>, kind: &str) -> String {
    let text = &sheet.text;
    match MailKind::from_name(kind) {
        Some(MailKind::Issued) => text.mail_name_issued(),
        Some(MailKind::Renewed) => text.mail_name_renewed(),
        Some(MailKind::Reminder) => text.mail_name_reminder(),
        Some(MailKind::Held) => text.mail_name_held(),
        Some(MailKind::Released) => text.mail_name_released(),
        Some(MailKind::Revoked) => text.mail_name_revoked(),
        Some(MailKind::Lapsing) => text.mail_name_lapsing(),
        Some(MailKind::EmailConfirm) => text.mail_name_email_confirm(),
        Some(MailKind::EmailOld | MailKind::EmailNew) => text.mail_name_email(),
        Some(MailKind::Digest) | None => kind.to_owned(),
    }
}

impl Content for Digest {
    const KIND: MailKind = MailKind::Digest;

    fn write(&self, sheet: &Sheet<'_>) -> (String, String) {
        let day = sheet.day(self.day);
        // day, service.
        let subject = sheet.text.mail_digest_subject(&day, sheet.service());
        // branch, help, organisation, sections, service.
        let body = sheet.text.mail_digest_body(
            &self.branch,
            sheet.help(),
            sheet.organisation(),
            &self.sections(sheet),
            sheet.service(),
        );
        (subject, body)
    }

    fn samples(now: Timestamp) -> Vec<(&'static str, Self)> {
        let item = |number: u16, days: i64| Item {
            user_id: sample::user_id(number),
            at: sample::in_days(now, days),
            unmailed: false,
            mail: None,
        };
        let section = |items: Vec<Item>| {
            let mut section = Section::default();
            items.into_iter().for_each(|item| section.add(item));
            section
        };
        let kinds = MailKind::ALL.iter().filter(|kind| **kind != MailKind::Digest);
        let undelivered = kinds
            .zip(401..)
            .map(|(kind, number)| Item { mail: Some(kind.name().to_owned()), ..item(number, -1) });
        let whole = Self {
            branch: "丸の内支店".to_owned(),
            day: now.to_zoned(jiff::tz::TimeZone::UTC).date(),
            expiring: section(vec![item(401, 3), Item { unmailed: true, ..item(402, 21) }]),
            undelivered: section(undelivered.collect()),
            lapsing: section(vec![item(410, 5)]),
            locked: section(vec![item(411, -2)]),
        };
        let many = Self {
            expiring: section((401..=430).map(|number| item(number, 6)).collect()),
            undelivered: Section::default(),
            lapsing: Section::default(),
            locked: Section::default(),
            ..whole.clone()
        };
        vec![("digest", whole), ("digest-many", many)]
    }
}
