//! The values that previews and checks of templates are made with.

use jiff::{SignedDuration, Timestamp};
use tegata_domain::{Serial, UserId};

/// Everyone's example of a user ID.
#[expect(clippy::expect_used, reason = "a literal, read in a test")]
pub(super) fn user_id(number: u16) -> UserId {
    format!("CMSM950-006-{number:03}").parse().expect("a user ID")
}

#[expect(clippy::expect_used, reason = "a literal, read in a test")]
pub(super) fn serial() -> Serial {
    Serial::from_octets(b"PREVIEW  PREVIEW").expect("a serial number")
}

pub(super) fn in_days(now: Timestamp, days: i64) -> Timestamp {
    now + SignedDuration::from_hours(24 * days)
}
