//! Reports of mail servers on what became of a mail (RFC 3464), read within limits.

use mail_parser::{Message, MessageParser, MimeHeaders};

/// Octets of a report that are looked at: it stands at the beginning, the mail itself after it.
pub const MAX_REPORT: usize = 256 * 1024;

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
    let octets = &octets[..octets.len().min(MAX_REPORT)];
    let mail = MessageParser::default().parse(octets)?;
    let is_report = mail.content_type().is_some_and(|kind| {
        kind.ctype().eq_ignore_ascii_case("multipart")
            && kind.subtype().is_some_and(|subtype| subtype.eq_ignore_ascii_case("report"))
    });
    if !is_report {
        return None;
    }
    let status = mail.parts.iter().find(|part| is(*part, "message", &["delivery-status"]))?;
    let groups = groups(&text_of(octets, status.raw_body_offset(), status.raw_end_offset())?);
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
    Some(Report { undeliverable, said: one_line(&said), marks: marks(&mail, octets) })
}

/// Every place in which a mail server may hand back a mark of ours.
fn marks(mail: &Message<'_>, octets: &[u8]) -> Vec<String> {
    let mut marks = Vec::new();
    let headers = ["Delivered-To", "X-Original-To", "To"];
    for (name, value) in mail.headers_raw() {
        if headers.iter().any(|header| header.eq_ignore_ascii_case(name)) {
            marks.push(value.trim().to_owned());
        }
    }
    let returned = mail.parts.iter().filter(|part| {
        is(*part, "message", &["rfc822", "global"])
            || is(*part, "text", &["rfc822-headers"])
            || is(*part, "message", &["global-headers"])
    });
    for part in returned {
        let text = text_of(octets, part.raw_body_offset(), part.raw_end_offset());
        let head = groups(&text.unwrap_or_default()).into_iter().next().unwrap_or_default();
        marks.extend(value(&head, "message-id").map(str::to_owned));
    }
    marks
}

fn is<'x>(part: &impl MimeHeaders<'x>, kind: &str, subtypes: &[&str]) -> bool {
    part.content_type().is_some_and(|found| {
        found.ctype().eq_ignore_ascii_case(kind)
            && found.subtype().is_some_and(|found| {
                subtypes.iter().any(|subtype| subtype.eq_ignore_ascii_case(found))
            })
    })
}

fn text_of(octets: &[u8], from: impl TryInto<usize>, to: impl TryInto<usize>) -> Option<String> {
    let part = octets.get(from.try_into().ok()?..to.try_into().ok()?)?;
    Some(String::from_utf8_lossy(part).into_owned())
}

/// Fields, unfolded, in groups that an empty line parts.
fn groups(text: &str) -> Vec<Vec<(String, String)>> {
    let mut groups: Vec<Vec<(String, String)>> = vec![Vec::new()];
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

fn value<'g>(group: &'g [(String, String)], name: &str) -> Option<&'g str> {
    group.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
}

/// What others wrote, fit to be shown: one line, no control characters, not too long.
fn one_line(text: &str) -> String {
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
