//! The thread that runs the agent: takes jobs one after the other, reports, and asks the person
//! what only they can answer. The window never waits for it.

use std::cell::RefCell;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tegata_agent::doctor;
use tegata_agent::inventory::{self, Own};
use tegata_agent::issue::{
    self, Confirmation, Order, Outcome, Person, Ports, Progress, Right, Stopped,
};
use tegata_agent::link::{Link, LinkAnswer};
use tegata_agent::proxy::{Account, ProxyAsk, ProxyPerson, Scheme, WayOut};
use tegata_agent::site::Site;
use tegata_agent::store::{Held, KeyStore, Pkcs12Form, StoreError, StoreUri};
use tegata_agent::transport::{Https, Network};
use tegata_agent::{Error, Explanation, Fingerprint};
use tegata_domain::{Clock, Entropy, UserId};
use tegata_text::Text;
use zeroize::Zeroizing;

use super::model::card;
use super::model::form::Filled;
use super::model::{Answer, Issued, Job, Question, Report};
use super::scheduling::{switch, way_out};
use super::stop::{Stop, Stoppable};
use super::updating::{Updater, look_aside};
use crate::{proxy, schedule, stores};

/// What the worker takes from the world.
#[derive(Clone)]
pub(crate) struct Surroundings {
    pub(crate) version: &'static str,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
}

/// What a job is done with.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    pub(crate) text: Text,
    /// The store, as the command line names it.
    pub(crate) store: String,
    /// The way out, as the command line names it.
    pub(crate) proxy: String,
    /// The issuing site and its root.
    pub(crate) service: Option<(Site, Fingerprint)>,
}

/// The worker as the window sees it.
pub(crate) struct Worker {
    jobs: Sender<(Context, Job, Arc<Stop>)>,
    /// Answers; nothing for a question that nobody answers any more.
    answers: Sender<Option<Answer>>,
    /// What stops each job that is not done.
    stops: Mutex<Vec<Weak<Stop>>>,
    desk: Arc<Desk>,
    around: Surroundings,
    updater: Option<Arc<Updater>>,
}

impl Worker {
    /// Starts the thread. It ends when the worker is dropped and its present job is done.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn start(
        around: Surroundings,
        updater: Option<Updater>,
        report: impl Fn(Report) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (jobs, orders) = channel::<(Context, Job, Arc<Stop>)>();
        let (answers, answered) = channel();
        let desk = Desk {
            report: Mutex::new(Box::new(report)),
            answered: Mutex::new(answered),
            present: Mutex::default(),
        };
        let (desk, updater) = (Arc::new(desk), updater.map(Arc::new));
        let bench = Bench {
            around: around.clone(),
            desk: Arc::clone(&desk),
            updater: updater.clone(),
            way_out: RefCell::default(),
            findings: RefCell::default(),
            reference: RefCell::default(),
        };
        std::thread::Builder::new().name("worker".to_owned()).spawn(move || {
            while let Ok((context, job, stop)) = orders.recv() {
                *bench.desk.present() = Present { stop, is_declined: false };
                bench.work(&context, job);
            }
        })?;
        Ok(Self { jobs, answers, stops: Mutex::default(), desk, around, updater })
    }

    /// Hands in a job, with what stops it from now on: it may have to wait for others.
    pub(crate) fn work(&self, context: Context, job: Job) {
        let stop = Arc::new(Stop::default());
        let mut stops = self.stops.lock().unwrap_or_else(PoisonError::into_inner);
        stops.retain(|stop| stop.strong_count() > 0);
        stops.push(Arc::downgrade(&stop));
        // The thread lives as long as this.
        let _ = self.jobs.send((context, job, stop));
    }

    /// Answers the question that was asked.
    pub(crate) fn answer(&self, answer: Answer) {
        let _ = self.answers.send(Some(answer));
    }

    /// Looks for a newer version on a thread of its own, so that no work waits for it.
    pub(crate) fn look_aside(&self, context: Context) {
        let Some(updater) = self.updater.clone() else { return };
        let (desk, around) = (Arc::clone(&self.desk), self.around.clone());
        // Without a thread nobody looks; the person still can.
        let _ = std::thread::Builder::new().name("news".to_owned()).spawn(move || {
            desk.report(Report::Looked(look_aside(&updater, &around, &context)));
        });
    }

    /// Stops every job handed in so far as soon as it can be stopped.
    pub(crate) fn stop(&self) {
        let stops = self.stops.lock().unwrap_or_else(PoisonError::into_inner);
        stops.iter().filter_map(Weak::upgrade).for_each(|stop| stop.set());
        // After that: whoever asks looks at theirs before they wait.
        let _ = self.answers.send(None);
    }
}

