use rusqlite::OptionalExtension;
use tegata_domain::{BranchCode, CompanyCode};

use crate::column::parsed;
use crate::{CompanyId, ServiceId, StoreError, View};

/// Where a seat belongs: what a certificate may say of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// Name of the company.
    pub company: String,
    /// Its code.
    pub company_code: CompanyCode,
    /// Name of the branch in charge.
    pub branch: String,
    /// Its code.
    pub branch_code: BranchCode,
}

impl View<'_> {
    /// A company with the branch in charge.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn placement(
        &self,
        service: ServiceId,
        company: CompanyId,
    ) -> Result<Option<Placement>, StoreError> {
        Ok(self
            .0
            .prepare_cached(
                "SELECT c.name AS company, c.code AS company_code, b.name AS branch,
                 b.code AS branch_code FROM company c JOIN branch b ON b.id = c.branch_id
                 WHERE c.id = ?1 AND c.service_id = ?2",
            )?
            .query_row((company.0, service.0), |row| {
                Ok(Placement {
                    company: row.get("company")?,
                    company_code: parsed(row, "company_code")?,
                    branch: row.get("branch")?,
                    branch_code: parsed(row, "branch_code")?,
                })
            })
            .optional()?)
    }
}
