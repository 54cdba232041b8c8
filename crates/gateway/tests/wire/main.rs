//! The gateway on the wire: real sockets, TLS and HTTP, with a feed, a protected service and a
//! certification authority made for the test.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

mod client;
mod feed;
mod forwarding;
mod history;
mod limits;
mod pki;
mod raw;
mod revocation;
mod sessions;
mod shown;
mod upstream;
mod uses;
mod verdicts;
mod world;
