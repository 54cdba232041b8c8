//! What came of a moment: read from the database as an operator would.

use jiff::Timestamp;
use tegata_domain::Reason;
use tegata_store::{AuditEntry, View};

use super::walk::Walk;
use super::{Event, Kind, Problem, SimulationError};

/// Entries of the audit log that are read at once.
const ENTRIES: u32 = 1_000;

/// What is wrong: which kind, whose service, and a sentence.
pub(super) type Wrong = (Problem, Option<String>, String);

impl Walk {
    /// The reminders of this moment, and who follows them.
    pub(super) fn reminders(&mut self, now: Timestamp) -> Result<(), SimulationError> {
        let made =
            self.copy.registrar.store().read(|view: View<'_>| view.reminders_made_at(now))?;
        for made in made {
            let Some(service) = self.service(made.service) else { continue };
            let event = Event::new(now, Kind::Reminder).of(&service.key);
            self.tell(
                event
                    .about(&made.user_id, made.serial)
                    .with("threshold_days", made.threshold_days)
                    .with("mailed", made.is_mailed),
            );
            if !made.is_mailed {
                let sentence = "a reminder is due and there is no address";
                let event = Event::problem(now, Problem::MailWithoutRecipient, sentence);
                self.tell(event.of(&service.key).about(&made.user_id, made.serial));
                continue;
            }
            let behaviour = self.people.behaviour;
            let at = behaviour.after_reminder(&made.user_id, made.threshold_days, now);
            self.expect_act(at, made.service, made.serial);
        }
        Ok(())
    }

    /// What the server itself has put on record since the last moment.
    pub(super) fn audit_log(&mut self, now: Timestamp) -> Result<(), SimulationError> {
        loop {
            let after = self.audited;
            let entries = self
                .copy
                .registrar
                .store()
                .read(|view: View<'_>| view.audit_entries(after, ENTRIES))?;
            let Some((last, _)) = entries.last() else { return Ok(()) };
            self.audited = *last;
            for (_, entry) in entries {
                self.entry(&entry, now)?;
            }
        }
    }

    fn entry(&mut self, entry: &AuditEntry, now: Timestamp) -> Result<(), SimulationError> {
        let event = match entry.action.as_str() {
            "certificate.revoked" if entry.detail["reason"] == Reason::Superseded.name() => {
                let serial = entry.detail["serial"].as_str().and_then(|text| text.parse().ok());
                let Some(serial) = serial else { return Ok(()) };
                let record =
                    self.copy.registrar.store().read(|view: View<'_>| view.certificate(serial))?;
                let Some(record) = record else { return Ok(()) };
                let Some(service) = self.service(record.service) else { return Ok(()) };
                Event::new(now, Kind::Retired).of(&service.key).about(&record.user_id, serial)
            }
            "crl.published" => {
                let detail = &entry.detail;
                Event::new(now, Kind::Crl)
                    .with("ca", entry.object.clone())
                    .with("number", detail["number"].clone())
                    .with("shard", detail["shard"].as_u64().unwrap_or(0))
                    .with("delta", detail["delta"].as_bool().unwrap_or(false))
                    .with("entries", detail["entries"].clone())
            }
            "responder.certified" => Event::new(now, Kind::ResponderRenewed)
                .with("ca", entry.object.clone())
                .with("not_after", entry.detail["not_after"].clone()),
            "authority.created" => Event::new(now, Kind::Rollover)
                .with("ca", entry.object.clone())
                .with("issues_from", entry.detail["issues_from"].clone()),
            _ => return Ok(()),
        };
        self.tell(event);
        Ok(())
    }

    /// Mails that could not be written.
    pub(super) fn mails(&mut self, now: Timestamp) -> Result<(), SimulationError> {
        let registrar = self.copy.registrar.clone();
        for service in registrar.keyring().services() {
            let figures = registrar.store().read(|view: View<'_>| view.mail_figures(service.id))?;
            let before = self.undelivered.insert(service.id, figures.undelivered);
            if before.is_some_and(|before| figures.undelivered > before) {
                let sentence = "a mail could not be written or has no recipient that can be used";
                let event = Event::problem(now, Problem::MailNotWritten, sentence);
                self.tell(event.of(&service.key));
            }
        }
        Ok(())
    }

    /// Tells what is wrong now and was not before.
    pub(super) fn stands(&mut self, now: Timestamp, wrong: Vec<Wrong>) {
        let before = std::mem::take(&mut self.standing);
        for (problem, service, sentence) in wrong {
            // A failure says something else each time: one of a kind is enough.
            let key = match problem {
                Problem::NotReady => sentence.clone(),
                _ => service
                    .clone()
                    .unwrap_or_else(|| sentence.split(':').next().unwrap_or_default().to_owned()),
            };
            if self.standing.insert((problem, key.clone())) && !before.contains(&(problem, key)) {
                self.tell(Event { service, ..Event::problem(now, problem, sentence) });
            }
        }
    }
}
