//! Reminders before certificates expire and credentials lapse.
//!
//! A certificate has a moment at which it is to be looked at next (`next_notice_at`), held in an
//! index of its own. Whoever looks decides with the rules of the domain and, in one transaction,
//! puts the mail into the outbox, records (certificate, threshold) under that primary key, and
//! sets the next moment: however many nodes look, and wherever one of them stops, each reminder
//! is made once. The moment only says when to look. One that comes too early costs a look; so a
//! certificate that is live again, and one whose service changed its thresholds, is simply looked
//! at.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use tegata_domain::{Due, SeatState, due, expiry_action, next_due};
use tegata_store::{NoticePlan, NoticeRow, ServiceId, StoreError, Tx, View};

use crate::mail::{Lapsing, Reminder, to_seat};
use crate::{Office, ServiceSettings};

/// Certificates of one round, within one transaction: others write between rounds.
const ROUND: u32 = 200;

/// Rows that are scheduled anew in one round.
const SCHEDULED: i64 = 2_000;

/// When a certificate is looked at again whose service's settings cannot be read.
const UNREADABLE: SignedDuration = SignedDuration::from_hours(1);

/// What was made in one go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reminded {
    /// Certificates that were looked at.
    pub looked_at: usize,
    /// Reminders made, those without address included.
    pub reminders: usize,
    /// Users told that their credential lapses.
    pub lapses: usize,
    /// Digests put into the outbox.
    pub digests: usize,
}

impl Office {
    /// Puts every reminder, notice and digest that is due into the outbox.
    ///
    /// # Errors
    /// When the database refuses; what was made before stays.
    pub async fn remind(&self) -> Result<Reminded, StoreError> {
        let mut done = Reminded::default();
        while self.schedule_anew().await? {}
        loop {
            let (looked_at, reminders) = self.remind_of_expiry().await?;
            done.looked_at += looked_at;
            done.reminders += reminders;
            if looked_at == 0 {
                break;
            }
        }
        loop {
            let (looked_at, told) = self.tell_of_lapses().await?;
            done.lapses += told;
            if looked_at == 0 {
                break;
            }
        }
        done.digests = self.write_digests().await?;
        Ok(done)
    }

    /// One round of reminders of expiry: how many certificates were looked at, and how many
    /// reminders made.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn remind_of_expiry(&self) -> Result<(usize, usize), StoreError> {
        let now = self.now();
        if !self.store.read(|view: View<'_>| view.is_notice_due(now))? {
            return Ok((0, 0));
        }
        self.store
            .write(move |tx| {
                let settings = settings(**tx)?;
                let rows = tx.due_notices(now, ROUND)?;
                let mut reminders = 0;
                for row in &rows {
                    match settings.get(&row.seat.service) {
                        Some(settings) => reminders += remind(tx, row, settings, now)?,
                        None => tx.schedule_notice(row.id, Some(now + UNREADABLE))?,
                    }
                }
                Ok((rows.len(), reminders))
            })
            .await
    }

    /// One round of scheduling by thresholds that changed. Returns whether there is more to do.
    async fn schedule_anew(&self) -> Result<bool, StoreError> {
        let now = self.now();
        let behind = self.store.read(|view: View<'_>| {
            for (service, settings) in settings(view)? {
                if plan(view, service, &settings)?.after.is_some() {
                    return Ok(Some((service, settings)));
                }
            }
            Ok::<_, StoreError>(None)
        })?;
        let Some((service, settings)) = behind else { return Ok(false) };
        self.store
            .write(move |tx| {
                let mut plan = plan(**tx, service, &settings)?;
                let Some(after) = plan.after else { return Ok(()) };
                let to = after + SCHEDULED;
                for (row, scheduled) in tx.scheduled_notices(service, after, to)? {
                    let next = look_at(tx, &row, &settings, now)?;
                    if next != scheduled {
                        tx.schedule_notice(row.id, next)?;
                    }
                }
                plan.after = (to < tx.last_intent()?).then_some(to);
                tx.set_notice_plan(service, &plan)
            })
            .await?;
        Ok(true)
    }

    /// One round of notices that credentials lapse: how many were looked at, and how many users
    /// told.
    async fn tell_of_lapses(&self) -> Result<(usize, usize), StoreError> {
        let now = self.now();
        let due = self.store.read(|view: View<'_>| {
            for (service, settings) in settings(view)? {
                let until = now + settings.lapse_notice();
                if !view.untold_lapses(service, until, 1)?.is_empty() {
                    return Ok(Some((service, settings, until)));
                }
            }
            Ok::<_, StoreError>(None)
        })?;
        let Some((service, settings, until)) = due else { return Ok((0, 0)) };
        self.store
            .write(move |tx| {
                let rows = tx.untold_lapses(service, until, ROUND)?;
                let mut told = 0;
                for (seat, credential) in &rows {
                    let lapsing =
                        Lapsing { user_id: seat.user_id.clone(), lapses_at: credential.lapses_at };
                    let live = seat.state == SeatState::Open && now < credential.lapses_at;
                    let mail = to_seat(seat, &settings, &lapsing).filter(|_| live);
                    if let Some(mail) = mail {
                        tx.enqueue_mail(&mail, now)?;
                        told += 1;
                    }
                    tx.set_lapse_told(seat.id, now)?;
                }
                Ok((rows.len(), told))
            })
            .await
    }
}

