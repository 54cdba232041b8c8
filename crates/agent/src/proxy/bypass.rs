use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::pac::glob;

/// Hosts that are reached without the proxy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bypass(Vec<Rule>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    hosts: Hosts,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Hosts {
    /// Names without a dot: `<local>`.
    Plain,
    /// This PC.
    Loopback,
    /// The name and every name below it.
    Below(String),
    /// `*` stands for anything.
    Like(String),
    /// Addresses that begin with so many bits of this one.
    Net(IpAddr, u8),
}

impl Bypass {
    /// Reads `NO_PROXY`: names and what lies below them, addresses, `10.0.0.0/8`, `*`, each with
    /// or without a port, separated by commas or spaces. As curl reads it.
    pub fn of_environment(text: &str) -> Self {
        let entries = text.split(|c: char| c == ',' || c.is_ascii_whitespace());
        Self(entries.filter_map(|entry| Rule::read(entry, true)).collect())
    }

    /// Reads the list of a system's settings: exact names, `*.example.jp`, `10.*`, `<local>`,
    /// `10.0.0.0/8`. This PC itself is always among them.
    pub fn of_system<'a>(entries: impl IntoIterator<Item = &'a str>) -> Self {
        let rules = entries.into_iter().filter_map(|entry| Rule::read(entry, false));
        Self(rules.chain([Rule { hosts: Hosts::Loopback, port: None }]).collect())
    }

    /// Whether `host` (an IPv6 address without brackets) is reached directly. Names are not
    /// looked up: an address range matches addresses only.
    pub fn includes(&self, host: &str, port: u16) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        self.0.iter().any(|rule| rule.port.is_none_or(|p| p == port) && rule.hosts.include(&host))
    }
}

impl Rule {
    fn read(entry: &str, is_environment: bool) -> Option<Self> {
        let entry = entry.trim().to_ascii_lowercase();
        let entry = entry.split_once("://").map_or(entry.as_str(), |(_, rest)| rest);
        let (host, port) = apart(entry)?;
        let bare = host.trim_start_matches("*.").trim_start_matches('.');
        let hosts = match host {
            "" => return None,
            "<local>" => Hosts::Plain,
            "<-loopback>" => return None,
            _ if net(host).is_some() => net(host)?,
            _ if is_environment && !bare.contains('*') => Hosts::Below(bare.to_owned()),
            _ if host.starts_with('.') => Hosts::Like(format!("*{host}")),
            _ => Hosts::Like(host.to_owned()),
        };
        Some(Self { hosts, port })
    }
}

/// The host and a port that is written.
fn apart(entry: &str) -> Option<(&str, Option<u16>)> {
    if let Some(rest) = entry.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        return Some((host, after.strip_prefix(':').map(str::parse).transpose().ok()?));
    }
    match entry.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') => Some((host, Some(port.parse().ok()?))),
        _ => Some((entry, None)),
    }
}

fn net(text: &str) -> Option<Hosts> {
    let (address, bits) = text.split_once('/').map_or((text, None), |(a, bits)| (a, Some(bits)));
    let address: IpAddr = address.parse().ok()?;
    let all = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.map_or(Ok(all), str::parse).ok()?;
    (bits <= all).then_some(Hosts::Net(address, bits))
}

impl Hosts {
    fn include(&self, host: &str) -> bool {
        let address: Option<IpAddr> = host.parse().ok();
        match self {
            Self::Plain => address.is_none() && !host.contains('.'),
            Self::Loopback => {
                host == "localhost"
                    || host.ends_with(".localhost")
                    || address.is_some_and(|a| a.is_loopback())
            }
            Self::Below(name) => {
                host == name
                    || host.strip_suffix(name.as_str()).is_some_and(|front| front.ends_with('.'))
            }
            Self::Like(pattern) => glob(pattern, host),
            Self::Net(net, bits) => address.is_some_and(|address| same_net(*net, address, *bits)),
        }
    }
}

