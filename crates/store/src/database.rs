use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::readers::Readers;

/// Later entries are applied to databases that do not have them yet; none is ever changed.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/001.sql"),
    include_str!("../migrations/002.sql"),
    include_str!("../migrations/003.sql"),
    include_str!("../migrations/004.sql"),
    include_str!("../migrations/005.sql"),
    include_str!("../migrations/006.sql"),
    include_str!("../migrations/007.sql"),
];

/// Pages of the log, of 4 KiB each, after which they are brought home into the database. A page
/// that many requests wrote is brought home once.
const CHECKPOINT_PAGES: u32 = 4_096;

/// How long to wait for another process that is writing.
const BUSY: Duration = Duration::from_secs(10);

/// Why the database could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite's own word.
    #[error("database: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// SQLite's own word about the file.
    #[error("{0}: {1}")]
    File(PathBuf, rusqlite::Error),
    /// Written by a later program.
    #[error(
        "the database has version {found}, this program knows {known}; use the program that wrote it"
    )]
    TooNew {
        /// Version of the file.
        found: usize,
        /// Last version known here.
        known: usize,
    },
    /// A value that this program cannot have written.
    #[error("the database holds a value that makes no sense: {0}")]
    Corrupt(&'static str),
    /// The name is taken.
    #[error("{what} {name} already exists")]
    Exists {
        /// Kind of thing.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// Nothing of the transaction was kept.
    #[error("the database could not write: {0}")]
    Commit(String),
    /// The writer is gone: the process is about to end.
    #[error("the database is closed")]
    Closed,
}

pub(crate) fn open_for_writing(path: &Path) -> Result<Connection, StoreError> {
    // Hashes, addresses and the audit log are for the owner; -wal and -shm take the same mode.
    // What is there already stays as it is, and what cannot be made SQLite will name.
    let _ = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let mut connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    // Every commit is on the disk before it is acknowledged.
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    configure(&connection)?;
    migrate(&mut connection)?;
    // Bring home what an earlier process left in the log. Another one may be writing; then later.
    let _ = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
    Ok(connection)
}

/// For a copy that is thrown away: nothing waits for the disk.
pub(crate) fn open_volatile(path: &Path) -> Result<Connection, StoreError> {
    let connection = open_for_writing(path)?;
    connection.pragma_update(None, "synchronous", "off")?;
    Ok(connection)
}

pub(crate) fn open_for_reading(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(BUSY)?;
    configure(&connection)?;
    Ok(connection)
}

/// A file that nobody has open, without the log that even a reader would begin beside it.
pub(crate) fn open_at_rest(path: &Path) -> Result<Connection, StoreError> {
    let name = path.to_string_lossy();
    let name = name.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    Ok(Connection::open_with_flags(
        format!("file:{name}?immutable=1"),
        OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_URI,
    )?)
}

/// The log beside a database. It is there for as long as anybody has the database open.
pub(crate) fn log_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

/// Makes the file of a copy.
fn begin_copy(path: &Path) -> Result<(), StoreError> {
    // VACUUM INTO wants an empty file or none; made here it is for its owner alone.
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| StoreError::Commit(format!("{}: {error}", path.display())))?;
    Ok(())
}

/// Copies a database that nobody has open. Answers whether it stayed so: else the copy is gone
/// again, for nobody knows what is in it.
pub(crate) fn copy_at_rest(original: &Path, path: &Path) -> Result<bool, StoreError> {
    let changed = || std::fs::metadata(original).and_then(|data| data.modified()).ok();
    let before = changed();
    if log_of(original).exists() {
        return Ok(false);
    }
    begin_copy(path)?;
    let copied = open_at_rest(original).and_then(|connection| {
        connection.execute("VACUUM INTO ?1", [path.to_string_lossy()])?;
        Ok(())
    });
    if before.is_some() && changed() == before && !log_of(original).exists() {
        return copied.map(|()| true);
    }
    let _ = std::fs::remove_file(path);
    Ok(false)
}

pub(crate) fn copy(readers: &Readers, path: &Path) -> Result<(), StoreError> {
    begin_copy(path)?;
    readers.with(|connection| {
        connection.execute("VACUUM INTO ?1", [path.to_string_lossy()])?;
        Ok(())
    })
}

/// Runs a statement without values, planned once.
pub(crate) fn execute(connection: &Connection, sql: &str) -> Result<(), rusqlite::Error> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}

fn configure(connection: &Connection) -> Result<(), StoreError> {
    // Without this guarantee SQLite plans a statement anew for each value that is bound to it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // What a savepoint may have to undo, and what is sorted, needs no file.
    connection.pragma_update(None, "temp_store", "memory")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "cache_size", -65_536)?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(())
}

fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    // Only a database that is behind is written to: commands must not wait for a busy server.
    let version = |connection: &Connection| {
        connection.pragma_query_value(None, "user_version", |row| row.get::<_, usize>(0))
    };
    if version(connection)? == MIGRATIONS.len() {
        return Ok(());
    }
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let found = version(&transaction)?;
    if found > MIGRATIONS.len() {
        return Err(StoreError::TooNew { found, known: MIGRATIONS.len() });
    }
    for migration in &MIGRATIONS[found..] {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", MIGRATIONS.len())?;
    transaction.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;

    /// SQLite can plan a statement for the value that was bound; each other value then costs more
    /// than what the statement does.
    #[test]
    fn a_statement_is_planned_once_for_all_values() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tegata.db");
        let writing = open_for_writing(&path).unwrap();
        let reading = open_for_reading(&path).unwrap();
        for connection in [writing, reading] {
            let sql = format!("{} WHERE c.seat_id = ?1 ORDER BY c.id", crate::certificate::SELECT);
            let mut statement = connection.prepare_cached(&sql).unwrap();
            for seat in 1..4 {
                assert!(!statement.exists([seat]).unwrap());
            }
            assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
        }
    }
}
