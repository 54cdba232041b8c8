//! Helpers of this crate's tests.

mod authority;
mod names;
#[cfg(unix)]
mod relay;
#[cfg(unix)]
mod scripts;
mod server;
mod site;
#[cfg(unix)]
mod squid;
mod way_out;

use std::process::Command;
use std::sync::Mutex;

use jiff::Timestamp;
use tegata_domain::{Clock, Entropy};

pub(crate) use authority::{Authority, hex};
pub(crate) use names::FixedNames;
#[cfg(unix)]
pub(crate) use relay::Relay;
#[cfg(unix)]
pub(crate) use scripts::ScriptServer;
pub(crate) use server::{Answer, Request, Server};
pub(crate) use site::{Call, FakeSite, Script};
#[cfg(unix)]
pub(crate) use squid::{ACCOUNT, Rules, Squid, inspector};
pub(crate) use way_out::way_out;
#[cfg(unix)]
pub(crate) use way_out::{Around, Settings};

/// The moment at which tests play. Keys wait for a day after their file was written, so this
/// lies before any file of a test.
pub(crate) fn now() -> Timestamp {
    "2026-03-01T00:00:00Z".parse().unwrap()
}

/// A clock that stands at [`now`].
pub(crate) struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        now()
    }
}

/// Octets that differ at every draw and are the same in every run.
pub(crate) struct Counter(Mutex<u64>);

impl Counter {
    pub(crate) fn new(start: u64) -> Self {
        Self(Mutex::new(start))
    }
}

impl Entropy for Counter {
    fn fill(&self, octets: &mut [u8]) {
        use sha2::{Digest, Sha256};
        for chunk in octets.chunks_mut(32) {
            let mut count = self.0.lock().unwrap();
            *count += 1;
            chunk.copy_from_slice(&Sha256::digest(count.to_be_bytes())[..chunk.len()]);
        }
    }
}

/// What the command says on both outputs; it has to succeed.
pub(crate) fn openssl(arguments: &[&str]) -> String {
    run("openssl", arguments)
}

/// What the command says on both outputs; it has to succeed.
pub(crate) fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    let said = [output.stdout, output.stderr].map(|out| String::from_utf8_lossy(&out).into_owned());
    assert!(output.status.success(), "{program} {arguments:?}: {said:?}");
    said.concat()
}
