//! The proxy of an office: it wants to know who is there, and holds what goes to one host back for
//! as long as somebody looks at the page meanwhile.

use std::io::{Read, Write, copy};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The only one whom the proxy lets through.
pub const USER: &str = "taro";
/// Their password.
pub const PASSWORD: &str = "secret";
/// `taro:secret` as Basic carries it (RFC 7617).
const CREDENTIALS: &str = "dGFybzpzZWNyZXQ=";

/// Longest time for which anything is held back.
const BOUND: Duration = Duration::from_secs(60);

/// A proxy on this machine. It ends with the test.
pub struct OfficeProxy {
    address: String,
    gate: Arc<Gate>,
}

#[derive(Default)]
struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Whether everybody is let through.
    is_open: bool,
    /// `host:port`
    held: Option<String>,
    /// Connections that wait.
    waiting: usize,
}

impl OfficeProxy {
    /// A proxy that asks.
    ///
    /// # Panics
    /// When there is no free port.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it is bound").to_string();
        let gate = Arc::<Gate>::default();
        let own = Arc::clone(&gate);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let gate = Arc::clone(&own);
                // A client that is gone is no fault of the next.
                std::thread::spawn(move || drop(gate.serve(client)));
            }
        });
        Self { address, gate }
    }

    /// `host:port`
    pub fn address(&self) -> &str {
        &self.address
    }

    /// From now on nobody is asked.
    pub fn let_everybody_through(&self) {
        self.gate.state().is_open = true;
    }

    /// Holds back from now on what goes to `host:port`.
    pub fn hold(&self, to: &str) {
        self.gate.state().held = Some(to.to_owned());
    }

    /// Waits until something is held back.
    ///
    /// # Panics
    /// When nothing comes.
    #[track_caller]
    pub fn holds(&self) {
        let state = self.gate.state();
        let waited = self.gate.changed.wait_timeout_while(state, BOUND, |now| now.waiting == 0);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(state.waiting > 0, "nothing came to the proxy");
    }

    /// Lets go what was held back.
    pub fn release(&self) {
        self.gate.state().held = None;
        self.gate.changed.notify_all();
    }
}

impl Gate {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, mut client: TcpStream) -> std::io::Result<()> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut octet = [0];
            client.read_exact(&mut octet)?;
            head.push(octet[0]);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        if !self.state().is_open && !head.contains(CREDENTIALS) {
            return client.write_all(
                b"HTTP/1.1 407 Proxy Authentication Required\r\n\
                  Proxy-Authenticate: Basic realm=\"Corporate Internet Access\"\r\n\
                  Connection: close\r\nContent-Length: 0\r\n\r\n",
            );
        }
        let target = head.split(' ').nth(1).unwrap_or_default();
        self.wait_for(target);
        let mut server = TcpStream::connect(target)?;
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
        let (mut from, mut to) = (client.try_clone()?, server.try_clone()?);
        std::thread::spawn(move || {
            let _ = copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Write);
        });
        copy(&mut server, &mut client)?;
        client.shutdown(Shutdown::Write)
    }

    fn wait_for(&self, target: &str) {
        let is_held = |state: &mut State| state.held.as_deref() == Some(target);
        let mut state = self.state();
        state.waiting += usize::from(is_held(&mut state));
        self.changed.notify_all();
        let waited = self.changed.wait_timeout_while(state, BOUND, is_held);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.waiting = 0;
    }
}
