use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// A proxy that leads every `CONNECT` to its port on this PC and can lose its temper; it ends when
/// dropped.
pub(crate) struct Relay {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// Tunnels opened before this many generations ago are cut when the client uses them.
    generation: AtomicUsize,
    tunnels: AtomicUsize,
    open: Mutex<Vec<TcpStream>>,
}

impl Relay {
    pub(crate) fn start() -> Self {
        Self::answering("HTTP/1.1 200 Connection established\r\n\r\n")
    }

    /// A proxy that answers every `CONNECT` with these octets, then connects.
    pub(crate) fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared::default());
        let (all, answer) = (shared.clone(), answer.into());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (all, answer) = (all.clone(), answer.clone());
                let Ok(client) = stream else { return };
                std::thread::spawn(move || {
                    // A client that goes away ends its tunnel, not the test.
                    let _ = tunnel(client, &all, &answer);
                });
            }
        });
        Self { port, shared }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// How many tunnels were opened.
    pub(crate) fn tunnels(&self) -> usize {
        self.shared.tunnels.load(Ordering::SeqCst)
    }

    /// Cuts every open tunnel now.
    pub(crate) fn cut(&self) {
        for stream in self.shared.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Cuts every open tunnel as soon as it is used again, so that nobody can know before.
    pub(crate) fn cut_when_used(&self) {
        self.shared.generation.fetch_add(1, Ordering::SeqCst);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.cut();
    }
}

fn tunnel(mut client: TcpStream, shared: &Shared, answer: &[u8]) -> std::io::Result<()> {
    let mut head = Vec::new();
    let mut octet = [0];
    while !head.ends_with(b"\r\n\r\n") {
        client.read_exact(&mut octet)?;
        head.push(octet[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let port = head.split_ascii_whitespace().nth(1).and_then(|target| target.rsplit(':').next());
    client.write_all(answer)?;
    if !answer.starts_with(b"HTTP/1.1 2") {
        return Ok(());
    }
    let server = TcpStream::connect(("127.0.0.1", port.unwrap().parse().unwrap()))?;
    let generation = shared.generation.load(Ordering::SeqCst);
    shared.tunnels.fetch_add(1, Ordering::SeqCst);
    shared.open.lock().unwrap().extend([client.try_clone()?, server.try_clone()?]);
    let (mut back_from, mut back_to) = (server.try_clone()?, client.try_clone()?);
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut back_from, &mut back_to);
        let _ = back_to.shutdown(Shutdown::Both);
    });
    let mut server = server;
    let mut octets = [0; 16 * 1024];
    loop {
        let read = client.read(&mut octets)?;
        if read == 0 || shared.generation.load(Ordering::SeqCst) != generation {
            client.shutdown(Shutdown::Both)?;
            return server.shutdown(Shutdown::Both);
        }
        server.write_all(&octets[..read])?;
    }
}
