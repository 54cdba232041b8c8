use std::fs::{self, File, TryLockError};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tegata_domain::{Clock, Entropy, ServiceKey};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;

use crate::config::{Config, Limits};
use crate::feed::Follower;
use crate::leaf::Leaves;
use crate::metrics::Metrics;
use crate::report::Reporter;
use crate::serve;
use crate::service::{FeedHealth, Service};
use crate::shared::{Phase, Shared};
use crate::shown::Shown;
use crate::tls::Tls;

/// Connections that the system may keep waiting to be accepted.
const BACKLOG: u32 = 4_096;

/// How long an unused connection to a protected service is kept. Below the usual minute after
/// which servers close theirs.
const UPSTREAM_IDLE: Duration = Duration::from_secs(50);

/// A gateway that holds its address and what it knew when it last ran; [`Gateway::serve`] it.
#[derive(Debug)]
pub struct Gateway {
    pub(crate) shared: Arc<Shared>,
    shown: Arc<Shown>,
    pub(crate) listener: TcpListener,
    pub(crate) followers: Vec<Follower>,
    pub(crate) reporters: Vec<Reporter>,
    local_addr: SocketAddr,
    /// Locked as long as the gateway lives.
    pub(crate) lock: File,
}

/// Why a gateway cannot start.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Two settings contradict each other, or one cannot be.
    #[error("settings of the gateway: {0}")]
    Config(String),
    /// The certificate and its key are not usable.
    #[error("the gateway's TLS certificate or key: {0}")]
    Identity(#[from] rustls::Error),
    /// Another gateway uses the same state directory.
    #[error("the state directory {0} is in use by another gateway")]
    StateInUse(PathBuf),
    /// The state directory cannot be used.
    #[error("the state directory {path}: {source}")]
    State {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The address cannot be listened on: in use, not ours, or not permitted.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
}

impl Gateway {
    /// Takes in what the state directory holds, then takes the address. Nothing is accepted and
    /// nothing fetched before [`Self::serve`].
    ///
    /// # Errors
    /// See [`BindError`]; a port that is taken is [`BindError::Listen`].
    pub async fn bind(
        config: Config,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, BindError> {
        Self::bind_or_use(None, config, clock, entropy)
    }

    /// Like [`Self::bind`], on an address that was taken before; `config.listen` is not looked at.
    ///
    /// # Errors
    /// See [`BindError`].
    pub async fn on(
        listener: TcpListener,
        config: Config,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, BindError> {
        Self::bind_or_use(Some(listener), config, clock, entropy)
    }

    fn bind_or_use(
        listener: Option<TcpListener>,
        config: Config,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, BindError> {
        config.check()?;
        let Config { listen, identity, state_dir, services, limits } = config;
        let state = claim(&state_dir)?;
        let shown = Arc::new(Shown::new(identity, &state_dir)?);
        let tls = Tls::new(shown.clone(), clock.clone())?;
        let services: Vec<_> =
            services.into_iter().filter_map(Service::new).map(Arc::new).collect();
        let now = clock.now();
        let followers = services
            .iter()
            .map(|service| Follower::restore(service.clone(), &state_dir, now))
            .collect::<io::Result<Vec<_>>>()
            .map_err(|source| BindError::State { path: state_dir.clone(), source })?;
        let reporters = services.iter().map(|one| Reporter::new(one.clone(), &shown, &state_dir));
        let reporters: Vec<_> = reporters.collect::<Result<Vec<_>, _>>()?;
        let reporters = reporters.into_iter().flatten().collect();
        tls.hint(&services);
        let listener = match listener {
            Some(listener) => listener,
            None => {
                listen_on(listen).map_err(|source| BindError::Listen { address: listen, source })?
            }
        };
        let local_addr = listener
            .local_addr()
            .map_err(|source| BindError::Listen { address: listen, source })?;
        let shared = Shared {
            services,
            tls,
            leaves: Leaves::new(limits.leaves),
            connections: Arc::default(),
            upstream: upstream(&limits),
            metrics: Arc::default(),
            clock,
            entropy,
            phase: watch::Sender::new(Phase::Bound),
            ready: watch::Sender::new(false),
            limits,
        };
        let shared = Arc::new(shared);
        Ok(Self { shared, shown, listener, followers, reporters, local_addr, lock: state })
    }

    /// The address the gateway listens on.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Becomes true once connections are accepted and every service's revocations are known.
    pub fn ready(&self) -> watch::Receiver<bool> {
        self.shared.ready.subscribe()
    }

    /// What is shown to clients, to be replaced while the gateway serves.
    pub fn shown(&self) -> Arc<Shown> {
        self.shown.clone()
    }

    /// The counters.
    pub fn metrics(&self) -> Arc<Metrics> {
        self.shared.metrics.clone()
    }

    /// How the revocation feed of `service` is doing; `None` for a service that is not here.
    pub fn feed(&self, service: &ServiceKey) -> Option<watch::Receiver<FeedHealth>> {
        let service = self.shared.services.iter().find(|known| known.config.key == *service)?;
        Some(service.health())
    }

    /// Serves until `shutdown` resolves. Then nothing new is accepted, running requests get
    /// [`Limits::drain`], and what still runs after that is dropped.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) {
        serve::serve(self, shutdown).await;
    }
}

/// Makes the state directory and takes it for this gateway alone.
fn claim(dir: &Path) -> Result<File, BindError> {
    let state = |source| BindError::State { path: dir.to_owned(), source };
    fs::create_dir_all(dir).map_err(state)?;
    let lock = File::create(dir.join("lock")).map_err(state)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(BindError::StateInUse(dir.to_owned())),
        Err(TryLockError::Error(source)) => Err(state(source)),
    }
}

fn listen_on(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Without it a restart would have to wait for the old connections' TIME-WAIT.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn upstream<B>(limits: &Limits) -> Client<HttpConnector, B>
where
    B: hyper::body::Body + Send,
    B::Data: Send,
{
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(limits.upstream_connect));
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(UPSTREAM_IDLE)
        .set_host(false)
        .build(connector)
}
