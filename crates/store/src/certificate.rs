use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{OptionalExtension, Row};
use tegata_domain::{Certificate, CertificateState, KeyHash, Reason, Serial, UserId, Validity};

use crate::column::{Column, at, optional_at, parsed};
use crate::{
    AuthorityId, CertificateFilter, CrlScope, SeatId, ServiceId, Shard, StoreError, Tx, View,
};

/// A certificate of record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateRecord {
    /// Serial number, validity, state.
    pub certificate: Certificate,
    /// Who issued it.
    pub authority: AuthorityId,
    /// Shard of the CRL that it names; 0 when it names none.
    pub shard: u32,
    /// Whose service.
    pub service: ServiceId,
    /// Whose seat.
    pub seat: SeatId,
    /// The seat's user ID.
    pub user_id: UserId,
    /// Identity of its key.
    pub key_hash: KeyHash,
    /// The certificate, once issued.
    pub der: Option<Vec<u8>>,
    /// Which certificate it renews.
    pub replaces: Option<Serial>,
}

impl CertificateRecord {
    /// On which CRL it stands when it is not good.
    pub fn scope(&self) -> CrlScope {
        CrlScope { authority: self.authority, shard: self.shard }
    }
}

/// An intent to sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewIntent {
    /// Serial number, validity, planned.
    pub certificate: Certificate,
    /// Who will sign.
    pub authority: AuthorityId,
    /// Shard of the CRL that it names.
    pub shard: Shard,
    /// For whom.
    pub seat: SeatId,
    /// For which key.
    pub key_hash: KeyHash,
    /// SHA-256 of what will be signed.
    pub tbs_hash: [u8; 32],
    /// Which certificate it renews.
    pub replaces: Option<Serial>,
}

/// An intent as others keep it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntentRow {
    /// Row number.
    pub id: i64,
    /// Serial number.
    pub serial: Serial,
    /// Who signs it.
    pub authority: AuthorityId,
    /// On which CRL it would stand; `None` when it names no shard.
    pub shard: Option<Shard>,
    /// Identity of its key.
    pub key_hash: KeyHash,
    /// When it ends.
    pub not_after: Timestamp,
}

pub(crate) const SELECT: &str = "SELECT c.*, s.service_id, s.user_id FROM certificate c
     JOIN seat s ON s.id = c.seat_id";

