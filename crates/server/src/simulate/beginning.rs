use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{RoundMode, Timestamp, TimestampRound, Unit};

/// When the simulated time begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// At this moment, its fraction of a second left out: what happens, happens at whole seconds.
    At(Timestamp),
    /// When this day begins where the first service is.
    Day(Date),
}

impl Beginning {
    /// The moment, in this zone.
    pub(super) fn moment(self, zone: &TimeZone) -> Result<Timestamp, jiff::Error> {
        match self {
            Self::At(at) => {
                at.round(TimestampRound::new().smallest(Unit::Second).mode(RoundMode::Floor))
            }
            Self::Day(day) => Ok(day.to_zoned(zone.clone())?.timestamp()),
        }
    }
}

impl FromStr for Beginning {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let day = text.parse().map(Self::Day);
        text.parse().map(Self::At).or(day).map_err(|_| {
            "neither a date, as in 2027-04-01, nor a time with its zone, as in \
             2027-04-01T09:00:00+09:00"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begins(text: &str, zone: &str) -> String {
        let zone = TimeZone::get(zone).unwrap();
        text.parse::<Beginning>().unwrap().moment(&zone).unwrap().to_string()
    }

    #[test]
    fn a_day_begins_where_the_service_is() {
        assert_eq!(begins("2027-04-01", "Asia/Tokyo"), "2027-03-31T15:00:00Z");
        assert_eq!(begins("2027-04-01", "America/New_York"), "2027-04-01T04:00:00Z");
        // There is no midnight on this day.
        assert_eq!(begins("2027-03-28", "Asia/Beirut"), "2027-03-27T22:00:00Z");
        assert_eq!(begins("2027-04-01T00:00:00+00:00", "Asia/Tokyo"), "2027-04-01T00:00:00Z");
    }

    #[test]
    fn the_beginning_is_a_whole_second_and_not_later() {
        assert_eq!(begins("2027-01-02T18:53:32.987654Z", "UTC"), "2027-01-02T18:53:32Z");
        assert_eq!(begins("2027-01-02T18:53:32Z", "UTC"), "2027-01-02T18:53:32Z");
        assert_eq!(begins("1969-12-31T23:59:58.5Z", "UTC"), "1969-12-31T23:59:58Z");
    }

    #[test]
    fn what_is_no_beginning_is_told_with_examples() {
        for text in ["nope", "", "01.04.2027", "2027-13-01"] {
            let said = text.parse::<Beginning>().unwrap_err();
            assert!(said.contains("2027-04-01"), "{text}: {said}");
        }
    }
}
