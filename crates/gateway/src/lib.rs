//! The mTLS reverse proxy in front of the protected service.
//!
//! A connection may come with any certificate or none; TLS only makes the client prove that it
//! holds the private key. Every request is then judged anew ([`Verdict`](tegata_domain::Verdict)):
//! who issued the certificate for what, whether it is revoked or on hold, whether it is valid
//! now. Who is admitted reaches the service, which learns from `Client-Cert` (RFC 9440) and
//! `X-Tegata-User` who came; everyone else gets a page that says why and what to do.
//!
//! Which way things go:
//!
//! ```text
//! serve ─ handshake (tls) ─ leaf ─ request ─┬─ path ─ verdict ─┬─ proxy ─ headers ─ upgrade
//!                                           │                  └─ answer
//! feed ─ fetch ─ page ─ knowledge (statuses, authorities) ─────┘
//!          └─ journal            └─ connections: cut
//! request ─ uses ─ report: what was admitted, beside the requests
//!                    └─ shown: the gateway's own certificate, renewed in answer
//! ```
//!
//! What holds:
//!
//! - Nothing is admitted that was not judged at the moment of the request, with a session
//!   resumed or not, on a new connection or an old one.
//! - Revocations take effect before they are written down, and are known before anything is
//!   accepted. Nothing that was revoked ever becomes good again, whatever clocks do.
//! - What is not known is refused: no state, or one that is too old, admits nobody.
//! - A path or header that two programs could read differently is refused or removed.

mod answer;
mod authorities;
mod body;
mod config;
mod connections;
mod feed;
mod fetch;
mod gateway;
mod headers;
mod journal;
mod knowledge;
mod leaf;
mod metrics;
mod page;
mod path;
mod proxy;
mod reference;
mod report;
mod request;
mod seal;
mod serve;
mod service;
mod shared;
mod shown;
mod statuses;
mod tls;
mod upgrade;
mod uses;
mod verdict;

pub use config::{Bilingual, Config, FeedConfig, Identity, Limits, Reporting, ServiceConfig};
pub use gateway::{BindError, Gateway};
pub use metrics::Metrics;
pub use path::{PathPrefix, PathPrefixError};
pub use service::FeedHealth;
pub use shown::Shown;
