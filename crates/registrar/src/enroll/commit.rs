//! The two transactions of an issuance, and what takes an intent back.

use jiff::{SignedDuration, Timestamp};
use tegata_ca::{Linted, ProvenKey, SignedCertificate};
use tegata_domain::{
    Attempt, Certificate, CertificateState, Email, IssuanceRefusal, Reason, Serial,
    issuance_supersedes,
};
use tegata_store::{CertificateRecord, NewIntent, SeatRecord, Shard, StoreError, Tx};
use tegata_text::Lang;

use super::{EnrollError, Issuance, Proven};
use crate::change_email::replaced_by_issuance;
use crate::mail;
use crate::office::entry;
use crate::status::{self, StatusChange};
use crate::{Actor, IssuingCa, Reference, Registrar, Service};

/// How long an issuance may stand between its two commits; far more than any request lives.
const INTENT_LIFETIME: SignedDuration = SignedDuration::from_mins(2);

impl Registrar {
    /// Puts the intent on record, after looking once more, inside the transaction, whether it
    /// is still permitted.
    pub(super) async fn commit_intent(
        &self,
        (service, ca): (&Service, &IssuingCa),
        Proven { seat, hash }: &Proven,
        (linted, key, shard): (&Linted, &ProvenKey, Shard),
        now: Timestamp,
        reference: &Reference,
    ) -> Result<(), EnrollError> {
        let (policy, service_id) = (service.credential, service.id);
        let intent = NewIntent {
            certificate: Certificate {
                serial: linted.serial(),
                validity: linted.validity(),
                state: CertificateState::Planned { at: now },
            },
            authority: ca.id,
            shard,
            seat: seat.id,
            key_hash: linted.key_hash(),
            tbs_hash: linted.tbs_hash(),
        };
        let actor = Actor::Subscriber(seat.user_id.clone());
        let mut entry = entry(now, &actor, "certificate.intended", &seat.user_id);
        entry.reference = Some(reference.to_string());
        entry.detail = serde_json::json!({
            "serial": intent.certificate.serial,
            "tbs_sha256": hex::encode(intent.tbs_hash),
        });
        let (user_id, hash) = (seat.user_id.clone(), hash.clone());
        let fingerprints = key.fingerprints();
        self.store
            .write(move |tx| {
                let seat = tx.seat(service_id, &user_id)?.ok_or(EnrollError::Refused)?;
                let record = tx.credential(seat.id)?.filter(|record| record.hash == hash);
                let record = record.ok_or(EnrollError::Refused)?;
                match record.credential.attempt(now, intent.key_hash, &policy) {
                    Ok(Attempt::Issue) => {}
                    Ok(Attempt::Repeat(_)) => return Err(EnrollError::UnderWay),
                    Err(_) => return Err(EnrollError::Refused),
                }
                if let Some(blocked) = tx.blocked_key(&fingerprints)? {
                    return Err(EnrollError::KeyBlocked(blocked.source));
                }
                if tx.seat_of_key(intent.key_hash)?.is_some_and(|owner| owner != seat.id) {
                    return Err(EnrollError::KeyTaken);
                }
                settle_stale(tx, &seat, now)?;
                let existing: Vec<_> =
                    tx.certificates_of_seat(seat.id)?.iter().map(|c| c.certificate).collect();
                match issuance_supersedes(seat.state, &existing, now).map(|_| ()) {
                    Ok(()) => {}
                    Err(IssuanceRefusal::UnderWay) => return Err(EnrollError::UnderWay),
                    Err(IssuanceRefusal::SeatClosed) => return Err(EnrollError::Refused),
                }
                if !tx.may_issue(intent.authority)? {
                    return Err(EnrollError::NoIssuer);
                }
                tx.insert_intent(&intent)?;
                Ok(tx.audit(&entry)?)
            })
            .await
    }

