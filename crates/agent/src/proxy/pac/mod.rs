//! Proxy scripts (proxy auto-configuration): JavaScript that names the way for each address.
//!
//! [`engine`] runs them where the system does not (Windows runs its own), [`functions`] and
//! [`range`] are the functions that a script may call. A script comes from the network, often over
//! plain HTTP: it gets a bounded time and memory, the dozen functions, and nothing else.

#[cfg(not(windows))]
mod engine;
#[cfg(not(windows))]
mod fetch;
mod functions;
#[cfg(not(windows))]
mod range;
mod scripts;

use std::net::IpAddr;

pub(super) use functions::glob;
pub(super) use scripts::Scripts;

/// What a script can learn of the network: names, and this PC's own address.
pub trait Names: Send + Sync {
    /// The addresses of a host name, IPv4 first; none when there is no such name.
    fn addresses(&self, host: &str) -> Vec<IpAddr>;

    /// The address from which this PC reaches others.
    fn own_address(&self) -> Option<IpAddr>;
}
