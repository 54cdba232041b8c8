//! The figures of `tegata status`. Certificates are counted in an index, never read one by one.

use jiff::Timestamp;
use rusqlite::types::Value;
use tegata_domain::Serial;

use crate::column::{Column, at, optional_at};
use crate::listing::NOT_SUCCEEDED;
use crate::{ServiceId, StoreError, View};

/// How many certificates and credentials of a service stand how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Live, without successor.
    pub live: u64,
    /// Of these, never admitted by a gateway.
    pub never_used: u64,
    /// Of these, used once, but not since the moment asked for.
    pub idle: u64,
    /// Renewed, not yet retired.
    pub superseded: u64,
    /// Of these, still the one that was presented last.
    pub still_old: u64,
    /// On hold.
    pub held: u64,
    /// Initial passwords that wait for their use.
    pub waiting_credentials: u64,
    /// Initial passwords that are locked.
    pub locked_credentials: u64,
}

/// Mails of a service that did not arrive yet, or never will.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MailFigures {
    /// Waiting for a first or another try.
    pub waiting: u64,
    /// Undeliverable, as far as anybody said; those that nobody wants any more do not count.
    pub undelivered: u64,
    /// When the one that waits longest came to be.
    pub oldest: Option<Timestamp>,
}

/// A gateway of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayStanding {
    /// Serial number of its certificate.
    pub serial: Serial,
    /// What the certificate is for: `gateway`, `gateway-NAME`.
    pub purpose: String,
    /// When the certificate ends.
    pub not_after: Timestamp,
    /// Its newest report, by our clock; `None` before the first.
    pub reported_at: Option<Timestamp>,
    /// Position of the revocation feed that it knew then.
    pub position: Option<u64>,
    /// When the first change behind that position was made.
    pub behind_since: Option<Timestamp>,
}

/// How fresh the CRLs of a CA are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CrlStanding {
    /// Full CRLs that are published.
    pub lists: u64,
    /// When the first of them that matters is due.
    pub next_update: Option<Timestamp>,
}

const LIVE: &str = "SELECT c.state, count(*) AS count, total(u.certificate_id IS NULL) AS never,
         total(u.last_used_at < ?3) AS idle
     FROM authority a CROSS JOIN certificate c ON c.authority_id = a.id
         AND c.state IN (1, 2, 3) AND c.not_after >= ?2
     LEFT JOIN certificate_use u ON u.certificate_id = c.id
     WHERE a.service_id = ?1 GROUP BY c.state";

const EXPIRING: &str = "SELECT count(*) FROM authority a CROSS JOIN certificate c
     ON c.authority_id = a.id AND c.state = 1 AND c.not_after >= ?2 AND c.not_after < ?3
     WHERE a.service_id = ?1";

fn still_old() -> String {
    format!(
        "SELECT count(*) FROM authority a CROSS JOIN certificate c
             ON c.authority_id = a.id AND c.state = 2 AND c.not_after >= ?2
         JOIN certificate_use u ON u.certificate_id = c.id
         WHERE a.service_id = ?1 AND {NOT_SUCCEEDED}"
    )
}

const CREDENTIALS: &str = "SELECT c.state, count(*) AS count FROM credential c
     JOIN seat s ON s.id = c.seat_id AND s.open = 1
     WHERE c.state IN (0, 2) AND c.lapses_at > ?2 AND s.service_id = ?1 GROUP BY c.state";

const MAILS: &str = "SELECT count(*) AS waiting, min(created_at) AS oldest,
         (SELECT count(*) FROM outbox WHERE service_id = ?1 AND failed_at IS NOT NULL
              AND dropped_at IS NULL) AS undelivered
     FROM outbox WHERE service_id = ?1 AND next_at IS NOT NULL";

/// `gateway` and `gateway-NAME`: what follows a hyphen in ASCII is a full stop.
const GATEWAYS: &str = "SELECT o.serial, o.purpose, o.not_after, r.reported_at, r.position,
         (SELECT at FROM status_change
          WHERE service_id = ?1 AND seq > r.position ORDER BY seq LIMIT 1) AS behind_since
     FROM own_certificate o CROSS JOIN authority a ON a.id = o.authority_id
     LEFT JOIN gateway_report r ON r.service_id = ?1 AND r.serial = o.serial
     WHERE a.service_id = ?1 AND o.not_after >= ?2 AND o.revoked_at IS NULL
         AND o.purpose >= 'gateway' AND o.purpose < 'gateway.'
     ORDER BY o.purpose, o.not_after";

