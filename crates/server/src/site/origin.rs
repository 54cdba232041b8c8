use std::fmt;
use std::net::Ipv6Addr;

use axum::http::header::HOST;
use axum::http::request::Parts;

/// Longest host name (RFC 1035 §2.3.4) with a colon and a port.
const MAX: usize = 253 + 6;

/// `https://` and the host that the visitor's browser asked for, checked character by
/// character: it goes into pages and into the address that starts the application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin(String);

impl Origin {
    /// The target of the request (RFC 9112 §3.3): the authority of an absolute address, else
    /// the only `Host` field. `None` when it is missing, doubled, or not a host and port.
    pub(super) fn of(parts: &Parts) -> Option<Self> {
        if let Some(authority) = parts.uri.authority() {
            return Self::checked(authority.as_str());
        }
        let mut hosts = parts.headers.get_all(HOST).iter();
        let host = hosts.next()?.to_str().ok()?;
        hosts.next().is_none().then(|| Self::checked(host)).flatten()
    }

    fn checked(authority: &str) -> Option<Self> {
        let end = match authority.rfind(']') {
            Some(bracket) => bracket + 1,
            None => authority.find(':').unwrap_or(authority.len()),
        };
        let (host, port) = authority.split_at(end);
        let port = if port.is_empty() { "" } else { port.strip_prefix(':')? };
        let plain = |c: u8| c.is_ascii_alphanumeric() || c == b'.' || c == b'-';
        let is_host = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(address) => address.parse::<Ipv6Addr>().is_ok(),
            None => !host.is_empty() && host.bytes().all(plain),
        };
        let is_port = port.is_empty()
            || (port.bytes().all(|c| c.is_ascii_digit()) && port.parse::<u16>().is_ok());
        let colon = if port.is_empty() { "" } else { ":" };
        (authority.len() <= MAX && is_host && is_port)
            .then(|| Self(format!("https://{host}{colon}{port}")))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    #[test]
    fn hosts_with_and_without_port_are_taken() {
        for (host, origin) in [
            ("cert.example.jp", "https://cert.example.jp"),
            ("127.0.0.1:8443", "https://127.0.0.1:8443"),
            ("[::1]:8443", "https://[::1]:8443"),
            ("[2001:db8::1]", "https://[2001:db8::1]"),
            ("localhost:", "https://localhost"),
        ] {
            assert_eq!(Origin::checked(host).unwrap().to_string(), origin);
        }
    }

    #[test]
    fn anything_else_is_not_a_host() {
        for host in [
            "",
            ":443",
            "a b",
            "a/b",
            "a\\b",
            "a?b",
            "a#b",
            "a@b",
            "user:pw@host",
            "a\"b",
            "<script>",
            "a:b",
            "a:99999",
            "a:+1",
            "a:1:2",
            "[::1",
            "[::1]x",
            "[<>]",
            "::1",
            "é.example",
            "a%2eb",
            "a_b",
        ] {
            assert_eq!(Origin::checked(host), None, "{host}");
        }
        assert!(Origin::checked(&"a".repeat(MAX)).is_some());
        assert_eq!(Origin::checked(&"a".repeat(MAX + 1)), None);
    }

    #[test]
    fn two_host_fields_are_none() {
        let (parts, ()) =
            Request::get("/").header(HOST, "a").header(HOST, "b").body(()).unwrap().into_parts();
        assert_eq!(Origin::of(&parts), None);
    }

    #[test]
    fn an_absolute_address_wins_over_the_field() {
        let (parts, ()) = Request::get("https://real.example/")
            .header(HOST, "other")
            .body(())
            .unwrap()
            .into_parts();
        assert_eq!(Origin::of(&parts).unwrap().to_string(), "https://real.example");
    }
}
