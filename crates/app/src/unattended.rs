//! `tegata-app renew --all-due --unattended`: what a schedule runs. It asks nothing, and says
//! something to whoever sits there only where it matters.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use tegata_agent::inventory::{self, Item, Own};
use tegata_agent::issue::{Outcome, Pause};
use tegata_agent::receipt::Receipts;
use tegata_agent::store::{KeyStore, Pkcs12Form, StoreUri};
use tegata_agent::transport::Https;
use tegata_agent::unattended::{self, Log, Old, Tries, Verdict};
use tegata_agent::{Exit, Remedy, notify};
use tegata_domain::Clock;

use crate::args::Renew;
use crate::dates::Dates;
use crate::issue::{IssuedObject, object};
use crate::output::{Failure, Lines};
use crate::prompt::Prompt;
use crate::{World, args, live, proxy, renew, stores};

/// Runs it. The exit code is that of the first renewal that failed; waiting is no failure.
pub(crate) fn run(options: &Renew, world: &mut World) -> Result<Exit, Failure> {
    let text = world.text;
    world.prompt = Prompt::nobody(text);
    world.unattended = true;
    let state = stores::state_folder().ok_or_else(|| no_state("HOME", world))?;
    let lock = unattended::claim(&state).map_err(|error| no_state(&error, world))?;
    let Some(_lock) = lock else {
        let object = Busy { result: "busy" };
        world.output.result(Lines::default().line(&text.unattended_busy()).as_str(), &object);
        return Ok(Exit::Done);
    };
    let log = Log::of(&state);
    let mut tries = Tries::read(&state);
    let done = carry_out(options, &mut tries, world);
    // What cannot be kept leads to one try too many, and what cannot be logged to nothing.
    let _ = tries.write(&state);
    let now = world.clock.now();
    match done {
        Ok(done) => {
            done.log.iter().for_each(|line| drop(log.add(now, line)));
            world.output.result(done.lines.as_str(), &done.object());
            Ok(done.exit)
        }
        Err(failure) => {
            let _ = log.add(now, &format!("failed {}", failure.explanation.code));
            Err(failure)
        }
    }
}

/// Opens the store and does what is to be done in it. A store that could not be opened before is
/// let be for as long as a renewal that failed: a wrong PIN is not tried twice.
fn carry_out(options: &Renew, tries: &mut Tries, world: &mut World) -> Result<Done, Failure> {
    let (text, now) = (world.text, world.clock.now());
    let own = stores::brand(text)?.as_ref().map(Own::from);
    let uri = stores::chosen(&options.at, text)?;
    let key = uri.to_string();
    let mut done = Done::nothing(uri.clone());
    let (code, not_before) = match tries.verdict(&key, now) {
        Verdict::Try => {
            let opened = Run::new(options, world).and_then(|run| {
                let (store, receipts) = (&*run.store, run.receipts.as_ref());
                let items = inventory::ours(store, receipts, own.as_ref(), &[], now);
                let items = items.map_err(|error| Failure::of(error, text))?;
                live::check_unattended(&items, &uri, (receipts, own.as_ref()), text)?;
                Ok((run, items))
            });
            match opened {
                Ok((run, items)) => run.carry_out(&items, tries, &mut done, world),
                Err(failure) => {
                    let why = &failure.explanation;
                    world.output.progress(&why.title);
                    done.log.push(format!("failed {}", why.code));
                    let code = (why.code.as_str(), failure.remedy);
                    if tries.failed(&key, code, UNKNOWN_DAYS, now, &world.entropy) {
                        let what = text.unattended_failed_store(&why.title);
                        if done.tell_failure(&what, next_step(&failure), world) {
                            tries.told(&key, now);
                        }
                    }
                    done.exit = failure.exit;
                    done.failed.push(renew::FailedObject::of(None, failure.explanation));
                }
            }
            return Ok(done);
        }
        Verdict::Wait(failed) => (failed.code.clone(), Some(failed.not_before)),
        Verdict::Stopped(failed) => (failed.code.clone(), None),
    };
    if tries.reminds(&key, UNKNOWN_DAYS, now)
        && done.tell_failure(&text.unattended_stopped(&code, &key), None, world)
    {
        tries.told(&key, now);
    }
    done.waiting.push(Waiting { user_id: None, serial: None, code, not_before });
    Ok(done)
}

/// Nobody knows how long there is.
const UNKNOWN_DAYS: i64 = i64::MAX;

/// What a run works with.
struct Run {
    network: Https,
    store: Box<dyn KeyStore>,
    receipts: Option<Receipts>,
    spread: Duration,
    /// Why the keys of the store cannot be used, where that is known before trying.
    locked: Option<Failure>,
}

impl Run {
    fn new(options: &Renew, world: &World) -> Result<Self, Failure> {
        let network = proxy::network(world, &[options.at.store_password_file.as_deref()])?;
        let (uri, password) = stores::unlocked(&options.at, world)?;
        // What a token holds can be read without its PIN: whether there is anything to do.
        let (password, locked) = match stores::pin_of_token(&uri, password, world) {
            Ok(password) => (password, None),
            Err(failure) => (None, Some(failure)),
        };
        let store = stores::open(&uri, password, Pkcs12Form::default(), world)?;
        let spread = Duration::from_secs(3600 * u64::from(options.spread));
        Ok(Self { network, store, receipts: stores::receipts(), spread, locked })
    }

