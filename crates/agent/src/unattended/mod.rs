//! Renewal with nobody in front of the screen: when to try, when to wait, when to tell.
//!
//! [`claim`] lets one run in at a time, [`Tries`] keeps what failed and when to try again, [`Log`]
//! writes down what was done. None of them holds a secret. What is done stands with the command.

mod clean;
mod lock;
mod log;
mod spread;
mod tries;

use std::path::{Path, PathBuf};

pub use clean::{Cleaned, Old, clean, prove};
pub use lock::{Lock, claim};
pub use log::Log;
pub use spread::spread;
pub use tries::{Failed, Tries, Verdict};

const TRIES: &str = "unattended.json";
const LOG: &str = "unattended.log";
const LOCK: &str = "unattended.lock";

/// The files of unattended renewal in the folder of state, for whoever takes the application away.
pub fn files(state: &Path) -> [PathBuf; 3] {
    [TRIES, LOG, LOCK].map(|name| state.join(name))
}
