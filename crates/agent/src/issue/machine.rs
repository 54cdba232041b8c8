//! The machine: each state says what has to be done, and takes itself away when told the result.
//!
//! ```text
//! FetchTrust → ConfirmRoot → FetchService → PrepareKey → Send ⇄ Wait
//!            ↘──────────────↗                            ↓
//!                                 Install → ReadBack → Prove → Done
//! ```

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::de::DeserializeOwned;
use tegata_domain::Serial;
use tegata_wire::api::{EnrollRequest, Issued, RenewRequest, Renewed, ServiceInfo, Trust};
use tegata_wire::{Der, Problem, problem};
use zeroize::{Zeroize, Zeroizing};

use super::{Order, Outcome, Right, Step};
use crate::cert::Cert;
use crate::error::plain;
use crate::key::{self, SeatKey};
use crate::proof::Proof;
use crate::store::{Bundle, Held, Installed};
use crate::transport::{Identity, Reply, TransportError};
use crate::trust::{self, Judged, TrustError, Trusted, Unconfirmed};
use crate::{Error, Fingerprint, authorise};

/// How often the same request is repeated. One lost reply is bad luck, two an outage.
const REPEATS: u8 = 2;

/// Wait before a repetition when the server names none. A reply lost for the first time is asked
/// for at once: most often only an idle connection was cut.
const WAIT: Duration = Duration::from_secs(2);

/// Longest wait that a server may ask of a person in front of the screen.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Where an issuance stands, and by that what must be done next.
pub(super) enum State {
    FetchTrust(FetchTrust),
    ConfirmRoot(ConfirmRoot),
    FetchService(FetchService),
    PrepareKey(PrepareKey),
    Send(Send),
    Wait(Wait),
    Install(Install),
    ReadBack(ReadBack),
    Prove(Prove),
    Done(Box<Outcome>),
}

impl State {
    pub(super) fn start(order: Order) -> Self {
        Self::FetchTrust(FetchTrust { order: Box::new(order) })
    }

    /// The step of which this state is a part.
    pub(super) fn step(&self) -> Step {
        match self {
            Self::FetchTrust(_) => Step::Connect,
            Self::ConfirmRoot(_) | Self::FetchService(_) => Step::Trust,
            Self::PrepareKey(_) => Step::Key,
            Self::Send(_) | Self::Wait(_) => Step::Request,
            Self::Install(_) => Step::Install,
            Self::ReadBack(_) => Step::ReadBack,
            Self::Prove(_) => Step::Prove,
            Self::Done(_) => Step::Done,
        }
    }
}

/// `GET trust` over a connection that nobody vouches for.
pub(super) struct FetchTrust {
    order: Box<Order>,
}

impl FetchTrust {
    pub(super) fn url(&self) -> String {
        self.order.site.api("trust")
    }

    pub(super) fn fetched(self, reply: &Reply, at: Timestamp) -> Result<State, Error> {
        Ok(match trust::judge(&read_trust(reply)?, self.order.pin, at)? {
            Judged::Believed(trusted) => {
                State::FetchService(FetchService { order: self.order, trusted })
            }
            Judged::Unconfirmed(unconfirmed) => {
                State::ConfirmRoot(ConfirmRoot { order: self.order, unconfirmed })
            }
        })
    }
}

/// A person compares the fingerprint.
pub(super) struct ConfirmRoot {
    order: Box<Order>,
    unconfirmed: Unconfirmed,
}

impl ConfirmRoot {
    pub(super) fn fingerprint(&self) -> Fingerprint {
        self.unconfirmed.fingerprint()
    }

    pub(super) fn answered(self, answer: super::Confirmation) -> Result<State, Error> {
        let trusted = confirmed(self.unconfirmed, answer)?;
        Ok(State::FetchService(FetchService { order: self.order, trusted }))
    }
}

/// `GET service` over a believed connection.
pub(super) struct FetchService {
    order: Box<Order>,
    trusted: Trusted,
}

impl FetchService {
    pub(super) fn trusted(&self) -> &Trusted {
        &self.trusted
    }

    pub(super) fn url(&self) -> String {
        self.order.site.api("service")
    }

