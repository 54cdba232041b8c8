use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// Most challenges that are read of one answer. Real proxies send up to four.
const MAX_CHALLENGES: usize = 16;

/// Longest token that is read, in octets. Kerberos tickets of people in many groups reach 48 KiB.
const MAX_TOKEN: usize = 64 * 1024;

/// Longest realm that is kept, in characters; it is shown to a person.
const MAX_REALM: usize = 120;

/// How a proxy lets people prove who they are, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// Kerberos or NTLM, whichever both sides can (RFC 4559).
    Negotiate,
    /// Challenge and response with a password (MS-NTHT).
    Ntlm,
    /// Name and password as they are (RFC 7617).
    Basic,
}

impl Scheme {
    /// As it stands in a header.
    pub fn name(self) -> &'static str {
        match self {
            Self::Negotiate => "Negotiate",
            Self::Ntlm => "NTLM",
            Self::Basic => "Basic",
        }
    }

    /// The scheme of a name in a header, in any spelling.
    pub fn of(name: &str) -> Option<Self> {
        [Self::Negotiate, Self::Ntlm, Self::Basic]
            .into_iter()
            .find(|scheme| scheme.name().eq_ignore_ascii_case(name))
    }
}

/// One offer of a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// The scheme's name as the proxy writes it, known or not.
    pub name: String,
    /// The scheme, when it is one that can be answered.
    pub scheme: Option<Scheme>,
    /// What the proxy calls itself, without control characters.
    pub realm: Option<String>,
    /// The token of an exchange that has begun.
    pub token: Option<Vec<u8>>,
}

/// Reads `Proxy-Authenticate` (RFC 9110 §11.6.1): one header or many, each with one challenge or
/// many. What makes no sense is left out; nothing in it can make this fail or take long.
pub fn challenges<'a>(headers: impl IntoIterator<Item = &'a [u8]>) -> Vec<Challenge> {
    let mut found: Vec<Challenge> = Vec::new();
    for header in headers {
        let text = String::from_utf8_lossy(header);
        let mut begun: Option<Challenge> = None;
        for element in elements(&text) {
            match (Element::read(element), begun.as_mut()) {
                (Element::Parameter(name, value), Some(challenge)) => {
                    if name.eq_ignore_ascii_case("realm") && challenge.realm.is_none() {
                        challenge.realm = Some(realm(value));
                    }
                }
                (Element::Scheme(name, rest), _) => {
                    found.extend(begun.take());
                    begun = Some(Challenge::begin(name, rest));
                }
                (Element::Parameter(..) | Element::Nothing, _) => {}
            }
        }
        found.extend(begun);
    }
    found.truncate(MAX_CHALLENGES);
    found
}

/// The parts between commas that do not stand in quotes.
fn elements(header: &str) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    header
        .split(move |c| {
            let ends = c == ',' && !is_quoted;
            match c {
                _ if is_escaped => is_escaped = false,
                '\\' if is_quoted => is_escaped = true,
                '"' => is_quoted = !is_quoted,
                _ => {}
            }
            ends
        })
        .map(str::trim)
        .take(4 * MAX_CHALLENGES)
}

/// What stands between two commas.
enum Element<'a> {
    /// A scheme, and what follows it: a token, a first parameter, or nothing.
    Scheme(&'a str, &'a str),
    /// A further parameter of the scheme before.
    Parameter(&'a str, &'a str),
    Nothing,
}

impl<'a> Element<'a> {
    fn read(element: &'a str) -> Self {
        let end = element.find(|c: char| !is_token(c)).unwrap_or(element.len());
        let (name, rest) = element.split_at(end);
        match rest.trim_start() {
            _ if name.is_empty() || name.len() > 40 => Self::Nothing,
            value if value.starts_with('=') => Self::Parameter(name, value[1..].trim_start()),
            following => Self::Scheme(name, following),
        }
    }
}

/// RFC 9110 §5.6.2.
fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

impl Challenge {
    fn begin(name: &str, rest: &str) -> Self {
        let mut challenge =
            Self { name: name.to_owned(), scheme: Scheme::of(name), realm: None, token: None };
        match Element::read(rest) {
            Element::Parameter(name, value) if name.eq_ignore_ascii_case("realm") => {
                challenge.realm = Some(realm(value));
            }
            _ if rest.len() <= MAX_TOKEN => {
                let token = rest.trim_end_matches('=');
                let padding = "=".repeat((4 - token.len() % 4) % 4);
                let token = BASE64_STANDARD.decode(format!("{token}{padding}")).ok();
                challenge.token = token.filter(|octets| !octets.is_empty());
            }
            _ => {}
        }
        challenge
    }
}

