use super::machine::{self, State};
use super::stopped::Trail;
use super::{Order, Outcome, Person, Ports, Progress, Stopped};
use crate::proof::{self, Proof};
use crate::site::Site;
use crate::store::Seat;
use crate::transport::{Network, Transport, TransportError};
use crate::trust::{self, Judged, Trusted};
use crate::{Error, Fingerprint};

/// Issues a certificate: asks the machine what comes next, and does it.
///
/// # Errors
/// Whatever stopped it. A key for which there may be a certificate stays in the store's pending
/// file until that is installed, so that the same order can be given again; one that bought
/// nothing is forgotten.
pub fn run(order: Order, ports: &mut Ports<'_>) -> Result<Outcome, Stopped> {
    let mut trail = Trail::default();
    walk(order, ports, &mut trail).map_err(|error| trail.stopped(error, ports))
}

fn walk(order: Order, ports: &mut Ports<'_>, trail: &mut Trail) -> Result<Outcome, Error> {
    let mut connection = None;
    let mut reported = None;
    let mut state = State::start(order);
    loop {
        if reported.replace(state.step()) != Some(state.step()) {
            (ports.progress)(Progress::Step(state.step()));
        }
        state = match state {
            State::FetchTrust(fetch) => {
                let reply = ports.network.get_unbelieved(&fetch.url())?;
                fetch.fetched(&reply, ports.clock.now())?
            }
            State::ConfirmRoot(confirm) => {
                let answer = ports.person.confirm_root(&confirm.fingerprint());
                confirm.answered(answer)?
            }
            State::FetchService(fetch) => {
                let transport = believed(&mut connection, ports.network, fetch.trusted())?;
                let reply = transport.get(&fetch.url())?;
                fetch.fetched(&reply)?
            }
            State::PrepareKey(prepare) => {
                let seat = Seat {
                    user: &prepare.order().user,
                    site: &prepare.order().site,
                    trusted: prepare.trusted(),
                    now: ports.clock.now(),
                    entropy: ports.entropy,
                };
                let begun = ports.store.begin(&seat)?;
                trail.begun(&begun, &prepare);
                if begun.resumed {
                    (ports.progress)(Progress::KeyResumed);
                }
                prepare.prepared(begun.key)?
            }
            State::Send(send) => {
                let transport = believed(&mut connection, ports.network, send.trusted())?;
                let body = send.body()?;
                trail.sends();
                let answer = transport.post_json(&send.url(), &body);
                send.answered(answer)?
            }
            State::Wait(wait) => {
                if !wait.duration.is_zero() {
                    (ports.progress)(Progress::Waiting(wait.duration));
                    ports.pause.pause(wait.duration);
                }
                wait.waited()
            }
            State::Install(install) => {
                let installed = ports.store.install(install.bundle(), ports.entropy)?;
                install.installed(installed)
            }
            State::ReadBack(read_back) => {
                ports.store.read_back(read_back.bundle())?;
                ports.store.settle()?;
                read_back.intact()
            }
            State::Prove(prove) => {
                let proof = match ports.store.key(&prove.held()) {
                    Ok(key) => {
                        let identity = prove.identity(key);
                        let url = prove.service_url();
                        proof::prove(ports.network, prove.trusted(), &identity, url)
                    }
                    Err(error) => Proof::NoKey(error.to_string()),
                };
                prove.answered(proof)
            }
            State::Done(outcome) => return Ok(*outcome),
        };
    }
}

/// The connection over which everything after the trust decision goes, made once.
fn believed<'a>(
    connection: &'a mut Option<Box<dyn Transport>>,
    network: &dyn Network,
    trusted: &Trusted,
) -> Result<&'a dyn Transport, TransportError> {
    let transport = match connection.take() {
        Some(transport) => transport,
        None => network.believe(trusted)?,
    };
    Ok(&**connection.insert(transport))
}

/// Decides whether a site's root is believed, without asking for anything else.
///
/// # Errors
/// When the site does not answer, or its root is not the one asked for or not confirmed.
pub fn believe(
    site: &Site,
    pin: Option<Fingerprint>,
    network: &dyn Network,
    person: &mut dyn Person,
    now: jiff::Timestamp,
) -> Result<Trusted, Error> {
    let reply = network.get_unbelieved(&site.api("trust"))?;
    Ok(match trust::judge(&machine::read_trust(&reply)?, pin, now)? {
        Judged::Believed(trusted) => trusted,
        Judged::Unconfirmed(unconfirmed) => {
            let answer = person.confirm_root(&unconfirmed.fingerprint());
            machine::confirmed(unconfirmed, answer)?
        }
    })
}
