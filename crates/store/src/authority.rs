use jiff::Timestamp;
use rusqlite::OptionalExtension;
use tegata_domain::Issuer;

use crate::column::{Column, at, parsed};
use crate::{ServiceId, StoreError, Tx, View};

/// Row number of a CA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AuthorityId(pub(crate) i64);

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
}

/// The CRL that stands at a CA's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedCrl {
    /// CRL number.
    pub number: u64,
    /// Position of the feed that it covers.
    pub position: u64,
    /// When it was made.
    pub this_update: Timestamp,
    /// By when the next one is out.
    pub next_update: Timestamp,
    /// The CRL.
    pub der: Vec<u8>,
}

impl Tx<'_> {
    /// Adds a CA.
    ///
    /// # Errors
    /// [`StoreError::Exists`].
    pub fn insert_authority(
        &mut self,
        service: Option<ServiceId>,
        name: &Issuer,
        certificate: &[u8],
    ) -> Result<AuthorityId, StoreError> {
        self.0
            .prepare_cached(
                "INSERT INTO authority (service_id, name, certificate) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO NOTHING RETURNING id",
            )?
            .query_row((service.map(|id| id.0), name.as_str(), certificate), |row| row.get(0))
            .optional()?
            .map(AuthorityId)
            .ok_or_else(|| StoreError::Exists { what: "CA", name: name.to_string() })
    }

    /// Takes the next CRL number of a CA. It is never given out again, whether or not its CRL
    /// comes to be.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn next_crl_number(&mut self, id: AuthorityId) -> Result<u64, StoreError> {
        Ok(self
            .0
            .prepare_cached(
                "UPDATE authority SET crl_number = crl_number + 1 WHERE id = ?1
                 RETURNING crl_number",
            )?
            .query_row([id.0], |row| row.get(0))?)
    }

    /// Makes the next CRL number of a CA be later than this one, which another machine used.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn raise_crl_number(&mut self, id: AuthorityId, used: u64) -> Result<(), StoreError> {
        self.0
            .prepare_cached("UPDATE authority SET crl_number = max(crl_number, ?2) WHERE id = ?1")?
            .execute((id.0, used))?;
        Ok(())
    }

    /// Publishes a CRL, unless a later one stands already.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn publish_crl(&mut self, id: AuthorityId, crl: &PublishedCrl) -> Result<(), StoreError> {
        self.0
            .prepare_cached(
                "INSERT INTO crl (authority_id, number, position, this_update, next_update, der)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (authority_id) DO UPDATE SET
                     number = excluded.number, position = excluded.position,
                     this_update = excluded.this_update, next_update = excluded.next_update,
                     der = excluded.der
                 WHERE excluded.number > crl.number",
            )?
            .execute((
                id.0,
                crl.number,
                crl.position,
                Column(crl.this_update),
                Column(crl.next_update),
                &crl.der,
            ))?;
        Ok(())
    }
}

impl View<'_> {
    /// Every CA, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn authorities(&self) -> Result<Vec<AuthorityRecord>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT id, service_id, name, certificate FROM authority ORDER BY id",
        )?;
        let rows = statement.query_map([], |row| {
            Ok(AuthorityRecord {
                id: AuthorityId(row.get("id")?),
                service: row.get::<_, Option<i64>>("service_id")?.map(ServiceId),
                name: parsed(row, "name")?,
                certificate: row.get("certificate")?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The CRL that a CA published last.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn published_crl(&self, id: AuthorityId) -> Result<Option<PublishedCrl>, StoreError> {
        Ok(self
            .0
            .prepare_cached(
                "SELECT number, position, this_update, next_update, der FROM crl
                 WHERE authority_id = ?1",
            )?
            .query_row([id.0], |row| {
                Ok(PublishedCrl {
                    number: row.get("number")?,
                    position: row.get("position")?,
                    this_update: at(row, "this_update")?,
                    next_update: at(row, "next_update")?,
                    der: row.get("der")?,
                })
            })
            .optional()?)
    }
}
