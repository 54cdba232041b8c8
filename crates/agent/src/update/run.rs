use std::sync::atomic::{AtomicBool, Ordering};

use super::download::{Fetched, Partial};
use super::machine::{Asking, Checking, Fetching, Receive};
use super::memory::Memory;
use super::{Application, Decision, Offer, Progress, Refusal, Step, UpdateError};
use crate::Error;
use crate::transport::{Stream, Transport};
use crate::trust::Trusted;

/// Octets read at a time.
const CHUNK: usize = 64 * 1024;

/// Asks the site what there is, and decides. Remembers the manifest that it saw.
///
/// # Errors
/// When the site is not reached or not believed, its manifest is not believed, or what was seen
/// cannot be written down.
pub fn check(
    application: &Application<'_>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Decision, UpdateError> {
    let Application { brand, version, place, folder, network, clock, .. } = *application;
    let service = brand.site.service();
    let before = Memory::load(folder, service);
    let asking = Asking { brand, running: version, place };
    let mut state = Checking::start(asking, before.clone())?;
    let (mut reported, mut connection) = (None, None);
    loop {
        if reported != state.step() {
            reported = state.step();
            reported.into_iter().for_each(|step| progress(Progress::Step(step)));
        }
        state = match state {
            Checking::FetchTrust(fetch) => {
                let reply = network.get_unbelieved(&fetch.url()).map_err(Error::from)?;
                fetch.fetched(&reply, clock.now())?
            }
            Checking::FetchService(fetch) => {
                let transport = believed(&mut connection, application, fetch.trusted())?;
                let reply = transport.get(&fetch.url()).map_err(Error::from)?;
                fetch.fetched(&reply)?
            }
            Checking::FetchManifest(fetch) => {
                let transport = believed(&mut connection, application, fetch.trusted())?;
                let reply = transport.get(&fetch.url()).map_err(Error::from)?;
                fetch.fetched(&reply, clock.now())?
            }
            Checking::Decided(decision, memory) => {
                if memory != before {
                    memory.keep(folder, service).map_err(UpdateError::disk(folder))?;
                }
                return Ok(decision);
            }
        };
    }
}

/// Remembers that a person said *later* to an optional update: for a day [`check`] says
/// [`Decision::Postponed`].
///
/// # Errors
/// When it cannot be written down.
pub fn later(application: &Application<'_>, offer: &Offer) -> Result<(), UpdateError> {
    let Application { brand, folder, clock, .. } = *application;
    let mut memory = Memory::load(folder, brand.site.service());
    if offer.is_required || memory.sequence() != Some(offer.sequence) {
        return Ok(());
    }
    memory.later(clock.now());
    memory.keep(folder, brand.site.service()).map_err(UpdateError::disk(folder))
}

/// Downloads what is offered, or the rest of it, and compares it with what was signed. Raise
/// `cancel` from anywhere to end it; what is here by then is taken up by the next call.
///
/// # Errors
/// When the offer has ended, the network or the disk fails, or the package is another one. Of
/// the last nothing is kept.
pub fn fetch(
    application: &Application<'_>,
    offer: &Offer,
    progress: &mut dyn FnMut(Progress),
    cancel: &AtomicBool,
) -> Result<Fetched, UpdateError> {
    if offer.expires_at <= application.clock.now() {
        return Err(Refusal::Expired(offer.expires_at).into());
    }
    application.place.check()?;
    progress(Progress::Step(Step::Download));
    let mut partial = Partial::open(application.folder, offer)?;
    if partial.at() > 0 {
        progress(Progress::Resumed(partial.at()));
    }
    let receiving = receive(application, offer, &mut partial, progress, cancel);
    if let Err(UpdateError::PackageDiffers(_)) = receiving {
        partial.discard()?;
        return Err(receiving.err().unwrap_or(UpdateError::Cancelled));
    }
    receiving?;
    progress(Progress::Step(Step::Verify));
    partial.finish()
}

fn receive(
    application: &Application<'_>,
    offer: &Offer,
    partial: &mut Partial,
    progress: &mut dyn FnMut(Progress),
    cancel: &AtomicBool,
) -> Result<(), UpdateError> {
    let mut connection = None;
    let mut state = Fetching::start(&offer.package, partial.at());
    loop {
        if cancel.load(Ordering::Relaxed) {
            return Err(UpdateError::Cancelled);
        }
        state = match state {
            Fetching::Open(open) => {
                let transport = believed(&mut connection, application, &offer.trusted)?;
                match transport.open(&offer.url, open.at) {
                    Err(error) => open.failed(error)?,
                    Ok(mut stream) => match open.answered(stream.status, stream.from)? {
                        Fetching::Receive(receive) => {
                            partial.go_on_at(receive.at)?;
                            let of = offer.package.length;
                            let mut came = |done| progress(Progress::Octets { done, of });
                            read_all(receive, &mut stream, partial, &mut came, cancel)?
                        }
                        other => other,
                    },
                }
            }
            Fetching::Wait(wait) => {
                progress(Progress::Waiting(wait.duration()));
                application.pause.pause(wait.duration());
                wait.waited()
            }
            Fetching::Receive(receive) => receive.ended(None)?,
            Fetching::Whole => return Ok(()),
        };
    }
}

/// Moves a body to the disk.
fn read_all(
    mut receive: Receive,
    stream: &mut Stream,
    partial: &mut Partial,
    came: &mut dyn FnMut(u64),
    cancel: &AtomicBool,
) -> Result<Fetching, UpdateError> {
    let mut buffer = vec![0; CHUNK];
    loop {
        if cancel.load(Ordering::Relaxed) {
            return Err(UpdateError::Cancelled);
        }
        match stream.read(&mut buffer) {
            Ok(0) => return receive.ended(None),
            Ok(count) => {
                partial.push(&buffer[..count])?;
                receive = receive.received(count as u64);
                came(receive.at);
            }
            Err(error) => return receive.ended(Some(error)),
        }
    }
}

/// The connection over which everything after the trust decision goes, made once.
fn believed<'c>(
    connection: &'c mut Option<Box<dyn Transport>>,
    application: &Application<'_>,
    trusted: &Trusted,
) -> Result<&'c dyn Transport, UpdateError> {
    let transport = match connection.take() {
        Some(transport) => transport,
        None => application.network.believe(trusted).map_err(Error::from)?,
    };
    Ok(&**connection.insert(transport))
}
