//! Renewal: a new key and certificate, authorised by the present one (docs/issuance.md).

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tegata_ca::{
    LintError, Linted, PrepareError, ProvenKey, RenewalError, RenewalRequest, SignError,
    SignedCertificate,
};
use tegata_domain::{
    Certificate, CertificateState, Email, RenewalRefusal, SeatState, Serial, UserId, Validity,
    renewal_permitted, renewed_not_after,
};
use tegata_store::{
    AuthorityId, CertificateRecord, NewIntent, SeatRecord, Shard, StoreError, Tx, View,
};

use crate::enroll::{WriteError, ready, sign};
use crate::office::entry;
use crate::{Actor, IssuingCa, Reference, Registrar, Service};

/// What a subscriber gets for a renewal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renewed {
    /// User ID.
    pub user_id: UserId,
    /// Which CA issued it.
    pub authority: AuthorityId,
    /// Serial number.
    pub serial: Serial,
    /// When it is valid.
    pub validity: Validity,
    /// Registered e-mail; a seat that moved in may have none.
    pub email: Option<Email>,
    /// The certificate.
    pub certificate: Vec<u8>,
    /// Serial number of the one before, which stays good until it is retired.
    pub replaces: Serial,
}

/// Why nothing was renewed. Whoever holds the key of a certificate may know how it stands.
#[derive(Debug, thiserror::Error)]
pub enum RenewError {
    /// Not a renewal request, not signed by the certificate's key, or no certificate of this
    /// service: the caller learns nothing of others' certificates.
    #[error("the renewal request is not by the holder of a certificate of this service")]
    NotYours,
    /// What is wrong with the request itself.
    #[error(transparent)]
    Request(RenewalError),
    /// The certificate cannot be renewed now.
    #[error(transparent)]
    Refused(#[from] RenewalRefusal),
    /// The seat was given up.
    #[error("the seat is closed")]
    SeatClosed,
    /// The new key is in use already.
    #[error("this key is in use already")]
    KeyTaken,
    /// The new key must not be certified.
    #[error("this key is never certified: {0}")]
    KeyBlocked(String),
    /// Another issuance for the seat is under way.
    #[error("another issuance for this user ID is under way")]
    UnderWay,
    /// The database is not the one it was.
    #[error("nothing is issued until an operator has looked at the database")]
    Distrusted,
    /// Every CA of the service is retired or revoked.
    #[error("no CA of this service issues")]
    NoIssuer,
    /// The certificate could not be written.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// The certificate breaks a rule.
    #[error(transparent)]
    Lint(#[from] LintError),
    /// The CA key cannot be used.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The database could not.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<WriteError> for RenewError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Prepare(error) => Self::Prepare(error),
            WriteError::Lint(error) => Self::Lint(error),
            WriteError::Store(error) => Self::Store(error),
        }
    }
}

impl Registrar {
    /// Renews the certificate whose key signed `request`, DER, or returns what the same request
    /// already got. `reference` ends up in the audit log beside a refusal.
    ///
    /// # Errors
    /// See [`RenewError`]. Nothing is changed in any of these cases.
    pub async fn renew(
        &self,
        service: &Arc<Service>,
        request: Vec<u8>,
        reference: &Reference,
    ) -> Result<Renewed, RenewError> {
        if self.distrusted().is_some() {
            return Err(RenewError::Distrusted);
        }
        let request = RenewalRequest::parse(&request).map_err(RenewError::Request)?;
        let (current, seat) = self.holder(service, request.serial())?;
        let _turn = self.turn(&seat).await;
        let key = proven(request, &current).await?;
        let outcome = self.renew_as(service, &current, &seat, &key, reference).await;
        if let Err(error) = &outcome {
            let actor = Actor::Subscriber(seat.user_id.clone());
            let mut entry = entry(self.now(), &actor, "renewal.refused", &seat.user_id);
            entry.reference = Some(reference.to_string());
            entry.detail = serde_json::json!({
                "serial": current.certificate.serial, "cause": error.to_string(),
            });
            self.store.write(move |tx| tx.audit(&entry)).await?;
        }
        outcome
    }

