use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// The path under which a service is published, such as `/SAMPLE01/cms`; `/` is everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathPrefix(Vec<String>);

/// Why a text is not the path of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a path begins with / and has segments of letters, digits, hyphen, dot, underscore or tilde"
)]
pub struct PathPrefixError;

impl FromStr for PathPrefix {
    type Err = PathPrefixError;

    fn from_str(text: &str) -> Result<Self, PathPrefixError> {
        let rest = text.strip_prefix('/').ok_or(PathPrefixError)?;
        if rest.is_empty() {
            return Ok(Self(Vec::new()));
        }
        let fits = |segment: &str| {
            segment.bytes().any(|b| b != b'.')
                && segment.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
        };
        let segments: Vec<_> = rest.split('/').map(str::to_owned).collect();
        segments.iter().all(|s| fits(s)).then_some(Self(segments)).ok_or(PathPrefixError)
    }
}

impl fmt::Display for PathPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("/");
        }
        self.0.iter().try_for_each(|segment| write!(f, "/{segment}"))
    }
}

/// Finds the service of a request path among `prefixes`: the longest that fits, whole segments
/// only, compared as every server behind may read them (percent-decoded, without `;parameters`).
///
/// `None` also for a path that two servers could read differently: dot segments, empty segments,
/// backslashes, control characters, encoded separators, double encoding, not UTF-8. Such a path
/// is never forwarded, so the path that is forwarded means what was matched here.
pub(crate) fn route<'a>(
    prefixes: impl IntoIterator<Item = &'a PathPrefix>,
    path: &str,
) -> Option<usize> {
    let rest = path.strip_prefix('/')?;
    let count = rest.split('/').count();
    for (index, segment) in rest.split('/').enumerate() {
        let last = index + 1 == count;
        match name(segment)? {
            name if name.is_empty() && !(last && segment.is_empty()) => return None,
            _ => {}
        }
    }
    prefixes
        .into_iter()
        .enumerate()
        .filter(|(_, prefix)| {
            let mut segments = rest.split('/');
            prefix.0.iter().all(|wanted| {
                segments.next().and_then(name).is_some_and(|name| name == wanted.as_str())
            })
        })
        .max_by_key(|(_, prefix)| prefix.0.len())
        .map(|(index, _)| index)
}

/// The name of a segment; `None` when it is ambiguous.
fn name(segment: &str) -> Option<Cow<'_, str>> {
    if segment.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_~".contains(&b)) {
        return Some(Cow::Borrowed(segment));
    }
    let decoded = decode(segment)?;
    let forbidden = |c: char| c.is_control() || c == '/' || c == '\\' || c == '\u{fffd}';
    if decoded.contains(forbidden) || is_encoded(&decoded) {
        return None;
    }
    let name = match decoded.split_once(';') {
        Some((name, _)) => Cow::Owned(name.to_owned()),
        None => decoded,
    };
    // Some systems drop dots and spaces at the end of a name, so `.. ` and `...` count too.
    let dots = name.contains('.') && name.chars().all(|c| c == '.' || c == ' ');
    (!dots).then_some(name)
}

fn decode(segment: &str) -> Option<Cow<'_, str>> {
    if !segment.contains('%') {
        return Some(Cow::Borrowed(segment));
    }
    let mut octets = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first == b'%' {
            let [high, low, tail @ ..] = rest else { return None };
            octets.push(hex(*high)? << 4 | hex(*low)?);
            rest = tail;
        } else {
            octets.push(*first);
        }
    }
    String::from_utf8(octets).ok().map(Cow::Owned)
}

