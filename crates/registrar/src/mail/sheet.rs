use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use tegata_text::{Lang, MailTemplates, MailText};

use crate::{ServiceSettings, Words};

/// What a mail is written on: the words of a service in one language, and its zone.
pub(crate) struct Sheet<'a> {
    pub(super) text: MailText<'a>,
    pub(super) settings: &'a ServiceSettings,
    zone: TimeZone,
}

impl<'a> Sheet<'a> {
    pub(crate) fn new(
        settings: &'a ServiceSettings,
        templates: Option<&'a MailTemplates>,
        lang: Lang,
    ) -> Self {
        // Settings on record were checked: there is such a zone.
        let zone = TimeZone::get(&settings.time_zone).unwrap_or(TimeZone::UTC);
        Self { text: MailText::of(lang, templates), settings, zone }
    }

    pub(super) fn service(&self) -> &'a str {
        self.pick(&self.settings.name)
    }

    pub(super) fn organisation(&self) -> &'a str {
        self.pick(&self.settings.organisation)
    }

    pub(super) fn help(&self) -> &'a str {
        self.pick(&self.settings.help)
    }

    pub(super) fn date(&self, at: Timestamp) -> String {
        tegata_text::date(self.text.lang(), at, &self.zone)
    }

    /// A day of the zone itself.
    pub(super) fn day(&self, day: Date) -> String {
        let noon = day.at(12, 0, 0, 0);
        noon.to_zoned(self.zone.clone())
            .map_or_else(|_| day.to_string(), |at| self.date(at.timestamp()))
    }

    pub(super) fn date_time(&self, at: Timestamp) -> String {
        tegata_text::date_time(self.text.lang(), at, &self.zone)
    }

    fn pick(&self, words: &'a Words) -> &'a str {
        match self.text.lang() {
            Lang::Ja => &words.ja,
            Lang::En => &words.en,
        }
    }
}