/// Where the worker and the person meet.
pub(super) struct Desk {
    report: Mutex<Box<dyn Fn(Report) + Send>>,
    answered: Mutex<Receiver<Option<Answer>>>,
    present: Mutex<Present>,
}

/// What belongs to the job of the moment.
#[derive(Default)]
struct Present {
    stop: Arc<Stop>,
    /// Whether the person told no proxy who they are: they are not asked again and again.
    is_declined: bool,
}

impl Desk {
    pub(super) fn report(&self, report: Report) {
        (self.report.lock().unwrap_or_else(PoisonError::into_inner))(report);
    }

    fn present(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What stops the job of the moment.
    fn stop(&self) -> Arc<Stop> {
        Arc::clone(&self.present().stop)
    }

    /// Asks the person, and waits for as long as they take, or until they stop the job.
    fn ask(&self, question: Question) -> Option<Answer> {
        let answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        // What came too late for an earlier question is no answer to this one.
        while answered.try_recv().is_ok() {}
        if self.stop().is_set() {
            return None;
        }
        self.report(Report::Asked(question));
        answered.recv().ok().flatten()
    }
}

/// A proxy wants to know who is there.
struct AtProxy(Arc<Desk>);

impl ProxyPerson for AtProxy {
    fn account(&self, ask: &ProxyAsk<'_>) -> Option<Account> {
        if self.0.present().is_declined {
            return None;
        }
        let question = Question::Proxy {
            proxy: ask.proxy.to_string(),
            realm: ask.realm.unwrap_or_default().to_owned(),
            is_again: ask.attempt > 1,
            is_plain: ask.scheme == Scheme::Basic && !ask.proxy.is_tls(),
        };
        if let Some(Answer::Proxy(Some((user, password)))) = self.0.ask(question) {
            return Some(Account::new(user, password));
        }
        self.0.present().is_declined = true;
        None
    }
}

/// The worker from inside.
pub(super) struct Bench {
    pub(super) around: Surroundings,
    pub(super) desk: Arc<Desk>,
    /// What replaces this installation by a newer one, where that is possible.
    pub(super) updater: Option<Arc<Updater>>,
    /// The way out with what it learned in this session, and for which choice and language.
    way_out: RefCell<Option<(String, WayOut)>>,
    /// What the last examination found.
    pub(super) findings: RefCell<Vec<doctor::Finding>>,
    /// The reference that the person copied for it.
    pub(super) reference: RefCell<String>,
}

impl Bench {
    /// What stops the job of the moment.
    pub(super) fn stop(&self) -> Arc<Stop> {
        self.desk.stop()
    }

    fn work(&self, context: &Context, job: Job) {
        let report = match job {
            Job::Load { site } => {
                self.desk.report(Report::Loaded(self.load(context, site.as_ref())));
                Report::Scheduled(Ok(schedule::is_on(context.text)))
            }
            Job::Schedule(is_wanted) => switch(context, is_wanted),
            Job::Believe { site } => self.believe(context, site),
            Job::Issue { site, root, filled } => self.issue(context, site, root, filled),
            Job::Renew { serial } => self.renew(context, &serial),
            Job::ChangeEmail { serial, email } => self.change_email(context, &serial, &email),
            Job::Redeem { link, root } => {
                let answer = self.redeem(context, &link, root);
                // Whoever stopped it knows why nothing came of it.
                if answer.is_none() && self.stop().is_set() {
                    return;
                }
                Report::Linked(answer)
            }
            Job::Remove { serials } => self.remove(context, &serials),
            Job::Diagnose { reference } => {
                self.reference.replace(reference);
                self.diagnose(context)
            }
            Job::Fix(index) => self.fix(context, index),
            Job::SaveReport => self.save_report(context),
            Job::AutoSelect(wish) => self.autoselect(context, wish),
            Job::Look => self.look(context),
            Job::Later => return self.later(context),
            Job::Update => self.update(context),
        };
        self.desk.report(report);
    }