    /// The certificate of record and its seat. One of another service is as unknown as none.
    fn holder(
        &self,
        service: &Service,
        serial: Serial,
    ) -> Result<(CertificateRecord, SeatRecord), RenewError> {
        self.store().read(|view: View<'_>| {
            let record = view.certificate(serial)?.filter(|record| record.service == service.id);
            let record = record.ok_or(RenewError::NotYours)?;
            let seat = view.seat(service.id, &record.user_id)?;
            Ok((record, seat.ok_or(StoreError::Corrupt("a certificate without a seat"))?))
        })
    }

    async fn renew_as(
        &self,
        service: &Arc<Service>,
        current: &CertificateRecord,
        seat: &SeatRecord,
        key: &ProvenKey,
        reference: &Reference,
    ) -> Result<Renewed, RenewError> {
        let now = self.now();
        // Read anew: the request before this one, in whose turn we waited, changed it.
        let (current, seat) =
            self.holder(service, current.certificate.serial).map(|(c, _)| (c, seat))?;
        if let Some(repeated) = self.renewed_before(&current, seat, key)? {
            return Ok(repeated);
        }
        renewal_permitted(&current.certificate, now, service.lifecycle.renewal_window)?;
        let ca = service.issuer(now).ok_or(RenewError::NoIssuer)?;
        let not_after = renewed_not_after(
            current.certificate.validity.not_after,
            service.lifecycle.lifetime,
            ca.authority.validity().not_after,
        )?;
        let (linted, shard) =
            self.write_certificate((service, ca), seat, key, now, Some(not_after))?;
        ready(ca).await?;
        self.commit_renewal_intent((service, ca), &current, (&linted, key, shard), now, reference)
            .await?;
        let serial = linted.serial();
        let signed = match sign(ca, linted).await {
            Ok(signed) => signed,
            Err(error) => {
                self.void(serial).await?;
                return Err(error.into());
            }
        };
        self.commit_renewed(service, &current, seat, signed, reference).await
    }

    /// What the same key already got as the successor of `current`.
    fn renewed_before(
        &self,
        current: &CertificateRecord,
        seat: &SeatRecord,
        key: &ProvenKey,
    ) -> Result<Option<Renewed>, StoreError> {
        if !matches!(current.certificate.state, CertificateState::Superseded { .. }) {
            return Ok(None);
        }
        let all = self.store().read(|view: View<'_>| view.certificates_of_seat(seat.id))?;
        let successor = all.into_iter().find(|record| {
            record.key_hash == key.hash()
                && matches!(record.certificate.state, CertificateState::Issued { .. })
        });
        Ok(successor.and_then(|record| {
            Some(Renewed {
                user_id: record.user_id,
                authority: record.authority,
                serial: record.certificate.serial,
                validity: record.certificate.validity,
                email: seat.email.clone(),
                certificate: record.der?,
                replaces: current.certificate.serial,
            })
        }))
    }

    /// Puts the intent on record, after looking once more, inside the transaction, whether it is
    /// still permitted.
    async fn commit_renewal_intent(
        &self,
        (service, ca): (&Service, &IssuingCa),
        current: &CertificateRecord,
        (linted, key, shard): (&Linted, &ProvenKey, Shard),
        now: Timestamp,
        reference: &Reference,
    ) -> Result<(), RenewError> {
        let (service_id, window) = (service.id, service.lifecycle.renewal_window);
        let intent = NewIntent {
            certificate: Certificate {
                serial: linted.serial(),
                validity: linted.validity(),
                state: CertificateState::Planned { at: now },
            },
            authority: ca.id,
            shard,
            seat: current.seat,
            key_hash: linted.key_hash(),
            tbs_hash: linted.tbs_hash(),
            replaces: Some(current.certificate.serial),
        };
        let user_id = current.user_id.clone();
        let mut entry =
            entry(now, &Actor::Subscriber(user_id.clone()), "certificate.intended", &user_id);
        entry.reference = Some(reference.to_string());
        entry.detail = serde_json::json!({
            "serial": intent.certificate.serial,
            "renews": current.certificate.serial,
            "tbs_sha256": hex::encode(intent.tbs_hash),
        });
        let (fingerprints, serial) = (key.fingerprints(), current.certificate.serial);
        self.store
            .write(move |tx| {
                let seat = tx.seat(service_id, &user_id)?.ok_or(RenewError::NotYours)?;
                if seat.state == SeatState::Closed {
                    return Err(RenewError::SeatClosed);
                }
                let current = tx.certificate(serial)?.ok_or(RenewError::NotYours)?;
                renewal_permitted(&current.certificate, now, window)?;
                if let Some(blocked) = tx.blocked_key(&fingerprints)? {
                    return Err(RenewError::KeyBlocked(blocked.source));
                }
                // Also by an older certificate of the same seat: a renewal has a new key.
                if tx.seat_of_key(intent.key_hash)?.is_some() {
                    return Err(RenewError::KeyTaken);
                }
                crate::enroll::settle_stale(tx, &seat, now)?;
                let planned = |record: &CertificateRecord| {
                    matches!(record.certificate.state, CertificateState::Planned { .. })
                };
                if tx.certificates_of_seat(seat.id)?.iter().any(planned) {
                    return Err(RenewError::UnderWay);
                }
                if !tx.may_issue(intent.authority)? {
                    return Err(RenewError::NoIssuer);
                }
                tx.insert_intent(&intent)?;
                Ok(tx.audit(&entry)?)
            })
            .await
    }

    /// Records, as one transaction, the certificate, what it supersedes, its first reminder and
    /// the audit entry. The old certificate gets no reminder any more.
    async fn commit_renewed(
        &self,
        service: &Service,
        current: &CertificateRecord,
        seat: &SeatRecord,
        signed: SignedCertificate,
        reference: &Reference,
    ) -> Result<Renewed, RenewError> {
        let now = self.now();
        let first_notice_at = service.lifecycle.reminder_days.first().map(|days| {
            signed.validity.not_after - SignedDuration::from_hours(24 * i64::from(*days))
        });
        let (old, serial) = (current.certificate.serial, signed.serial);
        let (seat, reference) = (seat.clone(), reference.to_string());
        let renewed = self
            .store
            .write(move |tx| {
                let planned = tx
                    .certificate(signed.serial)?
                    .ok_or(StoreError::Corrupt("a certificate without intent"))?;
                let issued = planned.certificate.issue(now).map_err(|_| RenewError::UnderWay)?;
                supersede(tx, old, now)?;
                tx.set_issued(&issued, &signed.der, first_notice_at)?;
                let actor = Actor::Subscriber(seat.user_id.clone());
                let mut entry = entry(now, &actor, "certificate.renewed", &seat.user_id);
                entry.detail = serde_json::json!({ "serial": signed.serial, "renews": old });
                entry.reference = Some(reference);
                tx.audit(&entry)?;
                Ok(Renewed {
                    user_id: seat.user_id,
                    authority: planned.authority,
                    serial: signed.serial,
                    validity: signed.validity,
                    email: seat.email,
                    certificate: signed.der,
                    replaces: old,
                })
            })
            .await;
        if renewed.is_err() {
            // The certificate was held or revoked between the two commits, or the disk is full.
            self.void(serial).await?;
        }
        renewed
    }
}

/// Believes the request off the threads that serve: an RSA key takes milliseconds.
async fn proven(
    request: RenewalRequest,
    current: &CertificateRecord,
) -> Result<ProvenKey, RenewError> {
    // Without its octets, as after a move by a list, nobody can say whose the signature is.
    let der = current.der.clone().ok_or(RenewError::NotYours)?;
    let judging = tokio::task::spawn_blocking(move || request.verify(&der));
    judging.await.unwrap_or(Err(RenewalError::Malformed)).map_err(|error| match error {
        RenewalError::Signature => RenewError::NotYours,
        error => RenewError::Request(error),
    })
}

/// The old certificate stays good, but it has a successor.
fn supersede(tx: &mut Tx<'_>, serial: Serial, now: Timestamp) -> Result<(), RenewError> {
    let old = tx.certificate(serial)?.ok_or(RenewError::NotYours)?;
    let superseded = old.certificate.supersede(now).map_err(|_| match old.certificate.state {
        CertificateState::Held { .. } => RenewalRefusal::Held,
        CertificateState::Superseded { .. } => RenewalRefusal::Superseded,
        _ => RenewalRefusal::Revoked,
    })?;
    Ok(tx.set_certificate(&superseded)?)
}