impl Tx<'_> {
    /// Records the intent to sign a certificate.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn insert_intent(&mut self, intent: &NewIntent) -> Result<(), StoreError> {
        let (state, state_at) = match intent.certificate.state {
            CertificateState::Planned { at } => (0, at),
            _ => return Err(StoreError::Corrupt("an intent that is not planned")),
        };
        self.0
            .prepare_cached(
                "INSERT INTO certificate (serial, authority_id, seat_id, key_hash, tbs_hash,
                 not_before, not_after, state, state_at, shard, replaces)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            )?
            .execute((
                Column(intent.certificate.serial),
                intent.authority.0,
                intent.seat.0,
                Column(intent.key_hash),
                intent.tbs_hash,
                Column(intent.certificate.validity.not_before),
                Column(intent.certificate.validity.not_after),
                state,
                Column(state_at),
                intent.shard.number,
                intent.replaces.map(Column),
            ))?;
        self.fill_shard(intent.authority, &intent.shard, intent.certificate.validity.not_after)
    }

    /// Records a certificate that was issued elsewhere, as it stands.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn insert_imported(
        &mut self,
        record: &CertificateRecord,
        tbs_hash: [u8; 32],
        next_notice_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let Certificate { serial, validity, .. } = record.certificate;
        self.0
            .prepare_cached(
                "INSERT INTO certificate (serial, authority_id, seat_id, key_hash, tbs_hash,
                 not_before, not_after, state, state_at, issued_at, shard, der)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 1, ?6, ?6, ?8, ?9)",
            )?
            .execute((
                Column(serial),
                record.authority.0,
                record.seat.0,
                Column(record.key_hash),
                tbs_hash,
                Column(validity.not_before),
                Column(validity.not_after),
                record.shard,
                &record.der,
            ))?;
        self.set_certificate(&record.certificate)?;
        self.0
            .prepare_cached("UPDATE certificate SET next_notice_at = ?2 WHERE serial = ?1")?
            .execute((Column(serial), next_notice_at.map(Column)))?;
        Ok(())
    }

    /// Records the certificate that an intent led to, and when its first reminder is due.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_issued(
        &mut self,
        certificate: &Certificate,
        der: &[u8],
        first_notice_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let CertificateState::Issued { at } = certificate.state else {
            return Err(StoreError::Corrupt("a certificate that is not issued"));
        };
        self.0
            .prepare_cached(
                "UPDATE certificate SET state = 1, state_at = ?2, reason = NULL, issued_at = ?2,
                 der = ?3, next_notice_at = ?4
                 WHERE serial = ?1",
            )?
            .execute((Column(certificate.serial), Column(at), der, first_notice_at.map(Column)))?;
        Ok(())
    }

    /// Records since when a revoked certificate was no good before its revocation.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_invalid_since(
        &mut self,
        serial: Serial,
        since: Timestamp,
    ) -> Result<(), StoreError> {
        self.0
            .prepare_cached("UPDATE certificate SET invalid_since = ?2 WHERE serial = ?1")?
            .execute((Column(serial), Column(since)))?;
        Ok(())
    }

    /// Records where a certificate stands now.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_certificate(&mut self, certificate: &Certificate) -> Result<(), StoreError> {
        let (state, at, reason) = match certificate.state {
            CertificateState::Planned { at } => (0, at, None),
            CertificateState::Issued { at } => (1, at, None),
            CertificateState::Superseded { at } => (2, at, None),
            CertificateState::Held { at, .. } => (3, at, Some(Reason::CertificateHold)),
            CertificateState::Revoked { at, reason } => (4, at, Some(reason)),
            CertificateState::Void { at } => (5, at, None),
        };
        self.0
            .prepare_cached(
                "UPDATE certificate SET state = ?2, state_at = ?3, reason = ?4,
                 issued_at = CASE WHEN ?2 = 1 THEN ?3 ELSE issued_at END,
                 superseded_at = CASE WHEN ?2 = 2 THEN ?3 ELSE superseded_at END,
                 next_notice_at = CASE WHEN ?2 = 1 THEN next_notice_at ELSE NULL END
                 WHERE serial = ?1",
            )?
            .execute((Column(certificate.serial), state, Column(at), reason.map(Reason::code)))?;
        Ok(())
    }
}