const CRLS: &str = "SELECT count(*) AS lists, min(next_update) AS next_update FROM published_crl p
     WHERE p.authority_id = ?1 AND p.delta = 0 AND (p.shard = 0 OR EXISTS (
         SELECT 1 FROM crl_shard s
         WHERE s.authority_id = p.authority_id AND s.number = p.shard AND s.not_after >= ?2))";

impl View<'_> {
    /// The figures of a service at `now`; idle is what was last used before `idle_since`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn figures(
        &self,
        service: ServiceId,
        now: Timestamp,
        idle_since: Timestamp,
    ) -> Result<Figures, StoreError> {
        let mut figures = Figures::default();
        let mut statement = self.0.prepare_cached(LIVE)?;
        let mut rows = statement.query((service.0, Column(now), Column(idle_since)))?;
        while let Some(row) = rows.next()? {
            let count: u64 = row.get("count")?;
            match row.get("state")? {
                1 => {
                    figures.live = count;
                    figures.never_used = whole(row.get("never")?);
                    figures.idle = whole(row.get("idle")?);
                }
                2 => figures.superseded = count,
                _ => figures.held = count,
            }
        }
        let mut statement = self.0.prepare_cached(CREDENTIALS)?;
        let mut rows = statement.query((service.0, Column(now)))?;
        while let Some(row) = rows.next()? {
            match row.get("state")? {
                0 => figures.waiting_credentials = row.get("count")?,
                _ => figures.locked_credentials = row.get("count")?,
            }
        }
        figures.still_old = self
            .0
            .prepare_cached(&still_old())?
            .query_row((service.0, Column(now)), |row| row.get(0))?;
        Ok(figures)
    }

    /// How many live certificates without successor end before this moment.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn count_expiring(
        &self,
        service: ServiceId,
        now: Timestamp,
        before: Timestamp,
    ) -> Result<u64, StoreError> {
        Ok(self
            .0
            .prepare_cached(EXPIRING)?
            .query_row((service.0, Column(now), Column(before)), |row| row.get(0))?)
    }

    /// The mails of a service that did not arrive yet, or never will.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn mail_figures(&self, service: ServiceId) -> Result<MailFigures, StoreError> {
        Ok(self.0.prepare_cached(MAILS)?.query_row([service.0], |row| {
            Ok(MailFigures {
                waiting: row.get("waiting")?,
                undelivered: row.get("undelivered")?,
                oldest: optional_at(row, "oldest")?,
            })
        })?)
    }

    /// The gateways of a service whose certificates have not ended at `now`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn gateways(
        &self,
        service: ServiceId,
        now: Timestamp,
    ) -> Result<Vec<GatewayStanding>, StoreError> {
        let mut statement = self.0.prepare_cached(GATEWAYS)?;
        let rows = statement.query_map((service.0, Column(now)), |row| {
            Ok(GatewayStanding {
                serial: row.get::<_, Column<Serial>>("serial")?.0,
                purpose: row.get("purpose")?,
                not_after: at(row, "not_after")?,
                reported_at: optional_at(row, "reported_at")?,
                position: row.get("position")?,
                behind_since: optional_at(row, "behind_since")?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How fresh the CRLs of a CA are whose certificates have not all ended at `now`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn crl_standing(
        &self,
        authority: crate::AuthorityId,
        now: Timestamp,
    ) -> Result<CrlStanding, StoreError> {
        Ok(self.0.prepare_cached(CRLS)?.query_row((authority.0, Column(now)), |row| {
            let next_update = optional_at(row, "next_update")?;
            Ok(CrlStanding { lists: row.get("lists")?, next_update })
        })?)
    }

    /// How the database would go about each of these queries, a line a step.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn plans_of_figures(&self) -> Result<Vec<Vec<String>>, StoreError> {
        let one = |sql: &str, values| self.plan(sql, vec![Value::Integer(1); values]);
        Ok(vec![
            one(LIVE, 3)?,
            one(EXPIRING, 3)?,
            one(&still_old(), 2)?,
            one(CREDENTIALS, 2)?,
            one(MAILS, 1)?,
            one(GATEWAYS, 2)?,
            one(CRLS, 2)?,
        ])
    }
}

/// SQLite's `total` gives a whole number as a floating one, and nothing as 0.
#[expect(clippy::cast_sign_loss, clippy::cast_possible_truncation, reason = "a count")]
fn whole(total: f64) -> u64 {
    total as u64
}
