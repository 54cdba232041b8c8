//! Removal in the worker: what is not needed any more goes, and the server hears of it.

use tegata_agent::inventory::{self, State};
use tegata_agent::{Error, retire};

use super::model::Report;
use super::worker::{Bench, Context, open};
use crate::stores;

impl Bench {
    /// Removes certificates and their keys, as many as can be removed. The server is told of those
    /// that were renewed; where it does not hear it, they go all the same.
    pub(super) fn remove(&self, context: &Context, serials: &[String]) -> Report {
        let mut gone = Vec::new();
        let now = self.around.clock.now();
        let removed = open(context, None).and_then(|mut store| {
            let all = inventory::take(&*store, stores::receipts().as_ref(), now)
                .map_err(|error| Error::from(error).explain(context.text))?;
            // A way out that makes no sense keeps nothing here.
            let network = self.network(context).ok();
            for item in all.iter().filter(|item| serials.contains(&item.held.serial.to_string())) {
                let receipt = item.receipt.as_ref().filter(|_| item.state == State::Superseded);
                if let Some((receipt, network)) = receipt.zip(network.as_ref()) {
                    // Said by the server's own lists; the person has nothing to do about it.
                    let _ = retire::tell(network, &*store, &item.held, receipt, now);
                }
                let removed = store.remove(&item.held);
                removed.map_err(|error| Error::from(error).explain(context.text))?;
                stores::forget(item.held.serial);
                gone.push(item.held.serial.to_string());
            }
            Ok(())
        });
        Report::Removed(gone, removed.err())
    }
}
