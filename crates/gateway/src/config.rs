use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use jiff::tz::TimeZone;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tegata_domain::ServiceKey;
use tegata_text::Lang;

use crate::{BindError, PathPrefix};

/// Everything a gateway needs to know, parsed already.
#[derive(Debug)]
pub struct Config {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What the gateway shows to clients.
    pub identity: Identity,
    /// Directory that keeps what the gateway learned over a restart. Of this gateway alone.
    pub state_dir: PathBuf,
    /// The services in front of which it stands.
    pub services: Vec<ServiceConfig>,
    /// Bounds of time and size.
    pub limits: Limits,
}

/// The gateway's own TLS certificate.
#[derive(Debug)]
pub struct Identity {
    /// The certificate and its intermediates, DER, leaf first.
    pub chain: Vec<CertificateDer<'static>>,
    /// Its private key.
    pub key: PrivateKeyDer<'static>,
}

impl Identity {
    /// The same once more.
    pub(crate) fn duplicate(&self) -> Self {
        Self { chain: self.chain.clone(), key: self.key.clone_key() }
    }
}

/// One service behind the gateway.
#[derive(Clone, Debug)]
pub struct ServiceConfig {
    /// Name of the service; pages of the feed must carry it.
    pub key: ServiceKey,
    /// Path under which it is published.
    pub path: PathPrefix,
    /// Origin of the protected service: `http://host:port`. The path is forwarded as it came.
    pub upstream: Uri,
    /// The organisation, for the head of a page.
    pub organisation: Bilingual,
    /// The service, for the head of a page.
    pub name: Bilingual,
    /// Whom to call, for the foot of a page; a general sentence stands there when empty.
    pub contact: Bilingual,
    /// Address of the issuing site, to which the head of a page leads.
    pub site: Option<String>,
    /// Time zone in which dates are written.
    pub zone: TimeZone,
    /// Where revocations come from.
    pub feed: FeedConfig,
    /// Whether, and as whom, the server is told which certificates were admitted.
    pub reporting: Reporting,
}

/// As whom the use of certificates is reported. The server believes certificates that its own CA
/// gave to a gateway of the service, and no others.
#[derive(Clone, Debug, Default)]
pub enum Reporting {
    /// Nothing is reported.
    Off,
    /// With the key of the gateway's TLS certificate.
    #[default]
    AsGateway,
    /// With another: the TLS certificate is another CA's, or for another service.
    As(Arc<Identity>),
}

/// The revocation feed of a service.
#[derive(Clone, Debug)]
pub struct FeedConfig {
    /// Address of the feed, plain `http`: its pages are signed. May carry a query.
    pub url: Uri,
    /// Ed25519 key (RFC 8032 §5.1.5) that signs the pages.
    pub public_key: [u8; 32],
    /// How old the last signed page may be before nobody is let in any more.
    pub max_staleness: Duration,
    /// How long the server may hold a question that has no news yet. Whole seconds.
    pub wait: Duration,
}

impl FeedConfig {
    /// Default of [`Self::max_staleness`]: a day, the usual lifetime of a CRL.
    pub const MAX_STALENESS: Duration = Duration::from_secs(24 * 60 * 60);
    /// Default of [`Self::wait`].
    pub const WAIT: Duration = Duration::from_secs(10);

    /// A feed with the default times.
    pub fn new(url: Uri, public_key: [u8; 32]) -> Self {
        Self { url, public_key, max_staleness: Self::MAX_STALENESS, wait: Self::WAIT }
    }
}

/// A text in both languages.
#[derive(Clone, Debug, Default)]
pub struct Bilingual {
    /// Japanese.
    pub ja: String,
    /// English.
    pub en: String,
}

impl Bilingual {
    /// A text that reads differently in each language.
    pub fn new(ja: impl Into<String>, en: impl Into<String>) -> Self {
        Self { ja: ja.into(), en: en.into() }
    }

    /// The text in `lang`; the other one where this one is empty.
    pub fn get(&self, lang: Lang) -> &str {
        match lang {
            Lang::En if !self.en.is_empty() => &self.en,
            Lang::Ja if self.ja.is_empty() => &self.en,
            _ => &self.ja,
        }
    }
}

