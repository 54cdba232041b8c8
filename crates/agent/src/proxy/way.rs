use std::fmt;

use super::ProxyAddress;

/// Most ways of one list that are tried.
const MAX_WAYS: usize = 16;

/// One way to a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// Straight to it.
    Direct,
    /// Through a proxy.
    Proxy(ProxyAddress),
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct => f.write_str("DIRECT"),
            Self::Proxy(address) => address.fmt(f),
        }
    }
}

/// Reads what a proxy script answers: `PROXY a:1; PROXY b:2; DIRECT`, in order.
///
/// What cannot be used (SOCKS, misspelt) is left out, so that the rest still works; an empty list
/// says that nothing of it can be used.
pub fn script_answer(answer: &str) -> Vec<Way> {
    let ways = answer.split(';').filter_map(|part| {
        let mut words = part.split_ascii_whitespace();
        let (keyword, place) = (words.next()?.to_ascii_uppercase(), words.next());
        let proxy =
            |is_tls, port| ProxyAddress::from_host_port(place?, is_tls, port).ok().map(Way::Proxy);
        match keyword.as_str() {
            _ if words.next().is_some() => None,
            "DIRECT" if place.is_none() => Some(Way::Direct),
            "PROXY" | "HTTP" => proxy(false, 80),
            "HTTPS" => proxy(true, 443),
            _ => None,
        }
    });
    without_repetition(ways)
}

/// Reads a list of Windows: `proxy:8080`, `http=a:1;https=b:2`, separated by `;` or spaces.
/// Only what is for HTTPS counts.
pub fn windows_list(list: &str) -> Vec<Way> {
    let entries = list.split(|c: char| c == ';' || c.is_ascii_whitespace());
    let of = |wanted: Option<&str>| {
        let entries = entries.clone().filter_map(|entry| match entry.split_once('=') {
            Some((scheme, place)) => {
                wanted.filter(|wanted| scheme.eq_ignore_ascii_case(wanted)).map(|_| place)
            }
            None => Some(entry).filter(|_| wanted.is_none()),
        });
        let ways = entries.filter(|place| !place.is_empty());
        without_repetition(ways.filter_map(|place| place.parse().ok().map(Way::Proxy)))
    };
    let https = of(Some("https"));
    if https.is_empty() { of(None) } else { https }
}

fn without_repetition(ways: impl Iterator<Item = Way>) -> Vec<Way> {
    ways.fold(Vec::new(), |mut ways, way| {
        if ways.len() < MAX_WAYS && !ways.contains(&way) {
            ways.push(way);
        }
        ways
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(ways: &[Way]) -> String {
        ways.iter().map(Way::to_string).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn answers_of_scripts_keep_their_order() {
        for (answer, ways) in [
            ("DIRECT", "DIRECT"),
            ("PROXY a:1; PROXY b:2; DIRECT", "http://a:1 http://b:2 DIRECT"),
            (" proxy  a:1 ;; direct ; ", "http://a:1 DIRECT"),
            ("PROXY a", "http://a:80"),
            ("HTTPS a:1;HTTP b:2", "https://a:1 http://b:2"),
            ("PROXY [2001:db8::1]:3128", "http://[2001:db8::1]:3128"),
            ("PROXY a:1;PROXY a:1;PROXY A:1", "http://a:1"),
            ("SOCKS a:1; SOCKS5 b:2; PROXY c:3", "http://c:3"),
            ("SOCKS a:1", ""),
            ("PROXY", ""),
            ("PROXY a:1 b:2", ""),
            ("PROXY user:secret@a:1", ""),
            ("PROXYa:1", ""),
            ("DIRECT now", ""),
            ("null", ""),
            ("", ""),
        ] {
            assert_eq!(shown(&script_answer(answer)), ways, "{answer:?}");
        }
    }

    #[test]
    fn an_endless_list_is_cut() {
        let list: String = (1..1000).map(|n| format!("PROXY a:{n};")).collect();
        assert_eq!(script_answer(&list).len(), MAX_WAYS);
    }

    #[test]
    fn lists_of_windows_name_the_proxy_for_https() {
        for (list, ways) in [
            ("proxy:8080", "http://proxy:8080"),
            ("http://proxy:8080", "http://proxy:8080"),
            ("http=a:1;https=b:2;ftp=c:3", "http://b:2"),
            ("http=a:1", ""),
            ("socks=a:1", ""),
            ("a:1;b:2 c:3", "http://a:1 http://b:2 http://c:3"),
            ("HTTPS=b:2 a:1", "http://b:2"),
            ("", ""),
        ] {
            assert_eq!(shown(&windows_list(list)), ways, "{list:?}");
        }
    }

    proptest! {
        #[test]
        fn a_list_made_of_ways_reads_back(ports in prop::collection::vec(1u16.., 0..10)) {
            let mut wanted: Vec<_> = Vec::new();
            for port in ports {
                if !wanted.contains(&port) { wanted.push(port); }
            }
            let answer: String = wanted.iter().map(|port| format!("PROXY a.jp:{port}; ")).collect();
            let read = script_answer(&answer);
            let expected: Vec<_> = wanted.iter().map(|port| format!("http://a.jp:{port}")).collect();
            prop_assert_eq!(read.iter().map(Way::to_string).collect::<Vec<_>>(), expected);
        }

        #[test]
        fn no_answer_panics(answer in "\\PC{0,200}") {
            prop_assert!(script_answer(&answer).len() <= MAX_WAYS);
            prop_assert!(windows_list(&answer).len() <= MAX_WAYS);
        }
    }
}
