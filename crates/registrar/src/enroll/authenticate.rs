//! Who asks, and what their credential permits.

use jiff::Timestamp;
use tegata_ca::{ProvenKey, RequestError};
use tegata_domain::{
    Attempt, CertificateState, InitialPassword, IssuanceRefusal, KeyHash, SeatState, Serial, UserId,
};
use tegata_store::{AuditEntry, SeatRecord, StoreError, View};

use super::{EnrollError, Enrollment, Issuance, Proven};
use crate::office::entry;
use crate::{Actor, Reference, Registrar, STRIPES, Service};

/// Stands for the key of a request that has none; no public key has this hash.
const NO_KEY: KeyHash = KeyHash([0; 32]);

impl Registrar {
    /// Proves the credential, or says no after the same work and one write, whatever the cause.
    /// The key is judged in any case: who may not issue must not learn from the time it takes
    /// that the password was the right one. What is wrong with it is told later, if at all.
    pub(super) async fn authenticate(
        &self,
        service: &Service,
        enrollment: &mut Enrollment,
        reference: &Reference,
    ) -> Result<(Proven, Result<ProvenKey, RequestError>), EnrollError> {
        let user_id: Option<UserId> = enrollment.user_id.parse().ok();
        let password: Option<InitialPassword> = enrollment.password.parse().ok();
        let found = match &user_id {
            Some(user_id) => self.store().read(|view: View<'_>| {
                let Some(seat) = view.seat(service.id, user_id)? else {
                    return Ok(None);
                };
                let credential = view.credential(seat.id)?;
                Ok::<_, StoreError>(Some((seat, credential)))
            })?,
            None => None,
        };
        let hash = found.as_ref().and_then(|(_, record)| record.as_ref()).map(|r| r.hash.clone());
        let request = std::mem::take(&mut enrollment.request);
        let judge = move || ProvenKey::from_request(&request);
        let judged = self.passwords.verify(hash.clone(), password, judge).await;
        match (found, judged) {
            (Some((seat, Some(record))), Some((true, key))) => {
                Ok((Proven { seat, hash: record.hash }, key))
            }
            (found, _) => {
                let actor = user_id.map_or(Actor::Stranger, Actor::Subscriber);
                let seat = found.map(|(seat, _)| seat);
                self.refuse_password(service, actor, seat, hash, reference).await?;
                Err(EnrollError::Refused)
            }
        }
    }

    /// Counts a wrong password and records the refusal.
    async fn refuse_password(
        &self,
        service: &Service,
        actor: Actor,
        seat: Option<SeatRecord>,
        hash: Option<String>,
        reference: &Reference,
    ) -> Result<(), StoreError> {
        let (now, policy) = (self.now(), service.credential);
        let mut refusal = refused(now, &actor, service, reference);
        self.store
            .write(move |tx| {
                let cause = match &seat {
                    None => "unknown user ID",
                    Some(seat) if seat.state == SeatState::Closed => "the seat is closed",
                    Some(seat) => {
                        let current = tx.credential(seat.id)?;
                        // A reset in between made a new credential; this failure is not its.
                        if let Some(record) = current.filter(|r| Some(&r.hash) == hash.as_ref()) {
                            let failed = record.credential.failed(now, &policy);
                            tx.set_credential(seat.id, &failed)?;
                        }
                        "wrong password"
                    }
                };
                refusal.detail = serde_json::json!({ "cause": cause });
                tx.audit(&refusal)
            })
            .await
    }

    /// Waits until no other issuance for the seat runs in this process.
    pub(crate) async fn turn(&self, seat: &SeatRecord) -> tokio::sync::MutexGuard<'_, ()> {
        self.seats[(seat.id.number() % STRIPES as u64) as usize].lock().await
    }

    /// What the credential permits to the holder of `key`: nothing, a repeat, or an issuance.
    pub(super) async fn repeat(
        &self,
        service: &Service,
        proven: &Proven,
        key: Option<KeyHash>,
        now: Timestamp,
        reference: &Reference,
    ) -> Result<Option<Issuance>, EnrollError> {
        let seat_id = proven.seat.id;
        // Read anew: the request before this one, in whose turn we waited, changed both.
        let (seat, current) = self
            .store()
            .read(|view: View<'_>| {
                let seat = view.seat(service.id, &proven.seat.user_id)?;
                Ok::<_, StoreError>(seat.zip(view.credential(seat_id)?))
            })?
            .ok_or(EnrollError::Refused)?;
        let cause = if current.hash != proven.hash {
            "reset in the meantime".to_owned()
        } else if seat.state == SeatState::Closed {
            IssuanceRefusal::SeatClosed.to_string()
        } else {
            match current.credential.attempt(now, key.unwrap_or(NO_KEY), &service.credential) {
                Ok(Attempt::Issue) => return Ok(None),
                Ok(Attempt::Repeat(serial)) => match self.issued_before(&seat, serial)? {
                    Some(issuance) => {
                        let mut entry = about(now, "certificate.repeated", &seat, reference);
                        entry.detail = serde_json::json!({ "serial": serial });
                        self.store.write(move |tx| tx.audit(&entry)).await?;
                        return Ok(Some(issuance));
                    }
                    None => "its certificate was held or revoked".to_owned(),
                },
                Err(refusal) => refusal.to_string(),
            }
        };
        let mut entry = about(now, "issuance.refused", &seat, reference);
        entry.detail = serde_json::json!({ "cause": cause });
        self.store.write(move |tx| tx.audit(&entry)).await?;
        Err(EnrollError::Refused)
    }

    /// What the seat got before, while it is still good.
    fn issued_before(
        &self,
        seat: &SeatRecord,
        serial: Serial,
    ) -> Result<Option<Issuance>, StoreError> {
        let record = self.store().read(|view: View<'_>| view.certificate(serial))?;
        let issued = record
            .filter(|record| matches!(record.certificate.state, CertificateState::Issued { .. }));
        Ok(issued.zip(seat.email.clone()).and_then(|(record, email)| {
            Some(Issuance {
                user_id: record.user_id,
                authority: record.authority,
                serial,
                validity: record.certificate.validity,
                email,
                certificate: record.der?,
            })
        }))
    }
}

/// An entry about an issuance that its own subscriber asked for.
pub(super) fn about(
    now: Timestamp,
    action: &str,
    seat: &SeatRecord,
    reference: &Reference,
) -> AuditEntry {
    let actor = Actor::Subscriber(seat.user_id.clone());
    let mut entry = entry(now, &actor, action, &seat.user_id);
    entry.reference = Some(reference.to_string());
    entry
}

fn refused(now: Timestamp, actor: &Actor, service: &Service, reference: &Reference) -> AuditEntry {
    let mut entry = entry(now, actor, "issuance.refused", &service.key);
    entry.reference = Some(reference.to_string());
    entry
}
