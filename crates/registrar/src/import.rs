//! A running PKI moves in: its CA, what it issued, and what it revoked.

mod moving;
mod rows;

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;

use jiff::{SignedDuration, Timestamp};
use tegata_ca::ReadCrl;
use tegata_domain::{Issuer, KeyHash, Reason, Serial, UserId, Validity};
use tegata_store::{AuthorityId, CompanyRecord, CrlScope, NewAuthority, StoreError, Tx};

pub use rows::{CsvError, MAX_ROWS, exact_user_id, rows_from_csv};

use moving::Moving;

use crate::blocklist::{block_own_key, own_key_is_blocked};
use crate::found::authority_created;
use crate::office::entry;
use crate::{Actor, Office};

/// Greatest CRL number of a list that moves in: as many again are left for those that follow.
const MAX_CRL_NUMBER: u64 = i64::MAX as u64 / 2;

/// How far the clock of those who revoked may have been ahead of ours.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// How long the next update of a CRL may be past.
const STALE: SignedDuration = SignedDuration::from_hours(30 * 24);

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
    /// Whether a CRL will do whose next one was due more than 30 days ago.
    pub old_crl: bool,
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
    /// Certificates: the sum of the next four.
    pub certificates: usize,
    /// Good ones.
    pub good: usize,
    /// On hold, ended or not.
    pub held: usize,
    /// Revoked, ended or not.
    pub revoked: usize,
    /// Ended, and neither on hold nor revoked.
    pub expired: usize,
    /// Seats that were made for them.
    pub new_seats: usize,
    /// Serial numbers on the CRL that no certificate belongs to: they stay revoked.
    pub unaccounted: usize,
}

/// Why nothing moved in.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A CA of this name is on record.
    #[error("a CA named {0} exists already; choose another name")]
    NameTaken(Issuer),
    /// Its key is that of a CA or a server here, or blocked.
    #[error(
        "{0} has a key that is on record here or blocked (tegata blocklist check); nothing may share it"
    )]
    KeyTaken(Issuer),
    /// A serial number is on record, or stands twice.
    #[error("serial number {0} stands twice, or a certificate on record has it already")]
    SerialTaken(Serial),
    /// A moment that cannot be.
    #[error("serial number {serial}: {what} is {at}, which cannot be")]
    Implausible {
        /// Which certificate.
        serial: Serial,
        /// Which of its moments.
        what: &'static str,
        /// What it says.
        at: Timestamp,
    },
    /// The next ones must be greater.
    #[error("the CRL's number is {0}: it leaves no room for the numbers of later ones")]
    CrlNumber(u64),
    /// A user ID belongs to another company.
    #[error("user ID {0} belongs to another company")]
    ForeignSeat(UserId),
    /// The list says what changed only.
    #[error("the CRL covers only a part of what was revoked; a full one is needed")]
    PartialCrl,
    /// Who was revoked since then is not on it.
    #[error(
        "the CRL is old: the next one was due on {0}, more than 30 days ago; bring the last one, \
         or say --old-crl if there is none"
    )]
    OldCrl(Timestamp),
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
        let now = self.now();
        import.check_crl(now)?;
        self.store.write(move |tx| take_in(tx, &actor, import, now)).await
    }

    /// Does what [`Self::import`] does, and undoes it: what would move in. Other writers wait as
    /// long as for the import itself.
    ///
    /// # Errors
    /// Those of [`Self::import`].
    pub async fn import_check(
        &self,
        actor: Actor,
        import: Import,
    ) -> Result<Imported, ImportError> {
        let now = self.now();
        import.check_crl(now)?;
        // A verb that fails leaves nothing behind: the trial fails with what it found.
        let Err(trial) = self
            .store
            .write(move |tx| {
                let tried = take_in(tx, &actor, import, now);
                Err::<Infallible, _>(tried.map_or_else(Trial::Refused, Trial::WouldMove))
            })
            .await;
        match trial {
            Trial::WouldMove(imported) => Ok(imported),
            Trial::Refused(error) => Err(error),
        }
    }
}

/// How a trial ends: never by being kept.
enum Trial {
    WouldMove(Imported),
    Refused(ImportError),
}

