//! Which certificates and credentials somebody has to be told about, and what was told already.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row};
use tegata_domain::{Certificate, Credential, CredentialState, SeatState};

use crate::certificate::standing;
use crate::column::{Column, at, parsed};
use crate::seat::SeatRecord;
use crate::{CompanyId, MailId, SeatId, ServiceId, StoreError, Tx, View};

/// Row number of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CertificateId(pub(crate) i64);

/// A certificate whose next reminder may be due, with the seat that it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeRow {
    /// Row number.
    pub id: CertificateId,
    /// Serial number, validity, state.
    pub certificate: Certificate,
    /// Whose.
    pub seat: SeatRecord,
}

/// The thresholds that a service's certificates are scheduled by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticePlan {
    /// As the settings said when it was made.
    pub reminder_days: Vec<u16>,
    /// Row number of the last certificate that follows it; `None` when all do.
    pub after: Option<i64>,
}

const SELECT: &str = "SELECT c.id AS certificate_id, c.serial, c.not_before, c.not_after, c.state,
         c.state_at, c.issued_at, c.superseded_at, c.reason, c.next_notice_at,
         s.id AS seat_id, s.service_id, s.company_id, s.user_id, s.open, s.email, s.lang,
         s.unattended
     FROM certificate c CROSS JOIN seat s ON s.id = c.seat_id";

const DUE: &str = "WHERE c.next_notice_at <= ?1 ORDER BY c.next_notice_at LIMIT ?2";

impl Tx<'_> {
    /// Sets when a certificate is to be looked at for its next reminder, if at all.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn schedule_notice(
        &mut self,
        id: CertificateId,
        next_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        self.0
            .prepare_cached("UPDATE certificate SET next_notice_at = ?2 WHERE id = ?1")?
            .execute((id.0, next_at.map(Column)))?;
        Ok(())
    }

    /// The same by serial number, for a certificate that is live again.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn schedule_notice_of(
        &mut self,
        serial: tegata_domain::Serial,
        next_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.0
            .prepare_cached("UPDATE certificate SET next_notice_at = ?2 WHERE serial = ?1")?
            .execute((Column(serial), Column(next_at)))?;
        Ok(())
    }

    /// Records a reminder. Without `mail` there was no address to send it to.
    ///
    /// # Errors
    /// When the same one is on record, or the database refuses.
    pub fn insert_reminder(
        &mut self,
        id: CertificateId,
        threshold_days: u16,
        at: Timestamp,
        mail: Option<MailId>,
    ) -> Result<(), StoreError> {
        self.0
            .prepare_cached(
                "INSERT INTO reminder (certificate_id, threshold_days, at, mail_id)
                 VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute((id.0, threshold_days, Column(at), mail.map(|mail| mail.0)))?;
        Ok(())
    }

    /// Records by which thresholds, and how far, a service's certificates are scheduled.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_notice_plan(
        &mut self,
        service: ServiceId,
        plan: &NoticePlan,
    ) -> Result<(), StoreError> {
        let days = serde_json::to_string(&plan.reminder_days).unwrap_or_default();
        self.0
            .prepare_cached(
                "INSERT INTO notice_plan (service_id, reminder_days, after) VALUES (?1, ?2, ?3)
                 ON CONFLICT (service_id) DO UPDATE SET
                     reminder_days = excluded.reminder_days, after = excluded.after",
            )?
            .execute((service.0, days, plan.after))?;
        Ok(())
    }

    /// Records that the user of a credential was told when it lapses, or that nobody will be.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_lapse_told(&mut self, seat: SeatId, at: Timestamp) -> Result<(), StoreError> {
        self.0
            .prepare_cached("UPDATE credential SET lapse_told_at = ?2 WHERE seat_id = ?1")?
            .execute((seat.0, Column(at)))?;
        Ok(())
    }
}

