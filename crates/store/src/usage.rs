//! When gateways admitted a certificate, and what they report of themselves.

use jiff::{SignedDuration, Timestamp};
use rusqlite::OptionalExtension;
use tegata_domain::Serial;

use crate::column::{Column, at};
use crate::{OwnCertificate, ServiceId, StoreError, Tx, View};

/// Uses of one certificate, as a gateway saw them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateUse {
    /// Whose.
    pub serial: Serial,
    /// The first that is reported.
    pub first: Timestamp,
    /// The last that is reported.
    pub last: Timestamp,
}

/// What became of a reported use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noted {
    /// The first of this certificate.
    First,
    /// Later than the one on record.
    Later,
    /// On record already, to the minute, or of no certificate of this service.
    Known,
}

/// What a gateway says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GatewayReport {
    /// Serial number of the certificate that signed.
    pub gateway: Serial,
    /// A number that grows with each report of this gateway.
    pub sequence: u64,
    /// When, by the gateway's clock.
    pub sent_at: Timestamp,
    /// Position of the revocation feed that the gateway knows.
    pub position: u64,
}

/// Seconds by which a use must be later than the one on record to be written down.
const GRAIN: i64 = 60;

/// By how much a gateway's clock may be fast: a number of a report is the time in microseconds.
pub const GATEWAY_FAST: SignedDuration = SignedDuration::from_mins(10);

impl Tx<'_> {
    /// Puts a use on record. Times only grow: the same told twice changes nothing.
    ///
    /// One statement for a certificate that was used before. With the first use the certificate
    /// that this one replaces begins to wait for its retirement.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn note_use(
        &mut self,
        service: ServiceId,
        seen: &CertificateUse,
    ) -> Result<Noted, StoreError> {
        let later = self
            .0
            .prepare_cached(
                "UPDATE certificate_use SET last_used_at = ?2
                 WHERE certificate_id = (
                     SELECT c.id FROM certificate c JOIN authority a ON a.id = c.authority_id
                     WHERE c.serial = ?1 AND a.service_id = ?3)
                 AND last_used_at <= ?2 - ?4",
            )?
            .execute((Column(seen.serial), Column(seen.last), service.0, GRAIN))?;
        if later > 0 {
            return Ok(Noted::Later);
        }
        // Never before it was issued, whatever the gateway's clock says.
        let first = self
            .0
            .prepare_cached(
                "INSERT INTO certificate_use (certificate_id, first_used_at, last_used_at)
                 SELECT c.id, max(?2, ifnull(c.issued_at, ?2)), max(?3, ifnull(c.issued_at, ?3))
                 FROM certificate c JOIN authority a ON a.id = c.authority_id
                 WHERE c.serial = ?1 AND a.service_id = ?4 AND c.state BETWEEN 1 AND 4
                 ON CONFLICT (certificate_id) DO NOTHING",
            )?
            .execute((Column(seen.serial), Column(seen.first), Column(seen.last), service.0))?;
        if first == 0 {
            return Ok(Noted::Known);
        }
        self.0
            .prepare_cached(
                "INSERT OR IGNORE INTO retirement (service_id, seen_at, certificate_id)
                 SELECT ?2, u.first_used_at, old.id FROM certificate c
                 JOIN certificate_use u ON u.certificate_id = c.id
                 JOIN certificate old ON old.serial = c.replaces WHERE c.serial = ?1",
            )?
            .execute((Column(seen.serial), service.0))?;
        Ok(Noted::First)
    }

    /// Puts on record that a gateway reported, unless a later report of it is.
    /// Returns whether it was news. A number more than [`GATEWAY_FAST`] in the future counts as now,
    /// here and on record: a clock that was fast hides no report that follows. No position is behind
    /// the feed's end.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn note_gateway(
        &mut self,
        service: ServiceId,
        report: &GatewayReport,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let latest = (now + GATEWAY_FAST).as_microsecond();
        let sequence = match number(report.sequence) {
            fast if fast > latest => now.as_microsecond(),
            sequence => sequence,
        };
        let news = self
            .0
            .prepare_cached(
                "INSERT INTO gateway_report
                     (serial, service_id, sequence, reported_at, sent_at, position)
                 VALUES (?1, ?2, ?3, ?4, ?5, min(?6, (
                     SELECT ifnull(max(seq), 0) FROM status_change WHERE service_id = ?2)))
                 ON CONFLICT (service_id, serial) DO UPDATE SET
                     sequence = excluded.sequence, reported_at = excluded.reported_at,
                     sent_at = excluded.sent_at, position = excluded.position
                 WHERE excluded.sequence > sequence OR sequence > ?7",
            )?
            .execute((
                Column(report.gateway),
                service.0,
                sequence,
                Column(now),
                Column(report.sent_at),
                number(report.position),
                latest,
            ))?;
        Ok(news > 0)
    }
}

impl View<'_> {
    /// The certificate of a gateway of this service with this serial number, unless it, or the CA
    /// that issued it, is revoked.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn gateway_certificate(
        &self,
        service: ServiceId,
        serial: Serial,
    ) -> Result<Option<OwnCertificate>, StoreError> {
        Ok(self
            .0
            .prepare_cached(
                "SELECT o.serial, o.authority_id, o.shard, o.purpose, o.not_after, o.der
                 FROM own_certificate o JOIN authority a ON a.id = o.authority_id
                 WHERE o.serial = ?1 AND a.service_id = ?2 AND a.revoked_at IS NULL
                     AND o.revoked_at IS NULL AND o.purpose >= 'gateway'
                     AND o.purpose < 'gateway.'",
            )?
            .query_row((Column(serial), service.0), crate::own::record)
            .optional()?)
    }

    /// When a gateway first and last admitted the certificate with this serial number.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn use_of(&self, serial: Serial) -> Result<Option<CertificateUse>, StoreError> {
        Ok(self
            .0
            .prepare_cached(
                "SELECT u.first_used_at, u.last_used_at FROM certificate c
                 JOIN certificate_use u ON u.certificate_id = c.id WHERE c.serial = ?1",
            )?
            .query_row([Column(serial)], |row| {
                let (first, last) = (at(row, "first_used_at")?, at(row, "last_used_at")?);
                Ok(CertificateUse { serial, first, last })
            })
            .optional()?)
    }
}
