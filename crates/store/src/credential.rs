use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row};
use tegata_domain::{Credential, CredentialState, KeyHash, Serial};

use crate::column::{Column, at};
use crate::{SeatId, StoreError, Tx, View};

/// A credential of record.
#[derive(Clone, PartialEq, Eq)]
pub struct CredentialRecord {
    /// Hash of the password, in PHC form.
    pub hash: String,
    /// Where it stands.
    pub credential: Credential,
}

impl Tx<'_> {
    /// Puts a credential in place of the seat's current one, if it has one.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn put_credential(
        &mut self,
        seat: SeatId,
        record: &CredentialRecord,
    ) -> Result<(), StoreError> {
        self.0
            .prepare_cached(
                "INSERT INTO credential (seat_id, hash, created_at, lapses_at, state, state_at)
                 VALUES (?1, ?2, ?3, ?4, 0, ?3)
                 ON CONFLICT (seat_id) DO UPDATE SET
                     hash = excluded.hash, created_at = excluded.created_at,
                     lapses_at = excluded.lapses_at, lapse_told_at = NULL",
            )?
            .execute((
                seat.0,
                &record.hash,
                Column(record.credential.created_at),
                Column(record.credential.lapses_at),
            ))?;
        self.set_credential(seat, &record.credential)
    }

    /// Withdraws a seat's credential: no password is right any more.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn withdraw_credential(&mut self, seat: SeatId) -> Result<bool, StoreError> {
        let gone = self
            .0
            .prepare_cached("DELETE FROM credential WHERE seat_id = ?1")?
            .execute([seat.0])?;
        Ok(gone > 0)
    }

    /// Records where a credential stands now.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_credential(
        &mut self,
        seat: SeatId,
        credential: &Credential,
    ) -> Result<(), StoreError> {
        let (state, failures, at, key, serial) = match credential.state {
            CredentialState::Ready { failures } => (0, failures, credential.created_at, None, None),
            CredentialState::Consumed { at, key, serial } => (1, 0, at, Some(key), Some(serial)),
            CredentialState::Locked { at } => (2, 0, at, None, None),
        };
        self.0
            .prepare_cached(
                "UPDATE credential SET state = ?2, failures = ?3, state_at = ?4, key_hash = ?5,
                 serial = ?6 WHERE seat_id = ?1",
            )?
            .execute((seat.0, state, failures, Column(at), key.map(Column), serial.map(Column)))?;
        Ok(())
    }
}

impl View<'_> {
    /// The seat's credential.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn credential(&self, seat: SeatId) -> Result<Option<CredentialRecord>, StoreError> {
        Ok(self
            .0
            .prepare_cached("SELECT * FROM credential WHERE seat_id = ?1")?
            .query_row([seat.0], record)
            .optional()?)
    }
}

fn record(row: &Row<'_>) -> rusqlite::Result<CredentialRecord> {
    let state_at: Timestamp = at(row, "state_at")?;
    let state = match row.get::<_, i64>("state")? {
        0 => CredentialState::Ready { failures: row.get("failures")? },
        1 => CredentialState::Consumed {
            at: state_at,
            key: row.get::<_, Column<KeyHash>>("key_hash")?.0,
            serial: row.get::<_, Column<Serial>>("serial")?.0,
        },
        2 => CredentialState::Locked { at: state_at },
        other => return Err(rusqlite::Error::IntegralValueOutOfRange(0, other)),
    };
    Ok(CredentialRecord {
        hash: row.get("hash")?,
        credential: Credential {
            created_at: at(row, "created_at")?,
            lapses_at: at(row, "lapses_at")?,
            state,
        },
    })
}
