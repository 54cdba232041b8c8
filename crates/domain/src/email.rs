use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::certificate::{Certificate, State};
use crate::{Serial, ServiceKey, half_width};

/// An e-mail address that can stand in a mail header without harm.
///
/// A strict part of RFC 5321 §4.1.2: an unquoted local part of at most 64 octets and a dotted
/// domain, at most 254 octets together (RFC 3696 erratum 1690). Quoted local parts, address
/// literals and anything outside ASCII are refused: nobody hands them to a bank, and every
/// one of them has been a header injection somewhere.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

impl Email {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Not an address of the accepted form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an e-mail address of the form name@example.co.jp")]
pub struct EmailError;

impl FromStr for Email {
    type Err = EmailError;

    fn from_str(text: &str) -> Result<Self, EmailError> {
        if text.len() > 1024 {
            return Err(EmailError);
        }
        let text = half_width(text.trim());
        let text = text.trim();
        let (local, domain) = text.rsplit_once('@').ok_or(EmailError)?;
        if text.len() > 254 || local.len() > 64 || !local.split('.').all(is_atom) {
            return Err(EmailError);
        }
        let mut labels = domain.split('.');
        if labels.clone().count() < 2 || !labels.all(is_label) {
            return Err(EmailError);
        }
        Ok(Self(format!("{local}@{}", domain.to_ascii_lowercase())))
    }
}

/// `atext` of RFC 5322 §3.2.3.
fn is_atom(part: &str) -> bool {
    !part.is_empty()
        && part.bytes().all(|c| c.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&c))
}

/// A host name label (RFC 1123 §2.1).
fn is_label(part: &str) -> bool {
    (1..=63).contains(&part.len())
        && !part.starts_with('-')
        && !part.ends_with('-')
        && part.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
}

impl TryFrom<String> for Email {
    type Error = EmailError;

    fn try_from(text: String) -> Result<Self, EmailError> {
        text.parse()
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How long a link that confirms an address works. OWASP ASVS 5.0 §6.4.1 wants such links to
/// end; a day lets a mail wait until the next morning.
pub const EMAIL_LINK_LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// Most changes of one seat's address that can be asked for within [`EMAIL_WINDOW`]: each sends a
/// mail to an address that nobody has confirmed.
pub const EMAIL_REQUESTS: u8 = 5;

/// See [`EMAIL_REQUESTS`].
pub const EMAIL_WINDOW: SignedDuration = SignedDuration::from_hours(24);

/// How often a change of a seat's address was asked for of late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EmailRequests {
    /// When the first of them was.
    pub since: Timestamp,
    /// How many.
    pub count: u8,
}

/// A change was asked for too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("asked for {EMAIL_REQUESTS} times within a day; the next is possible from {from:.0}")]
pub struct TooManyRequests {
    /// From when on.
    pub from: Timestamp,
}

impl EmailRequests {
    /// Counts one more, after those `before`.
    ///
    /// # Errors
    /// When there were enough.
    pub fn one_more(before: Option<Self>, now: Timestamp) -> Result<Self, TooManyRequests> {
        let first = Self { since: now, count: 1 };
        let Some(before) = before else { return Ok(first) };
        let from = before.since.saturating_add(EMAIL_WINDOW).unwrap_or(Timestamp::MAX);
        match (now < from, before.count < EMAIL_REQUESTS) {
            (false, _) => Ok(first),
            (true, true) => Ok(Self { count: before.count + 1, ..before }),
            (true, false) => Err(TooManyRequests { from }),
        }
    }
}

/// Why the holder of a certificate has no say in the address now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmailRefusal {
    /// The certificate is on hold.
    #[error("the certificate is on hold")]
    Held,
    /// It is revoked, or was never issued.
    #[error("the certificate is revoked")]
    Revoked,
    /// It has expired.
    #[error("the certificate has expired")]
    Expired,
}

/// Whether the holder of `certificate` may ask for another address at `now`: while it is good, also
/// when a newer one stands beside it.
///
/// # Errors
/// The reason why not.
pub fn email_permitted(certificate: &Certificate, now: Timestamp) -> Result<(), EmailRefusal> {
    match certificate.state {
        State::Issued { .. } | State::Superseded { .. } => {}
        State::Held { .. } => return Err(EmailRefusal::Held),
        State::Planned { .. } | State::Revoked { .. } | State::Void { .. } => {
            return Err(EmailRefusal::Revoked);
        }
    }
    if certificate.validity.is_over(now) { Err(EmailRefusal::Expired) } else { Ok(()) }
}

/// What the key of a certificate signs to ask for another address: a text that says what it is for,
/// of which certificate, which address, and when, in whole seconds, so that it is nothing else
/// anywhere and not for long.
pub fn email_statement(
    service: &ServiceKey,
    serial: Serial,
    email: &Email,
    at: Timestamp,
) -> String {
    format!(
        "tegata, version 1: register this e-mail address\nservice {service}\nserial {serial}\n\
         email {email}\nat {}\n",
        whole(at)
    )
}

/// The second that `at` is in.
fn whole(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// By how much the clock of whoever signs a statement may differ from ours, and for how long what
/// they signed can be sent.
pub const EMAIL_TOLERANCE: SignedDuration = SignedDuration::from_mins(10);

/// A statement was signed at a time that is too far from ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("signed at a time that is {} seconds {}", ahead.unsigned_abs().as_secs(),
    if ahead.is_negative() { "ago" } else { "ahead" })]
pub struct WrongClock {
    /// By how much the clock that it was signed by is fast, in whole seconds; negative: slow.
    pub ahead: SignedDuration,
}

