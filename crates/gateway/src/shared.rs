use std::fmt;
use std::sync::Arc;

use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use tegata_domain::{Clock, Entropy};
use tokio::sync::watch;

use crate::body::Upload;
use crate::config::Limits;
use crate::connections::Connections;
use crate::leaf::Leaves;
use crate::metrics::Metrics;
use crate::service::Service;
use crate::tls::Tls;
use crate::verdict::Freshness;

/// What every connection and every feed of a gateway shares.
pub(crate) struct Shared {
    pub(crate) services: Vec<Arc<Service>>,
    pub(crate) limits: Limits,
    pub(crate) tls: Tls,
    pub(crate) leaves: Leaves,
    pub(crate) connections: Arc<Connections>,
    pub(crate) upstream: Client<HttpConnector, Upload>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) phase: watch::Sender<Phase>,
    pub(crate) ready: watch::Sender<bool>,
}

/// Where the gateway stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Listening, but nobody accepts yet.
    Bound,
    /// Accepting connections.
    Serving,
    /// Finishing what runs.
    Draining,
    /// Dropping what still runs.
    Ending,
}

impl Shared {
    /// Ready is a gateway that accepts connections and knows every service's revocations.
    pub(crate) fn report_ready(&self) {
        let ready = *self.phase.borrow() == Phase::Serving
            && self.services.iter().all(|service| {
                service.knowledge.freshness(self.clock.now().as_second()) != Freshness::Never
            });
        self.ready.send_if_modified(|before| std::mem::replace(before, ready) != ready);
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("services", &self.services).finish_non_exhaustive()
    }
}
