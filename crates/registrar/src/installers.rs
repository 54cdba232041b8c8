//! What the issuing site offers for download, on record: who put which octets there.

use tegata_store::{ServiceRecord, StoreError};

use crate::office::entry;
use crate::{Actor, Office};

impl Office {
    /// Records that the site of a service offers a file from now on.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn installer_offered(
        &self,
        actor: Actor,
        service: &ServiceRecord,
        name: &str,
        sha256: &[u8; 32],
    ) -> Result<(), StoreError> {
        let detail = serde_json::json!({ "file": name, "sha256": hex::encode(sha256) });
        self.installer_changed(actor, service, "installer.offered", detail).await
    }

    /// Records that the site of a service no longer offers a file.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn installer_withdrawn(
        &self,
        actor: Actor,
        service: &ServiceRecord,
        name: &str,
    ) -> Result<(), StoreError> {
        let detail = serde_json::json!({ "file": name });
        self.installer_changed(actor, service, "installer.withdrawn", detail).await
    }

    async fn installer_changed(
        &self,
        actor: Actor,
        service: &ServiceRecord,
        action: &'static str,
        detail: serde_json::Value,
    ) -> Result<(), StoreError> {
        let mut entry = entry(self.clock.now(), &actor, action, &service.key);
        entry.detail = detail;
        self.store.write(move |tx| tx.audit(&entry)).await
    }
}