/// Whether a statement that was signed at `at` can be taken up at `now`. Returns the second that it
/// was signed in: no more of `at` was signed, so no more of it counts.
///
/// # Errors
/// When it is more than [`EMAIL_TOLERANCE`] old or early, in whole seconds.
pub fn email_timely(at: Timestamp, now: Timestamp) -> Result<Timestamp, WrongClock> {
    let at = whole(at);
    let ahead = at.duration_since(whole(now));
    if ahead.abs() <= EMAIL_TOLERANCE { Ok(at) } else { Err(WrongClock { ahead }) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Reason, Validity};

    #[test]
    fn who_holds_what_is_good_may_ask() {
        let (at, second) = (Timestamp::UNIX_EPOCH, SignedDuration::from_secs(1));
        let until = at + EMAIL_WINDOW;
        let judged = |state, now| {
            let validity = Validity { not_before: at, not_after: until };
            let serial = Serial::from_octets(&[7; 16]).unwrap();
            email_permitted(&Certificate { serial, validity, state }, now)
        };
        let issued = State::Issued { at };
        assert_eq!(judged(issued, until), Ok(()));
        assert_eq!(judged(State::Superseded { at }, until), Ok(()));
        assert_eq!(judged(issued, until + second), Err(EmailRefusal::Expired));
        let held = State::Held { at, superseded: None, issued: at };
        assert_eq!(judged(held, at), Err(EmailRefusal::Held));
        let revoked = State::Revoked { at, reason: Reason::Unspecified };
        assert_eq!(judged(revoked, at), Err(EmailRefusal::Revoked));
    }

    #[test]
    fn addresses_of_the_accepted_form() {
        for (text, canonical) in [
            ("taro@example.co.jp", "taro@example.co.jp"),
            (" Taro.Yamada+cms@EXAMPLE.co.jp ", "Taro.Yamada+cms@example.co.jp"),
            ("ｔａｒｏ＠ｅｘａｍｐｌｅ．ｊｐ", "taro@example.jp"),
        ] {
            assert_eq!(text.parse::<Email>().unwrap().as_str(), canonical);
        }
    }

    #[test]
    fn injections_and_oddities_are_refused() {
        for text in [
            "",
            "a",
            "@",
            "a@b",
            "a@b..c",
            "a@-b.c",
            "a b@c.d",
            "a@c.d\r\nBcc: x@y.z",
            "a@c.d,e@f.g",
            "\"a b\"@c.d",
            "a@[127.0.0.1]",
            "a..b@c.d",
            ".a@c.d",
            "a@c.d>",
            "太郎@例え.jp",
            "a\u{0}@c.d",
        ] {
            assert!(text.parse::<Email>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_statement_is_good_for_ten_minutes_on_the_second() {
        let now: Timestamp = "2027-02-16T03:00:00.4Z".parse().unwrap();
        let apart = |secs| email_timely(now + SignedDuration::from_secs(secs), now);
        for (secs, second) in [(-600, "02:50:00"), (600, "03:10:00")] {
            assert_eq!(apart(secs), Ok(format!("2027-02-16T{second}Z").parse().unwrap()));
        }
        for secs in [-601, 601, -86_400, 86_400] {
            assert_eq!(apart(secs), Err(WrongClock { ahead: SignedDuration::from_secs(secs) }));
        }
    }

    proptest! {
        /// A time in a statement is one second, in one form, and no two seconds share a statement.
        #[test]
        fn a_statement_says_its_second(
            second in 0i64..4_102_444_800, nano in 0i32..1_000_000_000, later in 1i64..1_000_000,
        ) {
            let service = "0001/SB0001002C".parse().unwrap();
            let serial = Serial::from_octets(&[7; 16]).unwrap();
            let email = "taro@example.co.jp".parse().unwrap();
            let said = |at| email_statement(&service, serial, &email, at);
            let at = Timestamp::from_second(second).unwrap();
            let within = Timestamp::new(second, nano).unwrap();
            prop_assert_eq!(said(at), said(within));
            prop_assert_ne!(said(at), said(at + SignedDuration::from_secs(later)));
            let text = said(within);
            let time = text.lines().last().unwrap().strip_prefix("at ").unwrap();
            prop_assert_eq!(time.len(), "2027-02-16T03:00:00Z".len());
            prop_assert_eq!(time.parse::<Timestamp>().unwrap(), at);
            prop_assert_eq!(email_timely(within, at), Ok(at));
        }

        /// Whenever a change is asked for: from the first one on, a day sees at most five.
        #[test]
        fn a_day_sees_at_most_five_requests(mut minutes in prop::collection::vec(0i64..6_000, 0..80)) {
            minutes.sort_unstable();
            let (mut state, mut taken) = (None, Vec::new());
            for minute in minutes {
                let now = Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute);
                match EmailRequests::one_more(state, now) {
                    Ok(next) => {
                        state = Some(next);
                        taken.push((next.since, now));
                    }
                    Err(TooManyRequests { from }) => prop_assert!(now < from),
                }
            }
            for (since, _) in &taken {
                let same = taken.iter().filter(|(other, _)| other == since).count();
                prop_assert!(same <= usize::from(EMAIL_REQUESTS));
            }
        }

        #[test]
        fn no_accepted_address_holds_control_or_separator(text in "\\PC{0,300}") {
            if let Ok(email) = text.parse::<Email>() {
                prop_assert!(email.as_str().bytes().all(|c| c.is_ascii_graphic()));
                prop_assert!(!email.as_str().contains([',', ';', '<', '>', '"', ':', '\\']));
                prop_assert_eq!(email.as_str().parse::<Email>().unwrap(), email);
            }
        }
    }
}
