//! Types and rules of the lifecycle of a client certificate.
//!
//! Everything here is pure: no I/O, no async, no clock and no randomness of its own.
//! Time comes in as a [`jiff::Timestamp`], random octets through [`Entropy`]; a state is an
//! enum that carries its own times, and a transition takes the old state away.

mod ambient;
mod certificate;
mod credential;
mod email;
mod names;
mod notice;
mod password;
mod policy;
mod renewal;
mod retirement;
mod revocation;
mod seat;
mod serial;
mod verdict;

pub use ambient::{Clock, Entropy};
pub use certificate::{Certificate, CertificateError, State as CertificateState, Validity};
pub use credential::{
    Attempt, Credential, CredentialError, Refusal as CredentialRefusal, State as CredentialState,
};
pub use email::{
    EMAIL_LINK_LIFETIME, EMAIL_REQUESTS, EMAIL_TOLERANCE, EMAIL_WINDOW, Email, EmailError,
    EmailRefusal, EmailRequests, TooManyRequests, WrongClock, email_permitted, email_statement,
    email_timely,
};
pub use names::{
    BranchCode, CompanyCode, Issuer, NameError, ServiceKey, Tenant, UserId, half_width, is_hidden,
};
pub use notice::{Action, Due, due, expiry_action, next_due};
pub use password::{InitialPassword, PasswordError};
pub use policy::{CredentialPolicy, LifecyclePolicy, PolicyError};
pub use renewal::{RenewalRefusal, renewal_opens_at, renewal_permitted, renewed_not_after};
pub use retirement::{
    RetirementRefusal, retirement_due, retirement_permitted, retirement_statement, retires_at,
};
pub use revocation::{Reason, Revocation, RevocationError, RevocationStatus};
pub use seat::{ClosingError, IssuanceRefusal, Reissue, SeatState, issuance_supersedes, standing};
pub use serial::{KeyHash, Serial, SerialError};
pub use verdict::Verdict;
