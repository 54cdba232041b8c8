//! Issuing a certificate, for the first time or anew by the present one (renewal):
//! connect → trust → key → request → install chain → read back → prove → done.

mod machine;
mod progress;
mod run;
mod stopped;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tegata_domain::{Clock, Email, Entropy, Serial, UserId};
use zeroize::Zeroizing;

use crate::cert::Cert;
use crate::proof::Proof;
use crate::site::Site;
use crate::store::{Installed, KeyStore};
use crate::transport::Network;
use crate::{Fingerprint, SeatKey};

pub(crate) use machine::{is_older, read, read_service, read_trust};
pub use progress::{Progress, Step};
pub use run::{believe, run};
pub use stopped::{Existing, Stopped};

/// What a person asks for. Everything in it has been validated, but for the password.
pub struct Order {
    /// Where.
    pub site: Site,
    /// The root's fingerprint from the slip; without it a person is asked.
    pub pin: Option<Fingerprint>,
    /// For which seat.
    pub user: UserId,
    /// By what right.
    pub right: Right,
    /// Version of this application, such as `0.1.0`.
    pub app_version: &'static str,
    /// Whether this PC will renew by itself what is issued now: reminders ask for nothing then.
    pub unattended: bool,
}

impl Order {
    /// Serial number of the certificate that is to be renewed, if it is a renewal.
    pub fn renewed(&self) -> Option<Serial> {
        match &self.right {
            Right::Slip { .. } => None,
            Right::Certificate { current, .. } => current.serial(),
        }
    }
}

/// By what right a certificate is asked for.
pub enum Right {
    /// By the initial password: the first certificate, or one after the branch gave a new one.
    Slip {
        /// As typed. Only the server judges it, so that a wrong one is told in one way, whatever
        /// is wrong with it.
        password: Zeroizing<String>,
        /// Where reminders go.
        email: Email,
    },
    /// By the present certificate: renewal.
    Certificate {
        /// The present certificate.
        current: Box<Cert>,
        /// Its key.
        key: Arc<dyn SeatKey>,
    },
}

/// What became of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The seat, and the certificate's common name.
    pub user: UserId,
    /// Serial number.
    pub serial: Serial,
    /// Start of validity.
    pub not_before: Timestamp,
    /// Last second of validity.
    pub not_after: Timestamp,
    /// First moment at which renewal is possible.
    pub renewable_from: Timestamp,
    /// Serial number of the certificate that this one renews.
    pub replaces: Option<Serial>,
    /// The registered e-mail address; a seat that came from elsewhere may have none.
    pub email: Option<String>,
    /// Address of the protected service.
    pub service_url: String,
    /// IANA name of the service's time zone.
    pub time_zone: String,
    /// The believed root.
    pub root: Fingerprint,
    /// Where the certificate lives.
    pub installed: Installed,
    /// What the gateway said to it.
    pub proof: Proof,
}

/// Whoever can compare a fingerprint with the slip.
pub trait Person {
    /// Shows the root's fingerprint and asks whether it stands on the slip.
    fn confirm_root(&mut self, fingerprint: &Fingerprint) -> Confirmation;
}

/// What the person said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmation {
    /// It is the same.
    Yes,
    /// It is another, or unknown.
    No,
    /// There is nobody to ask.
    Nobody,
}

/// Nobody is there to compare anything.
pub struct Nobody;

impl Person for Nobody {
    fn confirm_root(&mut self, _: &Fingerprint) -> Confirmation {
        Confirmation::Nobody
    }
}

/// Where waiting is done: really in the application, at once in tests.
pub trait Pause {
    /// Returns after `duration`.
    fn pause(&self, duration: Duration);
}

/// Everything outside the machine.
pub struct Ports<'a> {
    /// The way out.
    pub network: &'a dyn Network,
    /// Where the certificate will live.
    pub store: &'a mut dyn KeyStore,
    /// Whom to ask.
    pub person: &'a mut dyn Person,
    /// What time it is.
    pub clock: &'a dyn Clock,
    /// Where keys come from.
    pub entropy: &'a dyn Entropy,
    /// How to wait.
    pub pause: &'a dyn Pause,
    /// Who hears of each step.
    pub progress: &'a mut dyn FnMut(Progress),
}