fn same_net(net: IpAddr, address: IpAddr, bits: u8) -> bool {
    let differ = |a: u128, b: u128, all: u8| (a ^ b).checked_shr((all - bits).into()).unwrap_or(0);
    let v4 = |a: Ipv4Addr| u128::from(u32::from(a));
    match (net, address) {
        (IpAddr::V4(net), IpAddr::V4(address)) => differ(v4(net), v4(address), 32) == 0,
        (IpAddr::V6(net), IpAddr::V6(address)) => {
            differ(u128::from(net), u128::from(address), 128) == 0
        }
        (IpAddr::V4(_), IpAddr::V6(address)) => Ipv6Addr::to_ipv4_mapped(&address)
            .is_some_and(|address| same_net(net, IpAddr::V4(address), bits)),
        (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_proxy_names_hosts_and_what_lies_below() {
        for (list, host, port, is_direct) in [
            ("example.jp", "example.jp", 443, true),
            ("example.jp", "Issue.Example.JP", 443, true),
            ("example.jp", "issue.example.jp.", 443, true),
            ("example.jp", "badexample.jp", 443, false),
            (".example.jp", "issue.example.jp", 443, true),
            ("*.example.jp", "issue.example.jp", 443, true),
            ("a, example.jp\tb", "issue.example.jp", 443, true),
            ("*", "anything.example", 443, true),
            ("issue.*", "issue.example.jp", 443, true),
            ("example.jp:8443", "example.jp", 8443, true),
            ("example.jp:8443", "example.jp", 443, false),
            ("192.0.2.1", "192.0.2.1", 443, true),
            ("192.0.2.1", "1.192.0.2.1", 443, false),
            ("10.0.0.0/8", "10.200.0.1", 443, true),
            ("10.0.0.0/8", "11.0.0.1", 443, false),
            ("10.0.0.0/8", "::ffff:10.0.0.1", 443, true),
            ("0.0.0.0/0", "203.0.113.9", 443, true),
            ("10.0.0.0/33", "10.0.0.1", 443, false),
            ("2001:db8::/32", "2001:db8:1::1", 443, true),
            ("2001:db8::1", "2001:db8::1", 443, true),
            ("[2001:db8::1]:8443", "2001:db8::1", 8443, true),
            ("::/0", "2001:db8::1", 443, true),
            ("", "example.jp", 443, false),
            (",,", "example.jp", 443, false),
            ("localhost", "127.0.0.1", 443, false),
        ] {
            let bypass = Bypass::of_environment(list);
            assert_eq!(bypass.includes(host, port), is_direct, "{list:?} {host}:{port}");
        }
    }

    #[test]
    fn lists_of_systems_are_exact_and_hold_this_pc() {
        for (entry, host, is_direct) in [
            ("example.jp", "example.jp", true),
            ("example.jp", "issue.example.jp", false),
            ("*.example.jp", "issue.example.jp", true),
            ("*.example.jp", "example.jp", false),
            (".example.jp", "issue.example.jp", true),
            ("https://*.example.jp", "issue.example.jp", true),
            ("10.*", "10.1.2.3", true),
            ("10.0.0.0/8", "10.1.2.3", true),
            ("<local>", "intranet", true),
            ("<local>", "intra.net", false),
            ("<local>", "::1", true),
            ("", "localhost", true),
            ("", "127.0.0.53", true),
            ("", "example.jp", false),
        ] {
            let bypass = Bypass::of_system([entry]);
            assert_eq!(bypass.includes(host, 443), is_direct, "{entry:?} {host}");
        }
    }

    proptest! {
        #[test]
        fn no_list_panics(list in "\\PC{0,100}", host in "\\PC{0,40}", port: u16) {
            Bypass::of_environment(&list).includes(&host, port);
            Bypass::of_system(list.split(';')).includes(&host, port);
        }

        #[test]
        fn a_named_host_and_those_below_it_are_direct(
            name in "[a-z]{1,10}(\\.[a-z]{1,10}){0,3}", below in "[a-z]{1,10}", port in 1u16..
        ) {
            let bypass = Bypass::of_environment(&name);
            prop_assert!(bypass.includes(&name, port));
            let (under, beside) = (format!("{below}.{name}"), format!("{below}{name}"));
            prop_assert!(bypass.includes(&under, port));
            prop_assert!(!bypass.includes(&beside, port));
        }

        #[test]
        fn a_net_holds_exactly_the_addresses_that_share_its_bits(
            net: u32, address: u32, bits in 0u8..=32
        ) {
            let bypass = Bypass::of_environment(&format!("{}/{bits}", Ipv4Addr::from(net)));
            let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
            let is_inside = net & mask == address & mask;
            prop_assert_eq!(bypass.includes(&Ipv4Addr::from(address).to_string(), 1), is_inside);
        }
    }
}
