//! Updates against a real HTTPS server on loopback, with real files and real programs.

mod applying;
mod deciding;
mod downloading;
mod world;
