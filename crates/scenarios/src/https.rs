//! TLS connections that trust the demo's root and nothing else.

use std::io;
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::http::{self, Answer};

/// Time within which a server answers.
const BOUND: Duration = Duration::from_secs(30);

/// A certificate with its chain, and its key.
#[derive(Debug)]
pub struct Identity {
    /// The certificate first, without the root.
    pub chain: Vec<CertificateDer<'static>>,
    /// The key.
    pub key: PrivateKeyDer<'static>,
}

impl Identity {
    /// From PEM files.
    pub fn read(chain: &Path, key: &Path) -> Self {
        let chain = CertificateDer::pem_file_iter(chain).expect("a chain");
        Self {
            chain: chain.collect::<Result<_, _>>().expect("a chain"),
            key: PrivateKeyDer::from_pem_file(key).expect("a key"),
        }
    }
}

/// A server, and how to speak to it.
#[derive(Clone)]
pub struct Https {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    port: u16,
}

/// A connection that we hold.
pub type Connection = StreamOwned<ClientConnection, TcpStream>;

impl Https {
    /// The server at `address` (`https://HOST:PORT/…`, on this machine), trusted because of `root`.
    pub fn new(address: &str, root: &Path, identity: Option<Identity>) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(root).expect("a root")).expect("a root");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider fits")
            .with_root_certificates(roots);
        let config = match identity {
            Some(Identity { chain, key }) => {
                config.with_client_auth_cert(chain, key).expect("key and certificate fit")
            }
            None => config.with_no_client_auth(),
        };
        Self { config: Arc::new(config), name: host(address), port: port(address) }
    }

    /// Opens a connection; the handshake happens with the first octets.
    ///
    /// # Errors
    /// When nobody listens.
    pub fn connect(&self) -> io::Result<Connection> {
        let stream = self.connect_plain()?;
        let session = ClientConnection::new(self.config.clone(), self.name.clone());
        Ok(StreamOwned::new(session.expect("a name"), stream))
    }

    /// Opens a connection without TLS.
    ///
    /// # Errors
    /// When nobody listens.
    pub fn connect_plain(&self) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(BOUND))?;
        stream.set_write_timeout(Some(BOUND))?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    /// Sends a request on a new connection.
    ///
    /// # Errors
    /// When no answer comes.
    pub fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Answer> {
        let request = http::request(method, path, headers, body);
        http::exchange(&mut self.connect()?, &request)
    }

    /// Gets a page on a new connection.
    #[track_caller]
    pub fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send("GET", path, headers, b"").unwrap_or_else(|error| panic!("GET {path}: {error}"))
    }

    /// Gets a page while its certificate's standing changes: `None` when the connection was cut
    /// for it in the middle.
    pub fn get_or_cut(&self, path: &str, headers: &[(&str, &str)]) -> Option<Answer> {
        self.send("GET", path, headers, b"").ok()
    }
}

/// Sends these octets, says that no more will come, and returns the answer; `None` when the
/// connection was closed without one.
///
/// # Panics
/// When the server does neither.
pub fn send_raw(mut connection: Connection, octets: &[u8]) -> Option<Answer> {
    use std::io::Write;
    // A server may close before it has read everything.
    let _ = connection.write_all(octets).and_then(|()| connection.flush());
    connection.conn.send_close_notify();
    let _ = connection.flush();
    let _ = connection.sock.shutdown(Shutdown::Write);
    answer_or_end(&mut connection)
}

/// Reads an answer; `None` when the connection was closed without one.
///
/// # Panics
/// When neither happens.
pub fn answer_or_end(stream: &mut impl io::Read) -> Option<Answer> {
    match http::receive(stream) {
        Ok(answer) => Some(answer),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            panic!("neither an answer nor an end within {BOUND:?}")
        }
        Err(_) => None,
    }
}

/// The port of an address such as `https://127.0.0.1:8443/`.
pub fn port(address: &str) -> u16 {
    let rest = address.rsplit_once(':').expect("a port").1;
    rest.split('/').next().and_then(|port| port.parse().ok()).expect("a port")
}

fn host(address: &str) -> ServerName<'static> {
    let host = address.strip_prefix("https://").and_then(|rest| rest.split(':').next());
    ServerName::try_from(host.expect("https").to_owned()).expect("a host")
}
