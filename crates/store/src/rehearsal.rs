//! What a simulation needs: a copy of a database that is only read, and what to ask of the copy.

use std::path::Path;

use jiff::Timestamp;
use tegata_domain::{Serial, UserId};

use crate::column::{Column, at, parsed};
use crate::readers::Readers;
use crate::writer::Writer;
use crate::{ServiceId, Store, StoreError, Tx, View, database};

/// A reminder that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReminderMade {
    /// Whose service.
    pub service: ServiceId,
    /// Whose certificate.
    pub user_id: UserId,
    /// Which.
    pub serial: Serial,
    /// Days before its end.
    pub threshold_days: u16,
    /// Whether a mail was made: not without an address.
    pub is_mailed: bool,
}

impl Store {
    /// Writes a copy of the database at `original` as it is now, while others read and write.
    /// The original is opened for reading only: nothing of it changes, not even its version, and
    /// nothing is left beside it.
    ///
    /// # Errors
    /// When `original` cannot be read, or `copy` exists already or cannot be written.
    pub fn copy_of(original: &Path, copy: &Path) -> Result<(), StoreError> {
        if database::copy_at_rest(original, copy)? {
            return Ok(());
        }
        database::copy(&Readers::new(original), copy)
    }

    /// Opens a copy that is thrown away afterwards: what is written there is not waited for until
    /// it is on the disk.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_volatile(path: &Path) -> Result<Self, StoreError> {
        let connection = database::open_volatile(path)?;
        Ok(Self { writer: Writer::start(connection)?, readers: Readers::new(path) })
    }
}

impl Tx<'_> {
    /// Puts another certificate, DER, in the place of the one with this serial number. Only in a
    /// copy that nobody relies on: what was issued stays as it was issued.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn stand_in(&mut self, serial: Serial, der: &[u8]) -> Result<(), StoreError> {
        self.0
            .prepare_cached("UPDATE certificate SET der = ?2 WHERE serial = ?1")?
            .execute((Column(serial), der))?;
        Ok(())
    }

    /// As [`Self::stand_in`], for a certificate of our own.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn stand_in_own(&mut self, serial: Serial, der: &[u8]) -> Result<(), StoreError> {
        self.0
            .prepare_cached("UPDATE own_certificate SET der = ?2 WHERE serial = ?1")?
            .execute((Column(serial), der))?;
        Ok(())
    }

    /// Prepares a copy for [`View::reminders_made_at`], of which it will be asked often.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn index_reminders(&mut self) -> Result<(), StoreError> {
        self.0.execute_batch("CREATE INDEX IF NOT EXISTS reminder_by_time ON reminder (at)")?;
        Ok(())
    }
}

impl View<'_> {
    /// The reminders that were made in this second.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn reminders_made_at(&self, now: Timestamp) -> Result<Vec<ReminderMade>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT s.service_id, s.user_id, c.serial, r.threshold_days, r.mail_id IS NOT NULL AS m
             FROM reminder r CROSS JOIN certificate c ON c.id = r.certificate_id
                 CROSS JOIN seat s ON s.id = c.seat_id
             WHERE r.at = ?1 ORDER BY s.user_id",
        )?;
        let rows = statement.query_map([Column(now)], |row| {
            Ok(ReminderMade {
                service: ServiceId(row.get("service_id")?),
                user_id: parsed(row, "user_id")?,
                serial: row.get::<_, Column<Serial>>("serial")?.0,
                threshold_days: row.get("threshold_days")?,
                is_mailed: row.get("m")?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// When a certificate is to be looked at next for a reminder.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn next_notice(&self) -> Result<Option<Timestamp>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT min(next_notice_at) FROM certificate WHERE next_notice_at IS NOT NULL",
        )?;
        let next: Option<Column<Timestamp>> = statement.query_row([], |row| row.get(0))?;
        Ok(next.map(|column| column.0))
    }

    /// The unused credentials of open seats of a service that lapse after `now`, soonest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn unused_credentials(
        &self,
        service: ServiceId,
        now: Timestamp,
    ) -> Result<Vec<(UserId, Timestamp)>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT s.user_id, c.lapses_at FROM credential c CROSS JOIN seat s ON s.id = c.seat_id
             WHERE c.state = 0 AND c.lapses_at > ?2 AND s.open AND s.service_id = ?1
             ORDER BY c.lapses_at, s.user_id",
        )?;
        let rows = statement.query_map((service.0, Column(now)), |row| {
            Ok((parsed(row, "user_id")?, at(row, "lapses_at")?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Our own TLS servers, each with the end of its last certificate. Responders and signers of mails
    /// renew theirs by themselves.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn own_servers(&self) -> Result<Vec<(String, Timestamp)>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT purpose, max(not_after) AS not_after FROM own_certificate
             WHERE purpose NOT IN ('ocsp', 'mail') AND revoked_at IS NULL
             GROUP BY purpose ORDER BY purpose",
        )?;
        let rows =
            statement.query_map([], |row| Ok((row.get("purpose")?, at(row, "not_after")?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(dir).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    async fn add(store: &Store, tenant: &str) {
        let key = format!("{tenant}/CA").parse().unwrap();
        store.write(move |tx| tx.insert_service(&key, "{}")).await.unwrap();
    }

    fn services(path: &Path) -> usize {
        Store::open(path).unwrap().read(|view: View<'_>| view.services()).unwrap().len()
    }

    #[tokio::test]
    async fn a_copy_is_made_beside_writers_and_at_rest_without_a_trace() {
        let (dir, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        // A name that means something in addresses.
        let original = dir.path().join("a 100% ?#.db");
        let store = Store::open(&original).unwrap();
        add(&store, "0001").await;
        add(&store, "0002").await;
        let busy = out.path().join("busy.db");
        Store::copy_of(&original, &busy).unwrap();
        assert_eq!(services(&busy), 2, "what stands in the log alone is in it");
        drop(store);
        // The writer closes the file on its own thread.
        while names(dir.path()).len() > 1 {
            std::thread::yield_now();
        }
        let (before, octets) = (names(dir.path()), std::fs::read(&original).unwrap());
        let rest = out.path().join("rest.db");
        Store::copy_of(&original, &rest).unwrap();
        assert_eq!(services(&rest), 2);
        assert_eq!((names(dir.path()), std::fs::read(&original).unwrap()), (before, octets));
        assert!(Store::copy_of(&original, &rest).is_err(), "nothing is written over");
    }
}
