use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row};
use tegata_domain::Serial;

use crate::column::{Column, at, optional_at};
use crate::{AuthorityId, ServiceId, StoreError, Tx, View};

/// A certificate of one of this system's own servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnCertificate {
    /// Serial number.
    pub serial: Serial,
    /// Who issued it.
    pub authority: AuthorityId,
    /// Shard of the CRL that it names; 0 when it names none.
    pub shard: u32,
    /// What for: `site`, `gateway`, `ocsp`, `mail`.
    pub purpose: String,
    /// Last second of validity.
    pub not_after: Timestamp,
    /// The certificate.
    pub der: Vec<u8>,
}

impl Tx<'_> {
    /// Records a certificate of our own.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn insert_own_certificate(&mut self, own: &OwnCertificate) -> Result<(), StoreError> {
        self.0
            .prepare_cached(
                "INSERT INTO own_certificate (serial, authority_id, purpose, not_after, der, shard)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute((
                Column(own.serial),
                own.authority.0,
                &own.purpose,
                Column(own.not_after),
                &own.der,
                own.shard,
            ))?;
        Ok(())
    }
}

impl View<'_> {
    /// Whether `authority` issued this serial number to one of our own servers.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn is_own_certificate(
        &self,
        authority: AuthorityId,
        serial: Serial,
    ) -> Result<bool, StoreError> {
        Ok(self
            .0
            .prepare_cached(
                "SELECT 1 FROM own_certificate WHERE serial = ?1 AND authority_id = ?2",
            )?
            .exists((Column(serial), authority.0))?)
    }

    /// The certificate of our own for `purpose` that ends last.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn own_certificate(&self, purpose: &str) -> Result<Option<OwnCertificate>, StoreError> {
        Ok(self
            .0
            .prepare_cached(
                "SELECT serial, authority_id, shard, purpose, not_after, der FROM own_certificate
                 WHERE purpose = ?1 ORDER BY not_after DESC LIMIT 1",
            )?
            .query_row([purpose], record)
            .optional()?)
    }

    /// The certificate of our own for `purpose` under the CAs of one service that ends last, and
    /// when it was revoked, if it was.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn own_certificate_of(
        &self,
        service: ServiceId,
        purpose: &str,
    ) -> Result<Option<(OwnCertificate, Option<Timestamp>)>, StoreError> {
        Ok(self
            .0
            .prepare_cached(
                "SELECT own_certificate.* FROM own_certificate
                     JOIN authority ON authority.id = own_certificate.authority_id
                 WHERE authority.service_id = ?1 AND own_certificate.purpose = ?2
                 ORDER BY own_certificate.not_after DESC LIMIT 1",
            )?
            .query_row((service.0, purpose), |row| {
                Ok((record(row)?, optional_at(row, "revoked_at")?))
            })
            .optional()?)
    }
}

impl View<'_> {
    /// The certificates of our own for `purpose` under the CAs of one service that end after
    /// `not_after`, unless they or their CA are revoked; those that end last come first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn own_certificates_after(
        &self,
        service: ServiceId,
        purpose: &str,
        not_after: Timestamp,
    ) -> Result<Vec<OwnCertificate>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT o.serial, o.authority_id, o.shard, o.purpose, o.not_after, o.der
             FROM own_certificate o JOIN authority a ON a.id = o.authority_id
             WHERE a.service_id = ?1 AND o.purpose = ?2 AND o.not_after > ?3
                 AND o.revoked_at IS NULL AND a.revoked_at IS NULL
             ORDER BY o.not_after DESC",
        )?;
        let rows = statement.query_map((service.0, purpose, Column(not_after)), record)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

pub(crate) fn record(row: &Row<'_>) -> rusqlite::Result<OwnCertificate> {
    Ok(OwnCertificate {
        serial: row.get::<_, Column<Serial>>("serial")?.0,
        authority: AuthorityId(row.get("authority_id")?),
        shard: row.get("shard")?,
        purpose: row.get("purpose")?,
        not_after: at(row, "not_after")?,
        der: row.get("der")?,
    })
}
