//! The functions of a proxy script that do not depend on the time. Their definition is Netscape's
//! "Navigator Proxy Auto-Config File Format" of 1996, which every browser still follows.

#![cfg_attr(windows, expect(dead_code, reason = "Windows runs scripts itself"))]

use std::net::{IpAddr, Ipv4Addr};

use super::Names;

/// `isPlainHostName`: no dots.
pub(super) fn is_plain(host: &str) -> bool {
    !host.contains(['.', ':'])
}

/// `dnsDomainIs`: the name ends so.
pub(super) fn is_in_domain(host: &str, domain: &str) -> bool {
    let (host, domain) = (host.to_ascii_lowercase(), domain.to_ascii_lowercase());
    host.ends_with(&domain)
}

/// `localHostOrDomainIs`: the same name, or its first part alone.
pub(super) fn is_local_or_domain(host: &str, full: &str) -> bool {
    let (host, full) = (host.to_ascii_lowercase(), full.to_ascii_lowercase());
    let below = full.strip_prefix(&host).is_some_and(|rest| rest.starts_with('.'));
    host == full || (is_plain(&host) && below)
}

/// `dnsDomainLevels`: the number of dots.
pub(super) fn levels(host: &str) -> usize {
    host.matches('.').count()
}

/// `shExpMatch`: `*` is any text, `?` any one character. In time proportional to both lengths,
/// whatever the pattern.
pub(in crate::proxy) fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<_>, Vec<_>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where the last star stood, and up to where it has eaten.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star.as_mut() {
                Some((at, eaten)) => {
                    *eaten += 1;
                    (p, t) = (*at + 1, *eaten);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// `dnsResolve`: the first IPv4 address.
pub(super) fn resolve(host: &str, names: &dyn Names) -> Option<Ipv4Addr> {
    if let Ok(address) = host.parse() {
        return Some(address);
    }
    names.addresses(host).into_iter().find_map(|address| match address {
        IpAddr::V4(address) => Some(address),
        IpAddr::V6(_) => None,
    })
}

/// `isInNet`: the address of `host` and `net` agree where `mask` has ones.
pub(super) fn is_in_net(host: &str, net: &str, mask: &str, names: &dyn Names) -> bool {
    let (Ok(net), Ok(mask)) = (net.parse::<Ipv4Addr>(), mask.parse::<Ipv4Addr>()) else {
        return false;
    };
    let Some(address) = resolve(host, names) else { return false };
    let mask = u32::from(mask);
    u32::from(address) & mask == u32::from(net) & mask
}

/// `myIpAddress`: this PC's own, or loopback when it has none.
pub(super) fn own_address(names: &dyn Names) -> String {
    names.own_address().unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::FixedNames;

    #[test]
    fn names_are_told_apart() {
        assert!(is_plain("www") && !is_plain("www.example.jp") && !is_plain("2001:db8::1"));
        assert!(is_in_domain("www.Example.jp", ".example.jp"));
        assert!(!is_in_domain("www", ".example.jp"));
        assert!(is_local_or_domain("www.example.jp", "www.example.jp"));
        assert!(is_local_or_domain("www", "www.example.jp"));
        assert!(!is_local_or_domain("www.example", "www.example.jp"));
        assert!(!is_local_or_domain("w", "www.example.jp"));
        assert!(!is_local_or_domain("home.example.jp", "www.example.jp"));
        assert_eq!((levels("www"), levels("www.example.jp")), (0, 2));
    }

    #[test]
    fn shell_patterns() {
        for (pattern, text, is_match) in [
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("?", "", false),
            ("*/ari/*", "http://home.example.jp/people/ari/index.html", true),
            ("*/ari/*", "http://home.example.jp/people/montulli/index.html", false),
            ("*.example.jp", "www.example.jp", true),
            ("*.example.jp", "wwwxexample.jp", false),
            ("a*b*c", "aXbXbXc", true),
            ("a*b*c", "aXbXbX", false),
            ("w?w", "www", true),
            ("[a-z]", "a", false),
        ] {
            assert_eq!(glob(pattern, text), is_match, "{pattern} {text}");
        }
    }

    #[test]
    fn a_hostile_pattern_takes_no_time() {
        let (pattern, text) = ("*a".repeat(2_000) + "b", "a".repeat(20_000));
        assert!(!glob(&pattern, &text));
    }

    #[test]
    fn nets_by_address_and_by_name() {
        let names = FixedNames::of(&[("www.example.jp", "192.0.2.7"), ("six.example.jp", "::1")]);
        assert!(is_in_net("192.0.2.9", "192.0.2.0", "255.255.255.0", &names));
        assert!(is_in_net("www.example.jp", "192.0.2.0", "255.255.255.0", &names));
        assert!(!is_in_net("www.example.jp", "192.0.3.0", "255.255.255.0", &names));
        assert!(!is_in_net("six.example.jp", "0.0.0.0", "0.0.0.0", &names));
        assert!(!is_in_net("unknown", "0.0.0.0", "0.0.0.0", &names));
        assert!(!is_in_net("192.0.2.9", "192.0.2", "24", &names));
        assert_eq!(own_address(&names), "127.0.0.1");
    }

    proptest! {
        #[test]
        fn a_pattern_of_literals_matches_itself_only(text in "[a-z.]{0,12}", other in "[a-z.]{0,12}") {
            prop_assert!(glob(&text, &text));
            prop_assert_eq!(glob(&text, &other), text == other);
            let around = format!("*{text}*");
            prop_assert_eq!(glob(&around, &other), other.contains(&text));
        }
    }
}
