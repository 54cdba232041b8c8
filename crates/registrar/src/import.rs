//! A running PKI moves in: its CA, what it issued, and what it revoked.

mod rows;

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};
use tegata_ca::ReadCrl;
use tegata_domain::{
    Certificate, CertificateState, Issuer, KeyHash, Reason, RevocationStatus, Serial, UserId,
    Validity,
};
use tegata_store::{
    AuthorityId, CertificateRecord, CompanyRecord, CrlScope, NewAuthority, SeatId,
    StatusAnnouncement, StoreError, Tx,
};

pub use rows::{CsvError, MAX_ROWS, rows_from_csv};

use crate::blocklist::{block_compromised_key, block_own_key};
use crate::office::entry;
use crate::{Actor, Office};

/// A CA that moves in.
#[derive(Clone, Debug)]
pub struct Import {
    /// The company whose seats these are.
    pub company: CompanyRecord,
    /// The root above the CA: one on record, or one to be put there.
    pub root: ImportRoot,
    /// Name of the CA here, also of its addresses.
    pub name: Issuer,
    /// Its certificate, DER.
    pub certificate: Vec<u8>,
    /// Whether it goes on issuing; otherwise it only publishes status.
    pub issues: bool,
    /// What it issued.
    pub rows: Vec<ImportRow>,
    /// Its last CRL.
    pub crl: Option<ReadCrl>,
    /// Days before expiry of the first reminder.
    pub first_reminder_days: Option<u16>,
}

/// The root above an imported CA.
#[derive(Clone, Debug)]
pub enum ImportRoot {
    /// On record already.
    Known(AuthorityId),
    /// With this name and certificate, DER.
    New(Issuer, Vec<u8>),
}

/// A certificate that moves in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportRow {
    /// Serial number.
    pub serial: Serial,
    /// Whose.
    pub user_id: UserId,
    /// When it is valid.
    pub validity: Validity,
    /// Where it stands.
    pub status: ImportStatus,
    /// Key, hash of what was signed, and the certificate, where it is at hand.
    pub certificate: Option<(KeyHash, [u8; 32], Vec<u8>)>,
}

/// Where a certificate that moves in stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportStatus {
    /// Good, or expired.
    Good,
    /// On hold.
    Held(Timestamp),
    /// Revoked.
    Revoked(Timestamp, Reason),
}

/// What moved in.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Imported {
    /// Certificates.
    pub certificates: usize,
    /// Of these, revoked or on hold.
    pub not_good: usize,
    /// Seats that were made for them.
    pub new_seats: usize,
    /// Serial numbers on the CRL that no certificate belongs to: they stay revoked.
    pub unaccounted: usize,
}

/// Why nothing moved in.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A serial number is on record, or stands twice.
    #[error("serial number {0} stands twice, or a certificate on record has it already")]
    SerialTaken(Serial),
    /// A user ID belongs to another company.
    #[error("user ID {0} belongs to another company")]
    ForeignSeat(UserId),
    /// The list says what changed only.
    #[error("the CRL covers only a part of what was revoked; a full one is needed")]
    PartialCrl,
    /// The database could not.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Office {
    /// Takes in a CA with everything it issued, in one piece: all of it or nothing. Its status is
    /// published from now on under new CRL numbers; what is not good stands in the feed.
    ///
    /// # Errors
    /// See [`ImportError`].
    pub async fn import(&self, actor: Actor, import: Import) -> Result<Imported, ImportError> {
        if import.crl.as_ref().is_some_and(|crl| crl.partial) {
            return Err(ImportError::PartialCrl);
        }
        let now = self.now();
        self.store.write(move |tx| take_in(tx, &actor, import, now)).await
    }
}

fn take_in(
    tx: &mut Tx<'_>,
    actor: &Actor,
    import: Import,
    now: Timestamp,
) -> Result<Imported, ImportError> {
    let authority = put_authorities(tx, actor, &import, now)?;
    let mut moving = Moving {
        actor,
        now,
        scope: CrlScope { authority, shard: 0 },
        company: import.company,
        first_reminder: import
            .first_reminder_days
            .map(|days| SignedDuration::from_hours(24 * i64::from(days))),
        seats: HashMap::new(),
        imported: Imported::default(),
    };
    let mut listed: HashMap<Serial, ImportStatus> = HashMap::new();
    for entry in import.crl.iter().flat_map(|crl| &crl.entries) {
        let status = match entry.reason {
            Reason::CertificateHold => ImportStatus::Held(entry.at),
            reason => ImportStatus::Revoked(entry.at, reason),
        };
        listed.insert(entry.serial, status);
    }
    let mut seen = HashSet::new();
    for row in &import.rows {
        // The list was signed; a word on paper does not make good what is on it.
        let status = listed.remove(&row.serial).unwrap_or(row.status);
        if !seen.insert(row.serial) || tx.certificate(row.serial)?.is_some() {
            return Err(ImportError::SerialTaken(row.serial));
        }
        moving.certificate(tx, row, status)?;
    }
    let ends = tegata_ca::CaCertificate::parse(&import.certificate)
        .map_or(now, |read| read.validity().not_after);
    for (serial, status) in listed {
        moving.unaccounted(tx, serial, status, ends)?;
    }
    if let Some(number) = import.crl.and_then(|crl| crl.number) {
        tx.burn_crl_numbers(authority, number)?;
    }
    let imported = moving.imported;
    let mut record = entry(now, actor, "authority.imported", &import.name);
    record.detail = serde_json::json!(imported);
    tx.audit(&record)?;
    Ok(imported)
}

fn put_authorities(
    tx: &mut Tx<'_>,
    actor: &Actor,
    import: &Import,
    now: Timestamp,
) -> Result<AuthorityId, StoreError> {
    let root = match &import.root {
        ImportRoot::Known(id) => *id,
        ImportRoot::New(name, certificate) => {
            let id = tx.insert_authority(&NewAuthority {
                service: None,
                parent: None,
                name,
                certificate,
                complete_crl: true,
                issues_from: now,
            })?;
            block_own_key(tx, certificate, name.as_str(), now)?;
            tx.audit(&entry(now, actor, "authority.created", name))?;
            id
        }
    };
    block_own_key(tx, &import.certificate, import.name.as_str(), now)?;
    let id = tx.insert_authority(&NewAuthority {
        service: Some(import.company.service),
        parent: Some(root),
        name: &import.name,
        certificate: &import.certificate,
        // Its certificates name addresses of their own, and one list over everything.
        complete_crl: true,
        issues_from: now,
    })?;
    if !import.issues {
        tx.retire_authority(id, now)?;
    }
    Ok(id)
}

struct Moving<'a> {
    actor: &'a Actor,
    now: Timestamp,
    scope: CrlScope,
    company: CompanyRecord,
    first_reminder: Option<SignedDuration>,
    seats: HashMap<UserId, SeatId>,
    imported: Imported,
}

impl Moving<'_> {
    fn certificate(
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
            ImportStatus::Good => Ok(()),
            ImportStatus::Held(_) => {
                self.imported.not_good += 1;
                Ok(self.announce(tx, row.serial, RevocationStatus::Held)?)
            }
            ImportStatus::Revoked(..) => {
                self.imported.not_good += 1;
                Ok(self.announce(tx, row.serial, RevocationStatus::Revoked)?)
            }
        }
    }

    /// Keeps revoked what is on the list but not among the certificates.
    fn unaccounted(
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
