use std::fmt;

use zeroize::Zeroizing;

/// A name and a password for a proxy. Kept in memory only, wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    user: Zeroizing<String>,
    password: Zeroizing<String>,
}

impl Account {
    /// A name, for Windows networks `DOMAIN\name` or `name@domain`, and a password.
    pub fn new(user: impl Into<String>, password: Zeroizing<String>) -> Self {
        Self { user: Zeroizing::new(user.into()), password }
    }

    /// Reads `name:password` of an address (RFC 3986 §3.2.1), percent-decoded.
    pub(super) fn from_userinfo(text: &str) -> Self {
        let (user, password) = text.split_once(':').unwrap_or((text, ""));
        Self { user: decoded(user), password: decoded(password) }
    }

    /// The name as given.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The password.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// Name and domain apart: `DOMAIN\name`; a domain after `@` stays with the name
    /// (MS-NLMP §2.2.1.3 leaves the domain empty then).
    pub(super) fn parts(&self) -> (&str, &str) {
        match self.user.split_once('\\') {
            Some((domain, user)) => (user, domain),
            None => (&self.user, ""),
        }
    }
}

/// Shows who, never the password.
impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("user", &*self.user).finish_non_exhaustive()
    }
}

/// Percent-decodes; what is not an escape stays.
fn decoded(text: &str) -> Zeroizing<String> {
    let mut octets = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escape = after.get(..2).filter(|_| first == b'%');
        let escape = escape.and_then(|digits| std::str::from_utf8(digits).ok());
        let escape = escape.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match escape.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(octet) => {
                octets.push(octet);
                rest = &after[2..];
            }
            None => {
                octets.push(first);
                rest = after;
            }
        }
    }
    Zeroizing::new(String::from_utf8_lossy(&octets).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_domain_of_a_windows_network_is_told_apart() {
        let parts = |user: &str| {
            let account = Account::new(user, Zeroizing::default());
            let (user, domain) = account.parts();
            (user.to_owned(), domain.to_owned())
        };
        assert_eq!(parts(r"HEAD\taro"), ("taro".to_owned(), "HEAD".to_owned()));
        assert_eq!(parts("taro@head.example.jp").1, "");
        assert_eq!(parts("taro"), ("taro".to_owned(), String::new()));
    }

    #[test]
    fn broken_escapes_stay_as_they_are() {
        let account = Account::from_userinfo("a%zz%4:%E5%B1%B1%");
        assert_eq!((account.user(), account.password()), ("a%zz%4", "山%"));
    }
}
