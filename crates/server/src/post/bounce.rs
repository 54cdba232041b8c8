//! Reports of mail servers on what became of a mail (RFC 3464), read within limits.
//!
//! Anyone may put a mail here, so no library takes it apart: the parts of one known type of mail
//! are found by their boundary, without recursion and without a way to panic.

use tegata_domain::is_hidden;

/// Octets of a report that are looked at: it stands at the beginning, the mail itself after it.
pub const MAX_REPORT: usize = 256 * 1024;

/// Parts of a report that are looked at; it has three.
const MANY: usize = 8;

/// Characters of what a mail server says that are kept.
const LONGEST: usize = 300;

/// What a report says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Whether the mail will not arrive; otherwise it is still being tried.
    pub undeliverable: bool,
    /// Status code and what the mail server said, one line.
    pub said: String,
    /// Where a mark may stand: addresses that the report came to, and the `Message-ID` of the
    /// mail. Nothing here is to be believed.
    pub marks: Vec<String>,
}

/// Reads a report. `None` for every other mail, for reports of success, and for what has no
/// group about a recipient.
pub fn parse(octets: &[u8]) -> Option<Report> {
    let text = String::from_utf8_lossy(&octets[..octets.len().min(MAX_REPORT)]);
    let (head, body) = split(&text);
    let kind = value(&head, "content-type")?;
    if media_type(kind) != "multipart/report" {
        return None;
    }
    let parts = parts(body, &boundary(kind)?);
    let status = parts.iter().find(|part| part.is(&["message/delivery-status"]))?;
    let groups = groups(status.body);
    // The first group is about the mail, each other one about a recipient (RFC 3464 §2.1). Ours
    // have one recipient.
    let (group, undeliverable) = groups.iter().find_map(|group| {
        let action = value(group, "action")?;
        match action.split_whitespace().next()?.to_ascii_lowercase().as_str() {
            "failed" => Some((group, true)),
            "delayed" => Some((group, false)),
            _ => None,
        }
    })?;
    let said = [value(group, "status"), value(group, "diagnostic-code")];
    let said = said.into_iter().flatten().collect::<Vec<_>>().join(" ");
    Some(Report { undeliverable, said: one_line(&said), marks: marks(&head, &parts) })
}

/// Every place in which a mail server may hand back a mark of ours.
fn marks(head: &[Field], parts: &[Part<'_>]) -> Vec<String> {
    let addresses = ["delivered-to", "x-original-to", "to"];
    let to = head.iter().filter(|(name, _)| addresses.contains(&name.as_str()));
    let mut marks: Vec<String> = to.map(|(_, value)| value.clone()).collect();
    let returned =
        ["message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers"];
    for part in parts.iter().filter(|part| part.is(&returned)) {
        marks.extend(value(&split(part.body).0, "message-id").map(str::to_owned));
    }
    marks
}

/// Name, in small letters, and value of a header.
type Field = (String, String);

/// A part of a multipart mail.
struct Part<'t> {
    head: Vec<Field>,
    body: &'t str,
}

impl Part<'_> {
    fn is(&self, types: &[&str]) -> bool {
        value(&self.head, "content-type").is_some_and(|kind| types.contains(&&*media_type(kind)))
    }
}

/// Header and body, which an empty line parts.
fn split(text: &str) -> (Vec<Field>, &str) {
    let ends = [("\r\n\r\n", 4), ("\n\n", 2)];
    let end = ends.iter().filter_map(|(end, length)| Some((text.find(end)?, length))).min();
    let (head, body) = match end {
        Some((at, length)) => (&text[..at], &text[at + length..]),
        None => (text, ""),
    };
    (groups(head).into_iter().next().unwrap_or_default(), body)
}

/// Type and subtype, in small letters.
fn media_type(value: &str) -> String {
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The boundary of a content type, quoted or not.
fn boundary(value: &str) -> Option<String> {
    let parameter = value.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim())
    })?;
    let boundary = parameter
        .strip_prefix('"')
        .map_or(parameter, |rest| rest.split('"').next().unwrap_or_default());
    // RFC 2046 §5.1.1: 1 to 70 characters.
    (1..=70).contains(&boundary.len()).then(|| boundary.to_owned())
}