    fn carry_out(mut self, items: &[Item], tries: &mut Tries, done: &mut Done, world: &mut World) {
        let now = world.clock.now();
        let due: Vec<_> = items.iter().filter(|item| item.is_due(now)).cloned().collect();
        let old = Old::all(items);
        let tried = due.iter().any(|item| tries.verdict(&serial(item), now) == Verdict::Try);
        if tried || !old.is_empty() {
            world.pause.pause(unattended::spread(self.spread, &world.entropy));
        }
        // First, so that what is renewed now is left alone until the next run.
        self.clean(&old, done, world);
        tries.keep_only(&due.iter().map(serial).collect::<Vec<_>>());
        for item in due {
            self.renew(item, tries, done, world);
        }
        if done.is_empty() {
            done.say(&world.text.app_nothing_due());
        }
    }

    /// Removes what was renewed before, once the gateway let its successor through; asks it where
    /// that is not known yet.
    fn clean(&mut self, old: &[Old<'_>], done: &mut Done, world: &World) {
        let now = world.clock.now();
        let Some(receipts) = &self.receipts else { return };
        for old in old {
            let number = serial(old.item);
            if !old.is_replaced() {
                let said = unattended::prove(&self.network, &*self.store, receipts, old, now);
                let word = match said {
                    Ok(proof) => proof.code().to_owned(),
                    Err(error) => error.explain(world.text).code,
                };
                done.log.push(format!("proof {} {word}", serial(old.successor)));
                continue;
            }
            let store = self.store.as_mut();
            match unattended::clean(&self.network, store, Some(receipts), old.item, now) {
                Ok(cleaned) => {
                    let told = if cleaned.told.is_ok() { "told" } else { "untold" };
                    done.log.push(format!("removed {} {number} {told}", old.item.held.user));
                    let name = format!("{} {number}", old.item.held.user);
                    done.say(&world.text.app_removed(&name));
                    done.removed.push(number);
                }
                Err(error) => {
                    let code = Failure::of(error, world.text).explanation.code;
                    done.log.push(format!("kept {} {number} {code}", old.item.held.user));
                }
            }
        }
    }

    fn renew(&mut self, item: Item, tries: &mut Tries, done: &mut Done, world: &mut World) {
        let (now, number) = (world.clock.now(), serial(&item));
        let user = item.held.user.to_string();
        match tries.verdict(&number, now) {
            Verdict::Try => {}
            Verdict::Wait(failed) => {
                let until = Dates::of_service(zone(&item), world.text).moment(failed.not_before);
                let line = world.text.unattended_waits(&failed.code, &until, &user);
                done.say(&line);
                let (code, not_before) = (failed.code.clone(), Some(failed.not_before));
                done.waiting.push(Waiting {
                    user_id: Some(user),
                    serial: Some(number),
                    code,
                    not_before,
                });
                return;
            }
            Verdict::Stopped(failed) => {
                let code = failed.code.clone();
                let line = world.text.unattended_stopped(&code, &user);
                done.say(&line);
                if tries.reminds(&number, item.days_left(now), now)
                    && self.tell_failure(&item, (&line, None), done, world)
                {
                    tries.told(&number, now);
                }
                let not_before = None;
                done.waiting.push(Waiting {
                    user_id: Some(user),
                    serial: Some(number),
                    code,
                    not_before,
                });
                return;
            }
        }
        let outcome = match self.locked.clone() {
            Some(locked) => Err(locked),
            None => renew::remembered(item.receipt.as_ref(), world.text).and_then(|(site, pin)| {
                renew::one(&self.network, self.store.as_mut(), item.clone(), site, pin, world)
            }),
        };
        match outcome {
            Ok(outcome) => {
                let word = outcome.proof.code();
                done.log.push(format!("renewed {user} {number} as {} {word}", outcome.serial));
                self.tell_success(&outcome, done, world);
                tries.renewed(&number);
                done.renewed.push(outcome);
            }
            Err(failure) => {
                let why = &failure.explanation;
                world.output.progress(&why.title);
                done.log.push(format!("failed {user} {number} {}", why.code));
                let days_left = item.days_left(now);
                let code = (why.code.as_str(), failure.remedy);
                if tries.failed(&number, code, days_left, now, &world.entropy)
                    && self.tell_failure(&item, (&why.title, next_step(&failure)), done, world)
                {
                    tries.told(&number, now);
                }
                if done.exit == Exit::Done {
                    done.exit = failure.exit;
                }
                done.failed.push(renew::FailedObject::of(Some(user), failure.explanation));
            }
        }
    }

    fn tell_success(&self, outcome: &Outcome, done: &mut Done, world: &World) {
        let text = world.text;
        let until = Dates::of_service(Some(&outcome.time_zone), text).moment(outcome.not_after);
        let body = text.unattended_renewed_body(&until, outcome.user.as_str());
        done.tell(text.unattended_renewed_title(), body, world);
    }

    fn tell_failure(
        &self,
        item: &Item,
        (why, next): (&str, Option<&str>),
        done: &mut Done,
        world: &World,
    ) -> bool {
        let text = world.text;
        let until = item.held.certificate.not_after();
        let until = Dates::of_service(zone(item), text).moment(until);
        let what = text.unattended_failed_body(&until, item.held.user.as_str(), why);
        done.tell_failure(&what, next, world)
    }
}

/// What to do where it is not renewing by hand: what the server told, since what it refuses to this
/// PC no other try of this PC obtains, and where there is nothing to renew.
fn next_step(failure: &Failure) -> Option<&str> {
    let is_refused = failure.exit == Exit::Refused && failure.remedy == Remedy::Person;
    let is_final = is_refused || live::is_said(failure);
    Some(failure.explanation.detail.as_str()).filter(|detail| is_final && !detail.is_empty())
}

fn serial(item: &Item) -> String {
    item.held.serial.to_string()
}

fn zone(item: &Item) -> Option<&str> {
    item.receipt.as_ref().and_then(|receipt| receipt.time_zone.as_deref())
}

fn no_state(why: impl std::fmt::Display, world: &World) -> Failure {
    let title = world.text.app_store_io("tegata", &why.to_string());
    Failure::usage("store_io", title, world.text.app_store_io_do())
}

/// What came of a run.
struct Done {
    store: StoreUri,
    exit: Exit,
    renewed: Vec<Outcome>,
    failed: Vec<renew::FailedObject>,
    waiting: Vec<Waiting>,
    removed: Vec<String>,
    told: Vec<Told>,
    lines: Lines,
    log: Vec<String>,
}

impl Done {
    fn nothing(store: StoreUri) -> Self {
        Self {
            store,
            exit: Exit::Done,
            renewed: Vec::new(),
            failed: Vec::new(),
            waiting: Vec::new(),
            removed: Vec::new(),
            told: Vec::new(),
            lines: Lines::default(),
            log: Vec::new(),
        }
    }

