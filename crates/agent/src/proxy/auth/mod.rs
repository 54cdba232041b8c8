//! Proving to a proxy who is asking.
//!
//! [`challenge`] reads what the proxy offers, [`plan`] decides what is tried next and never tries
//! a password twice, an [`Exchange`] makes the tokens of one try.

mod challenge;
mod exchange;
#[cfg_attr(windows, expect(dead_code, reason = "Windows speaks NTLM itself"))]
mod ntlm;
mod person;
mod plan;

pub use challenge::{Challenge, Scheme, challenges};
pub(super) use exchange::{Salt, begin};
pub use person::{Nobody, ProxyAsk, ProxyPerson};
pub(super) use plan::{Abilities, Known, Plan, Try};