impl View<'_> {
    /// The certificate with this serial number.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn certificate(&self, serial: Serial) -> Result<Option<CertificateRecord>, StoreError> {
        Ok(self
            .0
            .prepare_cached(&format!("{SELECT} WHERE c.serial = ?1"))?
            .query_row([Column(serial)], record)
            .optional()?)
    }

    /// Every certificate of a seat, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn certificates_of_seat(&self, seat: SeatId) -> Result<Vec<CertificateRecord>, StoreError> {
        let mut statement =
            self.0.prepare_cached(&format!("{SELECT} WHERE c.seat_id = ?1 ORDER BY c.id"))?;
        let rows = statement.query_map([seat.0], record)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The certificate that renewed the one with this serial number; a void one does not count.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn successor(&self, serial: Serial) -> Result<Option<CertificateRecord>, StoreError> {
        Ok(self
            .0
            .prepare_cached(&format!(
                "{SELECT} WHERE c.replaces = ?1 AND c.state BETWEEN 1 AND 4
                 ORDER BY c.id DESC LIMIT 1"
            ))?
            .query_row([Column(serial)], record)
            .optional()?)
    }

    /// The certificates of a service that pass `filter`, soonest to end first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn certificates(
        &self,
        service: ServiceId,
        filter: &CertificateFilter,
    ) -> Result<Vec<CertificateRecord>, StoreError> {
        Ok(self.listed(service, filter)?.into_iter().map(|listed| listed.record).collect())
    }

    /// The intents behind row number `after`, whatever became of them, oldest first, at most
    /// `limit`, each with its row number.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn intents(&self, after: i64, limit: u32) -> Result<Vec<IntentRow>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT c.id, c.serial, c.authority_id, c.shard, c.key_hash, s.address, c.not_after
             FROM certificate c
             LEFT JOIN crl_shard s ON s.authority_id = c.authority_id AND s.number = c.shard
             WHERE c.id > ?1 ORDER BY c.id LIMIT ?2",
        )?;
        let rows = statement.query_map((after, limit), |row| {
            Ok(IntentRow {
                id: row.get("id")?,
                serial: row.get::<_, Column<Serial>>("serial")?.0,
                authority: AuthorityId(row.get("authority_id")?),
                shard: match row.get::<_, Option<String>>("address")? {
                    Some(address) => Some(Shard { number: row.get("shard")?, address }),
                    None => None,
                },
                key_hash: row.get::<_, Column<KeyHash>>("key_hash")?.0,
                not_after: at(row, "not_after")?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Row number of the last intent; 0 when there is none.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn last_intent(&self) -> Result<i64, StoreError> {
        Ok(self
            .0
            .prepare_cached("SELECT ifnull(max(id), 0) FROM certificate")?
            .query_row([], |row| row.get(0))?)
    }

    /// Every intent that led to nothing yet.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn planned(&self) -> Result<Vec<CertificateRecord>, StoreError> {
        let mut statement = self.0.prepare_cached(&format!("{SELECT} WHERE c.state = 0"))?;
        let rows = statement.query_map([], record)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The certificates on this key that stand and have not ended at `now`, those on hold among
    /// them.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn standing_on_key(
        &self,
        key: KeyHash,
        now: Timestamp,
    ) -> Result<Vec<CertificateRecord>, StoreError> {
        let mut statement = self.0.prepare_cached(&format!(
            "{SELECT} WHERE c.key_hash = ?1 AND c.state IN (1, 2, 3) AND c.not_after >= ?2
             ORDER BY c.id"
        ))?;
        let rows = statement.query_map((Column(key), Column(now)), record)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The seat that already has, or had, a certificate on this key. Void ones do not count.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn seat_of_key(&self, key: KeyHash) -> Result<Option<SeatId>, StoreError> {
        Ok(self
            .0
            .prepare_cached(
                "SELECT seat_id FROM certificate WHERE key_hash = ?1 AND state <> 5 LIMIT 1",
            )?
            .query_row([Column(key)], |row| row.get(0).map(SeatId))
            .optional()?)
    }
}

/// The certificate proper, of a row that has its columns.
pub(crate) fn standing(row: &Row<'_>) -> rusqlite::Result<Certificate> {
    let state_at = at(row, "state_at")?;
    let corrupt =
        |column: &str| rusqlite::Error::InvalidColumnType(0, column.to_owned(), Type::Integer);
    let state = match row.get::<_, i64>("state")? {
        0 => CertificateState::Planned { at: state_at },
        1 => CertificateState::Issued { at: state_at },
        2 => CertificateState::Superseded { at: state_at },
        3 => CertificateState::Held {
            at: state_at,
            superseded: optional_at(row, "superseded_at")?,
            issued: optional_at(row, "issued_at")?.ok_or_else(|| corrupt("issued_at"))?,
        },
        4 => CertificateState::Revoked {
            at: state_at,
            reason: row
                .get::<_, Option<u8>>("reason")?
                .and_then(Reason::from_code)
                .ok_or_else(|| corrupt("reason"))?,
        },
        5 => CertificateState::Void { at: state_at },
        _ => return Err(corrupt("state")),
    };
    Ok(Certificate {
        serial: row.get::<_, Column<Serial>>("serial")?.0,
        validity: Validity { not_before: at(row, "not_before")?, not_after: at(row, "not_after")? },
        state,
    })
}

pub(crate) fn record(row: &Row<'_>) -> rusqlite::Result<CertificateRecord> {
    Ok(CertificateRecord {
        certificate: standing(row)?,
        authority: AuthorityId(row.get("authority_id")?),
        shard: row.get("shard")?,
        service: ServiceId(row.get("service_id")?),
        seat: SeatId(row.get("seat_id")?),
        user_id: parsed(row, "user_id")?,
        key_hash: row.get::<_, Column<KeyHash>>("key_hash")?.0,
        der: row.get("der")?,
        replaces: row.get::<_, Option<Column<Serial>>>("replaces")?.map(|column| column.0),
    })
}
