use jiff::Timestamp;
use jiff::tz::TimeZone;
use tegata_text::{Lang, Text, date, date_time};

/// Dates of one certificate as a person reads them.
pub(crate) struct Dates {
    lang: Lang,
    zone: TimeZone,
    /// Whether the zone is this PC's own and has to be named.
    is_local: bool,
}

impl Dates {
    /// In the zone of the service, which its slips, mails and pages use; where that is not
    /// known, in the zone of this PC, which is then named.
    pub(crate) fn of_service(time_zone: Option<&str>, text: Text) -> Self {
        let lang = text.lang();
        match time_zone.and_then(|name| TimeZone::get(name).ok()) {
            Some(zone) => Self { lang, zone, is_local: false },
            None => {
                let zone = TimeZone::try_system().unwrap_or(TimeZone::UTC);
                Self { lang, zone, is_local: true }
            }
        }
    }

    /// A date and time; in English always with the zone.
    pub(crate) fn moment(&self, at: Timestamp) -> String {
        let said = date_time(self.lang, at, &self.zone);
        if self.lang == Lang::En { said } else { self.with_zone(said, at) }
    }

    /// A date.
    pub(crate) fn day(&self, at: Timestamp) -> String {
        self.with_zone(date(self.lang, at, &self.zone), at)
    }

    fn with_zone(&self, said: String, at: Timestamp) -> String {
        if !self.is_local {
            return said;
        }
        format!("{said} {}", at.to_zoned(self.zone.clone()).strftime("%Z"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_named_where_it_is_not_the_services() {
        let at = "2027-02-16T15:00:00Z".parse().unwrap();
        for (lang, moment, day) in [
            (Lang::Ja, "2027年2月17日(水) 00:00", "2027年2月17日(水)"),
            (Lang::En, "17 Feb 2027, 00:00 JST", "17 Feb 2027"),
        ] {
            let zone = TimeZone::get("Asia/Tokyo").unwrap();
            let service = Dates { lang, zone, is_local: false };
            assert_eq!((service.moment(at), service.day(at)), (moment.to_owned(), day.to_owned()));
            let local = Dates { is_local: true, ..service };
            assert_eq!(local.day(at), format!("{day} JST"));
            assert_eq!(local.moment(at).matches("JST").count(), 1);
        }
    }
}