/// What stands between lines of two dashes and the boundary.
fn parts<'t>(body: &'t str, boundary: &str) -> Vec<Part<'t>> {
    let (mut parts, mut begun, mut at) = (Vec::new(), None, 0);
    for line in body.split_inclusive('\n') {
        let delimiter = line.trim_end().strip_prefix("--").and_then(|l| l.strip_prefix(boundary));
        if matches!(delimiter, Some("" | "--")) {
            if let Some(begun) = begun {
                let (head, body) = split(&body[begun..at]);
                parts.push(Part { head, body });
            }
            begun = (delimiter == Some("")).then_some(at + line.len());
        }
        at += line.len();
        if parts.len() == MANY {
            break;
        }
    }
    parts
}

/// Fields, unfolded, in groups that an empty line parts.
fn groups(text: &str) -> Vec<Vec<Field>> {
    let mut groups: Vec<Vec<Field>> = vec![Vec::new()];
    for line in text.lines() {
        let line = line.trim_end_matches('\r');
        let Some(group) = groups.last_mut() else { break };
        if line.trim().is_empty() {
            if !group.is_empty() {
                groups.push(Vec::new());
            }
        } else if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = group.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            group.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    groups
}

fn value<'g>(group: &'g [Field], name: &str) -> Option<&'g str> {
    group.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
}

/// What others wrote, fit to be shown: one line, no control characters, nothing that cannot be
/// seen or turns the direction of others, not too long.
fn one_line(text: &str) -> String {
    let shown = |c: &char| c.is_whitespace() || !is_hidden(*c);
    let text: String = text.chars().filter(shown).collect();
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    words.join(" ").chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(action: &str, more: &str) -> String {
        format!(
            "From: MAILER-DAEMON@mx.example\r\nTo: bounces+7-aa@sample.example\r\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=\"B\"\r\n\r\n\
             --B\r\nContent-Type: text/plain\r\n\r\nI am sorry.\r\n\
             --B\r\nContent-Type: message/delivery-status\r\n\r\n\
             Reporting-MTA: dns; mx.example\r\n\r\n\
             Final-Recipient: rfc822; x@example.co.jp\r\nAction: {action}\r\nStatus: 5.1.1\r\n\
             Diagnostic-Code: smtp; 550 5.1.1\r\n    no such\u{1} person\r\n\r\n\
             --B\r\nContent-Type: {more}\r\n\r\n\
             Subject: x\r\nMessage-ID:\r\n <7.issued.1.aa@sample.example>\r\n\r\nbody\r\n--B--\r\n"
        )
    }

    #[test]
    fn what_is_shown_turns_nothing() {
        assert_eq!(one_line("a\u{202e}b\u{200b} c\u{2028}\u{1b}[2J\u{2067}d"), "ab c [2Jd");
    }

    #[test]
    fn reports_of_both_kinds_are_read() {
        for (action, undeliverable) in [("failed", true), ("Delayed (not yet)", false)] {
            for part in ["message/rfc822", "text/rfc822-headers", "message/global"] {
                let read = parse(report(action, part).as_bytes()).unwrap();
                assert_eq!(read.undeliverable, undeliverable, "{part}");
                assert_eq!(read.said, "5.1.1 smtp; 550 5.1.1 no such person");
                let marks = read.marks;
                assert!(marks.iter().any(|mark| mark.contains("<7.issued.1.aa@")), "{marks:?}");
                assert!(marks.iter().any(|mark| mark.contains("bounces+7-aa@")), "{marks:?}");
            }
        }
    }

    #[test]
    fn everything_else_is_none() {
        let good = report("failed", "message/rfc822");
        for bad in [
            String::new(),
            "Subject: x\r\n\r\nAction: failed\r\n".to_owned(),
            report("delivered", "message/rfc822"),
            good.replace("multipart/report", "multipart/mixed"),
            good.replace("message/delivery-status", "text/plain"),
            good.replace("Action: failed\r\n", ""),
        ] {
            assert_eq!(parse(bad.as_bytes()), None, "{bad}");
        }
        for cut in 0..good.len() {
            let _ = parse(&good.as_bytes()[..cut]);
        }
        let long = report("failed", "message/rfc822").replace("no such", &"あ".repeat(200_000));
        assert!(parse(long.as_bytes()).is_none_or(|read| read.said.chars().count() <= LONGEST));
    }
}
