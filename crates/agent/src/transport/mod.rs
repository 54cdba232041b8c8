//! HTTPS behind two small traits, so that the machine is tested without a network.
//!
//! Connections come from [`crate::proxy::WayOut`]; TLS (`tls`) begins on them, and `ureq` speaks
//! HTTP over it (`connector`).

mod connector;
mod holder;
mod https;
mod reason;
#[cfg(test)]
mod tests;
mod tls;

use std::io::{self, Read};
use std::time::Duration;

use jiff::Timestamp;
use tegata_text::Text;

pub use holder::Identity;
pub use https::{Https, Inspection};
pub use reason::{Cause, Reason};
pub(crate) use tls::system_roots;

use crate::error::plain;
use crate::proxy::ProxyAddressError;
use crate::trust::Trusted;

/// Largest answer that is read, in octets. A trust answer with 16 certificates has about 30,000.
pub const MAX_ANSWER: u64 = 256 * 1024;

/// The network before anything is believed.
pub trait Network {
    /// A `GET` over a connection whose certificate nobody vouches for. Nothing secret may stand
    /// in `url`; what comes back proves itself or is thrown away.
    ///
    /// # Errors
    /// When no whole answer arrives.
    fn get_unbelieved(&self, url: &str) -> Result<Reply, TransportError>;

    /// New connections from here on, to servers that prove themselves by the believed root or by
    /// a root that this PC's system trusts, and by the host name.
    ///
    /// # Errors
    /// When the root cannot serve as a trust anchor.
    fn believe(&self, trusted: &Trusted) -> Result<Box<dyn Transport>, TransportError>;

    /// A `GET` of `url` over a new connection to a server that proved itself, with `identity`
    /// for a server that asks for one. Of an answer that is no problem document only the head
    /// is read.
    ///
    /// # Errors
    /// When no answer arrives.
    fn present(
        &self,
        trusted: &Trusted,
        identity: &Identity,
        url: &str,
    ) -> Result<Presented, TransportError>;
}

/// What came back to a certificate that was presented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presented {
    /// The answer.
    pub reply: Reply,
    /// Whether the server asked for a certificate at all.
    pub asked: bool,
}

/// Connections to a server that proved who it is.
pub trait Transport {
    /// Fetches `url`.
    ///
    /// # Errors
    /// When no whole answer arrives.
    fn get(&self, url: &str) -> Result<Reply, TransportError>;

    /// Posts JSON to `url`.
    ///
    /// # Errors
    /// When no whole answer arrives. [`TransportError::is_lost_reply`] tells whether the server
    /// may have acted on it.
    fn post_json(&self, url: &str, body: &[u8]) -> Result<Reply, TransportError>;

    /// Opens `url` to read a body of any length from its octet `from` on (`Range`, RFC 9110
    /// §14.2). The server may answer with all of it.
    ///
    /// # Errors
    /// When no answer begins.
    fn open(&self, url: &str, from: u64) -> Result<Stream, TransportError>;
}

/// An answer of any status whose body is read as it comes.
pub struct Stream {
    /// HTTP status.
    pub status: u16,
    /// The octet with which the body begins, as `Content-Range` says; 0 without one.
    pub from: u64,
    body: Box<dyn Read>,
}

impl Stream {
    /// `body` says by an error that it was cut, [`TransportError`] inside or not.
    pub fn new(status: u16, from: u64, body: Box<dyn Read>) -> Self {
        Self { status, from, body }
    }

    /// The next octets of the body; 0 at its end.
    ///
    /// # Errors
    /// When the connection is cut before the end, or nothing comes for too long.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize, TransportError> {
        loop {
            match self.body.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => {
                    return other.map_err(|error| TransportError::LostReply(Reason::io(&error)));
                }
            }
        }
    }
}

/// An answer of any status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Media type without parameters, in lower case.
    pub content_type: String,
    /// `Retry-After` in seconds (RFC 9110 §10.2.3); the date form is not used by our servers.
    pub retry_after: Option<Duration>,
    /// When the server answered, by its own clock.
    pub date: Option<Timestamp>,
    /// The body, at most [`MAX_ANSWER`] octets.
    pub body: Vec<u8>,
}

/// Why no whole answer arrived.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// No address for the host name.
    #[error("host not found")]
    HostNotFound,
    /// Nothing answers there, or not in time.
    #[error("no connection: {0}")]
    NoConnection(Reason),
    /// A proxy that does not lead there.
    #[error("proxy {proxy}: {trouble}")]
    Proxy {
        /// Its address.
        proxy: String,
        /// What is wrong.
        trouble: ProxyTrouble,
    },
    /// A proxy wants to know who asks, and was not told, or not believed it.
    #[error("proxy {proxy} refused access ({})", .schemes.join(", "))]
    ProxyRefused {
        /// Its address.
        proxy: String,
        /// What it calls itself.
        realm: Option<String>,
        /// The schemes that it offers, as it writes them.
        schemes: Vec<String>,
        /// How many passwords it refused.
        refusals: usize,
    },
    /// The proxy script that the person chose gives no answer.
    #[error("proxy script {url}: {why}")]
    ProxyScript {
        /// Its address.
        url: String,
        /// What is wrong.
        why: String,
    },
    /// A setting that should name a proxy and does not.
    #[error("{setting}: {why}")]
    ProxySetting {
        /// Name of the variable.
        setting: &'static str,
        /// What is wrong; never the value, in which a password may stand.
        why: ProxyAddressError,
    },
    /// Somebody between here and the server opens the TLS connection: its certificate is for the
    /// right host, but issued by a CA that this PC does not know.
    #[error("the connection is inspected: certificate issued by {issuer}")]
    Intercepted {
        /// Name of the CA, fit to be shown.
        issuer: String,
    },
    /// The server's certificate does not prove that it is the host asked for.
    #[error("certificate of the server: {0}")]
    Unproven(String),
    /// The connection was cut, or the answer did not come in time.
    #[error("no whole answer: {0}")]
    LostReply(Reason),
    /// Something answered, but not with HTTP of a sensible size.
    #[error("unusable answer: {0}")]
    Unusable(String),
}

/// What is wrong with a proxy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyTrouble {
    /// Nothing answers at its address.
    #[error("no connection: {0}")]
    Unreachable(Reason),
    /// It answers that it does not lead there: by rule (403), or because it cannot (502 to 504).
    #[error("status {0}")]
    Status(u16),
    /// It does not answer as a proxy does.
    #[error("{0}")]
    Unusable(String),
}

impl TransportError {
    /// What it is in a few words of the language of `text`, to stand within a sentence.
    pub(crate) fn words(&self, text: Text) -> String {
        match self {
            Self::HostNotFound => text.app_reason_not_found(),
            Self::NoConnection(why) | Self::LostReply(why) => why.line(text),
            Self::Proxy { proxy, trouble: ProxyTrouble::Unreachable(why) } => {
                text.app_reason(proxy, &why.line(text))
            }
            other => plain(&other.to_string()),
        }
    }

    /// Whether the server may have acted on the request although no answer arrived.
    pub fn is_lost_reply(&self) -> bool {
        matches!(self, Self::LostReply(_))
    }
}
