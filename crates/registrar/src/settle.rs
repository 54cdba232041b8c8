use jiff::Timestamp;
use tegata_domain::Serial;
use tegata_store::{CertificateRecord, StoreError, Tx};

use crate::office::entry;
use crate::{Actor, Office};

impl Office {
    /// Settles what a crash left between intent and certificate: every such intent becomes
    /// void and its serial number revoked, since nobody can know that it was not signed. Run
    /// once at start, before anything is issued.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub async fn settle(&self) -> Result<Vec<Serial>, StoreError> {
        let now = self.clock.now();
        self.store
            .write(move |tx| {
                let planned = tx.planned()?;
                let voided = planned.iter().map(|planned| void(tx, planned, now));
                voided.filter_map(Result::transpose).collect()
            })
            .await
    }
}

/// Makes one intent void; `None` when it was settled already.
pub(crate) fn void(
    tx: &mut Tx<'_>,
    planned: &CertificateRecord,
    now: Timestamp,
) -> Result<Option<Serial>, StoreError> {
    let Ok(void) = planned.certificate.void(now) else {
        return Ok(None);
    };
    tx.set_certificate(&void)?;
    crate::status::announce(tx, planned, &void, now)?;
    let mut entry = entry(now, &Actor::System, "intent.voided", &planned.user_id);
    entry.detail = serde_json::json!({ "serial": void.serial });
    tx.audit(&entry)?;
    Ok(Some(void.serial))
}
