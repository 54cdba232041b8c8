use std::collections::HashMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use tegata_domain::{Reason, UserId, Validity};

use super::{ImportRow, ImportStatus};

/// Most rows of a list.
pub const MAX_ROWS: usize = 1_000_000;

/// Most mistakes that are named.
const MOST: usize = 50;

/// Everything that is wrong with a list, by line.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct CsvError(pub Vec<String>);

/// Reads a list of certificates: CSV with a line of headings, among them `serial`, `subject`,
/// `not_before`, `not_after` and `status`; `reason` and `revoked_at` where something is revoked.
/// A subject is a user ID or a name with a CN; dates are RFC 3339 moments or days in UTC.
///
/// # Errors
/// Everything that is wrong, at most fifty lines of it.
pub fn rows_from_csv(octets: &[u8]) -> Result<Vec<ImportRow>, CsvError> {
    // Spreadsheets put a mark in front (U+FEFF).
    let octets = octets.strip_prefix(b"\xef\xbb\xbf").unwrap_or(octets);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(octets);
    let fail = |error: csv::Error| CsvError(vec![error.to_string()]);
    let headings = reader.headers().map_err(fail)?.clone();
    let columns: HashMap<String, usize> =
        headings.iter().enumerate().map(|(at, name)| (name.to_ascii_lowercase(), at)).collect();
    let needed = ["serial", "subject", "not_before", "not_after", "status"];
    let missing: Vec<_> = needed.iter().filter(|name| !columns.contains_key(**name)).collect();
    if !missing.is_empty() {
        return Err(CsvError(
            missing.iter().map(|name| format!("there is no column {name}")).collect(),
        ));
    }
    let (mut rows, mut wrong) = (Vec::new(), Vec::new());
    for record in reader.records() {
        let line = record.as_ref().ok().and_then(|r| r.position().map(csv::Position::line));
        let field = |name: &str| match (&record, columns.get(name)) {
            (Ok(record), Some(at)) => record.get(*at).unwrap_or_default().to_owned(),
            _ => String::new(),
        };
        let row = match &record {
            Ok(_) => row(field),
            Err(error) => Err(error.to_string()),
        };
        match row {
            Ok(row) => rows.push(row),
            Err(what) => wrong.push(match line {
                Some(line) => format!("line {line}: {what}"),
                None => what,
            }),
        }
        if wrong.len() >= MOST || rows.len() > MAX_ROWS {
            wrong.push("and so on; nothing beyond this was read".to_owned());
            break;
        }
    }
    if wrong.is_empty() { Ok(rows) } else { Err(CsvError(wrong)) }
}

/// The user ID that a common name is, character for character: that is how gateways compare
/// certificates with seats.
///
/// # Errors
/// When it is none, or only another way of writing one.
pub fn exact_user_id(name: &str) -> Result<UserId, String> {
    let user_id: UserId = name.parse().map_err(|error| format!("{name:?}: {error}"))?;
    if user_id.as_str() == name {
        return Ok(user_id);
    }
    Err(format!(
        "common name {name:?} is not user ID {:?}: gateways compare every character",
        user_id.as_str()
    ))
}

fn row(field: impl Fn(&str) -> String) -> Result<ImportRow, String> {
    let serial = field("serial");
    let digits = serial.trim_start_matches("0x").replace(':', "");
    let even = if digits.len().is_multiple_of(2) { digits } else { format!("0{digits}") };
    let subject = field("subject");
    let name = common_name(&subject);
    let not_before = at(&field("not_before")).ok_or("not_before is not a date")?;
    let not_after = at(&field("not_after")).ok_or("not_after is not a date")?;
    if not_after <= not_before {
        return Err("not_after is not after not_before".to_owned());
    }
    Ok(ImportRow {
        serial: even.parse().map_err(|error| format!("serial {serial:?}: {error}"))?,
        user_id: exact_user_id(name).map_err(|error| format!("subject: {error}"))?,
        validity: Validity { not_before, not_after },
        status: status(&field)?,
        certificate: None,
    })
}

fn status(field: impl Fn(&str) -> String) -> Result<ImportStatus, String> {
    let since = || at(&field("revoked_at")).ok_or("revoked_at is not a date");
    match field("status").to_ascii_lowercase().as_str() {
        good @ ("good" | "valid" | "v" | "expired" | "e" | "issued") => {
            match ["reason", "revoked_at"].into_iter().find(|name| !field(name).is_empty()) {
                None => Ok(ImportStatus::Good),
                Some(name) => {
                    Err(format!("status {good:?}, and yet {name} says {:?}", field(name)))
                }
            }
        }
        "held" | "hold" | "on hold" | "suspended" => Ok(ImportStatus::Held(since()?)),
        "revoked" | "r" => {
            let named = field("reason");
            let reason = Reason::ALL.into_iter().find(|reason| {
                reason.name().eq_ignore_ascii_case(&named) || reason.code().to_string() == named
            });
            match reason {
                Some(Reason::CertificateHold) => Ok(ImportStatus::Held(since()?)),
                Some(reason) => Ok(ImportStatus::Revoked(since()?, reason)),
                None if named.is_empty() => {
                    Ok(ImportStatus::Revoked(since()?, Reason::Unspecified))
                }
                None => Err(format!("reason {named:?} is none of RFC 5280 §5.3.1")),
            }
        }
        other => Err(format!("status {other:?} is none of good, held, revoked, expired")),
    }
}