/// Bounds of time and size.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Time for a TLS handshake. Default 10 s.
    pub handshake: Duration,
    /// Time for the head of an HTTP/1 request, counted from the moment the connection waits
    /// for one; it also closes idle HTTP/1 connections. Default 30 s.
    pub head: Duration,
    /// Time after which a connection without an admitted request is closed. Default 75 s.
    pub idle: Duration,
    /// Most octets of a request's head. Default 64 KiB.
    pub head_octets: u32,
    /// Most connections at once; more wait in the system's queue. Default 10,000.
    pub connections: u32,
    /// Most simultaneous requests on one HTTP/2 connection. Default 128.
    pub streams: u32,
    /// Time to reach the protected service. Default 5 s.
    pub upstream_connect: Duration,
    /// Time in which the protected service must begin to answer, counted from the last octet
    /// of the request that moved. Default 60 s.
    pub upstream_answer: Duration,
    /// Time that running requests get when the gateway stops. Default 10 s.
    pub drain: Duration,
    /// Client certificates remembered as verified. Default 8,192, about 3 KiB each.
    pub leaves: usize,
    /// Length from which a feed's journal is written anew, once it is also four times as long
    /// as its entries need. Default 16 MiB.
    pub journal_octets: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(30),
            idle: Duration::from_secs(75),
            head_octets: 64 * 1024,
            connections: 10_000,
            streams: 128,
            upstream_connect: Duration::from_secs(5),
            upstream_answer: Duration::from_secs(60),
            drain: Duration::from_secs(10),
            leaves: 8_192,
            journal_octets: 16 * 1024 * 1024,
        }
    }
}

impl ServiceConfig {
    /// Refuses what could only fail later.
    ///
    /// # Errors
    /// [`BindError::Config`].
    pub fn check(&self) -> Result<(), BindError> {
        if !is_origin(&self.upstream) {
            return Err(BindError::Config(format!(
                "upstream of {} must look like http://host:port",
                self.key
            )));
        }
        if !is_plain_http(&self.feed.url) {
            return Err(BindError::Config(format!(
                "feed address of {} must begin with http://",
                self.key
            )));
        }
        Ok(())
    }
}

impl Config {
    /// Refuses what could only fail later.
    pub(crate) fn check(&self) -> Result<(), BindError> {
        for (index, service) in self.services.iter().enumerate() {
            let earlier = &self.services[..index];
            if earlier.iter().any(|other| other.key == service.key) {
                return Err(BindError::Config(format!("service {} stands twice", service.key)));
            }
            if earlier.iter().any(|other| other.path == service.path) {
                return Err(BindError::Config(format!("path {} stands twice", service.path)));
            }
            service.check()?;
        }
        if self.services.is_empty() {
            return Err(BindError::Config("no service".into()));
        }
        Ok(())
    }
}

fn is_plain_http(uri: &Uri) -> bool {
    uri.scheme_str() == Some("http") && uri.authority().is_some()
}

fn is_origin(uri: &Uri) -> bool {
    is_plain_http(uri) && uri.path() == "/" && uri.query().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_origin_can_be_an_upstream() {
        for (uri, fits) in [
            ("http://127.0.0.1:8080", true),
            ("http://127.0.0.1:8080/", true),
            ("http://127.0.0.1:8080/app", false),
            ("http://127.0.0.1:8080/?x", false),
            ("https://127.0.0.1", false),
            ("/app", false),
        ] {
            assert_eq!(is_origin(&uri.parse().unwrap()), fits, "{uri}");
        }
    }

    #[test]
    fn a_text_falls_back_to_the_other_language() {
        assert_eq!(Bilingual::new("銀行", "").get(Lang::En), "銀行");
        assert_eq!(Bilingual::new("", "Bank").get(Lang::Ja), "Bank");
        assert_eq!(Bilingual::new("銀行", "Bank").get(Lang::En), "Bank");
    }
}
