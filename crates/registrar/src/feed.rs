use jiff::Timestamp;
use tegata_domain::RevocationStatus;
use tegata_store::{StoreError, View};

use crate::{Registrar, Service};

/// A reader knows more than this database: an old one was put in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a gateway has read the revocation feed up to {known}, this database ends at {position}: \
     it is older than what was published"
)]
pub struct FeedBehind {
    /// Position of the reader.
    pub known: u64,
    /// Position of the database.
    pub position: u64,
}

/// A stretch of a service's revocation feed, not yet in its wire form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedPage {
    /// Position asked for.
    pub after: u64,
    /// Position reached.
    pub position: u64,
    /// Moment of reading.
    pub at: Timestamp,
    /// Whether nothing later exists.
    pub complete: bool,
    /// The changes in order.
    pub changes: Vec<(tegata_domain::Serial, RevocationStatus)>,
}

impl Registrar {
    /// Reads a service's revocation feed behind position `after`.
    ///
    /// # Errors
    /// [`FeedBehind`] inside when the reader knows more than the database; else when the
    /// database cannot be read.
    pub fn feed(
        &self,
        service: &Service,
        after: u64,
        limit: usize,
    ) -> Result<Result<FeedPage, FeedBehind>, StoreError> {
        let (position, stretch) = self.store().read(|view: View<'_>| {
            Ok::<_, StoreError>((
                view.feed_position(service.id)?,
                view.feed(service.id, after.min(i64::MAX as u64), limit)?,
            ))
        })?;
        if after > position && stretch.rows.is_empty() {
            return Ok(Err(FeedBehind { known: after, position }));
        }
        Ok(Ok(FeedPage {
            after,
            position: stretch.rows.last().map_or(after, |row| row.seq),
            at: self.now(),
            complete: stretch.complete,
            changes: stretch.rows.into_iter().map(|row| (row.serial, row.status)).collect(),
        }))
    }
}
