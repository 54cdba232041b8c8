//! The address of an issuing site.

use std::fmt;
use std::str::FromStr;

use http::Uri;
use tegata_domain::ServiceKey;

/// An issuing site, `https://host:port/issueweb/{tenant}/{issuer}/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    authority: String,
    service: ServiceKey,
}

impl Site {
    /// Which service it issues for.
    pub fn service(&self) -> &ServiceKey {
        &self.service
    }

    /// Whether `address` is that of this site.
    pub fn is_at(&self, address: &str) -> bool {
        address.parse() == Ok(self.clone())
    }

    /// The address of an operation of the application interface, such as `trust`.
    pub fn api(&self, operation: &str) -> String {
        format!("https://{}/api/v1/{}/{operation}", self.authority, self.service)
    }

    /// The address of a file that the site offers. `file` holds nothing that an address would
    /// spell otherwise.
    pub(crate) fn download(&self, file: &str) -> String {
        format!("{self}download/{file}")
    }
}

/// The address of the home page, as on the slip.
impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "https://{}/issueweb/{}/", self.authority, self.service)
    }
}

/// Not the address of an issuing site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an issuing site is https://host/issueweb/TENANT/ISSUER/")]
pub struct SiteError;

/// Strict, because the text may come from a link: `https` only, nothing after the path, no
/// user information.
impl FromStr for Site {
    type Err = SiteError;

    fn from_str(text: &str) -> Result<Self, SiteError> {
        let text = text.trim();
        if text.len() > 512 || text.contains(['#', '?', '@', '%', '\\']) {
            return Err(SiteError);
        }
        let uri: Uri = text.parse().map_err(|_| SiteError)?;
        let authority = uri.authority().filter(|_| uri.scheme_str() == Some("https"));
        let authority = authority.filter(|authority| !authority.host().is_empty());
        let service = uri.path().strip_prefix("/issueweb/").ok_or(SiteError)?;
        let service = service.strip_suffix('/').unwrap_or(service);
        Ok(Self {
            authority: authority.ok_or(SiteError)?.as_str().to_ascii_lowercase(),
            service: service.parse().map_err(|_| SiteError)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_interface_stands_beside_the_pages() {
        for text in [
            "https://issue.example.jp:8443/issueweb/0001/SB0001002C/",
            " https://issue.example.jp:8443/issueweb/0001/SB0001002C ",
            "https://ISSUE.example.jp:8443/issueweb/0001/sb0001002c/",
        ] {
            let site: Site = text.parse().unwrap();
            assert_eq!(site.to_string(), "https://issue.example.jp:8443/issueweb/0001/SB0001002C/");
            assert_eq!(
                site.api("trust"),
                "https://issue.example.jp:8443/api/v1/0001/SB0001002C/trust"
            );
        }
    }

    #[test]
    fn hostile_and_mistyped_addresses_are_refused() {
        for text in [
            "",
            "issue.example.jp/issueweb/0001/SB0001002C/",
            "http://issue.example.jp/issueweb/0001/SB0001002C/",
            "https://user@issue.example.jp/issueweb/0001/SB0001002C/",
            "https://issue.example.jp/issueweb/0001/SB0001002C/issue",
            "https://issue.example.jp/issueweb/0001/SB0001002C/?x=1",
            "https://issue.example.jp/issueweb/0001/SB0001002C/#x",
            "https://issue.example.jp/issueweb/../0001/SB0001002C/",
            "https://issue.example.jp/issueweb/0001/%2e%2e/",
            "https://issue.example.jp/issueweb/0001/",
            "https://issue.example.jp/issueweb/0001//",
            "https://:443/issueweb/0001/SB0001002C/",
            "https://issue.example.jp/issueweb/0001/SB0001002C\r\nX: y/",
            "/issueweb/0001/SB0001002C/",
        ] {
            assert_eq!(text.parse::<Site>(), Err(SiteError), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,80}") {
            if let Ok(site) = text.parse::<Site>() {
                prop_assert_eq!(site.to_string().parse::<Site>(), Ok(site));
            }
        }
    }
}
