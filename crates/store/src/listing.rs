//! Lists of certificates for people, with when each was used.

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Row, params_from_iter};

use crate::certificate::record;
use crate::column::optional_at;
use crate::{CertificateRecord, SeatId, ServiceId, StoreError, View};

/// Which certificates to list.
#[derive(Clone, Debug, Default)]
pub struct CertificateFilter {
    /// Only this seat's.
    pub seat: Option<SeatId>,
    /// Only those that end before this moment.
    pub ends_before: Option<Timestamp>,
    /// Only those that end at or after this moment.
    pub ends_from: Option<Timestamp>,
    /// Only those that stand and were used so.
    pub usage: Option<Usage>,
    /// At most this many; all when `None`.
    pub limit: Option<u32>,
}

/// How a certificate that stands at a moment was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// Issued, without successor, and never admitted by a gateway.
    Never {
        /// Not yet ended then.
        at: Timestamp,
    },
    /// Renewed, and still the one that was presented last.
    StillOld {
        /// Not yet ended then.
        at: Timestamp,
    },
    /// Issued, without successor, used once, but not since.
    Idle {
        /// Not yet ended then.
        at: Timestamp,
        /// Last used before this moment.
        since: Timestamp,
    },
}

/// A certificate of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The certificate.
    pub record: CertificateRecord,
    /// When a gateway first admitted it.
    pub first_used_at: Option<Timestamp>,
    /// When a gateway last admitted it, to the minute.
    pub last_used_at: Option<Timestamp>,
}

/// That no successor was used at or after the last use of `c`, `u`.
pub(crate) const NOT_SUCCEEDED: &str = "NOT EXISTS (SELECT 1 FROM certificate n
     JOIN certificate_use nu ON nu.certificate_id = n.id
     WHERE n.replaces = c.serial AND nu.last_used_at >= u.last_used_at)";

impl View<'_> {
    /// The certificates of a service that pass `filter`, soonest to end first, with their use.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn listed(
        &self,
        service: ServiceId,
        filter: &CertificateFilter,
    ) -> Result<Vec<Listed>, StoreError> {
        let (sql, values) = query(service, filter);
        let mut statement = self.0.prepare_cached(&sql)?;
        let rows = statement.query_map(params_from_iter(values), listed)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How the database would go about [`Self::listed`], a line a step.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn plan_of_listed(
        &self,
        service: ServiceId,
        filter: &CertificateFilter,
    ) -> Result<Vec<String>, StoreError> {
        let (sql, values) = query(service, filter);
        self.plan(&sql, values)
    }

    /// How the database would go about a query.
    pub(crate) fn plan(&self, sql: &str, values: Vec<Value>) -> Result<Vec<String>, StoreError> {
        let mut statement = self.0.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
        let rows = statement.query_map(params_from_iter(values), |row| row.get("detail"))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// Only the conditions that are asked for, so that each finds its index.
fn query(service: ServiceId, filter: &CertificateFilter) -> (String, Vec<Value>) {
    let mut values = vec![Value::Integer(service.0)];
    // The joins stand in the order in which they are to be gone through.
    let from = match (filter.seat, filter.usage) {
        (Some(_), _) => "seat s CROSS JOIN certificate c ON c.seat_id = s.id",
        (None, Some(_)) => {
            "(SELECT id FROM authority WHERE service_id = ?1) a
             CROSS JOIN certificate c ON c.authority_id = a.id JOIN seat s ON s.id = c.seat_id"
        }
        (None, None) => "certificate c CROSS JOIN seat s ON s.id = c.seat_id",
    };
    let mut sql = format!(
        "SELECT c.*, s.service_id, s.user_id, u.first_used_at, u.last_used_at
         FROM {from} LEFT JOIN certificate_use u ON u.certificate_id = c.id
         WHERE s.service_id = ?1",
    );
    let mut and = |condition: &str, value: i64| {
        values.push(Value::Integer(value));
        sql += &format!(" AND {condition}{}", values.len());
    };
    if let Some(seat) = filter.seat {
        and("s.id = ?", seat.0);
    }
    if let Some(before) = filter.ends_before {
        and("c.not_after < ?", before.as_second());
    }
    if let Some(from) = filter.ends_from {
        and("c.not_after >= ?", from.as_second());
    }
    match filter.usage {
        None => {}
        Some(Usage::Never { at }) => {
            and("c.not_after >= ?", at.as_second());
            sql += " AND c.state = 1 AND u.certificate_id IS NULL";
        }
        Some(Usage::StillOld { at }) => {
            and("c.not_after >= ?", at.as_second());
            sql += " AND c.state = 2 AND u.certificate_id IS NOT NULL AND ";
            sql += NOT_SUCCEEDED;
        }
        Some(Usage::Idle { at, since }) => {
            and("c.not_after >= ?", at.as_second());
            and("u.last_used_at < ?", since.as_second());
            sql += " AND c.state = 1";
        }
    }
    sql += &format!(" ORDER BY c.not_after, c.id LIMIT {}", filter.limit.map_or(-1, i64::from));
    (sql, values)
}

fn listed(row: &Row<'_>) -> rusqlite::Result<Listed> {
    Ok(Listed {
        record: record(row)?,
        first_used_at: optional_at(row, "first_used_at")?,
        last_used_at: optional_at(row, "last_used_at")?,
    })
}
