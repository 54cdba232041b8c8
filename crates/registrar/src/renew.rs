//! Renewal: a new key and certificate, authorised by the present one (docs/issuance.md).

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use tegata_ca::{
    LintError, PrepareError, ProvenKey, RenewalError, RenewalRequest, SignError, SignedCertificate,
};
use tegata_domain::{
    CertificateState, Email, KeyHash, RenewalRefusal, SeatState, Serial, UserId, Validity,
    renewal_permitted, renewed_not_after,
};
use tegata_store::{AuthorityId, CertificateRecord, SeatId, SeatRecord, StoreError, Tx, View};

use crate::enroll::WriteError;
use crate::issue::{Hindrance, Warrant};
use crate::mail::{RenewedMail, to_seat};
use crate::office::entry;
use crate::{Actor, Reference, Registrar, Service};

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

/// A renewal that the holder of the present certificate asked for; whether it is granted is open.
#[derive(Debug)]
pub struct ProvenRenewal {
    current: CertificateRecord,
    seat: SeatRecord,
    key: ProvenKey,
}

impl ProvenRenewal {
    /// Whose.
    pub fn user_id(&self) -> &UserId {
        &self.seat.user_id
    }
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
    /// already got. `unattended` says whether the application will renew by itself. `reference`
    /// ends up in the audit log beside a refusal.
    ///
    /// # Errors
    /// See [`RenewError`]. Nothing is changed in any of these cases.
    pub async fn renew(
        &self,
        service: &Arc<Service>,
        request: Vec<u8>,
        unattended: bool,
        reference: &Reference,
    ) -> Result<Renewed, RenewError> {
        let proven = self.prove_renewal(service, request).await?;
        self.renew_proven(service, proven, unattended, reference).await
    }

    /// The first half of [`Self::renew`]: who asks. It changes nothing.
    ///
    /// # Errors
    /// See [`RenewError`].
    pub async fn prove_renewal(
        &self,
        service: &Service,
        request: Vec<u8>,
    ) -> Result<ProvenRenewal, RenewError> {
        if self.distrusted().is_some() {
            return Err(RenewError::Distrusted);
        }
        let request = RenewalRequest::parse(&request).map_err(RenewError::Request)?;
        let (current, seat) = self.holder(service, request.serial())?;
        let key = proven(request, &current).await?;
        Ok(ProvenRenewal { current, seat, key })
    }

    /// The second half of [`Self::renew`], for the service of the first.
    ///
    /// # Errors
    /// See [`RenewError`]. Nothing is changed in any of these cases.
    pub async fn renew_proven(
        &self,
        service: &Arc<Service>,
        proven: ProvenRenewal,
        unattended: bool,
        reference: &Reference,
    ) -> Result<Renewed, RenewError> {
        let ProvenRenewal { current, seat, key } = proven;
        let _turn = self.turn(&seat).await;
        let outcome = self.renew_as(service, &current, &seat, (&key, unattended), reference).await;
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
        (key, unattended): (&ProvenKey, bool),
        reference: &Reference,
    ) -> Result<Renewed, RenewError> {
        let now = self.now();
        // Read anew: the request before this one, in whose turn we waited, changed it.
        let serial = current.certificate.serial;
        let current = self.store().read(|view: View<'_>| view.certificate(serial))?;
        let current = current.ok_or(RenewError::NotYours)?;
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
        let present =
            Present { serial: current.certificate.serial, service: service.clone(), unattended };
        self.issue((service, ca), seat, present, (linted, key, shard), now, reference).await
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
}

/// The present certificate as the right to the next.
#[derive(Clone)]
struct Present {
    serial: Serial,
    service: Arc<Service>,
    /// Whether the application will renew by itself.
    unattended: bool,
}

impl Warrant for Present {
    type Error = RenewError;
    type Issuance = Renewed;

    const ACTION: &'static str = "certificate.renewed";

    fn renews(&self) -> Option<Serial> {
        Some(self.serial)
    }

    fn permits(
        &self,
        tx: &mut Tx<'_>,
        seat: &SeatRecord,
        _: KeyHash,
        now: Timestamp,
    ) -> Result<(), RenewError> {
        if seat.state == SeatState::Closed {
            return Err(RenewError::SeatClosed);
        }
        let current = tx.certificate(self.serial)?.ok_or(RenewError::NotYours)?;
        Ok(renewal_permitted(&current.certificate, now, self.service.lifecycle.renewal_window)?)
    }

    /// Not even of an older certificate of the same seat: a renewal has a new key.
    fn takes_key_of(_: SeatId, _: SeatId) -> bool {
        false
    }

    /// The certificate before has a successor now, and gets no reminder any more. The user is told.
    fn spend(
        &self,
        tx: &mut Tx<'_>,
        seat: &SeatRecord,
        signed: &SignedCertificate,
        now: Timestamp,
    ) -> Result<(&'static str, Value), RenewError> {
        supersede(tx, self.serial, now)?;
        tx.set_unattended(seat.id, self.unattended)?;
        let content = RenewedMail {
            user_id: seat.user_id.clone(),
            serial: signed.serial,
            not_after: signed.validity.not_after,
        };
        if let Some(mail) = to_seat(seat, &self.service.settings, &content) {
            tx.enqueue_mail(&mail, now)?;
        }
        Ok(("renews", serde_json::json!(self.serial)))
    }

    fn issuance(
        self,
        seat: SeatRecord,
        authority: AuthorityId,
        signed: SignedCertificate,
    ) -> Renewed {
        Renewed {
            user_id: seat.user_id,
            authority,
            serial: signed.serial,
            validity: signed.validity,
            email: seat.email,
            certificate: signed.der,
            replaces: self.serial,
        }
    }
}

impl From<Hindrance> for RenewError {
    fn from(hindrance: Hindrance) -> Self {
        match hindrance {
            Hindrance::NoSeat => Self::NotYours,
            Hindrance::SeatClosed => Self::SeatClosed,
            Hindrance::KeyBlocked(source) => Self::KeyBlocked(source),
            Hindrance::KeyTaken => Self::KeyTaken,
            Hindrance::UnderWay | Hindrance::Settled => Self::UnderWay,
            Hindrance::NoIssuer => Self::NoIssuer,
        }
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
