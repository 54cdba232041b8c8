use jiff::Timestamp;
use tegata_domain::{CompanyCode, Serial, UserId};

use crate::column::{Column, at, optional_at, parsed};
use crate::{BranchId, CompanyId, ServiceId, StoreError, View};

/// Which certificates that stand are meant: those that pass everything that is given.
#[derive(Clone, Debug, Default)]
pub struct StandingFilter {
    /// Of a company.
    pub company: Option<CompanyId>,
    /// Of a branch.
    pub branch: Option<BranchId>,
    /// Issued at this moment or later.
    pub issued_from: Option<Timestamp>,
    /// Issued before this moment.
    pub issued_before: Option<Timestamp>,
}

/// A certificate that stands: issued, superseded or held, and not over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Serial number.
    pub serial: Serial,
    /// Whose seat.
    pub user_id: UserId,
    /// Whose company.
    pub company: CompanyCode,
    /// When it was issued; what moved in by a list may not say.
    pub issued_at: Option<Timestamp>,
    /// Its last valid second.
    pub not_after: Timestamp,
    /// Whether it is on hold.
    pub held: bool,
}

impl View<'_> {
    /// The certificates of a service that stand at `now` and pass `filter`, by user ID. Without
    /// their octets: there may be hundreds of thousands.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn standing(
        &self,
        service: ServiceId,
        filter: &StandingFilter,
        now: Timestamp,
    ) -> Result<Vec<Standing>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT c.serial, c.issued_at, c.not_after, c.state, s.user_id, k.code AS company
             FROM certificate c JOIN seat s ON s.id = c.seat_id JOIN company k ON k.id = s.company_id
             WHERE s.service_id = ?1 AND c.state IN (1, 2, 3) AND c.not_after >= ?2
               AND (?3 IS NULL OR s.company_id = ?3) AND (?4 IS NULL OR k.branch_id = ?4)
               AND (?5 IS NULL OR c.issued_at >= ?5) AND (?6 IS NULL OR c.issued_at < ?6)
             ORDER BY s.user_id, c.id",
        )?;
        let rows = statement.query_map(
            (
                service.0,
                Column(now),
                filter.company.map(|id| id.0),
                filter.branch.map(|id| id.0),
                filter.issued_from.map(Column),
                filter.issued_before.map(Column),
            ),
            |row| {
                Ok(Standing {
                    serial: row.get::<_, Column<Serial>>("serial")?.0,
                    user_id: parsed(row, "user_id")?,
                    company: parsed(row, "company")?,
                    issued_at: optional_at(row, "issued_at")?,
                    not_after: at(row, "not_after")?,
                    held: row.get::<_, i64>("state")? == 3,
                })
            },
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
