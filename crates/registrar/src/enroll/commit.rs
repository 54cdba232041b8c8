//! An initial password as the right to a certificate, and what is replaced when it is spent.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tegata_ca::SignedCertificate;
use tegata_domain::{
    Attempt, Certificate, CertificateState, Email, KeyHash, Reason, Serial, issuance_supersedes,
};
use tegata_store::{AuthorityId, CertificateRecord, SeatId, SeatRecord, StoreError, Tx};
use tegata_text::Lang;

use super::{EnrollError, Issuance};
use crate::change_email::replaced_by_issuance;
use crate::issue::{Hindrance, Warrant};
use crate::mail::{self, to_seat};
use crate::status::{self, StatusChange};
use crate::{Actor, Service};

/// How long an issuance may stand between its two commits; far more than any request lives.
const INTENT_LIFETIME: SignedDuration = SignedDuration::from_mins(2);

/// The credential that was proven, known by its hash: a reset in the meantime makes another, and
/// what was proven of the old one is worth nothing then.
#[derive(Clone)]
pub(super) struct Slip {
    pub(super) hash: String,
    pub(super) service: Arc<Service>,
    pub(super) email: Email,
    pub(super) lang: Lang,
    /// Whether the application will renew by itself.
    pub(super) unattended: bool,
}

impl Warrant for Slip {
    type Error = EnrollError;
    type Issuance = Issuance;

    const ACTION: &'static str = "certificate.issued";

    fn renews(&self) -> Option<Serial> {
        None
    }

    fn permits(
        &self,
        tx: &mut Tx<'_>,
        seat: &SeatRecord,
        key: KeyHash,
        now: Timestamp,
    ) -> Result<(), EnrollError> {
        let record = tx.credential(seat.id)?.filter(|record| record.hash == self.hash);
        let record = record.ok_or(EnrollError::Refused)?;
        match record.credential.attempt(now, key, &self.service.credential) {
            Ok(Attempt::Issue) => Ok(()),
            Ok(Attempt::Repeat(_)) => Err(EnrollError::UnderWay),
            Err(_) => Err(EnrollError::Refused),
        }
    }

    fn takes_key_of(owner: SeatId, seat: SeatId) -> bool {
        owner == seat
    }

    /// The credential is consumed, older certificates are revoked, the e-mail is registered and
    /// confirmed.
    fn spend(
        &self,
        tx: &mut Tx<'_>,
        seat: &SeatRecord,
        signed: &SignedCertificate,
        now: Timestamp,
    ) -> Result<(&'static str, Value), EnrollError> {
        let record = tx.credential(seat.id)?.filter(|record| record.hash == self.hash);
        let record = record.ok_or(EnrollError::Refused)?;
        let spent = record
            .credential
            .consume(now, signed.key_hash, signed.serial)
            .map_err(|_| EnrollError::Refused)?;
        replace_older(tx, seat, signed.serial, now)?;
        tx.set_credential(seat.id, &spent)?;
        replaced_by_issuance(tx, seat, &self.email, &self.service.settings, now)?;
        tx.set_contact(seat.id, &self.email, self.lang.code(), self.unattended)?;
        let told = SeatRecord {
            email: Some(self.email.clone()),
            lang: Some(self.lang.code().to_owned()),
            ..seat.clone()
        };
        let content = mail::Issued {
            user_id: seat.user_id.clone(),
            serial: signed.serial,
            not_after: signed.validity.not_after,
        };
        if let Some(confirmation) = to_seat(&told, &self.service.settings, &content) {
            tx.enqueue_mail(&confirmation, now)?;
        }
        Ok(("email", serde_json::json!(self.email)))
    }

    fn issuance(
        self,
        seat: SeatRecord,
        authority: AuthorityId,
        signed: SignedCertificate,
    ) -> Issuance {
        Issuance {
            authority,
            user_id: seat.user_id,
            serial: signed.serial,
            validity: signed.validity,
            email: self.email,
            certificate: signed.der,
        }
    }
}

impl From<Hindrance> for EnrollError {
    fn from(hindrance: Hindrance) -> Self {
        match hindrance {
            Hindrance::NoSeat | Hindrance::SeatClosed | Hindrance::Settled => Self::Refused,
            Hindrance::KeyBlocked(source) => Self::KeyBlocked(source),
            Hindrance::KeyTaken => Self::KeyTaken,
            Hindrance::UnderWay => Self::UnderWay,
            Hindrance::NoIssuer => Self::NoIssuer,
        }
    }
}

/// Gives up intents of the seat that nothing can come of any more: their request ran out of
/// time, and recording that failed too. Returns the seat's other certificates.
pub(crate) fn settle_stale(
    tx: &mut Tx<'_>,
    seat: &SeatRecord,
    now: Timestamp,
) -> Result<Vec<Certificate>, StoreError> {
    let mut others = Vec::new();
    for record in tx.certificates_of_seat(seat.id)? {
        match record.certificate.state {
            CertificateState::Planned { at } if now.duration_since(at) > INTENT_LIFETIME => {
                crate::settle::void(tx, &record, now)?;
            }
            _ => others.push(record.certificate),
        }
    }
    Ok(others)
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
