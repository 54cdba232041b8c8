//! Desktop core: key stores, trust in an issuing site, and the issuing machine.
//!
//! The order of an issuance stands in [`issue`]: a machine without I/O says what comes next,
//! [`issue::run`] does it through the [`issue::Ports`] that a window or a command hands in.
//! [`trust`] decides which root is believed, [`proxy`] is the way out to the network,
//! [`transport`] is HTTPS over it, [`store`] are the places where keys and certificates live.
//! [`update`] is how the application itself is replaced by a newer one.
//!
//! Deliberately absent: a clock, randomness, sleeping and questions to people (all come in as
//! parameters), and any way to send something other than a `GET` before the root is believed
//! (only [`transport::Network::believe`] makes a [`transport::Transport`] that can post).

mod authorise;
pub mod brand;
pub mod cert;
pub mod choice;
pub mod doctor;
pub mod email;
mod error;
mod files;
mod fingerprint;
pub mod instance;
pub mod inventory;
pub mod issue;
mod key;
pub mod leave;
pub mod link;
pub mod notify;
mod pending;
pub mod proof;
pub mod proxy;
pub mod receipt;
pub mod retire;
pub mod schedule;
pub mod site;
pub mod store;
pub mod system;
pub mod transport;
pub mod trust;
pub mod unattended;
pub mod update;

#[cfg(test)]
mod testing;

pub use error::{Error, Exit, Explanation, Remedy};
pub use fingerprint::{Fingerprint, FingerprintError};
pub use key::{Algorithm, SeatKey};
