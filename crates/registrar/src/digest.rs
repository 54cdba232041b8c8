//! The digest of each branch, once a day, when something needs it.

use std::collections::HashMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tegata_store::{BranchId, BranchRecord, NewMail, ServiceId, StoreError, View};

use crate::mail::{Digest, Item, MailKind};
use crate::remind::settings;
use crate::{Office, ServiceSettings};

/// How far the first digest of a branch looks back for mails that could not be delivered.
const FIRST_LOOK: SignedDuration = SignedDuration::from_hours(7 * 24);

impl Office {
    /// Puts the digests of the day into the outbox, once it is time for them in the service's
    /// zone. Returns how many. A branch without e-mail gets none, and a day on which nobody
    /// looked has none: what stands in a digest stands in the next one, too.
    pub(crate) async fn write_digests(&self) -> Result<usize, StoreError> {
        let now = self.now();
        let mut written = 0;
        for (service, settings) in self.store.read(settings)? {
            let Some(day) = day_of_digest(&settings, now) else { continue };
            let waiting = self.store.read(|view: View<'_>| {
                let mut waiting = Vec::new();
                for branch in view.branches(service)? {
                    if branch.email.is_some() && !view.has_digest(branch.id, day)? {
                        let last = view.last_digest(branch.id)?.unwrap_or(now - FIRST_LOOK);
                        waiting.push((branch, last));
                    }
                }
                Ok::<_, StoreError>(waiting)
            })?;
            if waiting.is_empty() {
                continue;
            }
            let mut digests = self
                .store
                .read(|view: View<'_>| gather(view, service, &settings, &waiting, now, day))?;
            for (branch, _) in waiting {
                let digest = digests.remove(&branch.id).filter(|digest| !digest.is_empty());
                written += self.write_digest(branch, &settings, day, digest).await?;
            }
        }
        Ok(written)
    }

    /// Records the digest of a day and its mail, unless another node was first.
    async fn write_digest(
        &self,
        branch: BranchRecord,
        settings: &ServiceSettings,
        day: Date,
        digest: Option<Digest>,
    ) -> Result<usize, StoreError> {
        let now = self.now();
        let mail = branch.email.zip(digest).map(|(recipient, digest)| NewMail {
            service: branch.service,
            seat: None,
            branch: Some(branch.id),
            kind: MailKind::Digest.name(),
            recipient,
            lang: settings.lang().code(),
            detail: serde_json::to_value(digest).unwrap_or_default(),
        });
        self.store
            .write(move |tx| {
                if !tx.insert_digest(branch.id, day, now)? {
                    return Ok(0);
                }
                let Some(mail) = mail else { return Ok(0) };
                let id = tx.enqueue_mail(&mail, now)?;
                tx.set_digest_mail(branch.id, day, id)?;
                Ok(1)
            })
            .await
    }
}

/// The day whose digest it is time for, in the zone of the service.
fn day_of_digest(settings: &ServiceSettings, now: Timestamp) -> Option<Date> {
    let zone = TimeZone::get(&settings.time_zone).ok()?;
    let local = now.to_zoned(zone);
    // A time that a change of the clock leaves out has passed all the same.
    (local.time() >= settings.digest_time()?).then(|| local.date())
}

/// What each branch has to look after.
fn gather(
    view: View<'_>,
    service: ServiceId,
    settings: &ServiceSettings,
    branches: &[(BranchRecord, Timestamp)],
    now: Timestamp,
    day: Date,
) -> Result<HashMap<BranchId, Digest>, StoreError> {
    let begun =
        |branch: &BranchRecord| Digest { branch: branch.name.clone(), day, ..Digest::default() };
    let mut digests: HashMap<BranchId, Digest> =
        branches.iter().map(|(branch, _)| (branch.id, begun(branch))).collect();
    let within = |days: Option<&u16>| {
        now + SignedDuration::from_hours(24 * i64::from(days.copied().unwrap_or(0)))
    };
    let days = &settings.reminder_days;
    let (soon, later) = (within(days.iter().min()), within(days.iter().max()));
    if !days.is_empty() {
        view.expiring(service, now, soon, later, |row| {
            if let Some(digest) = digests.get_mut(&row.branch) {
                let unmailed = !row.has_email;
                digest.expiring.add(Item {
                    user_id: row.user_id,
                    at: row.at,
                    unmailed,
                    mail: None,
                });
            }
        })?;
    }
    view.lapsing(service, now, now + settings.lapse_notice(), |row| {
        if let Some(digest) = digests.get_mut(&row.branch) {
            let (user_id, at) = (row.user_id, row.at);
            digest.lapsing.add(Item { user_id, at, unmailed: true, mail: None });
        }
    })?;
    view.locked(service, now, |row| {
        if let Some(digest) = digests.get_mut(&row.branch) {
            let (user_id, at) = (row.user_id, row.at);
            digest.locked.add(Item { user_id, at, unmailed: false, mail: None });
        }
    })?;
    let since: HashMap<BranchId, Timestamp> =
        branches.iter().map(|(branch, last)| (branch.id, *last)).collect();
    let earliest = since.values().min().copied().unwrap_or(now);
    view.undelivered(service, earliest, |row| {
        let is_new = since.get(&row.branch).is_some_and(|last| *last < row.at);
        if let Some(digest) = digests.get_mut(&row.branch).filter(|_| is_new) {
            let (user_id, at, mail) = (row.user_id, row.at, Some(row.kind));
            digest.undelivered.add(Item { user_id, at, unmailed: false, mail });
        }
    })?;
    Ok(digests)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(zone: &str, at: &str, now: &str) -> Option<String> {
        let settings = serde_json::json!({
            "organisation": {"ja": "銀行", "en": "Bank"}, "name": {"ja": "名", "en": "Name"},
            "help": {"ja": "窓口", "en": "Desk"}, "service_url": "https://x/",
            "status_url": "http://x", "user_id_example": "A", "time_zone": zone,
            "digest_at": at,
        });
        let settings = ServiceSettings::on_record(&settings.to_string()).unwrap();
        day_of_digest(&settings, now.parse().unwrap()).map(|day| day.to_string())
    }

    #[test]
    fn a_digest_is_due_from_its_minute_in_the_zone_of_the_service() {
        for (zone, at, now, due) in [
            ("Asia/Tokyo", "09:00", "2026-12-31T23:59:59Z", None),
            ("Asia/Tokyo", "09:00", "2027-01-01T00:00:00Z", Some("2027-01-01")),
            ("Asia/Tokyo", "00:00", "2026-12-31T15:00:00Z", Some("2027-01-01")),
            ("America/New_York", "09:00", "2028-02-29T13:59:59Z", None),
            ("America/New_York", "09:00", "2028-02-29T14:00:00Z", Some("2028-02-29")),
            // 02:30 does not exist on this day: the clock goes from 02:00 to 03:00.
            ("America/New_York", "02:30", "2027-03-14T06:59:59Z", None),
            ("America/New_York", "02:30", "2027-03-14T07:00:00Z", Some("2027-03-14")),
        ] {
            assert_eq!(day(zone, at, now).as_deref(), due, "{zone} {at} {now}");
        }
    }
}
