use rusqlite::OptionalExtension;
use tegata_domain::ServiceKey;

use crate::column::parsed;
use crate::{StoreError, Tx, View};

/// Row number of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServiceId(pub(crate) i64);

/// A service of record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceRecord {
    /// Row number.
    pub id: ServiceId,
    /// Tenant and issuer.
    pub key: ServiceKey,
    /// Its settings as JSON; the registrar reads them.
    pub settings: String,
}

impl Tx<'_> {
    /// Adds a service.
    ///
    /// # Errors
    /// [`StoreError::Exists`].
    pub fn insert_service(
        &mut self,
        key: &ServiceKey,
        settings: &str,
    ) -> Result<ServiceId, StoreError> {
        self.0
            .prepare_cached(
                "INSERT INTO service (tenant, issuer, settings) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO NOTHING RETURNING id",
            )?
            .query_row((key.tenant.as_str(), key.issuer.as_str(), settings), |row| row.get(0))
            .optional()?
            .map(ServiceId)
            .ok_or_else(|| StoreError::Exists { what: "service", name: key.to_string() })
    }

    /// Replaces the settings of a service.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn update_service(&mut self, id: ServiceId, settings: &str) -> Result<(), StoreError> {
        self.0
            .prepare_cached("UPDATE service SET settings = ?2 WHERE id = ?1")?
            .execute((id.0, settings))?;
        Ok(())
    }
}

impl View<'_> {
    /// Every service, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn services(&self) -> Result<Vec<ServiceRecord>, StoreError> {
        let mut statement = self
            .0
            .prepare_cached("SELECT id, tenant, issuer, settings FROM service ORDER BY id")?;
        let rows = statement.query_map([], |row| {
            Ok(ServiceRecord {
                id: ServiceId(row.get("id")?),
                key: ServiceKey { tenant: parsed(row, "tenant")?, issuer: parsed(row, "issuer")? },
                settings: row.get("settings")?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