    pub(super) fn fetched(self, reply: &Reply) -> Result<State, Error> {
        let service = read_service(reply)?;
        if is_older(self.order.app_version, &service.minimum_app_version) {
            return Err(Error::TooOld { minimum: service.minimum_app_version });
        }
        let Self { order, trusted } = self;
        Ok(State::PrepareKey(PrepareKey(Box::new(Task { order, trusted, service }))))
    }
}

/// What all later states need.
struct Task {
    order: Box<Order>,
    trusted: Trusted,
    service: ServiceInfo,
}

/// The store takes up or makes the key, and writes it down.
pub(super) struct PrepareKey(Box<Task>);

impl PrepareKey {
    pub(super) fn order(&self) -> &Order {
        &self.0.order
    }

    pub(super) fn trusted(&self) -> &Trusted {
        &self.0.trusted
    }

    /// IANA name of the service's time zone.
    pub(super) fn time_zone(&self) -> &str {
        &self.0.service.time_zone
    }

    pub(super) fn prepared(self, key: &dyn SeatKey) -> Result<State, Error> {
        let order = &self.0.order;
        let asked = key::request(&order.user, key);
        let request = match &order.right {
            Right::Slip { .. } => asked,
            Right::Certificate { current, key: present } => {
                asked.and_then(|asked| authorise::renewal(current, &**present, &asked))
            }
        };
        let request = request.ok_or(Error::KeySilent)?;
        let spki = key.spki();
        Ok(State::Send(Send { task: self.0, request, spki, repeats_left: REPEATS }))
    }
}

/// `POST enroll` or `POST renew`, always with the same key.
pub(super) struct Send {
    task: Box<Task>,
    request: Vec<u8>,
    spki: Vec<u8>,
    repeats_left: u8,
}

impl Send {
    pub(super) fn url(&self) -> String {
        let order = &self.task.order;
        order.site.api(match order.right {
            Right::Slip { .. } => "enroll",
            Right::Certificate { .. } => "renew",
        })
    }

    pub(super) fn trusted(&self) -> &Trusted {
        &self.task.trusted
    }

    /// The request as JSON, wiped when dropped. It may hold the initial password.
    pub(super) fn body(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        let order = &self.task.order;
        let request = Der(self.request.clone());
        // Room for all of it, so that the buffer never moves and leaves a copy behind.
        let mut body = Zeroizing::new(Vec::with_capacity(2 * self.request.len() + 8 * 1024));
        let written = match &order.right {
            Right::Slip { password, email } => {
                let mut enroll = EnrollRequest {
                    user_id: order.user.to_string(),
                    password: password.to_string(),
                    email: email.to_string(),
                    request,
                    unattended: order.unattended,
                };
                let written = serde_json::to_writer(&mut *body, &enroll);
                enroll.password.zeroize();
                written
            }
            Right::Certificate { .. } => {
                let unattended = order.unattended;
                serde_json::to_writer(&mut *body, &RenewRequest { request, unattended })
            }
        };
        written.map_err(|_| Error::KeySilent)?;
        Ok(body)
    }

    pub(super) fn answered(self, answer: Result<Reply, TransportError>) -> Result<State, Error> {
        match answer {
            Err(error) if error.is_lost_reply() => {
                let wait = (self.repeats_left == REPEATS).then_some(Duration::ZERO);
                self.again(wait, Error::Unreachable(error))
            }
            Err(error) => Err(Error::Unreachable(error)),
            Ok(reply) => match (self.read(&reply), reply.status, reply.retry_after) {
                (Ok(answer), ..) => self.issued(answer),
                (Err(error), 503, wait) | (Err(error), 409, wait @ Some(_)) => {
                    self.again(wait, error)
                }
                (Err(error), ..) => Err(error),
            },
        }
    }

    fn again(self, wait: Option<Duration>, otherwise: Error) -> Result<State, Error> {
        let Some(repeats_left) = self.repeats_left.checked_sub(1) else { return Err(otherwise) };
        Ok(State::Wait(Wait {
            duration: wait.unwrap_or(WAIT).min(LONGEST_WAIT),
            send: Self { repeats_left, ..self },
        }))
    }

