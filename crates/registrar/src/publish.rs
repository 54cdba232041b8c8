use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tegata_ca::{CrlEntry, CrlError, CrlRequest, SignError};
use tegata_domain::RevocationStatus;
use tegata_store::{PublishedCrl, StoreError, View};

use crate::{IssuingCa, Registrar, Service};

/// How long a CRL is good for.
const CRL_LIFETIME: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How long before its end the next one is made, change or no change.
const CRL_AHEAD: SignedDuration = SignedDuration::from_hours(6 * 24);

/// Why status could not be published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The CRL could not be made.
    #[error(transparent)]
    Crl(#[from] CrlError),
    /// The feed's key cannot be used.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The database could not.
    #[error(transparent)]
    Store(#[from] StoreError),
}

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
    /// Publishes a CRL for every CA whose last one does not say what is so now, or is due.
    /// Returns how many were made.
    ///
    /// # Errors
    /// When a CRL cannot be made or recorded; those before it stand.
    pub async fn publish(&self) -> Result<usize, PublishError> {
        let mut made = 0;
        for service in self.keyring().services() {
            for ca in &service.issuing {
                made += usize::from(self.publish_crl(ca, Some(service)).await?);
            }
        }
        for root in self.keyring().roots() {
            made += usize::from(self.publish_crl(root, None).await?);
        }
        Ok(made)
    }

    async fn publish_crl(
        &self,
        ca: &IssuingCa,
        service: Option<&Arc<Service>>,
    ) -> Result<bool, PublishError> {
        let now = self.now();
        let (last, position) = self.store().read(|view: View<'_>| {
            let position = match service {
                Some(service) => view.feed_position(service.id)?,
                None => 0,
            };
            Ok::<_, StoreError>((view.published_crl(ca.id)?, position))
        })?;
        if last.as_ref().is_some_and(|crl| {
            crl.position == position && now < crl.next_update - CRL_AHEAD && crl.this_update <= now
        }) {
            return Ok(false);
        }
        let id = ca.id;
        let number = self.store().write(move |tx| tx.next_crl_number(id)).await?;
        // A CRL made while the clock was ahead must not decide what has expired.
        let expired_before = last.map_or(now, |crl| crl.this_update.min(now));
        let (position, rows) = self.store().read(|view: View<'_>| {
            let position = match service {
                Some(service) => view.feed_position(service.id)?,
                None => 0,
            };
            // The position is read first: what comes in between is on the CRL early, not never.
            Ok::<_, StoreError>((position, view.crl_rows(id, expired_before)?))
        })?;
        let entries: Vec<_> = rows
            .into_iter()
            .map(|row| CrlEntry { serial: row.serial, at: row.at, reason: row.reason })
            .collect();
        let next_update = now + CRL_LIFETIME;
        let der = ca.authority.crl(&CrlRequest {
            number,
            this_update: now,
            next_update,
            entries: &entries,
        })?;
        let crl = PublishedCrl { number, position, this_update: now, next_update, der };
        self.store().write(move |tx| tx.publish_crl(id, &crl)).await?;
        tracing::info!(ca = %ca.name, number, entries = entries.len(), "CRL published");
        Ok(true)
    }

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
