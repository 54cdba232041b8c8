//! `weekdayRange`, `dateRange` and `timeRange` of a proxy script: does this moment lie within?

use jiff::Zoned;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// The arguments without a last `GMT`, and the moment in the zone that they mean.
fn zoned<'a>(arguments: &'a [String], now: &Zoned) -> (&'a [String], Zoned) {
    match arguments.split_last() {
        Some((last, rest)) if last.eq_ignore_ascii_case("GMT") => {
            (rest, now.with_time_zone(TimeZone::UTC))
        }
        _ => (arguments, now.clone()),
    }
}

/// Whether `at` lies between, both ends included; a range that ends before it begins goes over
/// midnight, the weekend or New Year.
fn between<T: PartialOrd>(from: T, at: T, to: T) -> bool {
    if from <= to { from <= at && at <= to } else { from <= at || at <= to }
}

/// `weekdayRange("MON" [, "FRI"] [, "GMT"])`
pub(super) fn weekday(arguments: &[String], now: &Zoned) -> bool {
    let (days, now) = zoned(arguments, now);
    let number = |name: &String| DAYS.iter().position(|day| name.eq_ignore_ascii_case(day));
    let today = now.weekday().since(Weekday::Sunday);
    let Some(days) = days.iter().map(number).collect::<Option<Vec<_>>>() else { return false };
    let Ok(today) = usize::try_from(today) else { return false };
    match days[..] {
        [day] => day == today,
        [from, to] => between(from, today, to),
        _ => false,
    }
}

/// One argument of `dateRange`.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Year(i16),
    Month(i16),
    Day(i16),
}

impl Part {
    fn read(text: &str) -> Option<Self> {
        if let Some(month) = MONTHS.iter().position(|month| text.eq_ignore_ascii_case(month)) {
            return i16::try_from(month + 1).ok().map(Self::Month);
        }
        let number: i16 = text.trim().parse().ok()?;
        match number {
            1..=31 => Some(Self::Day(number)),
            1000.. => Some(Self::Year(number)),
            _ => None,
        }
    }
}

/// `dateRange(day | month | year [, …] [, "GMT"])`: one, or two ends of the same form.
pub(super) fn date(arguments: &[String], now: &Zoned) -> bool {
    let (parts, now) = zoned(arguments, now);
    let Some(parts) = parts.iter().map(|part| Part::read(part)).collect::<Option<Vec<_>>>() else {
        return false;
    };
    let today = |part: &Part| match part {
        Part::Year(_) => now.year(),
        Part::Month(_) => now.month().into(),
        Part::Day(_) => now.day().into(),
    };
    // Compared as year, month, day, whichever of them are there.
    let ordered = |parts: &[Part]| {
        let mut ranked: Vec<(u8, i16)> = parts
            .iter()
            .map(|part| match *part {
                Part::Year(n) => (0, n),
                Part::Month(n) => (1, n),
                Part::Day(n) => (2, n),
            })
            .collect();
        ranked.sort_unstable_by_key(|(rank, _)| *rank);
        let (ranks, numbers): (Vec<_>, Vec<_>) = ranked.into_iter().unzip();
        let is_whole = ranks.windows(2).all(|pair| pair[0] != pair[1]);
        is_whole.then_some((ranks, numbers))
    };
    if let [part @ (Part::Year(n) | Part::Month(n) | Part::Day(n))] = &parts[..] {
        return today(part) == *n;
    }
    if parts.is_empty() || !parts.len().is_multiple_of(2) || parts.len() > 6 {
        return false;
    }
    let (from, to) = parts.split_at(parts.len() / 2);
    let now_parts: Vec<_> = from
        .iter()
        .map(|part| match part {
            Part::Year(_) => Part::Year(today(part)),
            Part::Month(_) => Part::Month(today(part)),
            Part::Day(_) => Part::Day(today(part)),
        })
        .collect();
    match (ordered(from), ordered(&now_parts), ordered(to)) {
        (Some((form, from)), Some((_, at)), Some((other, to))) if form == other => {
            // A range with years that ends before it begins holds nothing.
            (form[0] != 0 || from <= to) && between(from, at, to)
        }
        _ => false,
    }
}

