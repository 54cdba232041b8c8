use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use super::ProxyAddress;

/// An open connection to a server, straight or through a proxy, on which TLS with the server can
/// begin.
pub struct Line(Stream);

enum Stream {
    Tcp(TcpStream),
    /// The proxy is spoken to in TLS; TLS with the server lies inside.
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Line {
    /// Connects to the first of these addresses that answers.
    pub(super) fn open(addresses: &[SocketAddr], wait: Duration) -> io::Result<Self> {
        let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
        let began = Instant::now();
        for (tried, address) in addresses.iter().enumerate() {
            // What is left is shared, so that a dead first address leaves time for the others.
            let others = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
            let share = wait.saturating_sub(began.elapsed()) / others;
            match TcpStream::connect_timeout(address, share.max(Duration::from_millis(100))) {
                Ok(stream) => {
                    stream.set_nodelay(true)?;
                    return Ok(Self(Stream::Tcp(stream)));
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Speaks TLS to the proxy itself from here on; its handshake may last until `until`.
    pub(super) fn secured(
        mut self,
        proxy: &ProxyAddress,
        config: Arc<ClientConfig>,
        until: Instant,
    ) -> io::Result<Self> {
        let name = ServerName::try_from(proxy.host().to_owned()).map_err(io::Error::other)?;
        let mut tls = ClientConnection::new(config, name).map_err(io::Error::other)?;
        tls.complete_io(&mut self.until(until))?;
        let Self(Stream::Tcp(stream)) = self else { return Ok(self) };
        Ok(Self(Stream::Tls(Box::new(StreamOwned::new(tls, stream)))))
    }

    /// The line up to a moment, however its octets drip.
    pub fn until(&mut self, until: Instant) -> Until<'_> {
        Until { line: self, until }
    }

    fn tcp(&self) -> &TcpStream {
        match &self.0 {
            Stream::Tcp(stream) => stream,
            Stream::Tls(stream) => stream.get_ref(),
        }
    }

    /// Longest wait of each reading and writing from here on; `None` waits for ever.
    ///
    /// # Errors
    /// When the system does not take it.
    pub fn set_timeout(&self, wait: Option<Duration>) -> io::Result<()> {
        // Zero means "for ever" to some systems and is an error to others.
        let wait = wait.map(|wait| wait.max(Duration::from_millis(1)));
        self.tcp().set_read_timeout(wait)?;
        self.tcp().set_write_timeout(wait)
    }

    /// Whether the other side has neither closed nor sent anything that nobody asked for.
    pub fn is_idle(&self) -> bool {
        let stream = self.tcp();
        if stream.set_nonblocking(true).is_err() {
            return false;
        }
        let peeked = stream.peek(&mut [0]);
        let is_quiet = peeked.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock);
        stream.set_nonblocking(false).is_ok() && is_quiet
    }
}

impl Read for Line {
    fn read(&mut self, octets: &mut [u8]) -> io::Result<usize> {
        match &mut self.0 {
            Stream::Tcp(stream) => stream.read(octets),
            Stream::Tls(stream) => stream.read(octets),
        }
    }
}

impl Write for Line {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Stream::Tcp(stream) => stream.write(octets),
            Stream::Tls(stream) => stream.write(octets),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Stream::Tcp(stream) => stream.flush(),
            Stream::Tls(stream) => stream.flush(),
        }
    }
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Line").field(self.tcp()).finish()
    }
}

/// A line that is used up to a moment, however its octets drip.
pub struct Until<'a> {
    line: &'a mut Line,
    until: Instant,
}

impl Until<'_> {
    fn limited(&mut self) -> io::Result<&mut Line> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.line.set_timeout(Some(left))?;
        Ok(self.line)
    }
}

impl Read for Until<'_> {
    fn read(&mut self, octets: &mut [u8]) -> io::Result<usize> {
        self.limited()?.read(octets)
    }
}

impl Write for Until<'_> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.limited()?.write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.limited()?.flush()
    }
}
