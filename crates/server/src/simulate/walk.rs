//! From one moment at which something is due to the next.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tegata_domain::{CertificateState, Reason, SeatState, Serial, UserId, renewal_opens_at};
use tegata_registrar::{RenewError, Service};
use tegata_store::{AuditEntry, CrlScope, ServiceId, StoreError, View};

use super::copy::Copy;
use super::mailbox::Mailbox;
use super::people::{Behaviour, People, renewed};
use super::{Event, Kind, Outcome, Problem, Simulation, SimulationError};
use crate::jobs;

/// How long the clock moves at most before everything is looked at.
const LOOK: SignedDuration = SignedDuration::from_mins(30);

/// How soon what is overdue and does not get done is looked at again, as the server does.
const AGAIN: SignedDuration = SignedDuration::from_mins(1);

/// How often progress is told.
const PROGRESS: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Entries of the audit log that are read at once.
const ENTRIES: u32 = 1_000;

/// What somebody is going to do, or what becomes so, at a moment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Act {
    /// Nothing but look around.
    Look,
    /// The renewal window opens.
    Opens(ServiceId, Serial),
    /// The holder tries to renew.
    Renews(ServiceId, Serial),
    /// The gateway admits the certificate.
    Used(ServiceId, Serial, UserId),
    /// The last second of validity is over.
    Ends(ServiceId, Serial),
    /// An unused credential lapses.
    Lapses(ServiceId, UserId),
    /// The certificate of a server of ours ends.
    ServerEnds(String),
}

pub(super) struct Walk {
    copy: Copy,
    mailbox: Mailbox,
    people: People,
    until: Timestamp,
    acts: BinaryHeap<Reverse<(Timestamp, Act)>>,
    /// Position of the feed up to which lists are out.
    published: u64,
    /// The last entry of the audit log that was told.
    audited: i64,
    /// Mails that could not be delivered, by service, as they were last counted.
    undelivered: HashMap<ServiceId, u64>,
    /// What is wrong and was told; until it is not wrong any more.
    standing: HashSet<(Problem, String)>,
    /// What is told once.
    told: HashSet<(Problem, String)>,
    events: Vec<Event>,
    outcome: Outcome,
}