    fn read(&self, reply: &Reply) -> Result<Answer, Error> {
        Ok(match self.task.order.right {
            Right::Slip { .. } => read::<Issued>(reply)?.into(),
            Right::Certificate { .. } => read::<Renewed>(reply)?.into(),
        })
    }

    /// Believes nothing of the answer that the certificate itself does not say.
    fn issued(self, issued: Answer) -> Result<State, Error> {
        let Task { order, trusted, service } = *self.task;
        let certificate = Cert::from_der(issued.certificate.0)
            .map_err(|_| Error::BadAnswer("the certificate is not readable"))?;
        if certificate.spki() != self.spki {
            return Err(Error::BadAnswer("the certificate is for another key"));
        }
        if certificate.seat().as_ref() != Some(&order.user) {
            return Err(Error::BadAnswer("the certificate is for another user ID or use"));
        }
        if certificate.serial() != Some(issued.serial) {
            return Err(Error::BadAnswer("the serial number is not the certificate's"));
        }
        let issuer = trusted.intermediates().iter().find(|ca| certificate.is_signed_by(ca));
        let intermediates = match issuer {
            Some(issuer) => vec![issuer.clone()],
            // Signed by an issuing CA that began its work after `trust` was fetched.
            None => chain(issued.chain, &trusted)?,
        };
        if !certificate.chains_to(trusted.root(), &intermediates) {
            return Err(Error::BadAnswer("the certificate does not lead to the root"));
        }
        let told = Told {
            renewable_from: issued.renewable_from,
            replaces: issued.replaces,
            email: issued.email.as_deref().map(plain),
            service_url: plain(&service.service_url),
            time_zone: service.time_zone,
            trusted,
        };
        let root = told.trusted.root().clone();
        let zone = TimeZone::get(&told.time_zone).unwrap_or(TimeZone::UTC);
        let (user, serial) = (order.user, issued.serial);
        let bundle = Bundle { user, serial, certificate, intermediates, root, zone };
        Ok(State::Install(Install(Box::new(Certified { bundle, told }))))
    }
}

/// What both answers have in common.
struct Answer {
    serial: Serial,
    replaces: Option<Serial>,
    renewable_from: Timestamp,
    email: Option<String>,
    certificate: Der,
    chain: Vec<Der>,
}

impl From<Issued> for Answer {
    fn from(issued: Issued) -> Self {
        let Issued { serial, renewable_from, email, certificate, chain, .. } = issued;
        Self { serial, replaces: None, renewable_from, email: Some(email), certificate, chain }
    }
}

impl From<Renewed> for Answer {
    fn from(renewed: Renewed) -> Self {
        let Renewed { serial, replaces, renewable_from, email, certificate, chain, .. } = renewed;
        Self { serial, replaces: Some(replaces), renewable_from, email, certificate, chain }
    }
}

fn chain(chain: Vec<Der>, trusted: &Trusted) -> Result<Vec<Cert>, Error> {
    chain
        .into_iter()
        .take(4)
        .filter(|der| der.0 != trusted.root().der())
        .map(|der| Cert::from_der(der.0))
        .collect::<Result<_, _>>()
        .map_err(|_| Error::BadAnswer("the chain is not readable"))
}

/// Waiting before the request is repeated.
pub(super) struct Wait {
    pub(super) duration: Duration,
    send: Send,
}

impl Wait {
    pub(super) fn waited(self) -> State {
        State::Send(self.send)
    }
}

struct Certified {
    bundle: Bundle,
    told: Told,
}

/// What the answer said beyond the certificate.
struct Told {
    renewable_from: Timestamp,
    replaces: Option<Serial>,
    email: Option<String>,
    service_url: String,
    time_zone: String,
    trusted: Trusted,
}

/// The store puts certificate and chain beside the key.
pub(super) struct Install(Box<Certified>);

impl Install {
    pub(super) fn bundle(&self) -> &Bundle {
        &self.0.bundle
    }

    pub(super) fn installed(self, installed: Installed) -> State {
        State::ReadBack(ReadBack { certified: self.0, installed })
    }
}

