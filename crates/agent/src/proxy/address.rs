use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use super::Account;

/// Where a proxy listens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProxyAddress {
    is_tls: bool,
    host: String,
    port: u16,
}

impl ProxyAddress {
    /// Host name or address, an IPv6 address without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// TCP port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether the way to the proxy itself is TLS (`https://proxy`, PAC's `HTTPS`).
    pub fn is_tls(&self) -> bool {
        self.is_tls
    }

    /// Reads `host:port`; `port` stands in for one that is not written.
    pub(super) fn from_host_port(
        text: &str,
        is_tls: bool,
        port: u16,
    ) -> Result<Self, ProxyAddressError> {
        let invalid = ProxyAddressError::Invalid;
        let (host, written) = match text.strip_prefix('[') {
            Some(rest) => {
                let (host, after) = rest.split_once(']').ok_or(invalid)?;
                host.parse::<Ipv6Addr>().map_err(|_| invalid)?;
                (host, after.strip_prefix(':').or((after.is_empty()).then_some("")).ok_or(invalid)?)
            }
            None => text.split_once(':').unwrap_or((text, "")),
        };
        let is_named = |c: u8| c.is_ascii_alphanumeric() || b"-._:".contains(&c);
        let is_host = (1..=253).contains(&host.len()) && host.bytes().all(is_named);
        let has_port = written.is_empty() || written.bytes().all(|c| c.is_ascii_digit());
        let port = if written.is_empty() { Some(port) } else { written.parse().ok() };
        match port.filter(|port| *port > 0 && is_host && has_port) {
            Some(port) => Ok(Self { is_tls, host: host.to_ascii_lowercase(), port }),
            None => Err(invalid),
        }
    }

    /// Reads an address that may carry a name and a password, as in `HTTPS_PROXY`.
    ///
    /// # Errors
    /// As for [`str::parse`].
    pub(super) fn with_account(text: &str) -> Result<(Self, Option<Account>), ProxyAddressError> {
        let text = text.trim();
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest),
            None => ("http".to_owned(), text),
        };
        let (is_tls, port) = match scheme.as_str() {
            "http" => (false, 80),
            "https" => (true, 443),
            _ => return Err(ProxyAddressError::Unsupported),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (account, place) = match rest.rsplit_once('@') {
            Some((account, place)) => (Some(Account::from_userinfo(account)), place),
            None => (None, rest),
        };
        Ok((Self::from_host_port(place, is_tls, port)?, account))
    }
}

/// As an address: `http://proxy.example.jp:8080`. Never with a name or a password.
impl fmt::Display for ProxyAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_tls { "https" } else { "http" };
        match self.host.contains(':') {
            true => write!(f, "{scheme}://[{}]:{}", self.host, self.port),
            false => write!(f, "{scheme}://{}:{}", self.host, self.port),
        }
    }
}

/// Not the address of a proxy that can be used. It does not repeat what was given: a password may
/// stand in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyAddressError {
    /// Another protocol, such as SOCKS.
    #[error("only http:// and https:// proxies can be used")]
    Unsupported,
    /// No host, or a port that is none.
    #[error("a proxy is http://HOST:PORT")]
    Invalid,
}

/// `http://host:port`, `https://host:port` or `host:port`. An address with a name or password in
/// it is refused: it would end up in lists of processes.
impl FromStr for ProxyAddress {
    type Err = ProxyAddressError;

    fn from_str(text: &str) -> Result<Self, ProxyAddressError> {
        match Self::with_account(text)? {
            (address, None) => Ok(address),
            (_, Some(_)) => Err(ProxyAddressError::Invalid),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_as_people_and_systems_write_them() {
        for (text, shown) in [
            ("http://Proxy.Example.jp:8080", "http://proxy.example.jp:8080"),
            ("proxy.example.jp:8080", "http://proxy.example.jp:8080"),
            (" http://proxy/ ", "http://proxy:80"),
            ("https://proxy", "https://proxy:443"),
            ("http://192.0.2.1:3128", "http://192.0.2.1:3128"),
            ("http://[2001:db8::1]:3128/", "http://[2001:db8::1]:3128"),
            ("[::1]", "http://[::1]:80"),
        ] {
            assert_eq!(text.parse::<ProxyAddress>().unwrap().to_string(), shown, "{text}");
        }
    }

    #[test]
    fn what_is_no_proxy_is_refused() {
        use ProxyAddressError::{Invalid, Unsupported};
        for (text, error) in [
            ("", Invalid),
            ("http://", Invalid),
            ("http://:8080", Invalid),
            ("http://proxy:0", Invalid),
            ("http://proxy:65536", Invalid),
            ("http://proxy:+80", Invalid),
            ("http://proxy:80:80", Invalid),
            ("http://proxy:80/path", Invalid),
            ("http://pro xy:80", Invalid),
            ("http://proxy\r\nX: y", Invalid),
            ("http://[::1", Invalid),
            ("http://[::1]80", Invalid),
            ("http://[proxy]:80", Invalid),
            ("http://taro:secret@proxy:80", Invalid),
            ("socks5://proxy:1080", Unsupported),
            ("file:///etc/passwd", Unsupported),
        ] {
            assert_eq!(text.parse::<ProxyAddress>(), Err(error), "{text:?}");
        }
    }

    #[test]
    fn a_name_and_password_of_the_environment_are_taken_and_never_shown() {
        let (address, account) =
            ProxyAddress::with_account("http://t%40ro:s:e%3acret@p:1").unwrap();
        let account = account.unwrap();
        assert_eq!((account.user(), account.password()), ("t@ro", "s:e:cret"));
        assert!(!format!("{address} {address:?} {account:?}").contains("cret"));
    }

    proptest! {
        #[test]
        fn what_is_read_is_shown_so_that_it_reads_as_the_same(text in "\\PC{0,60}") {
            if let Ok(address) = text.parse::<ProxyAddress>() {
                prop_assert_eq!(address.to_string().parse(), Ok(address));
            }
        }
    }
}
