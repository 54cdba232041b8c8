use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;

use crate::Lang;

/// A date as people of the service's time zone write it: `2027年2月16日(火)`, `16 Feb 2027`.
pub fn date(lang: Lang, at: Timestamp, zone: &TimeZone) -> String {
    let at = at.to_zoned(zone.clone());
    match lang {
        Lang::Ja => {
            format!("{}年{}月{}日({})", at.year(), at.month(), at.day(), weekday(at.weekday()))
        }
        Lang::En => at.strftime("%-d %b %Y").to_string(),
    }
}

/// A date and time: `2027年2月16日(火) 23:59`, `16 Feb 2027, 23:59 JST`.
pub fn date_time(lang: Lang, at: Timestamp, zone: &TimeZone) -> String {
    let zoned = at.to_zoned(zone.clone());
    match lang {
        Lang::Ja => format!("{} {}", date(lang, at, zone), zoned.strftime("%H:%M")),
        Lang::En => zoned.strftime("%-d %b %Y, %H:%M %Z").to_string(),
    }
}

fn weekday(day: Weekday) -> char {
    match day {
        Weekday::Monday => '月',
        Weekday::Tuesday => '火',
        Weekday::Wednesday => '水',
        Weekday::Thursday => '木',
        Weekday::Friday => '金',
        Weekday::Saturday => '土',
        Weekday::Sunday => '日',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_read_as_in_the_design() {
        let at: Timestamp = "2027-02-16T14:59:59Z".parse().unwrap();
        let tokyo = TimeZone::get("Asia/Tokyo").unwrap();
        assert_eq!(date_time(Lang::Ja, at, &tokyo), "2027年2月16日(火) 23:59");
        assert_eq!(date_time(Lang::En, at, &tokyo), "16 Feb 2027, 23:59 JST");
        assert_eq!(date(Lang::En, at, &TimeZone::UTC), "16 Feb 2027");
    }
}