/// The store is opened afresh, the certificate compared, the key proven.
pub(super) struct ReadBack {
    certified: Box<Certified>,
    installed: Installed,
}

impl ReadBack {
    pub(super) fn bundle(&self) -> &Bundle {
        &self.certified.bundle
    }

    pub(super) fn intact(self) -> State {
        State::Prove(Prove { certified: self.certified, installed: self.installed })
    }
}

/// The gateway is asked whether it lets the new certificate through.
pub(super) struct Prove {
    certified: Box<Certified>,
    installed: Installed,
}

impl Prove {
    /// The certificate as the store has it.
    pub(super) fn held(&self) -> Held {
        let (Bundle { user, serial, certificate, .. }, installed) =
            (self.certified.bundle.clone(), self.installed.clone());
        let Installed { location, key } = installed;
        Held { certificate, user, serial, location, key: Some(key) }
    }

    pub(super) fn trusted(&self) -> &Trusted {
        &self.certified.told.trusted
    }

    pub(super) fn service_url(&self) -> &str {
        &self.certified.told.service_url
    }

    /// The certificate with its key from the store.
    pub(super) fn identity(&self, key: Arc<dyn SeatKey>) -> Identity {
        let Bundle { certificate, intermediates, .. } = self.certified.bundle.clone();
        Identity { certificate, intermediates, key }
    }

    pub(super) fn answered(self, proof: Proof) -> State {
        let Certified { bundle, told } = *self.certified;
        State::Done(Box::new(Outcome {
            user: bundle.user,
            serial: bundle.serial,
            not_before: bundle.certificate.not_before(),
            not_after: bundle.certificate.not_after(),
            renewable_from: told.renewable_from,
            replaces: told.replaces,
            email: told.email,
            service_url: told.service_url,
            time_zone: told.time_zone,
            root: told.trusted.fingerprint(),
            installed: self.installed,
            proof,
        }))
    }
}

/// Reads what a site says of its certificates. Nobody vouches for it yet: a problem that it tells
/// may be anybody's on the way, and is neither shown nor believed.
pub(crate) fn read_trust(reply: &Reply) -> Result<Trust, Error> {
    read(reply).map_err(|error| match error {
        Error::Refused(_) => Error::NotTegata(reply.status),
        other => other,
    })
}

/// Reads what a site says of its service.
pub(crate) fn read_service(reply: &Reply) -> Result<ServiceInfo, Error> {
    read(reply)
}

pub(super) fn confirmed(
    unconfirmed: Unconfirmed,
    answer: super::Confirmation,
) -> Result<Trusted, TrustError> {
    let fingerprint = unconfirmed.fingerprint();
    match answer {
        super::Confirmation::Yes => Ok(unconfirmed.confirm()),
        super::Confirmation::No => Err(TrustError::Declined(fingerprint)),
        super::Confirmation::Nobody => Err(TrustError::Unconfirmed(fingerprint)),
    }
}

/// The JSON of an answer, or the problem that it tells.
pub(crate) fn read<T: DeserializeOwned>(reply: &Reply) -> Result<T, Error> {
    if reply.content_type == problem::CONTENT_TYPE {
        let problem: Option<Problem> = serde_json::from_slice(&reply.body).ok();
        return Err(problem.map_or(Error::NotTegata(reply.status), |p| Error::Refused(Box::new(p))));
    }
    if reply.status != 200 || reply.content_type != "application/json" {
        return Err(Error::NotTegata(reply.status));
    }
    serde_json::from_slice(&reply.body).map_err(|_| Error::NotTegata(reply.status))
}

/// Compares the numbers of semantic versions; a minimum that is none asks for nothing.
pub(crate) fn is_older(version: &str, minimum: &str) -> bool {
    match (numbers(version), numbers(minimum)) {
        (Some(version), Some(minimum)) => version < minimum,
        _ => false,
    }
}

fn numbers(version: &str) -> Option<[u64; 3]> {
    let core = version.split(['-', '+']).next()?;
    let mut parts = core.split('.').map(str::parse);
    let numbers = [parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?];
    parts.next().is_none().then_some(numbers)
}