impl Walk {
    pub(super) fn begin(plan: &Simulation, mut copy: Copy) -> Result<Self, SimulationError> {
        let folder = plan.mails.as_deref();
        let mailbox =
            Mailbox::open(folder, &plan.mail_from, copy.clock.clone()).map_err(|error| {
                SimulationError::Io(folder.map(ToOwned::to_owned).unwrap_or_default(), error)
            })?;
        let certificates = std::mem::take(&mut copy.certificates);
        let (published, audited) = copy.registrar.store().read(|view: View<'_>| {
            Ok::<_, StoreError>((view.last_change()?, view.audit_head()?.seq))
        })?;
        let mut walk = Self {
            mailbox,
            people: People::new(plan.behaviour, copy.holder.clone()),
            until: plan.until,
            acts: BinaryHeap::new(),
            published,
            audited,
            undelivered: HashMap::new(),
            standing: HashSet::new(),
            told: HashSet::new(),
            events: Vec::new(),
            outcome: Outcome { certificates: certificates.len(), ..Outcome::default() },
            copy,
        };
        for record in &certificates {
            let (serial, service) = (record.certificate.serial, record.service);
            walk.expect(record.certificate.validity.not_after + AFTER, Act::Ends(service, serial));
            if let CertificateState::Issued { .. } = record.certificate.state {
                walk.expect_renewal(record, plan.from)?;
            }
        }
        walk.expect_others(plan.from)?;
        Ok(walk)
    }

    fn now(&self) -> Timestamp {
        self.copy.registrar.now()
    }

    fn expect(&mut self, at: Timestamp, act: Act) {
        if at <= self.until {
            self.acts.push(Reverse((at, act)));
        }
    }

    fn tell(&mut self, event: Event) {
        match event.problem.map(Problem::is_notice) {
            Some(true) => self.outcome.notices += 1,
            Some(false) => self.outcome.failures += 1,
            None => {}
        }
        self.events.push(event);
    }

    fn service(&self, id: ServiceId) -> Option<Arc<Service>> {
        self.copy.registrar.keyring().services().find(|service| service.id == id).cloned()
    }

    /// What a certificate that lives at the beginning has before it.
    fn expect_renewal(
        &mut self,
        record: &tegata_store::CertificateRecord,
        from: Timestamp,
    ) -> Result<(), SimulationError> {
        let Some(service) = self.service(record.service) else { return Ok(()) };
        let certificate = record.certificate;
        let (id, serial, user_id) = (record.service, certificate.serial, &record.user_id);
        let opens =
            renewal_opens_at(certificate.validity.not_after, service.lifecycle.renewal_window);
        let (seat, reminded, used) = self.copy.registrar.store().read(|view: View<'_>| {
            Ok::<_, StoreError>((
                view.seat(id, user_id)?,
                view.reminders_of_serial(serial)?,
                view.use_of(serial)?.is_some(),
            ))
        })?;
        if used || record.replaces.is_none() {
            // What it replaces waits for its retirement already, if there is anything.
        } else {
            self.expect(
                Behaviour::first_use(user_id, from),
                Act::Used(id, serial, user_id.clone()),
            );
        }
        if opens > from {
            self.expect(opens, Act::Opens(id, serial));
        } else if let Some(seat) = seat {
            let by_itself = self.people.behaviour.by_itself(user_id, seat.unattended, from);
            let followed = reminded.iter().min();
            let followed = followed
                .and_then(|days| self.people.behaviour.after_reminder(user_id, *days, from));
            self.expect_act(by_itself.or(followed), id, serial);
        }
        Ok(())
    }

    fn expect_act(&mut self, at: Option<Timestamp>, service: ServiceId, serial: Serial) {
        if let Some(at) = at
            && self.people.plans(serial)
        {
            self.expect(at, Act::Renews(service, serial));
        }
    }

    /// Everything else that has its moment.
    fn expect_others(&mut self, from: Timestamp) -> Result<(), SimulationError> {
        let keyring = self.copy.registrar.keyring();
        let store = self.copy.registrar.clone();
        for service in keyring.services() {
            let (lapses, waiting, branches) = store.store().read(|view: View<'_>| {
                let companies = view.companies(service.id)?;
                let mut branches = view.branches(service.id)?;
                branches.retain(|branch| {
                    branch.email.is_none() && companies.iter().any(|one| one.branch == branch.id)
                });
                Ok::<_, StoreError>((
                    view.unused_credentials(service.id, from)?,
                    view.retirements(service.id, Timestamp::MAX, None, u32::MAX)?,
                    branches,
                ))
            })?;
            for (user_id, lapses_at) in lapses {
                self.expect(lapses_at, Act::Lapses(service.id, user_id));
            }
            for retirement in waiting {
                self.expect(retirement.seen_at + service.lifecycle.overlap, Act::Look);
            }
            for branch in branches {
                let sentence = format!("branch {} has no address", branch.code);
                self.tell(
                    Event::problem(from, Problem::BranchWithoutAddress, sentence).of(&service.key),
                );
            }
        }
        let (servers, offline) = store.store().read(|view: View<'_>| {
            let mut ends = Vec::new();
            for root in keyring.offline() {
                let scope = CrlScope { authority: root.id, shard: 0 };
                ends.extend(view.published_crl_head(scope, false)?.map(|crl| crl.next_update));
            }
            Ok::<_, StoreError>((view.own_servers()?, ends))
        })?;
        for (purpose, not_after) in servers.into_iter().filter(|(_, ends)| *ends >= from) {
            self.expect(not_after + AFTER, Act::ServerEnds(purpose));
        }
        for next_update in offline {
            self.expect(next_update, Act::Look);
        }
        Ok(())
    }

    pub(super) async fn run(
        mut self,
        tell: &mut (dyn FnMut(&Event) -> std::io::Result<()> + Send),
        progress: &mut (dyn FnMut(Timestamp) + Send),
    ) -> Result<Outcome, SimulationError> {
        // As a server does when it starts.
        let settled = self.copy.registrar.settle().await.map(|_| ());
        let blocked = self.copy.registrar.block_own_keys().await.map(|_| ());
        for error in [settled.err(), blocked.err()].into_iter().flatten() {
            self.tell(Event::problem(self.now(), Problem::JobFailed, error.to_string()));
        }
        let mut shown = self.now();
        loop {
            self.stand_still().await?;
            for event in self.events.drain(..) {
                tell(&event).map_err(SimulationError::Told)?;
            }
            let now = self.now();
            if now.duration_since(shown) >= PROGRESS {
                shown = now;
                progress(now);
            }
            let next = self.next(now)?.max(now + SignedDuration::from_secs(1));
            if next > self.until {
                break;
            }
            self.copy.clock.set(next);
        }
        self.outcome.mails = self.mailbox.count();
        Ok(self.outcome)
    }

    /// The next moment at which something is due.
    fn next(&self, now: Timestamp) -> Result<Timestamp, SimulationError> {
        let registrar = &self.copy.registrar;
        let look = LOOK.as_secs();
        let round = Timestamp::from_second((now.as_second().div_euclid(look) + 1) * look);
        let mut next = round.unwrap_or(Timestamp::MAX);
        if let Some(Reverse((at, _))) = self.acts.peek() {
            next = next.min(*at);
        }
        let notice = registrar.store().read(|view: View<'_>| view.next_notice())?;
        let dues = [notice, registrar.next_publication()?, registrar.next_responder()];
        // What is overdue although everything was just done waits a minute, as it would.
        let dues = dues.into_iter().flatten();
        next = dues.map(|at| if at <= now { now + AGAIN } else { at }).fold(next, Timestamp::min);
        let keyring = registrar.keyring();
        let digests = keyring.services().filter_map(|service| next_digest(service, now));
        Ok(digests.fold(next, Timestamp::min))
    }

    /// Everything that is to be done at one moment.
    async fn stand_still(&mut self) -> Result<(), SimulationError> {
        self.outcome.moments += 1;
        let now = self.now();
        while let Some(Reverse((at, _))) = self.acts.peek()
            && *at <= now
        {
            let Some(Reverse((_, act))) = self.acts.pop() else { break };
            self.act(act, now).await?;
        }
        let registrar = self.copy.registrar.clone();
        let failures = jobs::round(&registrar, &self.mailbox, &mut self.published).await;
        let mut wrong: Vec<(Problem, Option<String>, String)> =
            failures.into_iter().map(|failure| (Problem::JobFailed, None, failure)).collect();
        for due in self.copy.keeper.roll_over(&registrar).await {
            if let Err(error) = due.made {
                let sentence = format!("full lifetimes until {} only: {error}", due.until);
                wrong.push((Problem::CaTooShort, Some(due.service.to_string()), sentence));
            }
        }
        if self.copy.keeper.follow(&registrar, &mut self.copy.following).await {
            // The new CA's first list and responder came with it.
            self.published =
                registrar.publish_changes(self.published).await.unwrap_or(self.published);
        }
        let troubles = registrar.troubles().into_iter();
        wrong.extend(troubles.map(|trouble| (Problem::NotReady, None, trouble)));
        self.reminders(now)?;
        self.audit_log(now)?;
        self.mails(now)?;
        self.stands(now, wrong);
        Ok(())
    }

    async fn act(&mut self, act: Act, now: Timestamp) -> Result<(), SimulationError> {
        match act {
            Act::Look => {}
            Act::Opens(id, serial) => self.opens(id, serial, now)?,
            Act::Renews(id, serial) => self.renews(id, serial, now).await?,
            Act::Used(id, serial, user_id) => {
                let Some(service) = self.service(id) else { return Ok(()) };
                let registrar = self.copy.registrar.clone();
                match self.people.used(&registrar, &service, serial).await {
                    Ok(()) => self.expect(now + service.lifecycle.overlap, Act::Look),
                    Err(error) => {
                        let sentence = format!("a gateway cannot report: {error}");
                        let event = Event::problem(now, Problem::JobFailed, sentence);
                        self.tell(event.of(&service.key).about(&user_id, serial));
                    }
                }
            }
            Act::Ends(id, serial) => self.ends(id, serial, now)?,
            Act::Lapses(id, user_id) => {
                let sentence = "the initial password lapses; the branch would have to reset it";
                let event = Event::problem(now, Problem::CredentialLapsed, sentence);
                let service = self.service(id).map(|service| service.key.to_string());
                self.tell(Event { service, user_id: Some(user_id), ..event });
            }
            Act::ServerEnds(purpose) => {
                let sentence = format!(
                    "the TLS certificate of {purpose} ends; a start within its last 60 days makes \
                     another"
                );
                self.tell(Event::problem(now, Problem::RestartNeeded, sentence));
            }
        }
        Ok(())
    }

    fn opens(
        &mut self,
        id: ServiceId,
        serial: Serial,
        now: Timestamp,
    ) -> Result<(), SimulationError> {
        let Some((service, record, seat)) = self.holder(id, serial)? else { return Ok(()) };
        if !matches!(record.certificate.state, CertificateState::Issued { .. })
            || seat.state == SeatState::Closed
        {
            return Ok(());
        }
        let event = Event::new(now, Kind::RenewalOpens).of(&service.key);
        let ends = record.certificate.validity.not_after;
        self.tell(event.about(&record.user_id, serial).with("not_after", ends.to_string()));
        let at = self.people.behaviour.by_itself(&record.user_id, seat.unattended, now);
        self.expect_act(at, id, serial);
        Ok(())
    }

    async fn renews(
        &mut self,
        id: ServiceId,
        serial: Serial,
        now: Timestamp,
    ) -> Result<(), SimulationError> {
        let Some((service, record, seat)) = self.holder(id, serial)? else { return Ok(()) };
        let (user_id, registrar) = (&record.user_id, self.copy.registrar.clone());
        let refused = |sentence: String| {
            let event = Event::problem(now, Problem::RenewalRefused, sentence);
            event.of(&service.key).about(user_id, serial)
        };
        self.people.gives_up(serial);
        let Some(der) = &record.der else {
            self.tell(refused("the certificate moved in by a list and cannot be renewed".into()));
            return Ok(());
        };
        let (request, key) = self.people.renewal(&service, (user_id, serial), der)?;
        let reference = registrar.reference();
        let outcome = registrar.renew(&service, request, seat.unattended, &reference).await;
        let new = match outcome {
            Ok(new) => new,
            Err(error @ RenewError::Refused(_)) if held_or_gone(&record.certificate.state) => {
                // A hold or a revocation is no accident; its user was told.
                tracing::debug!(%user_id, %error, "does not renew");
                return Ok(());
            }
            Err(error) => {
                self.tell(refused(error.to_string()));
                return Ok(());
            }
        };
        self.people.keeps(serial, new.serial, key);
        for event in renewed(now, &service, &new) {
            self.tell(event);
        }
        let ends = new.validity.not_after;
        let full = record.certificate.validity.not_after + service.lifecycle.lifetime;
        let named = format!("{id:?} {ends}");
        if ends < full && self.told.insert((Problem::Shortened, named)) {
            let sentence = format!("ends on {ends} with its CA instead of on {full}; so do others");
            let event = Event::problem(now, Problem::Shortened, sentence).of(&service.key);
            self.tell(event.about(user_id, new.serial));
        }
        let opens = renewal_opens_at(ends, service.lifecycle.renewal_window);
        self.expect(opens, Act::Opens(id, new.serial));
        self.expect(ends + AFTER, Act::Ends(id, new.serial));
        let used = Act::Used(id, new.serial, user_id.clone());
        self.expect(Behaviour::first_use(user_id, now), used);
        Ok(())
    }

    fn ends(
        &mut self,
        id: ServiceId,
        serial: Serial,
        now: Timestamp,
    ) -> Result<(), SimulationError> {
        let Some((service, record, seat)) = self.holder(id, serial)? else { return Ok(()) };
        let without = match record.certificate.state {
            CertificateState::Issued { .. } => seat.state == SeatState::Open,
            CertificateState::Superseded { .. } | CertificateState::Held { .. } => false,
            _ => return Ok(()),
        };
        let event = Event::new(now, Kind::Expired).of(&service.key);
        self.tell(event.about(&record.user_id, serial));
        if without {
            let sentence = "the certificate ended and nothing took its place; the branch would \
                            have to reissue";
            let event = Event::problem(now, Problem::ExpiredWithoutSuccessor, sentence);
            self.tell(event.of(&service.key).about(&record.user_id, serial));
        }
        Ok(())
    }

    fn holder(&self, id: ServiceId, serial: Serial) -> Result<Option<Holder>, SimulationError> {
        let Some(service) = self.service(id) else { return Ok(None) };
        let found = self.copy.registrar.store().read(|view: View<'_>| {
            let Some(record) = view.certificate(serial)? else { return Ok(None) };
            let seat = view.seat(id, &record.user_id)?;
            Ok::<_, StoreError>(seat.map(|seat| (record, seat)))
        })?;
        Ok(found.map(|(record, seat)| (service, record, seat)))
    }

    /// The reminders of this moment, and who follows them.
    fn reminders(&mut self, now: Timestamp) -> Result<(), SimulationError> {
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
    fn audit_log(&mut self, now: Timestamp) -> Result<(), SimulationError> {
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
    fn mails(&mut self, now: Timestamp) -> Result<(), SimulationError> {
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
    fn stands(&mut self, now: Timestamp, wrong: Vec<(Problem, Option<String>, String)>) {
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

type Holder = (Arc<Service>, tegata_store::CertificateRecord, tegata_store::SeatRecord);

/// The last second of validity belongs to it.
const AFTER: SignedDuration = SignedDuration::from_secs(1);

fn held_or_gone(state: &CertificateState) -> bool {
    !matches!(state, CertificateState::Issued { .. })
}

/// When the digests of a service are due next.
fn next_digest(service: &Service, now: Timestamp) -> Option<Timestamp> {
    let (time, zone) = (service.settings.digest_time()?, &service.time_zone);
    let today = now.to_zoned(zone.clone()).date();
    let at = |date: jiff::civil::Date| {
        Some(date.to_datetime(time).to_zoned(zone.clone()).ok()?.timestamp())
    };
    at(today).filter(|at| *at > now).or_else(|| at(today.tomorrow().ok()?))
}
