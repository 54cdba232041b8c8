use rusqlite::{OptionalExtension, Row};
use tegata_domain::{Email, SeatState, UserId};

use crate::column::parsed;
use crate::{CompanyId, CompanyRecord, ServiceId, StoreError, Tx, View};

/// Row number of a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeatId(pub(crate) i64);

impl SeatId {
    /// A number for spreading work by seat.
    pub fn number(self) -> u64 {
        self.0.unsigned_abs()
    }
}

/// A seat of record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatRecord {
    /// Row number.
    pub id: SeatId,
    /// Whose.
    pub service: ServiceId,
    /// Which company's.
    pub company: CompanyId,
    /// User ID.
    pub user_id: UserId,
    /// Open or closed.
    pub state: SeatState,
    /// Registered e-mail, once a certificate was issued.
    pub email: Option<Email>,
    /// Language subtag of its mails; the service's when `None`.
    pub lang: Option<String>,
    /// Whether the application on its PC says that it renews by itself.
    pub unattended: bool,
}

impl Tx<'_> {
    /// Adds a seat.
    ///
    /// # Errors
    /// [`StoreError::Exists`].
    pub fn insert_seat(
        &mut self,
        company: &CompanyRecord,
        user_id: &UserId,
    ) -> Result<SeatId, StoreError> {
        self.0
            .prepare_cached(
                "INSERT INTO seat (service_id, company_id, user_id) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO NOTHING RETURNING id",
            )?
            .query_row((company.service.0, company.id.0, user_id.as_str()), |row| row.get(0))
            .optional()?
            .map(SeatId)
            .ok_or_else(|| StoreError::Exists { what: "user ID", name: user_id.to_string() })
    }

    /// Registers an e-mail address.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_email(&mut self, seat: SeatId, email: &Email) -> Result<(), StoreError> {
        self.0
            .prepare_cached("UPDATE seat SET email = ?2 WHERE id = ?1")?
            .execute((seat.0, email.as_str()))?;
        Ok(())
    }

    /// Keeps what an issuance says of the seat: where mails go and in which language, and whether
    /// its PC renews by itself.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_contact(
        &mut self,
        seat: SeatId,
        email: &Email,
        lang: &str,
        unattended: bool,
    ) -> Result<(), StoreError> {
        self.0
            .prepare_cached("UPDATE seat SET email = ?2, lang = ?3, unattended = ?4 WHERE id = ?1")?
            .execute((seat.0, email.as_str(), lang, unattended))?;
        Ok(())
    }

    /// Sets the language of a seat's mails.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_lang(&mut self, seat: SeatId, lang: &str) -> Result<(), StoreError> {
        self.0
            .prepare_cached("UPDATE seat SET lang = ?2 WHERE id = ?1")?
            .execute((seat.0, lang))?;
        Ok(())
    }

    /// Keeps whether the PC of a seat renews by itself.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_unattended(&mut self, seat: SeatId, unattended: bool) -> Result<(), StoreError> {
        self.0
            .prepare_cached("UPDATE seat SET unattended = ?2 WHERE id = ?1")?
            .execute((seat.0, unattended))?;
        Ok(())
    }
}

impl Tx<'_> {
    /// Records whether a seat is open.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_seat_state(&mut self, seat: SeatId, state: SeatState) -> Result<(), StoreError> {
        self.0
            .prepare_cached("UPDATE seat SET open = ?2 WHERE id = ?1")?
            .execute((seat.0, state == SeatState::Open))?;
        Ok(())
    }
}

impl View<'_> {
    /// The seat of this row number.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn seat_by_id(&self, id: SeatId) -> Result<Option<SeatRecord>, StoreError> {
        Ok(self
            .0
            .prepare_cached("SELECT * FROM seat WHERE id = ?1")?
            .query_row([id.0], record)
            .optional()?)
    }

    /// At most `limit` user IDs of a service that begin so, for whoever mistyped one.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn user_ids_like(
        &self,
        service: ServiceId,
        beginning: &str,
        limit: u32,
    ) -> Result<Vec<UserId>, StoreError> {
        // A range, so that the index is walked and nothing is a pattern.
        let mut statement = self.0.prepare_cached(
            "SELECT user_id FROM seat WHERE service_id = ?1 AND user_id >= ?2 AND user_id < ?3
             ORDER BY user_id LIMIT ?4",
        )?;
        let end = format!("{beginning}\u{7f}");
        let rows = statement
            .query_map((service.0, beginning, end, limit), |row| parsed(row, "user_id"))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The seat of a user ID within a service.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn seat(
        &self,
        service: ServiceId,
        user_id: &UserId,
    ) -> Result<Option<SeatRecord>, StoreError> {
        Ok(self
            .0
            .prepare_cached("SELECT * FROM seat WHERE service_id = ?1 AND user_id = ?2")?
            .query_row((service.0, user_id.as_str()), record)
            .optional()?)
    }

    /// The seats of a service, or of one of its companies, by user ID.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn seats(
        &self,
        service: ServiceId,
        company: Option<CompanyId>,
    ) -> Result<Vec<SeatRecord>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT * FROM seat WHERE service_id = ?1 AND (?2 IS NULL OR company_id = ?2)
             ORDER BY user_id",
        )?;
        let rows = statement.query_map((service.0, company.map(|id| id.0)), record)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

fn record(row: &Row<'_>) -> rusqlite::Result<SeatRecord> {
    let email: Option<String> = row.get("email")?;
    Ok(SeatRecord {
        id: SeatId(row.get("id")?),
        service: ServiceId(row.get("service_id")?),
        company: CompanyId(row.get("company_id")?),
        user_id: parsed(row, "user_id")?,
        state: if row.get("open")? { SeatState::Open } else { SeatState::Closed },
        email: email.and_then(|text| text.parse().ok()),
        lang: row.get("lang")?,
        unattended: row.get("unattended")?,
    })
}
