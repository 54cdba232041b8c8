use jiff::Timestamp;
use rusqlite::OptionalExtension;
use tegata_domain::{BranchCode, CompanyCode, Email, SeatState};

use crate::column::{Column, optional_at, parsed};
use crate::{ServiceId, StoreError, Tx, View};

/// Row number of a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BranchId(pub(crate) i64);

/// Row number of a company.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CompanyId(pub(crate) i64);

/// A branch of record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BranchRecord {
    /// Row number.
    pub id: BranchId,
    /// Whose.
    pub service: ServiceId,
    /// Code.
    pub code: BranchCode,
    /// Name as people write it.
    pub name: String,
    /// Where its digest goes.
    pub email: Option<Email>,
}

/// A company of record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompanyRecord {
    /// Row number.
    pub id: CompanyId,
    /// Whose.
    pub service: ServiceId,
    /// The branch in charge.
    pub branch: BranchId,
    /// Code; user IDs begin with it.
    pub code: CompanyCode,
    /// Name as people write it.
    pub name: String,
    /// Since when it is closed.
    pub closed_at: Option<Timestamp>,
}

impl CompanyRecord {
    /// Whether seats of it may be open.
    pub fn state(&self) -> SeatState {
        if self.closed_at.is_some() { SeatState::Closed } else { SeatState::Open }
    }
}

impl Tx<'_> {
    /// Adds a branch.
    ///
    /// # Errors
    /// [`StoreError::Exists`].
    pub fn insert_branch(
        &mut self,
        service: ServiceId,
        code: &BranchCode,
        name: &str,
    ) -> Result<BranchId, StoreError> {
        self.0
            .prepare_cached(
                "INSERT INTO branch (service_id, code, name) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO NOTHING RETURNING id",
            )?
            .query_row((service.0, code.as_str(), name), |row| row.get(0))
            .optional()?
            .map(BranchId)
            .ok_or_else(|| StoreError::Exists { what: "branch", name: code.to_string() })
    }

    /// Sets where the digest of a branch goes, if anywhere.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_branch_email(
        &mut self,
        branch: BranchId,
        email: Option<&Email>,
    ) -> Result<(), StoreError> {
        self.0
            .prepare_cached("UPDATE branch SET email = ?2 WHERE id = ?1")?
            .execute((branch.0, email.map(Email::as_str)))?;
        Ok(())
    }

    /// Adds a company.
    ///
    /// # Errors
    /// [`StoreError::Exists`].
    pub fn insert_company(
        &mut self,
        branch: &BranchRecord,
        code: &CompanyCode,
        name: &str,
    ) -> Result<CompanyId, StoreError> {
        self.0
            .prepare_cached(
                "INSERT INTO company (service_id, branch_id, code, name) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO NOTHING RETURNING id",
            )?
            .query_row((branch.service.0, branch.id.0, code.as_str(), name), |row| row.get(0))
            .optional()?
            .map(CompanyId)
            .ok_or_else(|| StoreError::Exists { what: "company", name: code.to_string() })
    }

    /// Records that a company is closed since, or with `None` open.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_company_closed(
        &mut self,
        company: CompanyId,
        since: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        self.0
            .prepare_cached("UPDATE company SET closed_at = ?2 WHERE id = ?1")?
            .execute((company.0, since.map(Column)))?;
        Ok(())
    }

    /// Takes the next seat number of a company. It is never given out again.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn next_seat_number(&mut self, company: CompanyId) -> Result<u32, StoreError> {
        Ok(self
            .0
            .prepare_cached(
                "UPDATE company SET next_seat = next_seat + 1 WHERE id = ?1
                 RETURNING next_seat - 1",
            )?
            .query_row([company.0], |row| row.get(0))?)
    }

    /// No seat number up to `number` will be given out by a company.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn skip_seat_numbers(&mut self, company: CompanyId, number: u32) -> Result<(), StoreError> {
        self.0
            .prepare_cached("UPDATE company SET next_seat = max(next_seat, ?2 + 1) WHERE id = ?1")?
            .execute((company.0, number))?;
        Ok(())
    }
}

impl View<'_> {
    /// Every branch of a service, by code.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn branches(&self, service: ServiceId) -> Result<Vec<BranchRecord>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT id, code, name, email FROM branch WHERE service_id = ?1 ORDER BY code",
        )?;
        let rows = statement.query_map([service.0], |row| {
            Ok(BranchRecord {
                id: BranchId(row.get("id")?),
                service,
                code: parsed(row, "code")?,
                name: row.get("name")?,
                email: row.get::<_, Option<String>>("email")?.and_then(|text| text.parse().ok()),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Whether seats of a company may be open.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn company_state(&self, company: CompanyId) -> Result<SeatState, StoreError> {
        let closed: bool = self
            .0
            .prepare_cached("SELECT closed_at IS NOT NULL FROM company WHERE id = ?1")?
            .query_row([company.0], |row| row.get(0))?;
        Ok(if closed { SeatState::Closed } else { SeatState::Open })
    }

    /// Every company of a service, by code.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn companies(&self, service: ServiceId) -> Result<Vec<CompanyRecord>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT id, branch_id, code, name, closed_at FROM company WHERE service_id = ?1 ORDER BY code",
        )?;
        let rows = statement.query_map([service.0], |row| {
            Ok(CompanyRecord {
                id: CompanyId(row.get("id")?),
                service,
                branch: BranchId(row.get("branch_id")?),
                code: parsed(row, "code")?,
                name: row.get("name")?,
                closed_at: optional_at(row, "closed_at")?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
