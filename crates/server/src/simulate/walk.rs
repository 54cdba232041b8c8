//! From one moment at which something is due to the next.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tegata_domain::{CertificateState, Serial, UserId};
use tegata_registrar::Service;
use tegata_store::{ServiceId, View};

use super::copy::Copy;
use super::event::in_zone;
use super::observe::Wrong;
use super::people::People;
use super::{Event, Outcome, Problem, Simulation, SimulationError};
use crate::jobs::{self, Progress};

/// How long the clock moves at most before everything is looked at.
const LOOK: SignedDuration = SignedDuration::from_hours(6);

/// How soon what is overdue and does not get done is looked at again, as the server does.
const AGAIN: SignedDuration = SignedDuration::from_mins(1);

/// How often progress is told.
const PROGRESS: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What somebody is going to do, or what becomes so, at a moment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Act {
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
    /// A gateway says that it is there.
    Reports(ServiceId, String),
    /// An unused credential lapses.
    Lapses(ServiceId, UserId),
    /// The certificate of a server of ours ends.
    ServerEnds(String),
}

pub(super) struct Walk {
    pub(super) copy: Copy,
    pub(super) people: People,
    until: Timestamp,
    acts: BinaryHeap<Reverse<(Timestamp, Act)>>,
    progress: Progress,
    /// The last entry of the audit log that was told.
    pub(super) audited: i64,
    /// Mails that could not be delivered, by service, as they were last counted.
    pub(super) undelivered: HashMap<ServiceId, u64>,
    /// What is wrong and was told; until it is not wrong any more.
    pub(super) standing: HashSet<(Problem, String)>,
    /// What is told once.
    pub(super) told: HashSet<(Problem, String)>,
    events: Vec<Event>,
    outcome: Outcome,
}

impl Walk {
    pub(super) fn begin(plan: &Simulation, mut copy: Copy) -> Result<Self, SimulationError> {
        let certificates = std::mem::take(&mut copy.certificates);
        let from = copy.from;
        let progress = Progress::begin(&copy.registrar)?;
        let audited = copy.registrar.store().read(|view: View<'_>| view.audit_head())?.seq;
        let mut walk = Self {
            people: People::new(plan.behaviour, copy.holder.clone()),
            until: copy.until,
            acts: BinaryHeap::new(),
            progress,
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
                walk.expect_renewal(record, from)?;
            }
        }
        for (service, own) in std::mem::take(&mut walk.copy.gateways) {
            let purpose = own.purpose.clone();
            if walk.people.runs(service, own) {
                walk.expect(from, Act::Reports(service, purpose));
            }
        }
        walk.expect_others(from)?;
        Ok(walk)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.copy.registrar.now()
    }

    pub(super) fn expect(&mut self, at: Timestamp, act: Act) {
        if at <= self.until {
            self.acts.push(Reverse((at, act)));
        }
    }

    pub(super) fn tell(&mut self, event: Event) {
        match event.problem.map(Problem::is_notice) {
            Some(true) => self.outcome.notices += 1,
            Some(false) => self.outcome.failures += 1,
            None => {}
        }
        self.events.push(event);
    }

    pub(super) fn service(&self, id: ServiceId) -> Option<Arc<Service>> {
        self.copy.registrar.keyring().services().find(|service| service.id == id).cloned()
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
        self.outcome.mails = self.copy.mailbox.count();
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
        let (post, keeper) = (&self.copy.mailbox, &self.copy.keeper);
        let round = jobs::round(&registrar, post, keeper, &mut self.progress).await;
        let failures = round.failures.into_iter();
        let mut wrong: Vec<Wrong> =
            failures.map(|failure| (Problem::JobFailed, None, failure)).collect();
        for due in round.rollovers {
            if let Err(error) = due.made {
                let service =
                    registrar.keyring().services().find(|one| one.key == due.service).cloned();
                let zone = service.map_or(TimeZone::UTC, |service| service.time_zone.clone());
                let until = in_zone(due.until, &zone);
                let sentence = format!("full lifetimes until {until} only: {error}");
                wrong.push((Problem::CaTooShort, Some(due.service.to_string()), sentence));
            }
        }
        wrong.extend(self.copy.mailbox.wrong());
        let troubles = registrar.troubles().into_iter();
        wrong.extend(troubles.map(|trouble| (Problem::NotReady, None, trouble)));
        self.reminders(now)?;
        self.audit_log(now)?;
        self.mails(now)?;
        self.stands(now, wrong);
        Ok(())
    }
}

/// The last second of validity belongs to it.
pub(super) const AFTER: SignedDuration = SignedDuration::from_secs(1);

/// When the digests of a service are due next.
fn next_digest(service: &Service, now: Timestamp) -> Option<Timestamp> {
    let (time, zone) = (service.settings.digest_time()?, &service.time_zone);
    let today = now.to_zoned(zone.clone()).date();
    let at = |date: jiff::civil::Date| {
        Some(date.to_datetime(time).to_zoned(zone.clone()).ok()?.timestamp())
    };
    at(today).filter(|at| *at > now).or_else(|| at(today.tomorrow().ok()?))
}
