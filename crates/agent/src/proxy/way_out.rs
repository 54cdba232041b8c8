use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use tegata_domain::{Clock, Entropy};

use super::auth::{Abilities, Known, Salt};
use super::find::{Finder, Found};
use super::tunnel::Tunnel;
use super::{Line, Names, ProxyAddress, ProxyChoice, ProxyPerson, System, Way};
use crate::transport::{Cause, ProxyTrouble, Reason, TransportError, system_roots};

/// Longest wait for a connection to a server or a proxy.
const CONNECT: Duration = Duration::from_secs(15);

/// Longest wait for the addresses of a name.
const LOOKUP: Duration = Duration::from_secs(8);

/// Most addresses of a name that are tried.
const MAX_ADDRESSES: usize = 8;

/// Variables of the environment, by name.
pub type Environment = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Everything that the way out depends on and that is not in its own hands.
pub struct Surroundings {
    /// Variables of the environment.
    pub environment: Environment,
    /// The system's settings.
    pub system: Box<dyn System>,
    /// Host names.
    pub names: Arc<dyn Names>,
    /// Whom to ask for a name and a password.
    pub person: Arc<dyn ProxyPerson>,
    /// What time it is, for scripts and for NTLM.
    pub clock: Arc<dyn Clock>,
    /// The zone of this PC, for scripts.
    pub zone: TimeZone,
    /// Where random octets come from.
    pub entropy: Arc<dyn Entropy>,
}

/// The way out of this PC. Clones share what was learned: scripts, accounts of this session,
/// proxies that do not answer.
#[derive(Clone)]
pub struct WayOut(Arc<Inner>);

struct Inner {
    choice: Mutex<ProxyChoice>,
    around: Surroundings,
    finder: Finder,
    known: Known,
    user_agent: String,
    last: Mutex<Option<(Way, super::Source)>>,
}

impl WayOut {
    /// `version` names the application to proxies.
    pub fn new(choice: ProxyChoice, version: &str, around: Surroundings) -> Self {
        Self(Arc::new(Inner {
            choice: Mutex::new(choice),
            around,
            finder: Finder::default(),
            known: Known::default(),
            user_agent: format!("tegata-app/{version}"),
            last: Mutex::new(None),
        }))
    }

    /// From the next connection on, this choice.
    pub fn choose(&self, choice: ProxyChoice) {
        *self.0.choice.lock().unwrap_or_else(PoisonError::into_inner) = choice;
    }