/// The last CN of a name in any of the usual forms, or the text itself.
fn common_name(subject: &str) -> &str {
    let begin = subject
        .to_ascii_uppercase()
        .match_indices("CN=")
        .filter(|(at, _)| {
            let before = subject[..*at].trim_end().chars().last();
            before.is_none_or(|c| matches!(c, ',' | '/' | '+' | ';'))
        })
        .map(|(at, _)| at + 3)
        .last();
    match begin {
        Some(begin) => {
            let rest = &subject[begin..];
            rest.split([',', '/', '+', ';']).next().unwrap_or(rest).trim()
        }
        None => subject.trim(),
    }
}

fn at(text: &str) -> Option<Timestamp> {
    if let Ok(moment) = text.parse() {
        return Some(moment);
    }
    let day: Date = text.parse().ok()?;
    Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "serial,subject,not_before,not_after,status,reason,revoked_at\n";

    fn read(lines: &str) -> Result<Vec<ImportRow>, CsvError> {
        rows_from_csv(format!("\u{feff}{HEAD}{lines}").as_bytes())
    }

    #[test]
    fn usual_forms_are_understood() {
        let rows = read(
            "1,CMSM950-006-401,2026-01-01,2027-01-01T00:00:00+09:00,V,,\n\
             0a:0b,\"/C=JP/CN=CMSM950-006-402\",2026-01-01,2027-01-01,revoked,keyCompromise,2026-02-01\n\
             FF,\"CN=CMSM950-006-403, O=X\",2026-01-01,2027-01-01,R,6,2026-02-01\n",
        )
        .unwrap();
        let names: Vec<_> = rows.iter().map(|row| row.user_id.to_string()).collect();
        assert_eq!(names, ["CMSM950-006-401", "CMSM950-006-402", "CMSM950-006-403"]);
        let serials: Vec<_> = rows.iter().map(|row| row.serial.to_string()).collect();
        assert_eq!(serials, ["01", "0a0b", "ff"]);
        assert_eq!(rows[0].status, ImportStatus::Good);
        assert!(matches!(rows[1].status, ImportStatus::Revoked(_, Reason::KeyCompromise)));
        assert!(matches!(rows[2].status, ImportStatus::Held(_)));
    }

    #[test]
    fn everything_wrong_is_named_by_its_line() {
        let CsvError(wrong) = read(
            "xyz,CMSM950-006-401,2026-01-01,2027-01-01,V,,\n\
             1,=cmd|' /C calc'!A0,2026-01-01,2027-01-01,V,,\n\
             1,A,2026-13-01,2027-01-01,V,,\n\
             1,A,2027-01-01,2026-01-01,V,,\n\
             1,A,2026-01-01,2027-01-01,gone,,\n\
             1,A,2026-01-01,2027-01-01,R,bored,2026-02-01\n\
             1,A,2026-01-01,2027-01-01,R,,\n\
             1,A,2026-01-01,2027-01-01,good,superseded,\n\
             1,A,2026-01-01,2027-01-01,E,,2026-02-01\n\
             1,CN=cmsm950-006-450x,2026-01-01,2027-01-01,V,,\n\
             1,ＣＭＳＭ９５０,2026-01-01,2027-01-01,V,,\n\
             1,A\n",
        )
        .unwrap_err();
        let begins = [
            "line 2: serial",
            "line 3: subject",
            "line 4: not_before",
            "line 5: not_after",
            "line 6: status",
            "line 7: reason",
            "line 8: revoked_at",
            "line 9: status \"good\", and yet reason says \"superseded\"",
            "line 10: status \"e\", and yet revoked_at says",
            "line 11: subject: common name \"cmsm950-006-450x\" is not user ID \"CMSM950-006-450X\"",
            "line 12: subject: common name \"ＣＭＳＭ９５０\" is not user ID \"CMSM950\"",
        ];
        for (said, begin) in wrong.iter().zip(begins) {
            assert!(said.starts_with(begin), "{said}");
        }
        assert_eq!(wrong.len(), 12, "{wrong:#?}");
        let CsvError(missing) = rows_from_csv(b"serial,status\n").unwrap_err();
        assert_eq!(missing.len(), 3);
    }
}
