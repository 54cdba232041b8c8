//! CA keys in a hardware security module or a smart card, over PKCS#11 (OASIS, 2.40 and later).
//!
//! | module | what it is |
//! |---|---|
//! | `uri` | addresses of tokens and keys (RFC 7512), parsed once |
//! | `pin` | where a PIN is read from; it never stands in an address |
//! | `module` | a driver, loaded and initialised once in a process |
//! | `token` | one token: a single login, sessions, getting them back when they are lost |
//! | `make` | new keys that never leave the token |
//! | `key` | [`TokenKey`], a [`tegata_ca::Signer`] |
//! | `mechanism` | signatures as PKCS#11 makes them, and as X.509 wants them |
//! | `public` | public keys as PKCS#11 keeps them, and as X.509 wants them |
//!
//! Two rules stand above the rest. A PIN that the token refused is not tried again, because a few
//! wrong tries lock the token for good. And no signature leaves here before it was verified with
//! the public key.

mod error;
mod key;
mod make;
mod mechanism;
mod module;
mod pin;
mod public;
mod token;
mod uri;

pub use error::TokenError;
pub use key::TokenKey;
pub use pin::PIN_VARIABLE;
pub use uri::{KeyUri, TokenUri, UriError};