    /// Records, as one transaction, the certificate, the consumed credential, the e-mail and
    /// the mail that confirms it, the first reminder, what the certificate replaces, and the audit entry.
    pub(super) async fn commit_issued(
        &self,
        service: &Service,
        Proven { seat, hash }: Proven,
        (email, lang): (Email, Lang),
        signed: SignedCertificate,
        reference: &Reference,
    ) -> Result<Issuance, EnrollError> {
        let now = self.now();
        let first_notice_at = service.lifecycle.reminder_days.first().map(|days| {
            signed.validity.not_after - SignedDuration::from_hours(24 * i64::from(*days))
        });
        let serial = signed.serial;
        let reference = reference.to_string();
        let issued = self
            .store
            .write(move |tx| {
                let planned = tx
                    .certificate(signed.serial)?
                    .ok_or(StoreError::Corrupt("a certificate without intent"))?;
                let issued = planned.certificate.issue(now).map_err(|_| EnrollError::Refused)?;
                let record = tx.credential(seat.id)?.filter(|record| record.hash == hash);
                let record = record.ok_or(EnrollError::Refused)?;
                let spent = record
                    .credential
                    .consume(now, signed.key_hash, signed.serial)
                    .map_err(|_| EnrollError::Refused)?;
                replace_older(tx, &seat, signed.serial, now)?;
                tx.set_issued(&issued, &signed.der, first_notice_at)?;
                tx.set_credential(seat.id, &spent)?;
                replaced_by_issuance(tx, &seat, &email, lang, now)?;
                tx.set_email(seat.id, &email)?;
                let confirmation = mail::issued(
                    seat.service,
                    email.clone(),
                    lang,
                    &seat.user_id,
                    signed.serial,
                    signed.validity.not_after,
                );
                tx.enqueue_mail(&confirmation, now)?;
                let actor = Actor::Subscriber(seat.user_id.clone());
                let mut entry = entry(now, &actor, "certificate.issued", &seat.user_id);
                entry.detail = serde_json::json!({ "serial": signed.serial, "email": email });
                entry.reference = Some(reference);
                tx.audit(&entry)?;
                Ok(Issuance {
                    authority: planned.authority,
                    user_id: seat.user_id,
                    serial: signed.serial,
                    validity: signed.validity,
                    email,
                    certificate: signed.der,
                })
            })
            .await;
        if issued.is_err() {
            // The credential was locked or reset between the two commits, or the disk is full.
            self.void(serial).await?;
        }
        issued
    }

    /// Gives up one intent.
    pub(crate) async fn void(&self, serial: Serial) -> Result<(), StoreError> {
        let now = self.now();
        self.store
            .write(move |tx| match tx.certificate(serial)? {
                Some(planned) => crate::settle::void(tx, &planned, now).map(|_| ()),
                None => Ok(()),
            })
            .await
    }
}

/// Gives up intents of the seat that nothing can come of any more: their request ran out of
/// time, and recording that failed too.
pub(crate) fn settle_stale(
    tx: &mut Tx<'_>,
    seat: &SeatRecord,
    now: Timestamp,
) -> Result<(), StoreError> {
    for record in tx.certificates_of_seat(seat.id)? {
        if let CertificateState::Planned { at } = record.certificate.state
            && now.duration_since(at) > INTENT_LIFETIME
        {
            crate::settle::void(tx, &record, now)?;
        }
    }
    Ok(())
}

/// Revokes what the new certificate of a seat replaces.
fn replace_older(
    tx: &mut Tx<'_>,
    seat: &SeatRecord,
    new: Serial,
    now: Timestamp,
) -> Result<(), EnrollError> {
    let others: Vec<CertificateRecord> = tx
        .certificates_of_seat(seat.id)?
        .into_iter()
        .filter(|record| record.certificate.serial != new)
        .collect();
    let certificates: Vec<_> = others.iter().map(|record| record.certificate).collect();
    let replaced: Vec<Serial> = issuance_supersedes(seat.state, &certificates, now)
        .map_err(|_| EnrollError::UnderWay)?
        .map(|certificate| certificate.serial)
        .collect();
    for old in others.iter().filter(|record| replaced.contains(&record.certificate.serial)) {
        if let Ok(revoked) = old.certificate.revoke(now, Reason::Superseded) {
            let change = StatusChange::Revoke(Reason::Superseded);
            status::record(tx, &Actor::System, old, &revoked, change, now)?;
        }
    }
    Ok(())
}