    fn load(&self, context: &Context, site: Option<&Site>) -> Result<Vec<card::Card>, Explanation> {
        let store = open(context, None)?;
        let root = context.service.as_ref().filter(|(of, _)| Some(of) == site).map(|own| own.1);
        let own = site.map(|site| Own { site: site.clone(), root });
        let (receipts, now) = (stores::receipts(), self.around.clock.now());
        let items = inventory::ours(&*store, receipts.as_ref(), own.as_ref(), &[], now);
        let items = items.map_err(|error| Error::from(error).explain(context.text))?;
        Ok(card::cards(items, now))
    }

    fn believe(&self, context: &Context, site: Site) -> Report {
        let network = match self.network(context) {
            Ok(network) => network,
            Err(explanation) => return Report::Failed(explanation),
        };
        let mut person = Asks(self);
        match issue::believe(&site, None, &network, &mut person, self.around.clock.now()) {
            Ok(trusted) => Report::Believed(site, trusted.fingerprint()),
            Err(error) => self.failed(error.explain(context.text), context.text),
        }
    }

    fn issue(&self, context: &Context, site: Site, root: Fingerprint, filled: Filled) -> Report {
        let is_file = context.store.starts_with("pkcs12:");
        let password = is_file.then(|| filled.password.clone());
        let mut store = match open(context, password) {
            Ok(store) => store,
            Err(explanation) => return Report::Failed(explanation),
        };
        let right = Right::Slip { password: filled.password, email: filled.email };
        let order = self.order((&site, root), filled.user, right, context.text);
        self.carry_out(context, order, &mut *store)
    }

    /// What the site says of a link; nothing when it says nothing.
    fn redeem(&self, context: &Context, link: &Link, root: Fingerprint) -> Option<LinkAnswer> {
        let network = self.network(context).ok()?;
        let now = self.around.clock.now();
        let trusted =
            issue::believe(&link.site, Some(root), &network, &mut Asks(self), now).ok()?;
        let transport = network.believe(&trusted).ok()?;
        link.redeem(&*transport)
    }

    pub(super) fn order(
        &self,
        (site, root): (&Site, Fingerprint),
        user: UserId,
        right: Right,
        text: Text,
    ) -> Order {
        let (site, app_version) = (site.clone(), self.around.version);
        let unattended = schedule::is_on(text);
        Order { site, pin: Some(root), user, right, app_version, unattended }
    }

    pub(super) fn carry_out(
        &self,
        context: &Context,
        order: Order,
        store: &mut dyn KeyStore,
    ) -> Report {
        let network = match self.network(context) {
            Ok(network) => network,
            Err(explanation) => return Report::Failed(explanation),
        };
        let site = order.site.clone();
        let renewed = order.renewed();
        let outcome = issue::run(
            order,
            &mut Ports {
                network: &network,
                store,
                person: &mut Asks(self),
                clock: &*self.around.clock,
                entropy: &*self.around.entropy,
                pause: &*self.stop(),
                progress: &mut |progress| self.progress(progress),
            },
        );
        match outcome {
            Ok(outcome) => issued(context, &site, outcome),
            Err(stopped) => {
                if let Some(serial) = renewed {
                    stores::learn(serial, &stopped);
                }
                self.stopped(&stopped, context.text)
            }
        }
    }

