//! One certificate after the other moves in.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use tegata_domain::{
    Certificate, CertificateState, KeyHash, Reason, RevocationStatus, Serial, UserId,
};
use tegata_store::{
    CertificateRecord, CompanyRecord, CrlScope, SeatId, StatusAnnouncement, StoreError, Tx,
};

use super::{ImportError, ImportRow, ImportStatus, Imported};
use crate::Actor;
use crate::blocklist::block_compromised_key;
use crate::office::entry;

pub(super) struct Moving<'a> {
    pub(super) actor: &'a Actor,
    pub(super) now: Timestamp,
    pub(super) scope: CrlScope,
    pub(super) company: CompanyRecord,
    pub(super) first_reminder: Option<SignedDuration>,
    pub(super) seats: HashMap<UserId, SeatId>,
    pub(super) imported: Imported,
}

impl Moving<'_> {
    pub(super) fn certificate(
        &mut self,
        tx: &mut Tx<'_>,
        row: &ImportRow,
        status: ImportStatus,
    ) -> Result<(), ImportError> {
        let issued = CertificateState::Issued { at: row.validity.not_before };
        let state = match status {
            ImportStatus::Good => issued,
            ImportStatus::Held(at) => {
                CertificateState::Held { at, superseded: None, issued: row.validity.not_before }
            }
            ImportStatus::Revoked(at, reason) => CertificateState::Revoked { at, reason },
        };
        let (key_hash, tbs_hash, der) =
            row.certificate.clone().unwrap_or((KeyHash([0; 32]), [0; 32], Vec::new()));
        let record = CertificateRecord {
            certificate: Certificate { serial: row.serial, validity: row.validity, state },
            authority: self.scope.authority,
            shard: self.scope.shard,
            service: self.company.service,
            seat: self.seat(tx, &row.user_id)?,
            user_id: row.user_id.clone(),
            key_hash,
            der: (!der.is_empty()).then_some(der),
            replaces: None,
        };
        let live = status == ImportStatus::Good && self.now < row.validity.not_after;
        let reminder = self.first_reminder.filter(|_| live);
        tx.insert_imported(
            &record,
            tbs_hash,
            reminder.map(|before| row.validity.not_after - before),
        )?;
        let mut entry = entry(self.now, self.actor, "certificate.imported", &row.user_id);
        entry.detail = serde_json::json!({
            "serial": row.serial, "tbs_sha256": hex::encode(tbs_hash),
        });
        tx.audit(&entry)?;
        if matches!(status, ImportStatus::Revoked(_, Reason::KeyCompromise)) {
            block_compromised_key(tx, &record, self.now)?;
        }
        self.imported.certificates += 1;
        match status {
            ImportStatus::Good => {
                let ended = self.now >= row.validity.not_after;
                let count =
                    if ended { &mut self.imported.expired } else { &mut self.imported.good };
                *count += 1;
                Ok(())
            }
            ImportStatus::Held(_) => {
                self.imported.held += 1;
                Ok(self.announce(tx, row.serial, RevocationStatus::Held)?)
            }
            ImportStatus::Revoked(..) => {
                self.imported.revoked += 1;
                Ok(self.announce(tx, row.serial, RevocationStatus::Revoked)?)
            }
        }
    }

    /// Keeps revoked what is on the list but not among the certificates.
    pub(super) fn unaccounted(
        &mut self,
        tx: &mut Tx<'_>,
        serial: Serial,
        status: ImportStatus,
        ends: Timestamp,
    ) -> Result<(), StoreError> {
        let told = match status {
            ImportStatus::Revoked(at, reason) => (at, reason),
            ImportStatus::Held(at) => (at, Reason::CertificateHold),
            ImportStatus::Good => return Ok(()),
        };
        tx.insert_unaccounted(self.scope, serial, told, ends)?;
        self.imported.unaccounted += 1;
        self.announce(tx, serial, RevocationStatus::Revoked)
    }

    fn announce(
        &self,
        tx: &mut Tx<'_>,
        serial: Serial,
        status: RevocationStatus,
    ) -> Result<(), StoreError> {
        let (service, scope, at) = (self.company.service, self.scope, self.now);
        tx.announce(&StatusAnnouncement { service, scope, serial, status, at })
    }

    fn seat(&mut self, tx: &mut Tx<'_>, user_id: &UserId) -> Result<SeatId, ImportError> {
        if let Some(seat) = self.seats.get(user_id) {
            return Ok(*seat);
        }
        let seat = match tx.seat(self.company.service, user_id)? {
            Some(seat) if seat.company == self.company.id => seat.id,
            Some(_) => return Err(ImportError::ForeignSeat(user_id.clone())),
            None => {
                self.imported.new_seats += 1;
                let seat = tx.insert_seat(&self.company, user_id)?;
                tx.audit(&entry(self.now, self.actor, "seat.created", user_id))?;
                // Numbers that are taken are not given to new seats.
                let number = user_id.as_str().strip_prefix(self.company.code.as_str());
                let number = number.and_then(|rest| rest.strip_prefix('-')?.parse::<u32>().ok());
                if let Some(number) = number {
                    tx.skip_seat_numbers(self.company.id, number)?;
                }
                seat
            }
        };
        self.seats.insert(user_id.clone(), seat);
        Ok(seat)
    }
}
