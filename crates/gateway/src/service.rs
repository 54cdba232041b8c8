use http::uri::Authority;
use jiff::Timestamp;
use tokio::sync::watch;

use crate::config::{Reporting, ServiceConfig};
use crate::knowledge::Knowledge;
use crate::uses::Uses;

/// One service in front of which the gateway stands.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) config: ServiceConfig,
    pub(crate) upstream: Authority,
    pub(crate) knowledge: Knowledge,
    pub(crate) uses: Uses,
    health: watch::Sender<FeedHealth>,
}

/// How the revocation feed of a service is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeedHealth {
    /// Position up to which everything is known and stored.
    pub position: u64,
    /// How many certificates are on hold or revoked.
    pub not_good: usize,
    /// Up to when revocations are known; `None` before the first complete page.
    pub known_at: Option<Timestamp>,
    /// Failed attempts since the last one that succeeded.
    pub failures: u32,
}

impl Service {
    /// A service of which nothing is known yet. `None` when its upstream has no authority.
    pub(crate) fn new(config: ServiceConfig) -> Option<Self> {
        Some(Self {
            upstream: config.upstream.authority()?.clone(),
            knowledge: Knowledge::new(config.feed.max_staleness),
            uses: Uses::new(!matches!(config.reporting, Reporting::Off)),
            health: watch::Sender::default(),
            config,
        })
    }

    pub(crate) fn health(&self) -> watch::Receiver<FeedHealth> {
        self.health.subscribe()
    }

    /// Tells the watchers how the feed is doing.
    pub(crate) fn report(&self, position: u64, failures: u32) {
        self.health.send_replace(FeedHealth {
            position,
            not_good: self.knowledge.not_good(),
            known_at: self.knowledge.known_at(),
            failures,
        });
    }
}