    /// The choice in force.
    pub fn choice(&self) -> ProxyChoice {
        self.0.choice.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Over which way the last connection went, and who said so.
    pub fn last(&self) -> Option<(Way, super::Source)> {
        self.0.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The ways to a server, without going any.
    ///
    /// # Errors
    /// When the person's own script fails, or a variable of the environment names no proxy.
    pub fn find(&self, host: &str, port: u16) -> Result<Found, TransportError> {
        let Inner { around, finder, known, .. } = &*self.0;
        finder.find((bare(host), port), &self.choice(), around, known)
    }

    /// A connection to `host` on which TLS can begin: over the first way that works. A way that is
    /// not there is passed over; one that says no is believed.
    ///
    /// # Errors
    /// What the most telling of the ways said.
    pub fn open(&self, host: &str, port: u16) -> Result<Line, TransportError> {
        let host = bare(host);
        let Found { ways, source, .. } = self.find(host, port)?;
        let mut first = None;
        for way in ways {
            let opened = match &way {
                Way::Direct => self.direct(host, port),
                Way::Proxy(proxy) => self.through(proxy, host, port),
            };
            match opened {
                Ok(line) => {
                    let last = &self.0.last;
                    *last.lock().unwrap_or_else(PoisonError::into_inner) = Some((way, source));
                    return Ok(line);
                }
                Err(error) => {
                    if let (true, Way::Proxy(proxy)) = (is_absence(&error), &way) {
                        self.0.finder.died(proxy);
                    }
                    let is_last_word = !is_absence(&error);
                    let error = first.get_or_insert(error);
                    if is_last_word {
                        return Err(error.clone());
                    }
                }
            }
        }
        Err(first.unwrap_or_else(|| TransportError::NoConnection("no way out".into())))
    }

    fn direct(&self, host: &str, port: u16) -> Result<Line, TransportError> {
        let addresses = self.addresses(host, port);
        if addresses.is_empty() {
            return Err(TransportError::HostNotFound);
        }
        Line::open(&addresses, CONNECT)
            .map_err(|error| TransportError::NoConnection(Reason::io(&error)))
    }

    fn through(&self, proxy: &ProxyAddress, host: &str, port: u16) -> Result<Line, TransportError> {
        let Inner { around, known, user_agent, .. } = &*self.0;
        let addresses = self.addresses(proxy.host(), proxy.port());
        if addresses.is_empty() {
            let trouble = ProxyTrouble::Unreachable(Reason::of(Cause::NotFound, ""));
            return Err(TransportError::Proxy { proxy: proxy.to_string(), trouble });
        }
        let target = match host.contains(':') {
            true => format!("[{host}]:{port}"),
            false => format!("{host}:{port}"),
        };
        let dial = || -> io::Result<Line> {
            let line = Line::open(&addresses, CONNECT)?;
            if !proxy.is_tls() {
                return Ok(line);
            }
            let roots = system_roots().map_err(io::Error::other)?;
            line.secured(proxy, roots, Instant::now() + CONNECT)
        };
        let salt = || {
            let mut random = [0; 8];
            around.entropy.fill(&mut random);
            Salt { random, now: around.clock.now() }
        };
        Tunnel {
            proxy,
            target: &target,
            user_agent,
            known,
            person: &*around.person,
            abilities: Abilities::here(),
            dial: &dial,
            salt: &salt,
        }
        .open()
    }

    fn addresses(&self, host: &str, port: u16) -> Vec<SocketAddr> {
        let found = match host.parse::<IpAddr>() {
            Ok(address) => vec![address],
            Err(_) => self.0.around.names.addresses(host),
        };
        found.into_iter().take(MAX_ADDRESSES).map(|address| (address, port).into()).collect()
    }
}

impl std::fmt::Debug for WayOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WayOut").field("choice", &self.choice()).finish_non_exhaustive()
    }
}

/// An IPv6 address without its brackets.
fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host)
}

/// Whether nobody answered at all, so that the next way may be gone.
fn is_absence(error: &TransportError) -> bool {
    matches!(
        error,
        TransportError::HostNotFound
            | TransportError::NoConnection(_)
            | TransportError::Proxy { trouble: ProxyTrouble::Unreachable(_), .. }
    )
}

/// The names that this PC's system knows.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemNames;

impl Names for SystemNames {
    fn addresses(&self, host: &str) -> Vec<IpAddr> {
        let (sender, receiver) = mpsc::channel();
        let host = host.to_owned();
        // The system has no way to stop a look-up; it ends by itself, unheard.
        std::thread::spawn(move || {
            let found = (host.as_str(), 0).to_socket_addrs().map(|found| found.map(|a| a.ip()));
            // Nobody listens any more when it took too long.
            let _ = sender.send(found.map(Iterator::collect::<Vec<_>>).unwrap_or_default());
        });
        let mut found = receiver.recv_timeout(LOOKUP).unwrap_or_default();
        found.sort_by_key(IpAddr::is_ipv6);
        found.dedup();
        found
    }

    /// The address that packets to the Internet would carry; nothing is sent (documentation
    /// addresses of RFC 5737 and RFC 3849).
    fn own_address(&self) -> Option<IpAddr> {
        [("0.0.0.0:0", "192.0.2.1:443"), ("[::]:0", "[2001:db8::1]:443")].into_iter().find_map(
            |(own, far)| {
                let socket = UdpSocket::bind(own).ok()?;
                socket.connect(far).ok()?;
                socket.local_addr().ok().map(|address| address.ip()).filter(|a| !a.is_unspecified())
            },
        )
    }
}
