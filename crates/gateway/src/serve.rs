use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ServerConnection;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::connections::Connection;
use crate::gateway::Gateway;
use crate::leaf::Leaf;
use crate::request::answer;
use crate::shared::{Phase, Shared};
use crate::verdict::Authenticity;

/// What requests in flight get once their certificate is no longer good: time to finish an
/// answer that is on the wire already, well under the second that is promised.
const CUT_GRACE: Duration = Duration::from_millis(300);

/// Pause after a failed accept, as when the process is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The gateway's life after [`Gateway::bind`].
pub(crate) async fn serve(gateway: Gateway, shutdown: impl Future<Output = ()>) {
    let Gateway { shared, listener, followers, reporters, lock: _lock, .. } = gateway;
    let connections = Arc::new(Semaphore::new(shared.limits.connections as usize));
    let mut feeds = JoinSet::new();
    for follower in followers {
        feeds.spawn(follower.run(shared.clone()));
    }
    let mut reports = JoinSet::new();
    for reporter in reporters {
        reports.spawn(reporter.run(shared.clone()));
    }
    shared.phase.send_replace(Phase::Serving);
    shared.report_ready();
    // Whatever drops this future takes the connections along.
    let ending = EndOnDrop(shared.clone());
    tokio::select! {
        () = shutdown => {}
        () = accept(&shared, &listener, &connections) => {}
    }
    drop(listener);
    shared.phase.send_replace(Phase::Draining);
    shared.report_ready();
    let all = connections.acquire_many(shared.limits.connections);
    if timeout(shared.limits.drain, all).await.is_err() {
        tracing::warn!("connections that did not end in time are dropped");
    }
    drop(ending);
    feeds.shutdown().await;
    // They end by themselves, after a last try that is limited.
    while reports.join_next().await.is_some() {}
}

struct EndOnDrop(Arc<Shared>);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.phase.send_replace(Phase::Ending);
    }
}

/// Accepts for ever; waits while as many connections as allowed are open.
async fn accept(shared: &Arc<Shared>, listener: &TcpListener, connections: &Arc<Semaphore>) {
    while let Ok(permit) = connections.clone().acquire_owned().await {
        match listener.accept().await {
            Ok((stream, peer)) => {
                tokio::spawn(connection(shared.clone(), stream, peer.ip(), permit));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// One connection from the handshake to the end.
async fn connection(
    shared: Arc<Shared>,
    stream: TcpStream,
    peer: IpAddr,
    permit: OwnedSemaphorePermit,
) {
    let mut phase = shared.phase.subscribe();
    let handshake = tokio::select! {
        handshake = timeout(shared.limits.handshake, handshake(&shared, stream)) => handshake,
        _ = phase.wait_for(|phase| *phase != Phase::Serving) => return,
    };
    let stream = match handshake {
        Ok(Ok(stream)) => stream,
        failed => {
            shared.metrics.count_handshake(false);
            tracing::debug!(%peer, error = ?failed.err(), "no TLS handshake");
            return;
        }
    };
    shared.metrics.count_handshake(true);
    let (_, session) = stream.get_ref();
    let leaf = presented(&shared, session);
    let http2 = session.alpn_protocol() == Some(b"h2");
    let connection = Connection::open(shared.connections.clone(), peer, leaf, permit);
    let service = {
        let (shared, connection) = (shared.clone(), connection.clone());
        service_fn(move |request| {
            let (shared, connection) = (shared.clone(), connection.clone());
            async move { Ok::<_, Infallible>(answer(&shared, &connection, request).await) }
        })
    };
    let (limits, io) = (&shared.limits, TokioIo::new(stream));
    if http2 {
        let running = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_concurrent_streams(limits.streams)
            .max_header_list_size(limits.head_octets)
            .keep_alive_interval(limits.idle / 3)
            .serve_connection(io, service);
        drive(running, &connection, phase, limits.idle).await;
    } else {
        let running = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head)
            .max_header_size(limits.head_octets as usize)
            .serve_connection(io, service)
            .with_upgrades();
        drive(running, &connection, phase, limits.idle).await;
    }
}

async fn handshake(shared: &Shared, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
    stream.set_nodelay(true)?;
    TlsAcceptor::from(shared.tls.current()).accept(stream).await
}

/// The certificate that the client presented and proved, now or when the session began.
fn presented(shared: &Shared, session: &ServerConnection) -> Option<Arc<Leaf>> {
    let der = session.peer_certificates()?.first()?;
    let known = |leaf: &Leaf| {
        shared.services.iter().enumerate().any(|(index, service)| {
            let authorities = service.knowledge.authorities();
            leaf.authenticity(index, &authorities, shared.tls.algorithms()) == Authenticity::Genuine
        })
    };
    Some(shared.leaves.get(der, shared.services.len(), known))
}

/// An HTTP connection that can be asked to take no further requests.
trait Drain: Future<Output = hyper::Result<()>> {
    fn drain(self: Pin<&mut Self>);
}

impl<S> Drain for http1::UpgradeableConnection<TokioIo<TlsStream<TcpStream>>, S>
where
    Self: Future<Output = hyper::Result<()>>,
    S: hyper::service::HttpService<hyper::body::Incoming, ResBody = crate::body::AnswerBody>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    fn drain(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

impl<S> Drain for http2::Connection<TokioIo<TlsStream<TcpStream>>, S, TokioExecutor>
where
    Self: Future<Output = hyper::Result<()>>,
    S: hyper::service::HttpService<hyper::body::Incoming, ResBody = crate::body::AnswerBody>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    TokioExecutor: hyper::rt::bounds::Http2ServerConnExec<S::Future, crate::body::AnswerBody>,
{
    fn drain(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

/// Runs a connection until it ends by itself, its certificate is no longer good, it idles too
/// long, or the gateway stops.
async fn drive(
    http: impl Drain,
    connection: &Connection,
    mut phase: watch::Receiver<Phase>,
    idle: Duration,
) {
    tokio::pin!(http);
    // Looks at the phase first, should it have changed since the handshake.
    phase.mark_changed();
    let mut begun = connection.begun();
    let mut check_at = Instant::now() + idle;
    let (mut draining, mut cutting) = (false, false);
    loop {
        tokio::select! {
            ended = http.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(peer = %connection.peer, %error, "a connection broke");
                }
                return;
            }
            () = connection.until_cut(), if !cutting => {
                http.as_mut().drain();
                cutting = true;
                check_at = Instant::now() + CUT_GRACE;
            }
            changed = phase.changed() => match *phase.borrow_and_update() {
                _ if changed.is_err() => return,
                Phase::Bound | Phase::Serving => {}
                Phase::Draining => {
                    http.as_mut().drain();
                    draining = true;
                    check_at = check_at.min(Instant::now() + CUT_GRACE);
                }
                Phase::Ending => return,
            },
            () = sleep_until(check_at) => {
                if cutting || draining && !connection.is_busy() {
                    return;
                }
                if !connection.is_busy() && begun == connection.begun() {
                    http.as_mut().drain();
                    draining = true;
                }
                begun = connection.begun();
                check_at = Instant::now() + if draining { CUT_GRACE } else { idle };
            }
        }
    }
}
