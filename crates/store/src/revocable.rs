use jiff::Timestamp;
use rusqlite::types::Value;
use tegata_domain::{CompanyCode, Serial, UserId};

use crate::column::{Column, at, optional_at, parsed};
use crate::{BranchId, CompanyId, SeatId, ServiceId, StoreError, View};

/// Which certificates that stand are meant: those that pass everything that is given.
#[derive(Clone, Debug, Default)]
pub struct RevocableFilter {
    /// Of a company.
    pub company: Option<CompanyId>,
    /// Of a branch.
    pub branch: Option<BranchId>,
    /// Issued at this moment or later.
    pub issued_from: Option<Timestamp>,
    /// Issued before this moment.
    pub issued_before: Option<Timestamp>,
    /// Of a seat.
    pub seat: Option<SeatId>,
    /// With this serial number.
    pub serial: Option<Serial>,
}

/// A certificate that stands: issued, superseded or held, and not over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocable {
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
    pub fn revocable(
        &self,
        service: ServiceId,
        filter: &RevocableFilter,
        now: Timestamp,
    ) -> Result<Vec<Revocable>, StoreError> {
        // Only what is asked for stands in the query: each has an index that it would not use
        // otherwise.
        let seconds = |at: Timestamp| Value::from(at.as_second());
        let asked = [
            ("s.company_id =", filter.company.map(|id| Value::from(id.0))),
            ("k.branch_id =", filter.branch.map(|id| Value::from(id.0))),
            ("c.issued_at >=", filter.issued_from.map(seconds)),
            ("c.issued_at <", filter.issued_before.map(seconds)),
            ("c.seat_id =", filter.seat.map(|id| Value::from(id.0))),
            ("c.serial =", filter.serial.map(|serial| Value::from(serial.octets().to_vec()))),
        ];
        let mut sql = "SELECT c.serial, c.issued_at, c.not_after, c.state, s.user_id, k.code AS company
             FROM certificate c JOIN seat s ON s.id = c.seat_id JOIN company k ON k.id = s.company_id
             WHERE s.service_id = ? AND c.state IN (1, 2, 3) AND c.not_after >= ?"
            .to_owned();
        let mut values = vec![Value::from(service.0), seconds(now)];
        for (condition, value) in asked {
            if let Some(value) = value {
                sql.push_str(" AND ");
                sql.push_str(condition);
                sql.push_str(" ?");
                values.push(value);
            }
        }
        sql.push_str(" ORDER BY s.user_id, c.id");
        let mut statement = self.0.prepare_cached(&sql)?;
        let rows = statement.query_map(rusqlite::params_from_iter(values), |row| {
            Ok(Revocable {
                serial: row.get::<_, Column<Serial>>("serial")?.0,
                user_id: parsed(row, "user_id")?,
                company: parsed(row, "company")?,
                issued_at: optional_at(row, "issued_at")?,
                not_after: at(row, "not_after")?,
                held: row.get::<_, i64>("state")? == 3,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
