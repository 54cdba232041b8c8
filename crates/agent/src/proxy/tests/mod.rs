//! The way out through real proxies, and through hostile ones.

mod find;
mod idle;
mod inspect;
mod sign_in;

use std::net::TcpListener;

use crate::proxy::{ProxyChoice, WayOut};
use crate::testing::{Answer, Authority, Server, Squid, now};
use crate::transport::{Https, Network, Reply, Transport, TransportError};
use crate::trust::{Judged, Trusted, judge};

/// The choice of a squid.
fn at(squid: &Squid) -> ProxyChoice {
    squid.url().parse().unwrap()
}

/// A port of this PC on which nobody answers.
fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// An issuing site as far as these tests need one.
struct Site {
    authority: Authority,
    server: Server,
}

impl Site {
    /// A site of this name; names below `example.jp` are this PC.
    fn named(host: &str) -> Self {
        let authority = Authority::new();
        let server = Server::start(authority.server(host), |_| {
            let json = "content-type: application/json\r\n".to_owned();
            Answer::Whole(200, json, b"{}".to_vec())
        });
        Self { authority, server }
    }

    fn trusted(&self) -> Trusted {
        let pin = crate::Fingerprint::of(&self.authority.trust().root.0);
        match judge(&self.authority.trust(), Some(pin), now()).unwrap() {
            Judged::Believed(trusted) => trusted,
            Judged::Unconfirmed(_) => panic!("a pin was given"),
        }
    }

    fn url(&self) -> String {
        format!("https://issue.example.jp:{}/", self.server.port())
    }

    fn connect(&self, way_out: &WayOut) -> Box<dyn Transport> {
        Https::new("0.1.0", "en", way_out.clone()).believe(&self.trusted()).unwrap()
    }

    fn get(&self, way_out: &WayOut) -> Result<Reply, TransportError> {
        self.connect(way_out).get(&self.url())
    }
}