fn is_encoded(text: &str) -> bool {
    text.as_bytes().windows(3).any(|w| w[0] == b'%' && hex(w[1]).is_some() && hex(w[2]).is_some())
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn find(path: &str) -> Option<usize> {
        let prefixes: Vec<PathPrefix> = ["/SAMPLE01/cms", "/SAMPLE01/cms/admin", "/SAMPLE02"]
            .map(|text| text.parse().unwrap())
            .into();
        route(&prefixes, path)
    }

    #[test]
    fn whole_segments_and_the_longest_prefix() {
        for (path, service) in [
            ("/SAMPLE01/cms", Some(0)),
            ("/SAMPLE01/cms/", Some(0)),
            ("/SAMPLE01/cms/a/b.html", Some(0)),
            ("/SAMPLE01/cms/振込", Some(0)),
            ("/SAMPLE01/cms/%E6%8C%AF%E8%BE%BC", Some(0)),
            ("/SAMPLE01/cms/a;v=1", Some(0)),
            ("/SAMPLE01/cms/administrator", Some(0)),
            ("/SAMPLE01/cms/admin", Some(1)),
            ("/SAMPLE01/cms/admin/x", Some(1)),
            ("/SAMPLE02", Some(2)),
            ("/SAMPLE01/cmsx", None),
            ("/SAMPLE01/cm", None),
            ("/sample01/cms", None),
            ("/SAMPLE01", None),
            ("/", None),
            ("*", None),
            ("", None),
        ] {
            assert_eq!(find(path), service, "{path}");
        }
    }

    #[test]
    fn a_longer_prefix_is_not_dodged_by_spelling() {
        for path in ["/SAMPLE01/cms/%61dmin", "/SAMPLE01/cms/admin;x", "/SAMPLE01/cms/admin%3bx/y"]
        {
            assert_eq!(find(path), Some(1), "{path}");
        }
    }

    #[test]
    fn ambiguous_paths_lead_nowhere() {
        for path in [
            "/SAMPLE01/cms/../../SAMPLE02",
            "/SAMPLE01/cms/..",
            "/SAMPLE01/cms/.",
            "/SAMPLE01/./cms",
            "/SAMPLE01/cms/..;/x",
            "/SAMPLE01/cms/..;a=b/x",
            "/SAMPLE01/cms/%2e%2e/x",
            "/SAMPLE01/cms/.%2E/x",
            "/SAMPLE01/cms/%2e%2e%3b/x",
            "/SAMPLE01/cms/...",
            "/SAMPLE01/cms/..%20/x",
            "/SAMPLE01/cms/a%2fb",
            "/SAMPLE01/cms/a%2Fb",
            "/SAMPLE01%2fcms",
            "/SAMPLE01/cms/a%5cb",
            "/SAMPLE01/cms/..\\x",
            "/SAMPLE01\\cms",
            "//SAMPLE01/cms",
            "/SAMPLE01//cms",
            "/SAMPLE01/cms//",
            "/SAMPLE01/;x/cms",
            "/SAMPLE01/cms/%252e%252e/x",
            "/SAMPLE01/cms/%25%32%65",
            "/SAMPLE01/cms/%c0%ae%c0%ae/x",
            "/SAMPLE01/cms/%00",
            "/SAMPLE01/cms/a%0d%0ab",
            "/SAMPLE01/cms/%7f",
            "/SAMPLE01/cms/%",
            "/SAMPLE01/cms/%4",
            "/SAMPLE01/cms/%zz",
        ] {
            assert_eq!(find(path), None, "{path}");
        }
    }

    #[test]
    fn prefixes_read_back() {
        for text in ["/", "/a", "/SAMPLE01/cms", "/a.b/c~d_e-f"] {
            assert_eq!(text.parse::<PathPrefix>().unwrap().to_string(), text);
        }
        for text in ["", "a", "/a/", "//", "/a//b", "/..", "/a/.", "/a%20", "/a?b", "/銀行"] {
            assert!(text.parse::<PathPrefix>().is_err(), "{text}");
        }
        assert_eq!(route(&["/".parse().unwrap()], "/anything"), Some(0));
        assert_eq!(route(&["/".parse().unwrap()], "/.."), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(path in "\\PC{0,60}") {
            find(&path);
        }
    }
}