/// A quoted or bare value, fit to be shown.
fn realm(value: &str) -> String {
    let inner = match value.strip_prefix('"') {
        Some(quoted) => {
            let mut inner = String::new();
            let mut characters = quoted.chars();
            while let Some(c) = characters.next() {
                match c {
                    '"' => break,
                    '\\' => inner.extend(characters.next()),
                    _ => inner.push(c),
                }
            }
            inner
        }
        None => value.chars().take_while(|c| is_token(*c)).collect(),
    };
    crate::error::plain(&inner).chars().take(MAX_REALM).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(headers: &[&str]) -> Vec<Challenge> {
        challenges(headers.iter().map(|header| header.as_bytes()))
    }

    fn names(headers: &[&str]) -> String {
        read(headers).into_iter().map(|c| c.name).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn several_headers_and_several_in_one() {
        for headers in [
            &["Negotiate", "NTLM", "Basic realm=\"Head office\""][..],
            &["Negotiate, NTLM, Basic realm=\"Head office\""],
            &["Negotiate,NTLM", " Basic  realm = \"Head office\" , charset=\"UTF-8\""],
        ] {
            let read = read(headers);
            let schemes: Vec<_> = read.iter().map(|challenge| challenge.scheme.unwrap()).collect();
            assert_eq!(schemes, [Scheme::Negotiate, Scheme::Ntlm, Scheme::Basic], "{headers:?}");
            assert_eq!(read[2].realm.as_deref(), Some("Head office"));
            assert!(read.iter().all(|challenge| challenge.token.is_none()));
        }
    }

    #[test]
    fn the_token_of_an_exchange() {
        for (header, token) in [
            ("NTLM TlRMTVNTUAACAAAA", Some(&b"NTLMSSP\0\x02\0\0\0"[..])),
            ("ntlm TlRMTVNTUAAC", Some(b"NTLMSSP\0\x02")),
            ("NTLM TlRMTVNTUAA=", Some(b"NTLMSSP\0")),
            ("NTLM TlRMTVNTUAA", Some(b"NTLMSSP\0")),
            ("Negotiate YQ==", Some(b"a")),
            ("NTLM", None),
            ("NTLM !!!", None),
        ] {
            let read = read(&[header]);
            assert_eq!(read[0].token.as_deref(), token, "{header}");
        }
    }

    #[test]
    fn realms_may_hold_commas_quotes_and_other_scripts() {
        let header =
            r#"Basic realm="本店, \"proxy\" NTLM", charset="UTF-8", Digest realm="x", nonce="a,b""#;
        let read = read(&[header]);
        assert_eq!(read[0].realm.as_deref(), Some("本店, \"proxy\" NTLM"));
        assert_eq!(names(&[header]), "Basic Digest");
        assert_eq!(read[1].scheme, None);
    }

    #[test]
    fn hostile_headers() {
        assert_eq!(names(&["", ",,,", "=", "\"", "realm=\"x\"", "\u{0}", " "]), "");
        let control = read(&["Basic realm=\"\x1b]0;owned\x07 a\r\n b\""]);
        assert_eq!(control[0].realm.as_deref(), Some("]0;owned a b"));
        let long = format!("Basic realm=\"{}", "x".repeat(100_000));
        assert_eq!(read(&[&long])[0].realm.as_deref().unwrap().len(), MAX_REALM);
        let many = "NTLM,".repeat(100_000);
        assert_eq!(read(&[&many]).len(), MAX_CHALLENGES);
        let huge = format!("NTLM {}", "A".repeat(1_000_000));
        assert_eq!(read(&[&huge])[0].token, None);
        assert_eq!(challenges([&b"NTLM \xff\xfe"[..]])[0].scheme, Some(Scheme::Ntlm));
        let name = "x".repeat(1000);
        assert!(read(&[&name]).is_empty());
    }

    proptest! {
        #[test]
        fn no_header_panics(octets in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(challenges([octets.as_slice()]).len() <= MAX_CHALLENGES);
        }

        #[test]
        fn a_realm_is_read_as_it_was_written(realm in "[^\\p{C}\\s]{1,30}") {
            let quoted = realm.replace('\\', "\\\\").replace('"', "\\\"");
            let header = format!("Basic realm=\"{quoted}\", NTLM");
            let read = challenges([header.as_bytes()]);
            prop_assert_eq!(read.len(), 2);
            prop_assert_eq!(read[0].realm.as_deref(), Some(realm.as_str()));
        }
    }
}
