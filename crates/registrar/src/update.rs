use tegata_domain::ServiceKey;
use tegata_store::StoreError;

use crate::office::entry;
use crate::{Actor, Office};

impl Office {
    /// Records that an update of the application is published, before it is: applications follow
    /// a manifest, so none may be served that nobody answers for.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn record_update(
        &self,
        actor: Actor,
        service: &ServiceKey,
        detail: serde_json::Value,
    ) -> Result<(), StoreError> {
        let mut entry = entry(self.clock.now(), &actor, "update.published", service);
        entry.detail = detail;
        self.store.write(move |tx| tx.audit(&entry)).await
    }
}
