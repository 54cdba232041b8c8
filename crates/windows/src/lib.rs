//! What the desktop application asks of Windows, behind safe functions.
//!
//! The one crate with `unsafe`: every block is one call into the system, with the reason why it
//! is sound beside it. On other systems it is empty. It knows nothing of Tegata: octets and
//! texts in, octets and texts out; what they mean is `agent`'s business.
//!
//! | module | what it asks for |
//! |---|---|
//! | `key` | private keys that do not come out, in CNG and in CAPI |
//! | `certs` | the user's certificate stores |
//! | `language` | the language in which Windows speaks to the user |
//! | `proxy` | the proxies of the settings, and scripts that name them |
//! | `sspi` | proving to a proxy who is signed in |
//! | `pipe` | a pipe's owner, before anything is said into it |
//! | `balloon` | a word at the clock |
//! | `console`, `ime` | the console of whoever started the program; no input method |

#![cfg(windows)]

pub mod balloon;
mod capi;
pub mod certs;
mod cng;
pub mod console;
pub mod ime;
pub mod key;
pub mod language;
pub mod pipe;
pub mod proxy;
mod refused;
pub mod sspi;
mod wide;

pub use refused::Refused;
