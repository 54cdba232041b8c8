//! Use cases, one verb a file.
//!
//! [`Office`] does what needs no CA key: registering, resetting, revoking, holding. Every
//! administration command runs on one, beside a running server. [`Registrar`] adds the keys:
//! issuing and publishing. Each verb decides with the rules of `tegata_domain` inside the
//! transaction that records the outcome, together with its audit entry.

mod actor;
mod answer;
mod blocklist;
mod enroll;
mod found;
mod keyring;
mod mail;
mod office;
mod organisation;
mod password;
mod preview;
mod publish;
mod reference;
mod reset;
mod seats;
mod settings;
mod settle;
mod status;
mod target;

use std::sync::Arc;

use tokio::sync::Mutex;

pub use actor::Actor;
pub use answer::AnswerError;
pub use blocklist::{BlockError, Fingerprint, ListError};
pub use enroll::{EnrollError, Enrollment, Issuance};
pub use found::{CertifyError, ChangeError, Founded};
pub use keyring::{IssuingCa, Keyring, KeyringError, Service};
pub use mail::{Delivery, Letter, Post};
pub use office::Office;
pub use password::{Cost, Passwords};
pub use preview::{Preview, PreviewError, PreviewNames};
pub use publish::{FeedBehind, FeedPage, PublishError};
pub use reference::Reference;
pub use reset::ResetError;
pub use seats::{NewSeat, SeatsError};
pub use settings::{ProfileSettings, Profiles, ServiceSettings, SettingsError, Words};
pub use status::{Changed, StatusChange};
pub use target::{Target, TargetError};

/// How many seats may be issued to at the same time without waiting for each other by chance.
const STRIPES: usize = 256;

/// An office that holds the CA keys.
pub struct Registrar {
    office: Office,
    keyring: Keyring,
    /// One issuance a seat at a time: the repeated request waits and finds the certificate.
    seats: Vec<Mutex<()>>,
}

impl Registrar {
    /// Puts an office and its keys together.
    pub fn new(office: Office, keyring: Keyring) -> Arc<Self> {
        Arc::new(Self { office, keyring, seats: (0..STRIPES).map(|_| Mutex::new(())).collect() })
    }

    /// The services and their keys.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }
}

impl std::ops::Deref for Registrar {
    type Target = Office;

    fn deref(&self) -> &Office {
        &self.office
    }
}