/// `timeRange(hour [, hour] | hour, min, hour, min | hour, min, sec, hour, min, sec [, "GMT"])`
pub(super) fn time(arguments: &[String], now: &Zoned) -> bool {
    let (numbers, now) = zoned(arguments, now);
    let numbers: Option<Vec<i32>> = numbers.iter().map(|text| text.trim().parse().ok()).collect();
    let (hour, minute) = (i32::from(now.hour()), i32::from(now.minute()));
    let at = (hour * 60 + minute) * 60 + i32::from(now.second());
    let seconds = |h: i32, m: i32, s: i32| (h * 60 + m) * 60 + s;
    let is_time = |numbers: &[i32]| numbers.iter().all(|n| (0..60).contains(n));
    match numbers.as_deref() {
        Some([h]) => *h == hour,
        Some([from, to]) => between(*from, hour, *to),
        Some(all @ [h, m, to_h, to_m]) if is_time(all) => {
            between(seconds(*h, *m, 0), at, seconds(*to_h, *to_m, 59))
        }
        Some(all @ [h, m, s, to_h, to_m, to_s]) if is_time(all) => {
            between(seconds(*h, *m, *s), at, seconds(*to_h, *to_m, *to_s))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Function = fn(&[String], &Zoned) -> bool;

    fn said(function: Function, arguments: &str, now: &str) -> bool {
        let arguments: Vec<_> =
            arguments.split(", ").filter(|a| !a.is_empty()).map(str::to_owned).collect();
        function(&arguments, &now.parse().unwrap())
    }

    #[test]
    fn weekdays() {
        // 1 March 2026 is a Sunday; in Tokyo it is Monday before it is in Greenwich.
        let (sunday, monday) = ("2026-03-01T12:00[Asia/Tokyo]", "2026-03-02T08:00[Asia/Tokyo]");
        for (arguments, now, is_in) in [
            ("SUN", sunday, true),
            ("sun", sunday, true),
            ("MON", sunday, false),
            ("MON, FRI", sunday, false),
            ("MON, FRI", monday, true),
            ("FRI, MON", sunday, true),
            ("MON", monday, true),
            ("SUN, GMT", monday, true),
            ("MON, WED, FRI", monday, false),
            ("GMT", monday, false),
            ("", monday, false),
            ("MONDAY", monday, false),
        ] {
            assert_eq!(said(weekday, arguments, now), is_in, "{arguments} {now}");
        }
    }

    #[test]
    fn dates() {
        let now = "2026-03-15T08:00[Asia/Tokyo]";
        for (arguments, is_in) in [
            ("15", true),
            ("14", false),
            ("14, GMT", true),
            ("MAR", true),
            ("2026", true),
            ("2025", false),
            ("1, 15", true),
            ("16, 31", false),
            ("20, 15", true),
            ("JAN, MAR", true),
            ("NOV, FEB", false),
            ("NOV, MAR", true),
            ("2025, 2027", true),
            ("2027, 2025", false),
            ("1, JUN, 15, AUG", false),
            ("15, MAR, 15, MAR", true),
            ("24, DEC, 31, MAR", true),
            ("JUN, 2025, MAR, 2026", true),
            ("16, MAR, 2026, 1, JAN, 2030", false),
            ("1, JAN, 2020, 15, MAR, 2026", true),
            ("15, 3", true),
            ("JAN, 15", false),
            ("1, 2, 3", false),
            ("500", false),
            ("", false),
        ] {
            assert_eq!(said(date, arguments, now), is_in, "{arguments}");
        }
    }

    #[test]
    fn times() {
        let now = "2026-03-15T17:30:20[Asia/Tokyo]";
        for (arguments, is_in) in [
            ("17", true),
            ("8, GMT", true),
            ("9, 17", true),
            ("9, 16", false),
            ("22, 17", true),
            ("9, 0, 17, 30", true),
            ("9, 0, 17, 29", false),
            ("17, 30, 20, 17, 30, 20", true),
            ("17, 30, 21, 18, 0, 0", false),
            ("22, 0, 6, 0", false),
            ("9, 0, 17", false),
            ("nine", false),
            ("99999999, 99999999, 99999999, 99999999", false),
            ("", false),
        ] {
            assert_eq!(said(time, arguments, now), is_in, "{arguments}");
        }
    }
}
