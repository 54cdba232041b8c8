//! CA keys in a hardware security module or a smart card, over PKCS#11 (OASIS, 2.40 and later).
//!
//! | module | what it is |
//! |---|---|
//! | `uri` | addresses of keys: those of [`tegata_pkcs11`] with a CA's algorithms |
//! | `make` | new keys that never leave the token |
//! | `key` | [`TokenKey`], a [`tegata_ca::Signer`] |
//! | `mechanism` | signatures as PKCS#11 makes them, and as X.509 wants them |
//!
//! Drivers, tokens and the one login to them are [`tegata_pkcs11`]'s. Two rules stand above the
//! rest. A PIN that the token refused is not tried again, because a few wrong tries lock the
//! token for good. And no signature leaves here before it was verified with the public key.

mod key;
mod make;
mod mechanism;
mod uri;

pub use key::TokenKey;
pub use tegata_pkcs11::{PIN_VARIABLE, TokenError, TokenUri, UriError};
pub use uri::KeyUri;
