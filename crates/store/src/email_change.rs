use jiff::Timestamp;
use rusqlite::OptionalExtension;
use tegata_domain::{Email, EmailRequests, Serial, UserId};

use crate::column::{Column, at, parsed};
use crate::{SeatId, ServiceId, StoreError, Tx, View};

/// What a change was signed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EmailSigned {
    /// The certificate whose key signed.
    pub by: Serial,
    /// When, by the clock of whoever signed; to the second.
    pub at: Timestamp,
}

/// A change of an address that waits for its confirmation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingEmail {
    /// Whose seat.
    pub seat: SeatId,
    /// The seat's user ID.
    pub user_id: UserId,
    /// Whose service.
    pub service: ServiceId,
    /// The new address.
    pub email: Email,
    /// Which request of the seat it is; a later one has a greater number.
    pub number: u64,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// Who signed it; `None` when an office asked.
    pub signed: Option<EmailSigned>,
}

const PENDING: &str = "SELECT e.*, s.user_id, s.service_id FROM email_change e
     JOIN seat s ON s.id = e.seat_id WHERE e.email IS NOT NULL";

impl Tx<'_> {
    /// Puts a request in place of the one before, whose links work no longer. Returns its number.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn ask_email(
        &mut self,
        seat: SeatId,
        (email, signed): (&Email, Option<EmailSigned>),
        requests: EmailRequests,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        self.drop_email_links(seat)?;
        Ok(self
            .0
            .prepare_cached(
                "INSERT INTO email_change
                     (seat_id, email, number, asked_at, since, count, signed_by, signed_at)
                 VALUES (?1, ?2, 1, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT (seat_id) DO UPDATE SET
                     email = excluded.email, number = number + 1, asked_at = excluded.asked_at,
                     since = excluded.since, count = excluded.count,
                     signed_by = excluded.signed_by,
                     signed_at = ifnull(excluded.signed_at, signed_at)
                 RETURNING number",
            )?
            .query_row(
                (
                    seat.0,
                    email.as_str(),
                    Column(now),
                    Column(requests.since),
                    requests.count,
                    signed.as_ref().map(|signed| Column(signed.by)),
                    signed.map(|signed| Column(signed.at)),
                ),
                |row| row.get(0),
            )?)
    }

    /// Nothing waits any more for a seat, and no link of it works. Returns whether anything did.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn settle_email(&mut self, seat: SeatId) -> Result<bool, StoreError> {
        self.drop_email_links(seat)?;
        let settled = self
            .0
            .prepare_cached(
                "UPDATE email_change SET email = NULL WHERE seat_id = ?1 AND email IS NOT NULL",
            )?
            .execute([seat.0])?;
        Ok(settled > 0)
    }

    /// Keeps the hash of a link's nonce until `ends_at`, and forgets those whose time is over.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn insert_email_link(
        &mut self,
        seat: SeatId,
        hash: [u8; 32],
        ends_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.0
            .prepare_cached("DELETE FROM email_link WHERE seat_id = ?1 AND ends_at <= ?2")?
            .execute((seat.0, Column(now)))?;
        self.0
            .prepare_cached("INSERT INTO email_link (hash, seat_id, ends_at) VALUES (?1, ?2, ?3)")?
            .execute((hash, seat.0, Column(ends_at)))?;
        Ok(())
    }

    fn drop_email_links(&mut self, seat: SeatId) -> Result<(), StoreError> {
        self.0.prepare_cached("DELETE FROM email_link WHERE seat_id = ?1")?.execute([seat.0])?;
        Ok(())
    }
}

impl View<'_> {
    /// What waits for a seat.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn pending_email(&self, seat: SeatId) -> Result<Option<PendingEmail>, StoreError> {
        Ok(self
            .0
            .prepare_cached(&format!("{PENDING} AND e.seat_id = ?1"))?
            .query_row([seat.0], record)
            .optional()?)
    }

    /// What waits behind the link of this hash, while the link works.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn pending_by_link(
        &self,
        hash: [u8; 32],
        now: Timestamp,
    ) -> Result<Option<PendingEmail>, StoreError> {
        Ok(self
            .0
            .prepare_cached(&format!(
                "{PENDING} AND e.seat_id =
                 (SELECT seat_id FROM email_link WHERE hash = ?1 AND ends_at > ?2)"
            ))?
            .query_row((hash, Column(now)), record)
            .optional()?)
    }

    /// The newest time at which a change was signed that was taken up, whatever became of it.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn email_signed_at(&self, seat: SeatId) -> Result<Option<Timestamp>, StoreError> {
        let at: Option<Option<Column<Timestamp>>> = self
            .0
            .prepare_cached("SELECT signed_at FROM email_change WHERE seat_id = ?1")?
            .query_row([seat.0], |row| row.get(0))
            .optional()?;
        Ok(at.flatten().map(|Column(at)| at))
    }

    /// How often a change was asked for of late.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn email_requests(&self, seat: SeatId) -> Result<Option<EmailRequests>, StoreError> {
        Ok(self
            .0
            .prepare_cached("SELECT since, count FROM email_change WHERE seat_id = ?1")?
            .query_row([seat.0], |row| {
                Ok(EmailRequests { since: at(row, "since")?, count: row.get("count")? })
            })
            .optional()?)
    }
}

fn record(row: &rusqlite::Row<'_>) -> rusqlite::Result<PendingEmail> {
    let by: Option<Column<Serial>> = row.get("signed_by")?;
    let signed = match by {
        Some(Column(by)) => Some(EmailSigned { by, at: at(row, "signed_at")? }),
        None => None,
    };
    Ok(PendingEmail {
        signed,
        seat: SeatId(row.get("seat_id")?),
        user_id: parsed(row, "user_id")?,
        service: ServiceId(row.get("service_id")?),
        email: parsed(row, "email")?,
        number: row.get("number")?,
        asked_at: at(row, "asked_at")?,
    })
}