/// Makes the reminder that is due, if one is, and sets the next moment. Returns how many were
/// made.
fn remind(
    tx: &mut Tx<'_>,
    row: &NoticeRow,
    settings: &ServiceSettings,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let policy = settings.lifecycle();
    let mut sent = tx.reminders_of(row.id)?;
    let reminder = match row.seat.state {
        SeatState::Open => due(&row.certificate, now, &policy.reminder_days, &sent),
        SeatState::Closed => None,
    };
    if let Some(reminder) = reminder {
        let Due { threshold_days } = reminder;
        let asks =
            expiry_action(&row.certificate, now, &policy, reminder, row.seat.unattended).into();
        let content = Reminder {
            user_id: row.seat.user_id.clone(),
            serial: row.certificate.serial,
            not_after: row.certificate.validity.not_after,
            threshold_days,
            asks,
        };
        // Without an address nobody can be told; the digest tells the branch.
        let mail = match to_seat(&row.seat, settings, &content) {
            Some(mail) => Some(tx.enqueue_mail(&mail, now)?),
            None => None,
        };
        tx.insert_reminder(row.id, threshold_days, now, mail)?;
        sent.push(threshold_days);
    }
    let next = next_due(&row.certificate, now, &policy.reminder_days, &sent);
    tx.schedule_notice(row.id, next)?;
    Ok(reminder.iter().count())
}

/// When to look at a certificate: at once when a reminder is due.
fn look_at(
    tx: &Tx<'_>,
    row: &NoticeRow,
    settings: &ServiceSettings,
    now: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    let sent = tx.reminders_of(row.id)?;
    let days = &settings.reminder_days;
    Ok(match due(&row.certificate, now, days, &sent) {
        Some(_) => Some(now),
        None => next_due(&row.certificate, now, days, &sent),
    })
}

/// The plan of a service as its settings want it: begun anew when they say other thresholds.
fn plan(
    view: View<'_>,
    service: ServiceId,
    settings: &ServiceSettings,
) -> Result<NoticePlan, StoreError> {
    let plan = view.notice_plan(service)?;
    let same = plan.filter(|plan| plan.reminder_days == settings.reminder_days);
    let anew = || NoticePlan { reminder_days: settings.reminder_days.clone(), after: Some(0) };
    Ok(same.unwrap_or_else(anew))
}

/// The settings of every service that can be read.
pub(crate) fn settings(view: View<'_>) -> Result<HashMap<ServiceId, ServiceSettings>, StoreError> {
    let services = view.services()?.into_iter();
    let readable =
        services.filter_map(|service| match ServiceSettings::on_record(&service.settings) {
            Ok(settings) => Some((service.id, settings)),
            Err(error) => {
                tracing::error!(service = %service.key, %error, "nobody is reminded");
                None
            }
        });
    Ok(readable.collect())
}
