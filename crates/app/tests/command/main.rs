//! The real binary, run as people run it, against a site on loopback.

mod issue;
mod proxy;
mod support;
mod terminal;
mod trust;
