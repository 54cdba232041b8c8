//! What travels between server, gateway and application: version 1 of each form.
//!
//! JSON under `/api/v1/…` ([`api`]), problem documents of RFC 9457 ([`problem`]) and what their
//! references tell ([`mod@reference`]), the binary revocation feed ([`feed`]) and the gateways' reports
//! ([`report`]), the installers' brand ([`brand`]), signed update manifests
//! ([`update`]) and binary values inside JSON ([`Der`]). Unknown members of a request are refused,
//! unknown members of an answer ignored.

pub mod api;
pub mod brand;
mod der;
pub mod feed;
pub mod problem;
pub mod reference;
pub mod report;
pub mod update;

pub use der::Der;
pub use problem::Problem;
