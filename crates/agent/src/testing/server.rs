//! A small HTTPS server on loopback: a thread for each connection, a function for each request.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What a client asked.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: String,
    pub(crate) body: Vec<u8>,
}

/// What it gets.
pub(crate) enum Answer {
    /// Status, further header lines, body.
    Whole(u16, String, Vec<u8>),
    /// A header that promises more than the connection brings before it ends.
    Cut,
    /// Status, further header lines, the promised length, and a body that is all there is; then
    /// the connection ends, at once or when the client ends it.
    Short { status: u16, headers: String, promised: usize, body: Vec<u8>, stays: bool },
}

type Handler = dyn Fn(&Request) -> Answer + Send + Sync;

/// The server; it ends when dropped.
pub(crate) struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves with a certificate chain and a PKCS#8 key.
    pub(crate) fn start(
        (chain, key): (Vec<Vec<u8>>, Vec<u8>),
        handler: impl Fn(&Request) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                chain.into_iter().map(CertificateDer::from).collect(),
                PrivateKeyDer::Pkcs8(key.into()),
            )
            .unwrap();
        let (config, handler) = (Arc::new(config), Arc::new(handler));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let ends = Arc::new(AtomicBool::new(false));
        let (log, end) = (requests.clone(), ends.clone());
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if end.load(Ordering::SeqCst) {
                    return;
                }
                let (config, log, handler) = (config.clone(), log.clone(), handler.clone());
                std::thread::spawn(move || {
                    // A client that goes away ends its connection, not the test.
                    let _ = serve(stream?, config, &log, handler.as_ref());
                    std::io::Result::Ok(())
                });
            }
        });
        Self { address, requests, ends, thread: Some(thread) }
    }

    /// Its port on loopback.
    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Every request so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

fn serve(
    stream: TcpStream,
    config: Arc<ServerConfig>,
    log: &Mutex<Vec<Request>>,
    handler: &Handler,
) -> std::io::Result<()> {
    let connection = ServerConnection::new(config).map_err(std::io::Error::other)?;
    let mut stream = StreamOwned::new(connection, stream);
    while let Some(request) = read(&mut stream)? {
        log.lock().unwrap().push(request.clone());
        match handler(&request) {
            Answer::Whole(status, headers, body) => {
                let head = format!(
                    "HTTP/1.1 {status} X\r\ncontent-length: {}\r\n{headers}\r\n",
                    body.len()
                );
                stream.write_all(head.as_bytes())?;
                stream.write_all(&body)?;
                stream.flush()?;
            }
            Answer::Short { status, headers, promised, body, stays } => {
                let head =
                    format!("HTTP/1.1 {status} X\r\ncontent-length: {promised}\r\n{headers}\r\n");
                stream.write_all(head.as_bytes())?;
                stream.write_all(&body)?;
                stream.flush()?;
                if stays {
                    read(&mut stream)?;
                }
                return Ok(());
            }
            Answer::Cut => {
                stream.write_all(b"HTTP/1.1 200 X\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{")?;
                return stream.flush();
            }
        }
    }
    Ok(())
}

fn read(stream: &mut impl Read) -> std::io::Result<Option<Request>> {
    let mut head = Vec::new();
    let mut octet = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut octet)? == 0 {
            return Ok(None);
        }
        head.push(octet[0]);
    }
    let head = String::from_utf8_lossy(&head).to_lowercase();
    let mut first = head.lines().next().unwrap_or_default().split(' ');
    let (method, path) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.trim().parse().unwrap())];
    stream.read_exact(&mut body)?;
    Ok(Some(Request {
        method: method.to_owned(),
        path: path.to_owned(),
        headers: head.clone(),
        body,
    }))
}
