//! The events as people read them: each on its line while they are few, else a line a day.

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::tz::TimeZone;

use super::{Event, Kind, Problem};

/// Up to so many events, lists and responders apart, each has a line.
const FEW: usize = 60;

/// Problems of a kind that are shown one by one.
const EXAMPLES: usize = 5;

/// Gathers events and writes them down.
#[derive(Debug)]
pub struct Timeline {
    zone: TimeZone,
    days: BTreeMap<jiff::civil::Date, BTreeMap<(Kind, String), usize>>,
    few: Vec<String>,
    shown: usize,
    routine: BTreeMap<Kind, usize>,
    problems: BTreeMap<Problem, (usize, Vec<String>)>,
}

impl Timeline {
    /// An empty one, with days of this zone.
    pub fn new(zone: TimeZone) -> Self {
        let (days, few, routine, problems) = Default::default();
        Self { zone, days, few, shown: 0, routine, problems }
    }

    /// Takes the next event.
    pub fn push(&mut self, event: &Event) {
        let at = event.at.to_zoned(self.zone.clone());
        if let Some(problem) = event.problem {
            let (count, examples) = self.problems.entry(problem).or_default();
            *count += 1;
            if examples.len() < EXAMPLES {
                examples.push(format!("{}  {}", at.strftime("%F %T"), event.words(&self.zone)));
            }
        }
        if matches!(event.event, Kind::Crl | Kind::ResponderRenewed) {
            *self.routine.entry(event.event).or_default() += 1;
            return;
        }
        let about = match (event.problem, event.detail.get("threshold_days")) {
            (Some(problem), _) => format!(" ({})", problem.words()),
            (None, Some(days)) => format!(" ({days} days)"),
            _ => String::new(),
        };
        let day = self.days.entry(at.date()).or_default();
        *day.entry((event.event, about)).or_default() += 1;
        self.shown += 1;
        if self.shown <= FEW {
            let words = event.words(&self.zone);
            self.few.push(format!("{}  {:<14} {words}", at.strftime("%F %T"), event.event.words()));
        }
    }

    /// Everything, with what would have gone wrong at the end.
    pub fn text(&self) -> String {
        let mut text = String::new();
        if self.shown <= FEW {
            for line in &self.few {
                let _ = writeln!(text, "{line}");
            }
        } else {
            for (day, kinds) in &self.days {
                let kinds: Vec<String> = kinds
                    .iter()
                    .map(|((kind, about), count)| format!("{} {count}{about}", kind.words()))
                    .collect();
                let _ = writeln!(text, "{day}  {}", kinds.join(", "));
            }
        }
        let routine: Vec<String> =
            self.routine.iter().map(|(kind, count)| format!("{} {count}", kind.words())).collect();
        if !routine.is_empty() {
            let _ = writeln!(text, "besides: {}", routine.join(", "));
        }
        if self.problems.is_empty() {
            let _ = writeln!(text, "\nNothing would have gone wrong.");
            return text;
        }
        for (heading, is_notice) in
            [("Would have gone wrong:", false), ("Worth knowing, no failure:", true)]
        {
            let mut these =
                self.problems.iter().filter(|(one, _)| one.is_notice() == is_notice).peekable();
            if these.peek().is_some() {
                let _ = writeln!(text, "\n{heading}");
            }
            for (problem, (count, examples)) in these {
                let _ = writeln!(text, "  {}: {count}", problem.words());
                for example in examples {
                    let _ = writeln!(text, "    {example}");
                }
                if *count > examples.len() {
                    let _ = writeln!(text, "    and {} more", count - examples.len());
                }
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(second: i64, kind: Kind) -> Event {
        Event::new(jiff::Timestamp::from_second(second).unwrap(), kind)
    }

    #[test]
    fn few_events_have_a_line_each_and_many_a_line_a_day() {
        let mut timeline = Timeline::new(TimeZone::get("Asia/Tokyo").unwrap());
        timeline.push(&event(0, Kind::RenewalOpens));
        timeline.push(&event(10, Kind::Crl));
        timeline.push(&event(20, Kind::Reminder).with("threshold_days", 30));
        let text = timeline.text();
        assert!(text.contains("1970-01-01 09:00:00  renewal opens"), "{text}");
        assert!(text.contains("besides: CRL 1") && !text.contains("09:00:10"), "{text}");
        assert!(text.ends_with("Nothing would have gone wrong.\n"), "{text}");
        for second in 0..100 {
            timeline.push(&event(86_400 + second, Kind::Renewed));
        }
        let text = timeline.text();
        assert!(text.contains("1970-01-01  renewal opens 1, reminder 1 (30 days)\n"), "{text}");
        assert!(text.contains("1970-01-02  renewed 100\n"), "{text}");
    }

    #[test]
    fn every_moment_of_a_line_is_in_the_same_zone() {
        let mut timeline = Timeline::new(TimeZone::get("Asia/Tokyo").unwrap());
        let opens = event(64_799, Kind::RenewalOpens);
        timeline.push(&opens.with("not_after", "2027-01-02T18:53:32Z"));
        let text = timeline.text();
        assert!(text.contains("1970-01-02 02:59:59  renewal opens"), "{text}");
        assert!(text.contains("ends 2027-01-03 03:53:32 JST\n"), "{text}");
    }

    #[test]
    fn a_reminder_says_how_it_went() {
        let mut timeline = Timeline::new(TimeZone::UTC);
        timeline.push(&event(0, Kind::Reminder).with("mailed", true));
        timeline.push(&event(1, Kind::Reminder).with("mailed", false));
        let text = timeline.text();
        assert!(text.contains("by mail\n") && text.contains("to nobody\n"), "{text}");
        assert!(!text.contains("mailed"), "{text}");
    }

    #[test]
    fn failures_and_notices_are_told_apart() {
        let mut timeline = Timeline::new(TimeZone::UTC);
        let at = jiff::Timestamp::UNIX_EPOCH;
        for number in 0..7 {
            let problem = Problem::ExpiredWithoutSuccessor;
            timeline.push(&Event::problem(at, problem, format!("number {number}")));
        }
        timeline.push(&Event::problem(at, Problem::CredentialLapsed, "unused"));
        let text = timeline.text();
        let (_, told) = text.split_once("Would have gone wrong").unwrap();
        let (failures, notices) = told.split_once("Worth knowing").unwrap();
        assert!(failures.contains("certificates expire without successor: 7"), "{text}");
        assert!(failures.contains("number 4") && !failures.contains("number 5"), "{text}");
        assert!(failures.contains("and 2 more") && notices.contains("lapse unused: 1"), "{text}");
    }
}
