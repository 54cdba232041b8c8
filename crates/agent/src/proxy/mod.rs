//! The way out: which proxy, if any, leads to a server, and how to get through it.
//!
//! [`WayOut::open`] gives a connection on which TLS with the server can begin. It finds the ways
//! for the address (`find`): what the person chose, else what the environment says, else what
//! the system says, scripts included. It tries them in order (`way`), and proves to a proxy that
//! asks for it who is there (`auth`): first as whoever is signed in, then with the account of
//! this session, and only then by asking a person, at most three times.
//!
//! Everything that a proxy or a script says is hostile input: bounded, and shown only in a form
//! that is fit for a screen. A password is sent to the proxy that it was given for and to nobody
//! else; it is in no error, no log and no file.

mod account;
mod address;
pub mod answer;
mod auth;
mod bypass;
mod choice;
mod find;
mod line;
mod pac;
mod system;
// squid, a desktop and scripts are there on Unix only; Windows answers in `windows/tests`.
#[cfg(test)]
#[cfg(unix)]
mod tests;
mod tunnel;
mod way;
mod way_out;

pub use account::Account;
pub use address::{ProxyAddress, ProxyAddressError};
pub use auth::{Challenge, Nobody, ProxyAsk, ProxyPerson, Scheme, challenges};
pub use bypass::Bypass;
pub use choice::{ProxyChoice, ProxyChoiceError};
pub use find::{Found, Source};
pub use line::Line;
pub use pac::Names;
pub use system::{Scripted, System, SystemSettings, ThisSystem};
pub use way::{Way, script_answer, windows_list};
pub use way_out::{Environment, Surroundings, SystemNames, WayOut};
