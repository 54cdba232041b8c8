use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

use crate::StoreError;
use crate::database::{execute, open_for_reading};

/// Idle read-only connections. As many are open as ever read at the same time.
#[derive(Debug)]
pub(crate) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    /// `data_version` is relative to its connection, so one is kept for it.
    watcher: Mutex<Option<Connection>>,
}

impl Readers {
    pub(crate) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), idle: Mutex::default(), watcher: Mutex::default() }
    }

    pub(crate) fn with<T, E: From<StoreError>>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => open_for_reading(&self.path)?,
        };
        let result = query(&connection);
        // One whose transaction could not be ended is of no use any more.
        if connection.is_autocommit() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
        result
    }

    /// As [`Self::with`], within one transaction.
    pub(crate) fn snapshot<T, E: From<StoreError>>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        self.with(|connection| {
            execute(connection, "BEGIN").map_err(StoreError::from)?;
            let result = query(connection);
            execute(connection, "COMMIT").map_err(StoreError::from)?;
            result
        })
    }

    pub(crate) fn data_version(&self) -> Result<i64, StoreError> {
        let mut watcher = self.watcher.lock().unwrap_or_else(PoisonError::into_inner);
        if watcher.is_none() {
            *watcher = Some(open_for_reading(&self.path)?);
        }
        match &*watcher {
            Some(connection) => {
                Ok(connection.pragma_query_value(None, "data_version", |row| row.get(0))?)
            }
            None => Err(StoreError::Closed),
        }
    }
}
