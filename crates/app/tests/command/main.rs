//! The real binary, run as people run it, against a site on loopback.

#![expect(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

mod issue;
mod proxy;
mod remove;
mod schedule;
mod support;
mod terminal;
mod token;
mod trust;
mod update;
mod whose;
