//! The browser's choice of certificate, made once: the policy `AutoSelectCertificateForUrls` of
//! Chromium, Chrome and Edge, for the address of one service only.
//!
//! It is opt-in, shown before it is written, and taken away again by [`forget`], which needs to know
//! the service only: the certificates may be gone by then. Firefox has no
//! policy for one address; there a person ticks *remember this decision*.

mod error;
#[cfg(not(windows))]
mod files;
#[cfg(windows)]
mod registry;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use http::Uri;
use serde::Serialize;
use tegata_domain::ServiceKey;

use crate::inventory::Item;
use crate::site::Site;
pub use error::ChoiceError;

/// What the policy says: at this address, a certificate of one of these issuing CAs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Where it applies: the service's scheme, host and port.
    origin: String,
    /// Common names of the issuing CAs.
    issuers: BTreeSet<String>,
    /// Names the file or value: one service does not touch another's.
    tag: Tag,
}

/// The name under which the policy of one service stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tag(String);

impl Tag {
    /// One that can be a part of the name of a file.
    fn of(text: &str) -> Option<Self> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        (!text.is_empty() && text.chars().all(is_plain)).then(|| Self(text.to_owned()))
    }
}

impl From<&ServiceKey> for Tag {
    fn from(service: &ServiceKey) -> Self {
        Self(format!("{}-{}", service.tenant, service.issuer))
    }
}

/// A place where a browser reads policies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The browser.
    pub browser: &'static str,
    /// The file or registry key.
    pub location: PathBuf,
}

/// One entry as the browsers read it.
#[derive(Serialize)]
struct Entry<'a> {
    pattern: &'a str,
    filter: Filter<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "UPPERCASE")]
struct Filter<'a> {
    issuer: Name<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "UPPERCASE")]
struct Name<'a> {
    cn: &'a str,
}

impl Choice {
    /// For the service at `service_url`, whose certificates CAs of these common names sign.
    ///
    /// # Errors
    /// [`ChoiceError::Form`]
    pub fn new(
        tag: Tag,
        service_url: &str,
        issuers: impl IntoIterator<Item = String>,
    ) -> Result<Self, ChoiceError> {
        let uri: Uri = service_url.parse().map_err(|_| ChoiceError::Form)?;
        let authority = uri.authority().filter(|_| uri.scheme_str() == Some("https"));
        let authority = authority.map(|authority| authority.as_str());
        // In a pattern these have a meaning of their own; in an address of ours they have none.
        let authority = authority.filter(|authority| !authority.contains(['*', '@', '[', ',']));
        let issuers: BTreeSet<String> = issuers.into_iter().collect();
        if issuers.is_empty() || issuers.contains("") {
            return Err(ChoiceError::Form);
        }
        let origin = format!("https://{}", authority.ok_or(ChoiceError::Form)?);
        Ok(Self { origin, issuers, tag })
    }

    /// For the service of the first of these certificates that was issued here, with the address
    /// of that service.
    ///
    /// # Errors
    /// [`ChoiceError::NoCertificate`] when there is none, and as [`Choice::new`].
    pub fn of(items: &[Item]) -> Result<(Self, String), ChoiceError> {
        let own = items.iter().find_map(|item| item.receipt.as_ref());
        let own = own.ok_or(ChoiceError::NoCertificate)?;
        let is_own = |item: &&Item| {
            item.receipt.as_ref().is_some_and(|other| other.service_url == own.service_url)
        };
        let issuers = items.iter().filter(is_own);
        let issuers = issuers.filter_map(|item| item.held.certificate.issuer_common_name());
        let site: Site = own.site.parse().map_err(|_| ChoiceError::Form)?;
        let choice = Self::new(Tag::from(site.service()), &own.service_url, issuers)?;
        Ok((choice, own.service_url.clone()))
    }

    /// The entries, as they are shown to the person and written.
    pub fn entries(&self) -> Vec<String> {
        let entries = self
            .issuers
            .iter()
            .map(|cn| Entry { pattern: &self.origin, filter: Filter { issuer: Name { cn } } });
        // These structures always have a JSON form.
        entries.filter_map(|entry| serde_json::to_string(&entry).ok()).collect()
    }
}

#[cfg(not(windows))]
pub use files::{forget, is_at, places, write, written};
#[cfg(windows)]
pub use registry::{forget, is_at, places, write, written};

/// Takes away the policy of one service, or those of every service, and says where they stood.
///
/// # Errors
/// As [`forget`]; the first one ends it.
pub fn forget_of(root: &Path, service: Option<&ServiceKey>) -> Result<Vec<Place>, ChoiceError> {
    let tags = service.map_or_else(|| written(root), |service| vec![Tag::from(service)]);
    let gone: Result<Vec<_>, _> = tags.iter().map(|tag| forget(root, tag)).collect();
    Ok(gone?.concat())
}

/// Whether a policy of this service, or of any, stands somewhere.
pub fn is_written(root: &Path, service: Option<&ServiceKey>) -> bool {
    let written = written(root);
    service.map_or(!written.is_empty(), |service| written.contains(&Tag::from(service)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issuer() -> Option<String> {
        Some("SB0001002C".to_owned())
    }

    pub(super) fn tag() -> Tag {
        Tag::from(&"0001/SB0001002C".parse::<ServiceKey>().unwrap())
    }

    pub(super) fn choice() -> Choice {
        let url = "https://gw.example.jp:8443/SAMPLE01/cms";
        Choice::new(tag(), url, issuer()).unwrap()
    }

    #[test]
    fn the_entry_names_the_address_and_the_issuer_and_nothing_wider() {
        let entry =
            r#"{"pattern":"https://gw.example.jp:8443","filter":{"ISSUER":{"CN":"SB0001002C"}}}"#;
        assert_eq!(choice().entries(), [entry]);
    }

    #[test]
    fn what_would_reach_further_is_refused() {
        for url in
            ["http://gw.example.jp/", "https://*/", "https://[*.]example.jp/", "x", "https:///"]
        {
            assert!(Choice::new(tag(), url, issuer()).is_err(), "{url}");
        }
        assert!(Choice::new(tag(), "https://gw.example.jp/", None).is_err());
        assert!(Tag::of("../a").is_none());
    }
}