impl From<StoreError> for Trial {
    fn from(error: StoreError) -> Self {
        Self::Refused(error.into())
    }
}

impl ImportRow {
    fn check(&self, now: Timestamp) -> Result<(), ImportError> {
        let (serial, at) = (self.serial, self.validity.not_before);
        if at < Timestamp::UNIX_EPOCH {
            return Err(ImportError::Implausible { serial, what: "its beginning", at });
        }
        self.status.check(serial, now)
    }
}

impl ImportStatus {
    fn check(self, serial: Serial, now: Timestamp) -> Result<(), ImportError> {
        match self {
            Self::Held(at) | Self::Revoked(at, _)
                if at < Timestamp::UNIX_EPOCH || at > now + AHEAD =>
            {
                Err(ImportError::Implausible { serial, what: "its revocation or hold", at })
            }
            _ => Ok(()),
        }
    }

    /// What the CRL says, unless this is worse.
    fn or_worse(self, listed: Self) -> Self {
        let rank = |status| match status {
            Self::Good => 0,
            Self::Held(_) => 1,
            Self::Revoked(..) => 2,
        };
        if rank(self) > rank(listed) { self } else { listed }
    }
}

impl Import {
    fn check_crl(&self, now: Timestamp) -> Result<(), ImportError> {
        let Some(crl) = &self.crl else { return Ok(()) };
        if crl.partial {
            return Err(ImportError::PartialCrl);
        }
        if let Some(number) = crl.number.filter(|number| *number > MAX_CRL_NUMBER) {
            return Err(ImportError::CrlNumber(number));
        }
        // One that promised nothing is as old as it is.
        let due = crl.next_update.unwrap_or(crl.this_update);
        if now.duration_since(due) > STALE && !self.old_crl {
            return Err(ImportError::OldCrl(due));
        }
        Ok(())
    }

    fn names(&self) -> impl Iterator<Item = &Issuer> {
        let root = match &self.root {
            ImportRoot::Known(_) => None,
            ImportRoot::New(name, _) => Some(name),
        };
        root.into_iter().chain([&self.name])
    }
}

fn take_in(
    tx: &mut Tx<'_>,
    actor: &Actor,
    import: Import,
    now: Timestamp,
) -> Result<Imported, ImportError> {
    let authorities = tx.authorities()?;
    if let Some(name) = import.names().find(|name| authorities.iter().any(|ca| ca.name == **name)) {
        return Err(ImportError::NameTaken(name.clone()));
    }
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
    let ends = tegata_ca::CaCertificate::parse(&import.certificate)
        .map_or(now, |read| read.validity().not_after);
    let mut seen = HashSet::new();
    for mut row in import.rows {
        let serial = row.serial;
        if !seen.insert(serial) || tx.is_on_record(serial)? {
            return Err(ImportError::SerialTaken(serial));
        }
        if let Some(status) = listed.remove(&serial) {
            // The CRL was signed: a word on paper does not make good what is on it, and without
            // the certificate, none takes it off before its CA has ended.
            row.status = row.status.or_worse(status);
            if row.certificate.is_none() {
                row.validity.not_after = row.validity.not_after.max(ends);
            }
        }
        row.check(now)?;
        moving.certificate(tx, &row, row.status)?;
    }
    for (serial, status) in listed {
        if tx.is_on_record(serial)? {
            return Err(ImportError::SerialTaken(serial));
        }
        status.check(serial, now)?;
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
) -> Result<AuthorityId, ImportError> {
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
            refuse_known_key(tx, certificate, name)?;
            block_own_key(tx, certificate, name.as_str(), now)?;
            tx.audit(&authority_created(now, actor, name, certificate))?;
            id
        }
    };
    refuse_known_key(tx, &import.certificate, &import.name)?;
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

/// One key, one name: two CAs with one key would answer for each other's serial numbers.
fn refuse_known_key(tx: &Tx<'_>, certificate: &[u8], name: &Issuer) -> Result<(), ImportError> {
    match own_key_is_blocked(tx, certificate)? {
        true => Err(ImportError::KeyTaken(name.clone())),
        false => Ok(()),
    }
}
