use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

use super::Scheme;
use crate::proxy::{Account, ProxyAddress};

/// One try to prove who is asking, over one connection.
pub(in crate::proxy) trait Exchange {
    /// The value of `Proxy-Authorization` to send next; `token` is the proxy's, `None` at the
    /// start.
    ///
    /// # Errors
    /// What went wrong, in words without secrets.
    fn next(&mut self, token: Option<&[u8]>) -> Result<Zeroizing<String>, String>;
}

/// The random octets and the time that an exchange needs.
#[cfg_attr(windows, expect(dead_code, reason = "Windows draws its own"))]
pub(in crate::proxy) struct Salt {
    pub(in crate::proxy) random: [u8; 8],
    pub(in crate::proxy) now: jiff::Timestamp,
}

/// Begins an exchange as `account`, or as whoever is signed in. `None` when this system cannot.
pub(in crate::proxy) fn begin(
    scheme: Scheme,
    proxy: &ProxyAddress,
    account: Option<&Account>,
    salt: Salt,
) -> Option<Box<dyn Exchange>> {
    match (scheme, account) {
        (Scheme::Basic, Some(account)) => Some(Box::new(Basic::new(account))),
        (Scheme::Basic, None) => None,
        (Scheme::Negotiate | Scheme::Ntlm, account) => system::begin(scheme, proxy, account, salt),
    }
}

/// RFC 7617; UTF-8, as every current proxy understands.
struct Basic(Option<Zeroizing<String>>);

impl Basic {
    fn new(account: &Account) -> Self {
        let both = Zeroizing::new(format!("{}:{}", account.user(), account.password()));
        let mut value = Zeroizing::new(String::with_capacity(both.len() * 4 / 3 + 16));
        value.push_str("Basic ");
        BASE64_STANDARD.encode_string(both.as_bytes(), &mut value);
        Self(Some(value))
    }
}

impl Exchange for Basic {
    fn next(&mut self, _: Option<&[u8]>) -> Result<Zeroizing<String>, String> {
        self.0.take().ok_or_else(|| "the proxy goes on asking".to_owned())
    }
}

fn header(scheme: Scheme, token: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(format!("{} {}", scheme.name(), BASE64_STANDARD.encode(token)))
}

#[cfg(windows)]
mod system {
    use tegata_windows::sspi::{Identity, Negotiation};

    use super::{Account, Exchange, ProxyAddress, Salt, Scheme, Zeroizing, header};

    struct Sspi(Scheme, Negotiation);

    pub(super) fn begin(
        scheme: Scheme,
        proxy: &ProxyAddress,
        account: Option<&Account>,
        _: Salt,
    ) -> Option<Box<dyn Exchange>> {
        let identity = account.map(|account| {
            let (user, domain) = account.parts();
            Identity { user, domain, password: account.password() }
        });
        let target = format!("HTTP/{}", proxy.host());
        let negotiation = Negotiation::begin(scheme.name(), &target, identity).ok()?;
        Some(Box::new(Sspi(scheme, negotiation)))
    }

    impl Exchange for Sspi {
        fn next(&mut self, token: Option<&[u8]>) -> Result<Zeroizing<String>, String> {
            let token = self.1.step(token).map_err(|error| error.to_string())?;
            Ok(header(self.0, &token))
        }
    }
}

#[cfg(not(windows))]
mod system {
    use super::super::ntlm::Ntlm;
    use super::{Account, Exchange, ProxyAddress, Salt, Scheme, Zeroizing, header};

    struct Password(Scheme, Ntlm);

    /// Without an account there is nobody to be: this system knows no single sign-on. Under the
    /// name Negotiate plain NTLM messages are understood as well (MS-SPNG §3.2.5.1).
    pub(super) fn begin(
        scheme: Scheme,
        _: &ProxyAddress,
        account: Option<&Account>,
        salt: Salt,
    ) -> Option<Box<dyn Exchange>> {
        account.map(|account| {
            let ntlm = Ntlm::new(account.clone(), salt.random, salt.now);
            Box::new(Password(scheme, ntlm)) as Box<dyn Exchange>
        })
    }

    impl Exchange for Password {
        fn next(&mut self, token: Option<&[u8]>) -> Result<Zeroizing<String>, String> {
            let token = match token {
                None => self.1.negotiate(),
                Some(challenge) => {
                    self.1.authenticate(challenge).map_err(|error| error.to_string())?
                }
            };
            Ok(header(self.0, &token))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_is_said_once() {
        let account = Account::new("Aladdin", Zeroizing::new("open sesame".to_owned()));
        let mut basic = Basic::new(&account);
        // The example of RFC 7617 §2.
        assert_eq!(basic.next(None).unwrap().as_str(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert!(basic.next(Some(b"x")).is_err());
    }
}
