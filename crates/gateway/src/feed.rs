use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tegata_wire::feed::Page;
use tokio::time::Instant;

use crate::fetch::{FetchError, Source};
use crate::journal::{Journal, Rewrite};
use crate::page::{Opener, PageRefused};
use crate::service::Service;
use crate::shared::Shared;

const SHORTEST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// A server that answers "no news" sooner than this does not hold questions; ask it less often.
const SOONEST_NO_NEWS: Duration = Duration::from_millis(500);

/// How often a page without news is written down, so that freshness survives a restart.
const NOTE_EVERY: Duration = Duration::from_secs(600);

/// Follows the feed of one service: asks, verifies, takes in, writes down, asks again.
#[derive(Debug)]
pub(crate) struct Follower {
    service: Arc<Service>,
    opener: Opener,
    source: Source,
    journal: Arc<Mutex<Journal>>,
    /// Position up to which everything is known and written down.
    position: u64,
    /// What the server gets back of its last page, hexadecimal: by it the server notices that it
    /// is not the one it was.
    receipt: String,
    /// Unix seconds of the last page written down.
    noted_at: i64,
    /// Twice the length that the last rewriting left: what it could not shorten, the next
    /// cannot either.
    rewrite_above: u64,
}

/// Why a turn failed.
#[derive(Debug, thiserror::Error)]
enum FeedFailure {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error("a page was refused: {0}")]
    Page(#[from] PageRefused),
    #[error("the journal cannot be written: {0}")]
    Journal(#[from] io::Error),
}

impl Follower {
    /// Takes in what the journal in `dir` holds, before anything is fetched or let in.
    ///
    /// Pages that follow one another count as when they came. Of pages behind a gap only the
    /// bad news counts; the gap is fetched again.
    ///
    /// # Errors
    /// When the journal can be neither read nor written.
    pub(crate) fn restore(
        service: Arc<Service>,
        dir: &Path,
        now: jiff::Timestamp,
    ) -> io::Result<Self> {
        let key = &service.config.key;
        let opener = Opener::new(key, service.config.feed.public_key);
        let knowledge = &service.knowledge;
        let mut position = 0;
        let mut noted_at = i64::MIN;
        let (mut authorities, mut receipt) = (None, String::new());
        // Names may hold hyphens, but no underscore.
        let path = dir.join(format!("{}_{}.feed", key.tenant, key.issuer));
        let journal = Journal::open(&path, |octets| {
            let Ok(page) = opener.open(octets) else { return false };
            if page.after != position {
                knowledge.learn_worse(&page.changes);
                return true;
            }
            knowledge.learn(&page.changes);
            if page.complete {
                knowledge.refresh(&page, now);
            }
            position = page.position;
            noted_at = page.at.as_second();
            authorities = Some(page.authorities);
            receipt = hex(&page.receipt);
            true
        })?;
        if let Some(authorities) = authorities {
            knowledge.trust(&authorities);
        }
        service.report(position, 0);
        Ok(Self {
            opener,
            source: Source::new(service.config.feed.url.clone()),
            journal: Arc::new(Mutex::new(journal)),
            position,
            receipt,
            noted_at,
            rewrite_above: 0,
            service,
        })
    }

    /// Follows the feed for ever.
    pub(crate) async fn run(mut self, shared: Arc<Shared>) {
        let wait = self.service.config.feed.wait;
        let mut failures = 0;
        // At first, and after a failure, what counts is to know how things stand at all.
        let mut patience = Duration::ZERO;
        loop {
            let asked_at = Instant::now();
            match self.turn(&shared, patience).await {
                Ok(news) => {
                    failures = 0;
                    self.rewrite_when_large(&shared).await;
                    if !news && patience == wait {
                        tokio::time::sleep_until(asked_at + SOONEST_NO_NEWS).await;
                    }
                    patience = wait;
                }
                Err(failure) => {
                    failures += 1;
                    self.complain(&shared, &failure, failures);
                    tokio::time::sleep(pause(failures)).await;
                    patience = Duration::ZERO;
                }
            }
        }
    }

    /// Asks once. Returns whether there was news, or is more.
    async fn turn(&mut self, shared: &Shared, wait: Duration) -> Result<bool, FeedFailure> {
        let octets = self.source.page(self.position, wait, &self.receipt).await?;
        let page = self.opener.open_after(&octets, self.position)?;
        let news = page.position != self.position || !page.complete;
        let retrusted = self.take_in(shared, &page);
        let due = page.at.as_second().saturating_sub(self.noted_at) >= self.note_every();
        if news || retrusted || due {
            let journal = self.journal.clone();
            on_disk(move || lock(&journal).append(&octets)).await?;
            self.noted_at = page.at.as_second();
        }
        self.position = page.position;
        self.receipt = hex(&page.receipt);
        self.service.report(self.position, 0);
        shared.report_ready();
        Ok(news)
    }

    /// Makes a page take effect. This comes before it is written down: a full disk must not
    /// keep a revoked certificate in. Returns whether the issuing CAs changed.
    fn take_in(&self, shared: &Shared, page: &Page) -> bool {
        let knowledge = &self.service.knowledge;
        let not_good = knowledge.learn(&page.changes);
        shared.connections.cut(&not_good);
        if page.complete {
            knowledge.refresh(page, shared.clock.now());
        }
        let retrusted = knowledge.trust(&page.authorities);
        if retrusted {
            shared.tls.hint(&shared.services);
        }
        retrusted
    }

    fn note_every(&self) -> i64 {
        let quarter = self.service.config.feed.max_staleness / 4;
        i64::try_from(NOTE_EVERY.min(quarter).as_secs()).unwrap_or(i64::MAX)
    }

    fn complain(&self, shared: &Shared, failure: &FeedFailure, failures: u32) {
        let service = &self.service.config.key;
        let knowledge = &self.service.knowledge;
        self.service.report(self.position, failures);
        shared.metrics.count_feed_failure();
        let age = knowledge.known_at().map(|at| shared.clock.now().duration_since(at).as_secs());
        let limit = self.service.config.feed.max_staleness.as_secs();
        match age {
            Some(age) if age.max(0).unsigned_abs() <= limit / 2 => {
                tracing::warn!(%service, %failure, failures, age, "the revocation feed failed");
            }
            _ => tracing::error!(
                %service, %failure, failures, age, limit,
                "the revocation feed failed; past the limit every certificate is refused"
            ),
        }
    }

    async fn rewrite_when_large(&mut self, shared: &Shared) {
        let len = lock(&self.journal).len();
        let needed = 17 * self.service.knowledge.not_good() as u64;
        if len <= shared.limits.journal_octets.max(self.rewrite_above).max(4 * needed) {
            return;
        }
        let outcome = self.rewrite(shared).await;
        let service = &self.service.config.key;
        match outcome {
            Ok(()) => tracing::info!(%service, before = len, "the journal was rewritten"),
            Err(failure) => tracing::warn!(%service, %failure, "the journal was not rewritten"),
        }
        self.rewrite_above = 2 * lock(&self.journal).len();
    }

    /// Fetches the history again, in large pages and each still signed, into a new journal,
    /// and follows the feed meanwhile. Ends when both stand at the same position.
    async fn rewrite(&mut self, shared: &Shared) -> Result<(), FeedFailure> {
        let mut rewrite: Rewrite = lock(&self.journal).rewrite()?;
        let mut at = 0;
        while at != self.position {
            if at < self.position {
                let octets = self.source.page(at, Duration::ZERO, &self.receipt).await?;
                at = self.opener.open_after(&octets, at)?.position;
                rewrite = on_disk(move || rewrite.append(&octets).map(|()| rewrite)).await?;
            }
            self.turn(shared, Duration::ZERO).await?;
        }
        let journal = on_disk(move || rewrite.finish()).await?;
        *lock(&self.journal) = journal;
        Ok(())
    }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn pause(failures: u32) -> Duration {
    LONGEST_PAUSE.min(SHORTEST_PAUSE * 2_u32.saturating_pow(failures.saturating_sub(1).min(10)))
}

fn lock(journal: &Mutex<Journal>) -> std::sync::MutexGuard<'_, Journal> {
    journal.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_are_bounded() {
        let pauses: Vec<_> = (1..=8).map(|n| pause(n).as_millis()).collect();
        assert_eq!(pauses, [250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
        assert_eq!(pause(u32::MAX), LONGEST_PAUSE);
    }
}
