//! Superseded certificates that wait for their retirement.

use jiff::Timestamp;
use rusqlite::OptionalExtension;
use rusqlite::types::Value;

use crate::certificate::{SELECT, record};
use crate::column::{Column, at};
use crate::{CertificateRecord, ServiceId, StoreError, Tx, View};

/// A superseded certificate whose successor was seen at a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retirement {
    /// Whose service.
    pub service: ServiceId,
    /// When the successor was first seen.
    pub seen_at: Timestamp,
    /// Row number of the superseded certificate.
    certificate: i64,
}

/// Index only: the columns are those of the primary key.
const WAITING: &str = "SELECT seen_at, certificate_id FROM retirement
     WHERE service_id = ?1 AND seen_at <= ?2 AND (seen_at, certificate_id) > (?3, ?4)
     ORDER BY seen_at, certificate_id LIMIT ?5";

impl View<'_> {
    /// The superseded certificates whose successor was seen at or before `seen_by`, earliest
    /// first, behind `after`, at most `limit`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn retirements(
        &self,
        service: ServiceId,
        seen_by: Timestamp,
        after: Option<&Retirement>,
        limit: u32,
    ) -> Result<Vec<Retirement>, StoreError> {
        let (second, row) =
            after.map_or((i64::MIN, 0), |after| (after.seen_at.as_second(), after.certificate));
        let mut statement = self.0.prepare_cached(WAITING)?;
        let rows =
            statement.query_map((service.0, Column(seen_by), second, row, limit), |row| {
                Ok(Retirement {
                    service,
                    seen_at: at(row, "seen_at")?,
                    certificate: row.get("certificate_id")?,
                })
            })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How the database would go about [`Self::retirements`], a line a step.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn plan_of_retirements(&self) -> Result<Vec<String>, StoreError> {
        self.plan(WAITING, vec![Value::Integer(1); 5])
    }

    /// The superseded certificate of a retirement.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn retiring(&self, retirement: &Retirement) -> Result<CertificateRecord, StoreError> {
        self.0
            .prepare_cached(&format!("{SELECT} WHERE c.id = ?1"))?
            .query_row([retirement.certificate], record)
            .optional()?
            .ok_or(StoreError::Corrupt("a retirement without certificate"))
    }
}

impl Tx<'_> {
    /// A retirement is done, or will never come.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn settle_retirement(&mut self, retirement: &Retirement) -> Result<(), StoreError> {
        self.0
            .prepare_cached(
                "DELETE FROM retirement
                 WHERE service_id = ?1 AND seen_at = ?2 AND certificate_id = ?3",
            )?
            .execute((retirement.service.0, Column(retirement.seen_at), retirement.certificate))?;
        Ok(())
    }
}