impl View<'_> {
    /// Certificates whose next reminder may be due at `now`, longest due first. An index holds
    /// exactly these: the number of certificates does not matter.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn due_notices(&self, now: Timestamp, limit: u32) -> Result<Vec<NoticeRow>, StoreError> {
        let mut statement = self.0.prepare_cached(&format!("{SELECT} {DUE}"))?;
        let rows = statement.query_map((Column(now), limit), notice)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Whether there is any such certificate.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn is_notice_due(&self, now: Timestamp) -> Result<bool, StoreError> {
        Ok(self
            .0
            .prepare_cached("SELECT 1 FROM certificate WHERE next_notice_at <= ?1 LIMIT 1")?
            .exists([Column(now)])?)
    }

    /// The certificates of a service with row numbers from behind `after` to `to`, each with the
    /// moment it is scheduled for.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn scheduled_notices(
        &self,
        service: ServiceId,
        after: i64,
        to: i64,
    ) -> Result<Vec<(NoticeRow, Option<Timestamp>)>, StoreError> {
        let mut statement = self.0.prepare_cached(&format!(
            "{SELECT} WHERE c.id > ?2 AND c.id <= ?3 AND c.state = 1 AND s.service_id = ?1"
        ))?;
        let rows = statement.query_map((service.0, after, to), |row| {
            Ok((notice(row)?, crate::column::optional_at(row, "next_notice_at")?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The thresholds of a certificate for which there is a reminder, most distant first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn reminders_of(&self, id: CertificateId) -> Result<Vec<u16>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT threshold_days FROM reminder WHERE certificate_id = ?1
             ORDER BY threshold_days DESC",
        )?;
        let rows = statement.query_map([id.0], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The same by serial number.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn reminders_of_serial(
        &self,
        serial: tegata_domain::Serial,
    ) -> Result<Vec<u16>, StoreError> {
        let id = self
            .0
            .prepare_cached("SELECT id FROM certificate WHERE serial = ?1")?
            .query_row([Column(serial)], |row| row.get(0).map(CertificateId))
            .optional()?;
        id.map_or_else(|| Ok(Vec::new()), |id| self.reminders_of(id))
    }

    /// By which thresholds a service's certificates are scheduled.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn notice_plan(&self, service: ServiceId) -> Result<Option<NoticePlan>, StoreError> {
        Ok(self
            .0
            .prepare_cached("SELECT reminder_days, after FROM notice_plan WHERE service_id = ?1")?
            .query_row([service.0], |row| {
                let days: String = row.get("reminder_days")?;
                Ok(NoticePlan {
                    reminder_days: serde_json::from_str(&days).unwrap_or_default(),
                    after: row.get("after")?,
                })
            })
            .optional()?)
    }

    /// Unused credentials of a service that lapse up to `until` and whose users were not told,
    /// soonest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn untold_lapses(
        &self,
        service: ServiceId,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<(SeatRecord, Credential)>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT s.id AS seat_id, s.service_id, s.company_id, s.user_id, s.open, s.email,
                 s.lang, s.unattended, c.created_at, c.lapses_at, c.failures
             FROM credential c CROSS JOIN seat s ON s.id = c.seat_id
             WHERE c.state = 0 AND c.lapse_told_at IS NULL AND c.lapses_at <= ?2
                 AND s.service_id = ?1
             ORDER BY c.lapses_at LIMIT ?3",
        )?;
        let rows = statement.query_map((service.0, Column(until), limit), |row| {
            let credential = Credential {
                created_at: at(row, "created_at")?,
                lapses_at: at(row, "lapses_at")?,
                state: CredentialState::Ready { failures: row.get("failures")? },
            };
            Ok((seat(row)?, credential))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

fn notice(row: &Row<'_>) -> rusqlite::Result<NoticeRow> {
    Ok(NoticeRow {
        id: CertificateId(row.get("certificate_id")?),
        certificate: standing(row)?,
        seat: seat(row)?,
    })
}

fn seat(row: &Row<'_>) -> rusqlite::Result<SeatRecord> {
    let email: Option<String> = row.get("email")?;
    Ok(SeatRecord {
        id: SeatId(row.get("seat_id")?),
        service: ServiceId(row.get("service_id")?),
        company: CompanyId(row.get("company_id")?),
        user_id: parsed(row, "user_id")?,
        state: if row.get("open")? { SeatState::Open } else { SeatState::Closed },
        email: email.and_then(|text| text.parse().ok()),
        lang: row.get("lang")?,
        unattended: row.get("unattended")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Store;

    /// Ten million certificates do not make a look at who is due slower: it goes along the index,
    /// in its order, and fetches no more than it was asked for.
    #[test]
    fn who_is_due_is_read_off_an_index() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tegata.db");
        Store::open(&path).unwrap();
        let connection = rusqlite::Connection::open(&path).unwrap();
        let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {SELECT} {DUE}")).unwrap();
        let steps: Vec<String> =
            plan.query_map((0, 1), |row| row.get("detail")).unwrap().map(Result::unwrap).collect();
        assert_eq!(steps.len(), 2, "nothing is sorted or scanned: {steps:?}");
        assert!(steps[0].contains("INDEX certificate_notice (next_notice_at<?)"), "{steps:?}");
        assert!(steps[1].contains("INTEGER PRIMARY KEY"), "{steps:?}");
    }
}