    /// The way out of the settings. Accounts given to proxies are remembered as long as the choice
    /// stays and the window is open.
    pub(super) fn network(&self, context: &Context) -> Result<Stoppable<Https>, Explanation> {
        let text = context.text;
        let choice = way_out(context)?;
        let mut known = self.way_out.borrow_mut();
        let way_out = match known.take() {
            Some((of, known)) if of == context.proxy => known,
            _ => {
                let person = Arc::new(AtProxy(Arc::clone(&self.desk)));
                let (clock, entropy) = (self.around.clock.clone(), self.around.entropy.clone());
                let around = proxy::surroundings(person, clock, entropy);
                WayOut::new(choice, self.around.version, around)
            }
        };
        *known = Some((context.proxy.clone(), way_out.clone()));
        let inner = Https::new(self.around.version, text.lang().code(), way_out);
        Ok(Stoppable { inner, stop: self.stop() })
    }

    fn progress(&self, progress: Progress) {
        self.desk.report(match progress {
            Progress::Step(step) => Report::Step(step),
            Progress::KeyResumed => Report::KeyResumed,
            Progress::Waiting(time) => Report::Waits(time.as_secs()),
        });
    }

    fn stopped(&self, stopped: &Stopped, text: Text) -> Report {
        let mut explanation = stopped.explain(text);
        if self.stop().is_set() {
            explanation.detail = if stopped.sent { text.app_within_a_day() } else { String::new() };
        }
        self.failed(explanation, text)
    }

    /// A failure, or the end that the person wanted.
    pub(super) fn failed(&self, explanation: Explanation, text: Text) -> Report {
        if !self.stop().is_set() {
            return Report::Failed(explanation);
        }
        let title = text.window_cancelled();
        let reference = String::new();
        Report::Cancelled(Explanation {
            code: "stopped".to_owned(),
            title,
            reference,
            ..explanation
        })
    }
}

/// The person in front of the window.
pub(super) struct Asks<'a>(pub(super) &'a Bench);

impl Person for Asks<'_> {
    fn confirm_root(&mut self, fingerprint: &Fingerprint) -> Confirmation {
        match self.0.desk.ask(Question::Root(*fingerprint)) {
            Some(Answer::Root(true)) => Confirmation::Yes,
            Some(_) => Confirmation::No,
            None => Confirmation::Nobody,
        }
    }
}

pub(super) fn open(
    context: &Context,
    password: Option<Zeroizing<String>>,
) -> Result<Box<dyn KeyStore>, Explanation> {
    let uri: StoreUri = context.store.parse().map_err(|_| not_here(context, context.text))?;
    stores::opened(&uri, password, Pkcs12Form::default())
        .map_err(|error| Error::from(error).explain(context.text))
}

/// No store has this name here.
pub(super) fn not_here(context: &Context, text: Text) -> Explanation {
    Explanation {
        code: "store_not_here".to_owned(),
        title: text.app_store_not_here(&context.store),
        detail: String::new(),
        reference: String::new(),
    }
}

/// What a store holds; one that is not there yet holds nothing.
pub(super) fn list(store: &dyn KeyStore, text: Text) -> Result<Vec<Held>, Explanation> {
    match store.list() {
        Err(StoreError::Missing(_)) => Ok(Vec::new()),
        other => other.map_err(|error| Error::from(error).explain(text)),
    }
}

fn issued(context: &Context, site: &Site, outcome: Outcome) -> Report {
    let kept = stores::receipts().map_or(Ok(()), |receipts| receipts.keep(site, &outcome));
    let remark = kept.err().map(|error| context.text.app_receipt_lost(&error.to_string()));
    Report::Issued(Box::new(Issued {
        is_renewal: outcome.replaces.is_some(),
        unproven: (!outcome.proof.is_accepted()).then(|| outcome.proof.line(context.text)),
        user: outcome.user.to_string(),
        serial: outcome.serial.to_string(),
        not_after: outcome.not_after,
        renewable_from: outcome.renewable_from,
        email: outcome.email,
        service_url: outcome.service_url,
        time_zone: outcome.time_zone,
        place: outcome.installed.location,
        key: outcome.installed.key,
        is_browser: context.store.starts_with("nss"),
        is_under_initial_password: context.store.starts_with("pkcs12:"),
        remark,
    }))
}

#[cfg(test)]
mod tests;