    fn say(&mut self, line: &str) {
        self.lines = std::mem::take(&mut self.lines).line(line);
    }

    fn is_empty(&self) -> bool {
        let parts = [self.renewed.len(), self.failed.len(), self.waiting.len(), self.removed.len()];
        parts.iter().sum::<usize>() == 0
    }

    /// Says what failed and what to do now: as the server said, or by hand. Returns as [`Self::tell`].
    fn tell_failure(&mut self, what: &str, next: Option<&str>, world: &World) -> bool {
        let (text, uri) = (world.text, self.store.to_string());
        let now = match next {
            Some(next) => match stores::help_desk(text).filter(|help| !next.contains(help)) {
                Some(help) => format!("{next}\n{}", text.app_contact(&help)),
                None => next.to_owned(),
            },
            // What the window cannot open is renewed where it was issued: at the command line.
            None if stores::choices().contains(&uri) => text.unattended_failed_open(),
            None => {
                text.unattended_failed_command(&format!("{} renew --store {uri}", args::program()))
            }
        };
        self.tell(text.unattended_failed_title(), format!("{what}\n{now}"), world)
    }

    /// Says it to whoever sits there, and writes it down for whoever looks later. Returns whether it
    /// was shown: what nobody could see is said again the next time.
    fn tell(&mut self, title: String, body: String, world: &World) -> bool {
        let shown = notify::tell(&title, &body, &world.pause);
        if let Err(why) = &shown {
            self.log.push(format!("not shown: {why}"));
        }
        self.say(&title);
        self.say(&body);
        let shown = shown.is_ok();
        self.told.push(Told { title, body, shown });
        shown
    }

    fn object(&self) -> DoneObject<'_> {
        DoneObject {
            result: "renewed_all",
            store: self.store.to_string(),
            renewed: self.renewed.iter().map(|one| object(one, &self.store, false)).collect(),
            failed: &self.failed,
            waiting: &self.waiting,
            removed: &self.removed,
            told: &self.told,
        }
    }
}

/// The object of `--json`.
#[derive(Serialize)]
struct DoneObject<'a> {
    result: &'static str,
    store: String,
    renewed: Vec<IssuedObject<'a>>,
    failed: &'a [renew::FailedObject],
    waiting: &'a [Waiting],
    /// Serial numbers of old certificates that are gone.
    removed: &'a [String],
    told: &'a [Told],
}

#[derive(Serialize)]
struct Busy {
    result: &'static str,
}

/// A renewal that is due and was not tried.
#[derive(Serialize)]
struct Waiting {
    /// Without it the store itself is let be.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    serial: Option<String>,
    code: String,
    /// When it is tried again; without it not before a person did something.
    not_before: Option<Timestamp>,
}

/// What was said, and whether anybody could see it.
#[derive(Serialize)]
struct Told {
    title: String,
    body: String,
    shown: bool,
}
