//! What is remembered: repositories over SQLite.
//!
//! Writes go through one thread that gathers whatever waits into one transaction, so that many
//! requests share one fsync ([`Store::write`]); each keeps a savepoint of its own and fails
//! alone. Nothing is answered before the commit that holds it is on the disk. Reads go to a
//! pool of read-only connections ([`Store::read`]). Other processes may open the same file:
//! WAL keeps them apart, and [`Store::data_version`] shows what they changed.
//!
//! No SQL stands outside this crate. What a use case does within one transaction it composes
//! from the methods of [`Tx`] (writing) and [`View`] (reading).

mod audit;
mod authority;
mod blocklist;
mod bounce;
mod certificate;
mod column;
mod credential;
mod crl;
mod database;
mod digest;
mod email_change;
mod listing;
#[cfg(feature = "measure")]
pub mod measure;
mod notice;
mod organisation;
mod outbox;
mod own;
mod placement;
mod readers;
mod rehearsal;
mod retirement;
mod revocable;
mod revocation;
mod seat;
mod service;
mod standing;
mod template;
mod usage;
mod writer;

use std::path::Path;

pub use audit::{AuditEntry, AuditFault, AuditHead};
pub use authority::{AuthorityId, AuthorityRecord, NewAuthority};
pub use blocklist::BlockedKey;
pub use bounce::Bounce;
pub use certificate::{CertificateRecord, IntentRow, NewIntent};
pub use credential::CredentialRecord;
pub use crl::{CrlRow, CrlScope, DeltaBase, PublishedCrl, Shard};
pub use database::StoreError;
pub use digest::{DigestRow, Undelivered};
pub use email_change::{EmailSigned, PendingEmail};
pub use listing::{CertificateFilter, Listed, Usage};
pub use notice::{CertificateId, NoticePlan, NoticeRow};
pub use organisation::{BranchId, BranchRecord, CompanyId, CompanyRecord};
pub use outbox::{ClaimedMail, MailFilter, MailId, MailRow, NewMail};
pub use own::OwnCertificate;
pub use placement::Placement;
pub use rehearsal::ReminderMade;
pub use retirement::Retirement;
pub use revocable::{Revocable, RevocableFilter};
pub use revocation::{ChangeRow, FeedRow, FeedRows, StatusAnnouncement};
pub use seat::{SeatId, SeatRecord};
pub use service::{ServiceId, ServiceRecord};
pub use standing::{CrlStanding, Figures, GatewayStanding, MailFigures};
pub use template::MailTemplate;
pub use usage::{CertificateUse, GATEWAY_FAST, GatewayReport, Noted};

use readers::Readers;
use writer::Writer;

/// The database.
#[derive(Debug)]
pub struct Store {
    // Closed first: only the writer, as the last, can bring the log home.
    readers: Readers,
    writer: Writer,
}

/// What can be read, within one connection.
#[derive(Clone, Copy)]
pub struct View<'c>(&'c rusqlite::Connection);

/// What can be written, within one transaction.
pub struct Tx<'c> {
    view: View<'c>,
    chain: audit::Chain,
}

impl<'c> std::ops::Deref for Tx<'c> {
    type Target = View<'c>;

    fn deref(&self) -> &View<'c> {
        &self.view
    }
}

impl Store {
    /// Opens the database at `path`, creates it if it is missing, migrates it if it is old.
    ///
    /// # Errors
    /// When the file cannot be opened, is no database, or is of a later version.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = database::open_for_writing(path).map_err(|error| match error {
            StoreError::Sqlite(cause) => StoreError::File(path.to_owned(), cause),
            other => other,
        })?;
        Ok(Self { writer: Writer::start(connection)?, readers: Readers::new(path) })
    }

    /// Runs `verb` within a transaction and answers once it is on the disk. When `verb` fails,
    /// what it wrote is undone and nobody else's.
    ///
    /// # Errors
    /// Those of `verb`, or [`StoreError`] when the commit failed.
    pub async fn write<T, E>(
        &self,
        verb: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.writer.write(verb).await
    }

    /// Reads the database as it is at one moment. Point reads take microseconds and run where the
    /// caller stands; a caller with a long list in mind moves to a blocking thread first.
    ///
    /// # Errors
    /// Those of `query`, or [`StoreError`] when no connection can be opened or read.
    pub fn read<T, E: From<StoreError>>(
        &self,
        query: impl FnOnce(View<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.readers.snapshot(|connection| query(View(connection)))
    }

    /// Writes a copy of the database as it is now, while others read and write.
    ///
    /// # Errors
    /// When `path` exists already or cannot be written.
    pub fn copy_to(&self, path: &Path) -> Result<(), StoreError> {
        database::copy(&self.readers, path)
    }

    /// A number that changes whenever another connection, of this process or another, commits.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn data_version(&self) -> Result<i64, StoreError> {
        self.readers.data_version()
    }
}
