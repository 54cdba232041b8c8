//! The last steps of every issuance, whatever gives the right to it: intent, signature,
//! certificate. docs/issuance.md tells them by the names used here.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tegata_ca::{Linted, ProvenKey, SignError, SignedCertificate};
use tegata_domain::{
    Certificate, CertificateState, IssuanceRefusal, KeyHash, Serial, issuance_supersedes,
};
use tegata_store::{AuthorityId, NewIntent, SeatId, SeatRecord, Shard, StoreError, Tx};

use crate::enroll::{ready, settle_stale, sign};
use crate::office::entry;
use crate::{Actor, IssuingCa, Reference, Registrar, Service};

/// What gives the right to a certificate: an initial password, or the certificate before. It is
/// asked inside the transaction of the intent, and used up inside that of the certificate.
pub(crate) trait Warrant: Clone + Send + 'static {
    /// Why nothing is issued.
    type Error: From<Hindrance> + From<SignError> + From<StoreError> + Send + 'static;
    /// What the caller gets.
    type Issuance: Send + 'static;

    /// What the audit log calls the issuance.
    const ACTION: &'static str;

    /// Which certificate is renewed.
    fn renews(&self) -> Option<Serial>;

    /// Whether it still gives the right to a certificate on this key.
    fn permits(
        &self,
        tx: &mut Tx<'_>,
        seat: &SeatRecord,
        key: KeyHash,
        now: Timestamp,
    ) -> Result<(), Self::Error>;

    /// Whether a key that had a certificate of the seat `owner` may have one of `seat`.
    fn takes_key_of(owner: SeatId, seat: SeatId) -> bool;

    /// Uses it up for the certificate that was signed: what was there before is replaced. Returns
    /// what else the audit log says of the issuance.
    fn spend(
        &self,
        tx: &mut Tx<'_>,
        seat: &SeatRecord,
        signed: &SignedCertificate,
        now: Timestamp,
    ) -> Result<(&'static str, Value), Self::Error>;

    /// What the caller gets.
    fn issuance(
        self,
        seat: SeatRecord,
        authority: AuthorityId,
        signed: SignedCertificate,
    ) -> Self::Issuance;
}

/// What stands in the way of any issuance.
pub(crate) enum Hindrance {
    /// There is no such seat any more.
    NoSeat,
    /// The seat was given up.
    SeatClosed,
    /// The key is blocked; who says so.
    KeyBlocked(String),
    /// The key is in use.
    KeyTaken,
    /// Another issuance for the seat is under way.
    UnderWay,
    /// The CA issues no more.
    NoIssuer,
    /// The intent was settled meanwhile.
    Settled,
}

impl Registrar {
    /// Puts the intent on record, signs, and puts the certificate on record. A failure after the
    /// intent makes it void.
    pub(crate) async fn issue<W: Warrant>(
        &self,
        (service, ca): (&Service, &IssuingCa),
        seat: &SeatRecord,
        warrant: W,
        (linted, key, shard): (Linted, &ProvenKey, Shard),
        now: Timestamp,
        reference: &Reference,
    ) -> Result<W::Issuance, W::Error> {
        ready(ca).await?;
        let certificate = (&linted, key, shard);
        self.commit_intent((service, ca), seat, warrant.clone(), certificate, now, reference)
            .await?;
        let serial = linted.serial();
        let signed = match sign(ca, linted).await {
            Ok(signed) => signed,
            Err(error) => {
                self.void(serial).await?;
                return Err(error.into());
            }
        };
        self.commit_issued(service, seat, warrant, signed, reference).await
    }

    /// Puts the intent on record, after looking once more, inside the transaction, whether it is
    /// still permitted.
    async fn commit_intent<W: Warrant>(
        &self,
        (service, ca): (&Service, &IssuingCa),
        seat: &SeatRecord,
        warrant: W,
        (linted, key, shard): (&Linted, &ProvenKey, Shard),
        now: Timestamp,
        reference: &Reference,
    ) -> Result<(), W::Error> {
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
            replaces: warrant.renews(),
        };
        let actor = Actor::Subscriber(seat.user_id.clone());
        let mut entry = entry(now, &actor, "certificate.intended", &seat.user_id);
        entry.reference = Some(reference.to_string());
        entry.detail = serde_json::json!({ "serial": intent.certificate.serial });
        if let Some(old) = warrant.renews() {
            entry.detail["renews"] = serde_json::json!(old);
        }
        entry.detail["tbs_sha256"] = hex::encode(intent.tbs_hash).into();
        let (service, user_id) = (service.id, seat.user_id.clone());
        let fingerprints = key.fingerprints();
        self.store
            .write(move |tx| {
                let seat = tx.seat(service, &user_id)?.ok_or(Hindrance::NoSeat)?;
                warrant.permits(tx, &seat, intent.key_hash, now)?;
                if let Some(blocked) = tx.blocked_key(&fingerprints)? {
                    return Err(Hindrance::KeyBlocked(blocked.source).into());
                }
                let owner = tx.seat_of_key(intent.key_hash)?;
                if owner.is_some_and(|owner| !W::takes_key_of(owner, seat.id)) {
                    return Err(Hindrance::KeyTaken.into());
                }
                let existing = settle_stale(tx, &seat, now)?;
                match issuance_supersedes(seat.state, &existing, now).map(|_| ()) {
                    Ok(()) => {}
                    Err(IssuanceRefusal::UnderWay) => return Err(Hindrance::UnderWay.into()),
                    Err(IssuanceRefusal::SeatClosed) => return Err(Hindrance::SeatClosed.into()),
                }
                if !tx.may_issue(intent.authority)? {
                    return Err(Hindrance::NoIssuer.into());
                }
                tx.insert_intent(&intent)?;
                Ok(tx.audit(&entry)?)
            })
            .await
    }

    /// Records, as one transaction, the certificate, its first reminder, what the warrant that is
    /// spent brings with it, and the audit entry.
    async fn commit_issued<W: Warrant>(
        &self,
        service: &Service,
        seat: &SeatRecord,
        warrant: W,
        signed: SignedCertificate,
        reference: &Reference,
    ) -> Result<W::Issuance, W::Error> {
        let now = self.now();
        let first_notice_at = service.lifecycle.reminder_days.first().map(|days| {
            signed.validity.not_after - SignedDuration::from_hours(24 * i64::from(*days))
        });
        let serial = signed.serial;
        let (seat, reference) = (seat.clone(), reference.to_string());
        let issued = self
            .store
            .write(move |tx| {
                let planned = tx
                    .certificate(serial)?
                    .ok_or(StoreError::Corrupt("a certificate without intent"))?;
                let issued = planned.certificate.issue(now).map_err(|_| Hindrance::Settled)?;
                let (word, value) = warrant.spend(tx, &seat, &signed, now)?;
                tx.set_issued(&issued, &signed.der, first_notice_at)?;
                let actor = Actor::Subscriber(seat.user_id.clone());
                let mut entry = entry(now, &actor, W::ACTION, &seat.user_id);
                entry.detail = serde_json::json!({ "serial": serial });
                entry.detail[word] = value;
                entry.reference = Some(reference);
                tx.audit(&entry)?;
                Ok(warrant.issuance(seat, planned.authority, signed))
            })
            .await;
        if issued.is_err() {
            // What gave the right was taken away between the two commits, or the disk is full.
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
