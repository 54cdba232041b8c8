//! Retirement: a certificate that was renewed is revoked once nobody needs it any more, by itself
//! some days after a gateway first saw its successor, or because its holder says so.

use jiff::Timestamp;
use tegata_domain::{
    CertificateState, Reason, RetirementRefusal, Serial, UserId, retirement_due,
    retirement_permitted, retirement_statement,
};
use tegata_store::{CertificateRecord, Retirement, StoreError, Tx, View};

use crate::office::entry;
use crate::status::{self, StatusChange};
use crate::{Actor, Reference, Registrar, Service, StatementError};

/// Retirements that share a transaction.
const BATCH: u32 = 256;

/// A certificate that was retired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retired {
    /// Whose.
    pub user_id: UserId,
    /// Which.
    pub serial: Serial,
    /// What took its place.
    pub successor: Serial,
    /// When it was revoked.
    pub at: Timestamp,
}

/// Why nothing was retired. Whoever holds the key of a certificate may know how it stands.
#[derive(Debug, thiserror::Error)]
pub enum RetireError {
    /// Nobody is known to have asked.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// Nothing live would take its place.
    #[error(transparent)]
    Refused(#[from] RetirementRefusal),
    /// The database could not.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A retirement that the holder of the certificate asked for; whether it is granted is open.
#[derive(Debug)]
pub struct ProvenRetirement(CertificateRecord);

impl ProvenRetirement {
    /// Whose.
    pub fn user_id(&self) -> &UserId {
        &self.0.user_id
    }
}

impl Registrar {
    /// Retires the certificate whose key signed `request`, DER, when a live successor exists.
    /// One that was retired before is answered the same way. `reference` ends up in the audit log
    /// beside a refusal.
    ///
    /// # Errors
    /// See [`RetireError`]. Nothing is changed in any of these cases.
    pub async fn retire(
        &self,
        service: &Service,
        request: Vec<u8>,
        reference: &Reference,
    ) -> Result<Retired, RetireError> {
        let proven = self.prove_retirement(service, request).await?;
        self.retire_proven(proven, reference).await
    }

    /// The first half of [`Self::retire`]: who asks. It changes nothing.
    ///
    /// # Errors
    /// See [`RetireError`].
    pub async fn prove_retirement(
        &self,
        service: &Service,
        request: Vec<u8>,
    ) -> Result<ProvenRetirement, RetireError> {
        let old = self.prove_statement(service, request, retirement_statement).await?;
        Ok(ProvenRetirement(old))
    }

    /// The second half of [`Self::retire`].
    ///
    /// # Errors
    /// See [`RetireError`]. Nothing is changed in any of these cases.
    pub async fn retire_proven(
        &self,
        ProvenRetirement(old): ProvenRetirement,
        reference: &Reference,
    ) -> Result<Retired, RetireError> {
        // As it will stand in the database: the same answer to the same request.
        let now = Timestamp::from_second(self.now().as_second()).unwrap_or_else(|_| self.now());
        let serial = old.certificate.serial;
        let actor = Actor::Subscriber(old.user_id.clone());
        let outcome = self.store.write(move |tx| retire_now(tx, &actor, serial, now)).await;
        if let Err(error @ RetireError::Refused(_)) = &outcome {
            let actor = Actor::Subscriber(old.user_id.clone());
            let mut entry = entry(now, &actor, "retirement.refused", &old.user_id);
            entry.reference = Some(reference.to_string());
            entry.detail = serde_json::json!({ "serial": serial, "cause": error.to_string() });
            self.store.write(move |tx| tx.audit(&entry)).await?;
        }
        outcome
    }

    /// Retires what is due in every service. Returns how many certificates were.
    ///
    /// # Errors
    /// When the database says no; what was retired before stays so.
    pub async fn retire_due(&self) -> Result<usize, StoreError> {
        let mut retired = 0;
        if self.is_distrusted() {
            return Ok(retired);
        }
        let keyring = self.keyring();
        for service in keyring.services() {
            let (now, overlap) = (self.now(), service.lifecycle.overlap);
            let Ok(seen_by) = now.checked_sub(overlap) else { continue };
            let mut after = None;
            loop {
                // What cannot be retired yet, as its successor is on hold, is gone past.
                let due = self.store().read(|view: View<'_>| {
                    view.retirements(service.id, seen_by, after.as_ref(), BATCH)
                })?;
                let Some(last) = due.last().copied() else { break };
                after = Some(last);
                retired += self
                    .store
                    .write(move |tx| {
                        let mut retired = 0;
                        for retirement in &due {
                            retired += usize::from(settle(tx, retirement, now, overlap)?);
                        }
                        Ok::<_, StoreError>(retired)
                    })
                    .await?;
            }
        }
        Ok(retired)
    }
}

/// Retires one, or finds that it never will be. Returns whether it was retired.
fn settle(
    tx: &mut Tx<'_>,
    retirement: &Retirement,
    now: Timestamp,
    overlap: jiff::SignedDuration,
) -> Result<bool, StoreError> {
    let old = tx.retiring(retirement)?;
    let new = tx.successor(old.certificate.serial)?.map(|record| record.certificate);
    let permitted =
        retirement_due(&old.certificate, new.as_ref(), retirement.seen_at, now, overlap);
    match permitted {
        Ok(()) => {
            revoke(tx, &Actor::System, &old, now)?;
            tx.settle_retirement(retirement)?;
            Ok(true)
        }
        Err(refusal) => {
            if refusal.is_final() {
                tx.settle_retirement(retirement)?;
            }
            Ok(false)
        }
    }
}

fn retire_now(
    tx: &mut Tx<'_>,
    actor: &Actor,
    serial: Serial,
    now: Timestamp,
) -> Result<Retired, RetireError> {
    let old = tx.certificate(serial)?.ok_or(StatementError::NotYours)?;
    let new = tx.successor(serial)?;
    let retired = |at| {
        let successor = new.as_ref().map(|record| record.certificate.serial);
        let successor = successor.ok_or(RetirementRefusal::SuccessorGone)?;
        Ok(Retired { user_id: old.user_id.clone(), serial, successor, at })
    };
    if let CertificateState::Revoked { at, reason: Reason::Superseded } = old.certificate.state {
        return retired(at);
    }
    let successor = new.as_ref().map(|record| &record.certificate);
    retirement_permitted(&old.certificate, successor, now)?;
    revoke(tx, actor, &old, now)?;
    retired(now)
}

/// Through the same door as every revocation: certificate, feed, audit log.
fn revoke(
    tx: &mut Tx<'_>,
    actor: &Actor,
    old: &CertificateRecord,
    now: Timestamp,
) -> Result<(), StoreError> {
    // What may be retired is superseded, and that can be revoked.
    let revoked = old
        .certificate
        .revoke(now, Reason::Superseded)
        .map_err(|_| StoreError::Corrupt("a superseded certificate that cannot be revoked"))?;
    let change = StatusChange::Revoke(Reason::Superseded);
    status::record(tx, actor, old, &revoked, change, now)
}
