//! Below `ureq`: connections by the way out, with TLS on them.
//!
//! `ureq` has a connector for proxies, too; it takes one proxy from the environment, knows Basic
//! only, and proves nothing step by step on one connection.

use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport, time,
};
use ureq::{Error, Timeout};

use super::holder::Holder;
use super::https::Inspection;
use super::tls::{Anchors, Judge, Told, config};
use super::{Cause, Reason, TransportError};
use crate::proxy::{Line, Way, WayOut};

/// Longest wait for a handshake, however its octets drip.
const HANDSHAKE: Duration = Duration::from_secs(15);

/// What connections left behind, shared with whoever made the connector.
#[derive(Debug, Default)]
pub(super) struct Trail {
    opened: AtomicUsize,
    inspection: Mutex<Option<Inspection>>,
}

impl Trail {
    /// How many connections were begun so far.
    pub(super) fn opened(&self) -> usize {
        self.opened.load(Ordering::Relaxed)
    }

    /// Who inspects, as the last connection told.
    pub(super) fn inspection(&self) -> Option<Inspection> {
        self.inspection.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn tells(&self, inspection: Option<Inspection>) {
        *self.inspection.lock().unwrap_or_else(PoisonError::into_inner) = inspection;
    }
}

/// Opens connections.
pub(super) struct Exit {
    pub(super) way_out: WayOut,
    pub(super) anchors: Arc<Anchors>,
    /// Whom this connection is for, where the server may ask.
    pub(super) holder: Option<Holder>,
    pub(super) trail: Arc<Trail>,
}

impl std::fmt::Debug for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exit").field("way_out", &self.way_out).finish_non_exhaustive()
    }
}

impl Connector<()> for Exit {
    type Out = Secured;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        _: Option<()>,
    ) -> Result<Option<Secured>, Error> {
        let host = details.uri.host().unwrap_or_default();
        let port = details.uri.port_u16().unwrap_or(443);
        self.trail.opened.fetch_add(1, Ordering::Relaxed);
        let stream = self.secured(host, port).map_err(|error| Error::Other(Box::new(error)))?;
        let config = details.config;
        let buffers = LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size());
        Ok(Some(Secured { buffers, stream }))
    }
}

impl Exit {
    fn secured(
        &self,
        host: &str,
        port: u16,
    ) -> Result<StreamOwned<ClientConnection, Line>, TransportError> {
        let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned())
            .map_err(|_| TransportError::HostNotFound)?;
        let mut line = self.way_out.open(host, port)?;
        let judge = Arc::new(Judge::new(Arc::clone(&self.anchors)));
        let broken = |error: rustls::Error| {
            TransportError::NoConnection(Reason::of(Cause::Tls, error.to_string()))
        };
        let mut tls =
            ClientConnection::new(config(&judge, self.holder.as_ref()).map_err(broken)?, name)
                .map_err(broken)?;
        let mut until = line.until(Instant::now() + HANDSHAKE);
        let shaken = loop {
            if !tls.is_handshaking() {
                break Ok(());
            }
            if let Err(error) = tls.complete_io(&mut until) {
                break Err(error);
            }
        };
        shaken.map_err(|error| self.cause(&error, judge.told()))?;
        self.trail.tells(match judge.told() {
            Some(Told::Inspected(issuer)) => Some(Inspection { issuer }),
            _ => None,
        });
        Ok(StreamOwned::new(tls, line))
    }

    /// Why a handshake failed.
    fn cause(&self, error: &io::Error, told: Option<Told>) -> TransportError {
        let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        let is_through_proxy = matches!(self.way_out.last(), Some((Way::Proxy(_), _)));
        match (tls, told) {
            (_, Some(Told::Foreign(issuer))) => TransportError::Intercepted { issuer },
            (_, Some(Told::Strange(issuer))) if is_through_proxy => {
                TransportError::Intercepted { issuer }
            }
            (
                Some(rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented),
                _,
            ) => TransportError::Unproven(error.to_string()),
            _ => TransportError::NoConnection(Reason::io(error)),
        }
    }
}

/// TLS with the server, as `ureq` wants it.
pub(super) struct Secured {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, Line>,
}

impl std::fmt::Debug for Secured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Secured").field(&self.stream.sock).finish()
    }
}

impl Secured {
    fn set_timeout(&self, timeout: NextTimeout) -> Result<(), Error> {
        let wait = match timeout.after {
            time::Duration::Exact(wait) if wait.is_zero() => {
                return Err(Error::Timeout(timeout.reason));
            }
            time::Duration::Exact(wait) => Some(wait),
            time::Duration::NotHappening => None,
        };
        self.stream.sock.set_timeout(wait).map_err(Error::Io)
    }
}

/// Systems tell a wait that is over by one of two kinds.
fn or_timeout(error: io::Error, reason: Timeout) -> Error {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Error::Timeout(reason),
        _ => Error::Io(error),
    }
}

impl Transport for Secured {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let timeout = timeout.for_write();
        self.set_timeout(timeout)?;
        let written = self.stream.write_all(&self.buffers.output()[..amount]);
        written
            .and_then(|()| self.stream.flush())
            .map_err(|error| or_timeout(error, timeout.reason))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let timeout = timeout.for_read();
        self.set_timeout(timeout)?;
        let read = self.stream.read(self.buffers.input_append_buf());
        let amount = read.map_err(|error| or_timeout(error, timeout.reason))?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.sock.is_idle()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

/// Leaves names to the way out: behind a proxy, only the proxy knows them.
#[derive(Debug)]
pub(super) struct NoLookup;

impl Resolver for NoLookup {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let mut addresses = self.empty();
        // `ureq` wants one; nobody connects to it.
        addresses.push(([0, 0, 0, 0], 0).into());
        Ok(addresses)
    }
}
