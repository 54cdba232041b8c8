use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tegata_wire::problem;
use ureq::http::Response;
use ureq::{Agent, Body, Timeout};

use super::connector::{Exit, NoLookup, Trail};
use super::holder::Holder;
use super::tls::{Anchors, Roots};
use super::{
    Cause, Identity, MAX_ANSWER, Network, Presented, Reason, Reply, Stream, Transport,
    TransportError,
};
use crate::doctor::http_date;
use crate::proxy::WayOut;
use crate::trust::Trusted;

/// Longest wait for each part of an answer. The server spends about a second on a password.
const ANSWER: Duration = Duration::from_secs(45);
/// Longest wait until a request is sent.
const SEND: Duration = Duration::from_secs(15);
/// Longest pause of a connection that is used again. Proxies cut idle ones after about 30 s.
const IDLE: Duration = Duration::from_secs(10);
/// Longest silence while a body of any length is read.
const SILENCE: Duration = Duration::from_secs(30);

/// HTTPS over `ureq` and `rustls` with `ring`.
///
/// Redirects are not followed: an address from a slip means that address. There is no limit to
/// the whole of a call, because a person may be asked for the proxy's password in the middle of
/// it; each part has its own.
pub struct Https {
    user_agent: String,
    language: String,
    way_out: WayOut,
    trail: Arc<Trail>,
}

/// Somebody opens the TLS connections of this PC, and its system trusts them to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// Name of the CA that stands in for the server's, fit to be shown.
    pub issuer: String,
}

impl Https {
    /// `version` names the application to the server; `language` (`ja`, `en`) asks for the
    /// language of problem documents; connections go by `way_out`.
    pub fn new(version: &str, language: &str, way_out: WayOut) -> Self {
        Self {
            user_agent: format!("tegata-app/{version}"),
            language: language.to_owned(),
            way_out,
            trail: Arc::default(),
        }
    }

    /// Who inspects the connections, as the last one to a believed server told.
    pub fn inspection(&self) -> Option<Inspection> {
        self.trail.inspection()
    }

    fn connection(&self, anchors: Anchors) -> Connection {
        self.connection_of(anchors, None)
    }

    fn connection_of(&self, anchors: Anchors, holder: Option<Holder>) -> Connection {
        let config = Agent::config_builder()
            .https_only(true)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .timeout_send_request(Some(SEND))
            .timeout_send_body(Some(SEND))
            .timeout_recv_response(Some(ANSWER))
            .timeout_recv_body(Some(ANSWER))
            .max_idle_age(IDLE)
            .max_response_header_size(32 * 1024)
            .user_agent(self.user_agent.as_str())
            .build();
        let (trail, anchors) = (Arc::clone(&self.trail), Arc::new(anchors));
        let exit =
            Exit { way_out: self.way_out.clone(), anchors, holder, trail: Arc::clone(&trail) };
        let agent = Agent::with_parts(config, exit, NoLookup);
        Connection { agent, language: self.language.clone(), trail }
    }
}

impl Network for Https {
    fn get_unbelieved(&self, url: &str) -> Result<Reply, TransportError> {
        self.connection(Anchors::Unasked).get(url)
    }

    fn believe(&self, trusted: &Trusted) -> Result<Box<dyn Transport>, TransportError> {
        let roots = Roots::with(trusted.root())?;
        Ok(Box::new(self.connection(Anchors::Believed(Box::new(roots)))))
    }

    fn present(
        &self,
        trusted: &Trusted,
        identity: &Identity,
        url: &str,
    ) -> Result<Presented, TransportError> {
        let roots = Roots::with(trusted.root())?;
        let (holder, asked) = Holder::new(identity.clone());
        let connection = self.connection_of(Anchors::Believed(Box::new(roots)), Some(holder));
        // By name, so that the gateway answers in a form that can be read.
        let accept = concat!("application/problem+json", ", text/html;q=0.9, */*;q=0.1");
        let request = connection.agent.get(url).header("accept", accept);
        let response = request.header("accept-language", &self.language).call().map_err(cause)?;
        let asked = asked.load(Ordering::Relaxed);
        Ok(Presented { reply: problem_or_head(response)?, asked })
    }
}

struct Connection {
    agent: Agent,
    language: String,
    trail: Arc<Trail>,
}

impl Connection {
    fn get_once(&self, url: &str) -> Result<Reply, TransportError> {
        let request = self.agent.get(url).header("accept-language", &self.language);
        reply(request.call().map_err(cause)?)
    }
}

impl Transport for Connection {
    /// Proxies cut connections that were idle for a while, often just when they are used again: a
    /// `GET` that got lost on such a one is repeated once on a new one.
    fn get(&self, url: &str) -> Result<Reply, TransportError> {
        let opened = self.trail.opened();
        match self.get_once(url) {
            Err(error) if error.is_lost_reply() && self.trail.opened() == opened => {
                self.get_once(url)
            }
            other => other,
        }
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
        ureq::Error::Other(inner) => match inner.downcast::<TransportError>() {
            Ok(error) => *error,
            Err(other) => TransportError::NoConnection(other.to_string().into()),
        },
        ureq::Error::HostNotFound => TransportError::HostNotFound,
        ureq::Error::Io(error) => match error.kind() {
            UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe => {
                TransportError::LostReply(Reason::io(&error))
            }
            _ => TransportError::NoConnection(Reason::io(&error)),
        },
        ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
            TransportError::NoConnection(Reason::of(Cause::TimedOut, said))
        }
        ureq::Error::Timeout(_) => TransportError::LostReply(Reason::of(Cause::TimedOut, said)),
        ureq::Error::BodyExceedsLimit(_)
        | ureq::Error::LargeResponseHeader(..)
        | ureq::Error::Protocol(_)
        | ureq::Error::Http(_) => TransportError::Unusable(said),
        _ => TransportError::NoConnection(said.into()),
    }
}
