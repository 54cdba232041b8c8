use jiff::Timestamp;
use rusqlite::OptionalExtension;
use tegata_domain::{Issuer, Reason};

use crate::column::{Column, at, optional_at, parsed};
use crate::{ServiceId, StoreError, Tx, View};

/// Row number of a CA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AuthorityId(pub(crate) i64);

impl AuthorityId {
    /// Stands for a row in tests of others.
    #[doc(hidden)]
    pub fn for_tests(number: i64) -> Self {
        Self(number)
    }
}

/// A CA of record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorityRecord {
    /// Row number.
    pub id: AuthorityId,
    /// Whose issuing CA; `None` for a root.
    pub service: Option<ServiceId>,
    /// Name, also of its key and its addresses.
    pub name: Issuer,
    /// Its certificate, DER.
    pub certificate: Vec<u8>,
    /// Which CA of record signed it; `None` for a root.
    pub parent: Option<AuthorityId>,
    /// Whether a CRL over everything is published.
    pub complete_crl: bool,
    /// From when on it issues: relying parties get to know it before.
    pub issues_from: Timestamp,
    /// Since when it only publishes status.
    pub retired_at: Option<Timestamp>,
    /// Since when it is revoked.
    pub revoked_at: Option<Timestamp>,
    /// Why.
    pub revoked_reason: Option<Reason>,
}

/// A CA to be put on record.
#[derive(Clone, Debug)]
pub struct NewAuthority<'a> {
    /// Whose issuing CA; `None` for a root.
    pub service: Option<ServiceId>,
    /// Which CA of record signed it; `None` for a root.
    pub parent: Option<AuthorityId>,
    /// Name, also of its key and its addresses.
    pub name: &'a Issuer,
    /// Its certificate, DER.
    pub certificate: &'a [u8],
    /// Whether a CRL over everything is published beside the shards.
    pub complete_crl: bool,
    /// From when on it issues.
    pub issues_from: Timestamp,
}

impl Tx<'_> {
    /// Adds a CA.
    ///
    /// # Errors
    /// [`StoreError::Exists`].
    pub fn insert_authority(&mut self, new: &NewAuthority<'_>) -> Result<AuthorityId, StoreError> {
        self.0
            .prepare_cached(
                "INSERT INTO authority (service_id, parent_id, name, certificate, complete_crl,
                     issues_from)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING RETURNING id",
            )?
            .query_row(
                (
                    new.service.map(|id| id.0),
                    new.parent.map(|id| id.0),
                    new.name.as_str(),
                    new.certificate,
                    new.complete_crl,
                    Column(new.issues_from),
                ),
                |row| row.get(0),
            )
            .optional()?
            .map(AuthorityId)
            .ok_or_else(|| StoreError::Exists { what: "CA", name: new.name.to_string() })
    }

    /// From now on the CA only publishes status.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn retire_authority(&mut self, id: AuthorityId, at: Timestamp) -> Result<(), StoreError> {
        self.0
            .prepare_cached("UPDATE authority SET retired_at = ?2 WHERE id = ?1")?
            .execute((id.0, Column(at)))?;
        Ok(())
    }

    /// Replaces the certificate of a CA by another for the same key.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn replace_authority_certificate(
        &mut self,
        id: AuthorityId,
        certificate: &[u8],
    ) -> Result<(), StoreError> {
        self.0
            .prepare_cached("UPDATE authority SET certificate = ?2 WHERE id = ?1")?
            .execute((id.0, certificate))?;
        Ok(())
    }

    /// Records that a CA's certificate is revoked, for good.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn revoke_authority(
        &mut self,
        id: AuthorityId,
        at: Timestamp,
        reason: Reason,
    ) -> Result<(), StoreError> {
        self.0
            .prepare_cached(
                "UPDATE authority SET revoked_at = ?2, revoked_reason = ?3,
                 retired_at = ifnull(retired_at, ?2) WHERE id = ?1 AND revoked_at IS NULL",
            )?
            .execute((id.0, Column(at), reason.code()))?;
        Ok(())
    }

    /// No CRL number up to `number` will be given out by this CA.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn burn_crl_numbers(&mut self, id: AuthorityId, number: u64) -> Result<(), StoreError> {
        self.0
            .prepare_cached("UPDATE authority SET crl_number = max(crl_number, ?2) WHERE id = ?1")?
            .execute((id.0, number))?;
        Ok(())
    }
}

impl View<'_> {
    /// Every CA, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn authorities(&self) -> Result<Vec<AuthorityRecord>, StoreError> {
        let mut statement = self.0.prepare_cached("SELECT * FROM authority ORDER BY id")?;
        let rows = statement.query_map([], |row| {
            Ok(AuthorityRecord {
                id: AuthorityId(row.get("id")?),
                service: row.get::<_, Option<i64>>("service_id")?.map(ServiceId),
                name: parsed(row, "name")?,
                certificate: row.get("certificate")?,
                parent: row.get::<_, Option<i64>>("parent_id")?.map(AuthorityId),
                complete_crl: row.get("complete_crl")?,
                issues_from: at(row, "issues_from")?,
                retired_at: optional_at(row, "retired_at")?,
                revoked_at: optional_at(row, "revoked_at")?,
                revoked_reason: row
                    .get::<_, Option<u8>>("revoked_reason")?
                    .and_then(Reason::from_code),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Whether a CA may issue: neither retired nor revoked.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn may_issue(&self, id: AuthorityId) -> Result<bool, StoreError> {
        Ok(self
            .0
            .prepare_cached(
                "SELECT 1 FROM authority
                 WHERE id = ?1 AND retired_at IS NULL AND revoked_at IS NULL",
            )?
            .exists([id.0])?)
    }

    /// The last CRL number that a CA took.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn crl_number(&self, id: AuthorityId) -> Result<u64, StoreError> {
        Ok(self
            .0
            .prepare_cached("SELECT crl_number FROM authority WHERE id = ?1")?
            .query_row([id.0], |row| row.get(0))?)
    }
}
