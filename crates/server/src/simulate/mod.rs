//! A year of an installation in a minute: a copy of its data lives through time under a clock that
//! is turned by hand.
//!
//! What happens by itself happens through the very use cases and jobs of the server: reminders,
//! mails, retirements, lists, responders, rollovers. What people and gateways do is played by
//! `people`: subscribers sign renewals, certificates are used at a gateway. The clock jumps from
//! one moment at which something is due to the next, and looks around every six hours between
//! them, so that nothing is missed that no moment announces.
//!
//! Nothing real takes part. The original is opened for reading only. In the copy every CA has a
//! throwaway key, and stand-ins take the place of the certificates (`tegata_ca::stand_in`): what
//! is signed here is worth nothing outside, mails included. A CA whose key is not at hand stays
//! without one. A signer of mails from outside is good until its certificate ends.

mod acts;
mod beginning;
mod clock;
mod copy;
mod event;
mod expect;
mod folder;
mod mailbox;
mod observe;
mod people;
#[cfg(test)]
mod tests;
mod timeline;
mod walk;

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tegata_ca::SubjectAltName;
use tegata_domain::Entropy;

use crate::installation::InstallationError;
use crate::post::signer::SignerPlace;
use crate::post::{PostError, Unsigned};

pub use beginning::Beginning;
pub use event::{Event, Kind, Problem};
pub use people::Behaviour;
pub use timeline::Timeline;

/// What is to be simulated.
#[derive(Clone, Debug)]
pub struct Simulation {
    /// Data directory of the original.
    pub original: PathBuf,
    /// From when on.
    pub from: Beginning,
    /// For how many days of 24 hours.
    pub days: i64,
    /// What people do.
    pub behaviour: Behaviour,
    /// Whether new issuing CAs are made by themselves, as `ca.automatic_rollover` says.
    pub automatic_rollover: bool,
    /// Host names and addresses of the issuing site, for its certificate.
    pub site_names: Vec<SubjectAltName>,
    /// Folder for the mails; without, they are written and thrown away.
    pub mails: Option<PathBuf>,
    /// Sender of the mails.
    pub mail_from: String,
    /// What signs them.
    pub mail_signer: SignerPlace,
    /// What becomes of one that cannot be signed.
    pub mail_unsigned: Unsigned,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Certificates that lived at the beginning.
    pub certificates: usize,
    /// Mails that were written.
    pub mails: usize,
    /// Moments at which the clock stood still.
    pub moments: usize,
    /// Problems that somebody would have to prevent.
    pub failures: usize,
    /// Problems that are only told.
    pub notices: usize,
}

/// Why nothing could be simulated.
#[derive(Debug, thiserror::Error)]
pub enum SimulationError {
    /// The copy.
    #[error(transparent)]
    Installation(#[from] InstallationError),
    /// A folder or file.
    #[error("{0}: {1}")]
    Io(PathBuf, std::io::Error),
    /// The mails' sender.
    #[error(transparent)]
    Post(#[from] PostError),
    /// A certificate that no stand-in can be made for.
    #[error("the certificate of {0} cannot be read")]
    Unreadable(String),
    /// A time beyond what a calendar has.
    #[error("from {0:?} on for {1} days is too far away")]
    TooFar(Beginning, i64),
    /// Nobody takes the events any more.
    #[error("the timeline cannot be written: {0}")]
    Told(std::io::Error),
}

impl From<tegata_store::StoreError> for SimulationError {
    fn from(error: tegata_store::StoreError) -> Self {
        Self::Installation(error.into())
    }
}

impl From<crate::keyfile::KeyFileError> for SimulationError {
    fn from(error: crate::keyfile::KeyFileError) -> Self {
        Self::Installation(error.into())
    }
}

/// A copy that is ready to live through its time. It is removed when this is dropped.
pub struct Prepared<'p> {
    plan: &'p Simulation,
    copy: copy::Copy,
}

impl Simulation {
    /// Makes the copy.
    ///
    /// # Errors
    /// When the original cannot be read or the copy cannot be written.
    pub async fn prepare(
        &self,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Prepared<'_>, SimulationError> {
        Ok(Prepared { plan: self, copy: copy::Copy::of(self, entropy).await? })
    }
}

impl Prepared<'_> {
    /// From when until when it lives.
    pub fn span(&self) -> (Timestamp, Timestamp) {
        (self.copy.from, self.copy.until)
    }

    /// The zone in which the first service shows its dates.
    pub fn time_zone(&self) -> TimeZone {
        let keyring = self.copy.registrar.keyring();
        keyring.services().next().map_or(TimeZone::UTC, |service| service.time_zone.clone())
    }

    /// Lives through the time. `tell` gets each event when it happens, in the order of time;
    /// `progress` the moment that was reached, every now and then.
    ///
    /// # Errors
    /// When the copy fails or `tell` does; what goes wrong within the simulated time is a
    /// [`Kind::Problem`] instead.
    pub async fn run(
        self,
        tell: &mut (dyn FnMut(&Event) -> std::io::Result<()> + Send),
        progress: &mut (dyn FnMut(Timestamp) + Send),
    ) -> Result<Outcome, SimulationError> {
        walk::Walk::begin(self.plan, self.copy)?.run(tell, progress).await
    }
}
