//! Tokens over PKCS#11 (OASIS, 2.40 and later): what keys of CAs and keys of seats have in common.
//!
//! | module | what it is |
//! |---|---|
//! | `uri` | addresses of tokens and what is in them (RFC 7512), parsed once |
//! | `pin` | where a PIN is read from; it never stands in an address |
//! | `module` | a driver, loaded and initialised once in a process |
//! | `token` | one token: a single login, sessions, getting them back when they are lost |
//! | [`pair`] | how a key pair is to be kept, and whether it is |
//! | [`public`] | public keys as PKCS#11 keeps them, and as X.509 wants them |
//!
//! It knows neither certificates nor what is signed. One rule stands above the rest: a PIN that
//! the token refused is not tried again, because a few wrong tries lock the token for good.

mod error;
mod module;
pub mod pair;
mod pin;
pub mod public;
mod token;
mod uri;

pub use error::TokenError;
pub use module::Module;
pub use pin::PIN_VARIABLE;
pub use token::{Token, Use};
pub use uri::{Address, TokenUri, UriError};
