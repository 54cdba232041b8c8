//! What the desktop application asks of Windows, behind safe functions.
//!
//! The one crate with `unsafe`: every block is one call into the system, with the reason why it
//! is sound beside it. On other systems it is empty. It knows nothing of Tegata: octets and
//! texts in, octets and texts out; what they mean is `agent`'s business.

#![cfg(windows)]

pub mod console;
pub mod ime;
