use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use tegata_wire::problem;
use ureq::config::Config;
use ureq::http::Response;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{ConnectProxyConnector, Connector, TcpConnector};
use ureq::{Agent, Body, Proxy, Timeout};

use super::holder::HolderTls;
use super::{Identity, MAX_ANSWER, Network, Presented, Reply, Stream, Transport, TransportError};
use crate::doctor::http_date;
use crate::trust::Trusted;

/// Longest wait for a connection, TLS handshake included.
const CONNECT: Duration = Duration::from_secs(15);
/// Longest wait for a whole answer. The server spends about a second on a password.
const CALL: Duration = Duration::from_secs(60);
/// Longest silence while a body of any length is read.
const SILENCE: Duration = Duration::from_secs(30);

/// HTTPS over `ureq` and `rustls` with `ring`.
///
/// Proxies come from `HTTPS_PROXY`, `ALL_PROXY`, `HTTP_PROXY` and `NO_PROXY`. Redirects are not
/// followed: an address from a slip means that address.
pub struct Https {
    user_agent: String,
    language: String,
}

impl Https {
    /// `version` names the application to the server; `language` (`ja`, `en`) asks for the
    /// language of problem documents.
    pub fn new(version: &str, language: &str) -> Self {
        Self { user_agent: format!("tegata-app/{version}"), language: language.to_owned() }
    }

    fn connection(&self, tls: TlsConfig) -> Connection {
        let agent = self.config(tls).new_agent();
        Connection { agent, language: self.language.clone() }
    }

    fn config(&self, tls: TlsConfig) -> Config {
        Agent::config_builder()
            .https_only(true)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(Proxy::try_from_env())
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(CALL))
            .max_response_header_size(32 * 1024)
            .user_agent(self.user_agent.as_str())
            .tls_config(tls)
            .build()
    }
}

impl Network for Https {
    fn get_unbelieved(&self, url: &str) -> Result<Reply, TransportError> {
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(provider())
            .disable_verification(true)
            .build();
        self.connection(tls).get(url)
    }

    fn believe(&self, trusted: &Trusted) -> Result<Box<dyn Transport>, TransportError> {
        let anchors = anchors(trusted);
        let anchors: Vec<_> =
            anchors.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(provider())
            .root_certs(RootCerts::Specific(Arc::new(anchors)))
            .build();
        Ok(Box::new(self.connection(tls)))
    }

    fn present(
        &self,
        trusted: &Trusted,
        identity: &Identity,
        url: &str,
    ) -> Result<Presented, TransportError> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(anchors(trusted));
        let asked = Arc::new(AtomicBool::new(false));
        let tls = identity.config(roots, asked.clone());
        let tls = tls.map_err(|error| TransportError::Unproven(error.to_string()))?;
        let connector =
            ().chain(ConnectProxyConnector::default())
                .chain(TcpConnector::default())
                .chain(HolderTls(Arc::new(tls)));
        let config = self.config(TlsConfig::default());
        let agent = Agent::with_parts(config, connector, DefaultResolver::default());
        // By name, so that the gateway answers in a form that can be read.
        let accept = concat!("application/problem+json", ", text/html;q=0.9, */*;q=0.1");
        let request = agent.get(url).header("accept", accept);
        let response = request.header("accept-language", &self.language).call().map_err(cause)?;
        let asked = asked.load(Ordering::Relaxed);
        Ok(Presented { reply: problem_or_head(response)?, asked })
    }
}

/// The believed root, and those that the system trusts. A PC without a readable system store
/// still reaches sites that the own root vouches for.
fn anchors(trusted: &Trusted) -> Vec<CertificateDer<'static>> {
    let mut anchors = vec![CertificateDer::from(trusted.root().der().to_vec())];
    anchors.extend(rustls_native_certs::load_native_certs().certs);
    anchors
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

struct Connection {
    agent: Agent,
    language: String,
}

