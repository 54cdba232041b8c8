//! How often one address, and one user ID, may ask.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};
use serde::{Deserialize, Serialize};
use tegata_domain::{ServiceKey, UserId};

/// A burst, refilled evenly over a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rates {
    /// Requests that one address may send at once; also how many come back in a minute. An
    /// IPv6 address stands for its /64 network. 1 or more.
    pub per_address: NonZeroU32,
    /// Issuances that may be tried for one user ID at once and in a minute, whether or not
    /// it exists; and, counted apart, what the holder of its certificate may ask for. 1 or more.
    pub per_user_id: NonZeroU32,
}

impl Default for Rates {
    /// 600 an address (a company behind one proxy issues for all its seats in the morning), 20 a
    /// user ID (more than any person types; the lock comes after 5).
    fn default() -> Self {
        Self {
            per_address: NonZeroU32::MIN.saturating_add(599),
            per_user_id: NonZeroU32::MIN.saturating_add(19),
        }
    }
}

/// The limits with their memory.
#[derive(Debug)]
pub struct Limits {
    addresses: DefaultKeyedRateLimiter<IpAddr>,
    user_ids: DefaultKeyedRateLimiter<String>,
    holders: DefaultKeyedRateLimiter<String>,
    clock: DefaultClock,
}

/// Longest text that counts as a user ID of its own; longer ones share their beginning.
const USER_ID_OCTETS: usize = 64;

impl Limits {
    /// Limits with the given rates.
    pub fn new(rates: Rates) -> Self {
        let keyed = |burst| Quota::per_minute(burst).allow_burst(burst);
        Self {
            addresses: DefaultKeyedRateLimiter::keyed(keyed(rates.per_address)),
            user_ids: DefaultKeyedRateLimiter::keyed(keyed(rates.per_user_id)),
            holders: DefaultKeyedRateLimiter::keyed(keyed(rates.per_user_id)),
            clock: DefaultClock::default(),
        }
    }

    /// Counts a request of an address.
    ///
    /// # Errors
    /// How long to wait.
    pub fn address(&self, address: IpAddr) -> Result<(), Duration> {
        let network = match address.to_canonical() {
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
            v4 => v4,
        };
        self.addresses
            .check_key(&network)
            .map_err(|refused| refused.wait_time_from(self.clock.now()))
    }

    /// Counts a try for a user ID as it was typed.
    ///
    /// # Errors
    /// How long to wait.
    pub fn user_id(&self, typed: &str) -> Result<(), Duration> {
        let mut key = tegata_domain::half_width(typed.trim());
        key.make_ascii_uppercase();
        let end = key.floor_char_boundary(USER_ID_OCTETS);
        key.truncate(end);
        self.user_ids.check_key(&key).map_err(|refused| refused.wait_time_from(self.clock.now()))
    }

    /// Counts what the holder of a certificate asked for, once the signature was verified: nobody
    /// else can use it up.
    ///
    /// # Errors
    /// How long to wait.
    pub fn holder(&self, service: &ServiceKey, user_id: &UserId) -> Result<(), Duration> {
        self.holders
            .check_key(&format!("{service} {user_id}"))
            .map_err(|refused| refused.wait_time_from(self.clock.now()))
    }

    /// Forgets whoever has all of the burst back.
    pub fn forget(&self) {
        self.addresses.retain_recent();
        self.user_ids.retain_recent();
        self.holders.retain_recent();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(burst: u32) -> Limits {
        let burst = NonZeroU32::new(burst).unwrap();
        Limits::new(Rates { per_address: burst, per_user_id: burst })
    }

    #[test]
    fn burst_then_wait_and_others_unharmed() {
        let limits = limits(3);
        let (one, other) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        for _ in 0..3 {
            assert!(limits.address(one).is_ok());
        }
        assert!(limits.address(one).is_err_and(|wait| wait <= Duration::from_secs(20)));
        assert!(limits.address(other).is_ok());
    }

    #[test]
    fn one_ipv6_network_is_one_address() {
        let limits = limits(1);
        assert!(limits.address("2001:db8::1".parse().unwrap()).is_ok());
        assert!(limits.address("2001:db8::2".parse().unwrap()).is_err());
        assert!(limits.address("2001:db8:0:1::1".parse().unwrap()).is_ok());
    }

    #[test]
    fn every_spelling_of_a_user_id_counts_as_one() {
        let limits = limits(2);
        assert!(limits.user_id("cmsm950-006-401").is_ok());
        assert!(limits.user_id(" ＣＭＳＭ９５０－００６－４０１").is_ok());
        assert!(limits.user_id("CMSM950-006-401").is_err());
    }
}