impl Transport for Connection {
    fn get(&self, url: &str) -> Result<Reply, TransportError> {
        let request = self.agent.get(url).header("accept-language", &self.language);
        reply(request.call().map_err(cause)?)
    }

    fn post_json(&self, url: &str, body: &[u8]) -> Result<Reply, TransportError> {
        let request = self
            .agent
            .post(url)
            .header("accept-language", &self.language)
            .content_type("application/json");
        reply(request.send(body).map_err(cause)?)
    }

    fn open(&self, url: &str, from: u64) -> Result<Stream, TransportError> {
        let request = self.agent.get(url).header("accept-language", &self.language);
        let request = match from {
            0 => request,
            _ => request.header("range", format!("bytes={from}-")),
        };
        let request = request.config().timeout_global(None).timeout_per_read(Some(SILENCE)).build();
        let response = request.call().map_err(cause)?;
        let range = response.headers().get("content-range").and_then(|value| value.to_str().ok());
        let begins = range.and_then(|range| range.strip_prefix("bytes ")?.split_once('-'));
        let from = begins.and_then(|(first, _)| first.parse().ok()).unwrap_or_default();
        let status = response.status().as_u16();
        Ok(Stream::new(status, from, Box::new(response.into_body().into_reader())))
    }
}

fn problem_or_head(response: Response<Body>) -> Result<Reply, TransportError> {
    let head = head(&response);
    if head.content_type == problem::CONTENT_TYPE { reply(response) } else { Ok(head) }
}

fn reply(response: Response<Body>) -> Result<Reply, TransportError> {
    let head = head(&response);
    let body = response.into_body().into_with_config().limit(MAX_ANSWER).read_to_vec();
    Ok(Reply { body: body.map_err(cause)?, ..head })
}

fn head(response: &Response<Body>) -> Reply {
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
    let content_type = header("content-type").and_then(|value| value.split(';').next());
    let content_type = content_type.unwrap_or_default().trim().to_ascii_lowercase();
    let retry_after = header("retry-after").and_then(|value| value.trim().parse().ok());
    Reply {
        status: response.status().as_u16(),
        content_type,
        retry_after: retry_after.map(Duration::from_secs),
        date: header("date").and_then(http_date),
        body: Vec::new(),
    }
}

fn cause(error: ureq::Error) -> TransportError {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    let said = error.to_string();
    match error {
        ureq::Error::HostNotFound => TransportError::HostNotFound,
        ureq::Error::InvalidProxyUrl | ureq::Error::ConnectProxyFailed(_) => {
            TransportError::Proxy(said)
        }
        ureq::Error::Rustls(error) => tls_cause(&error, said),
        ureq::Error::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref()) {
            Some(tls) => tls_cause(tls, said),
            None if is_lookup(&error) => TransportError::HostNotFound,
            None => match error.kind() {
                UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe => {
                    TransportError::LostReply(said)
                }
                _ => TransportError::NoConnection(said),
            },
        },
        ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
            TransportError::NoConnection(said)
        }
        ureq::Error::Timeout(_) => TransportError::LostReply(said),
        ureq::Error::BodyExceedsLimit(_)
        | ureq::Error::LargeResponseHeader(..)
        | ureq::Error::Protocol(_)
        | ureq::Error::Http(_) => TransportError::Unusable(said),
        _ => TransportError::NoConnection(said),
    }
}

/// Whether the resolver found nothing: std tells it by words alone, Windows by WSAHOST_NOT_FOUND.
fn is_lookup(error: &io::Error) -> bool {
    const WSAHOST_NOT_FOUND: i32 = 11001;
    error.raw_os_error() == Some(WSAHOST_NOT_FOUND)
        || error.to_string().starts_with("failed to lookup address")
}

fn tls_cause(error: &rustls::Error, said: String) -> TransportError {
    match error {
        rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented => {
            TransportError::Unproven(said)
        }
        _ => TransportError::NoConnection(said),
    }
}
