use tegata_domain::Serial;
use tegata_store::{AuditFault, AuditHead, StoreError, View};

use crate::Office;

/// Most faults that are named; one is enough to distrust the log.
const MOST: usize = 100;

/// Entries below which another thread is not worth its start.
const SMALL: i64 = 10_000;

/// What an examination of the audit log found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditReport {
    /// The log's end.
    pub head: AuditHead,
    /// What does not hold, at most a hundred, by number.
    pub faults: Vec<AuditFault>,
    /// Certificates that were revoked or voided for good, as the log says, and that relying
    /// parties would be told are good; at most a hundred.
    pub unrevoked: Vec<Serial>,
}

impl Office {
    /// Examines the whole audit log, on as many threads as the machine has processors: each
    /// takes a stretch, which it ties to the entry before it.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn verify_audit(&self) -> Result<AuditReport, StoreError> {
        let head = self.store.read(|view: View<'_>| view.audit_head())?;
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get() as i64);
        let stretch = (head.seq / threads + 1).max(SMALL);
        let begins = (1..=head.seq).step_by(usize::try_from(stretch).unwrap_or(usize::MAX));
        let examine = |from: i64| {
            let to = (from + stretch).min(head.seq + 1);
            self.store.read(|view: View<'_>| view.audit_faults(from, to, MOST))
        };
        let found = std::thread::scope(|scope| {
            let running: Vec<_> = begins.map(|from| scope.spawn(move || examine(from))).collect();
            let joined = running
                .into_iter()
                .map(|thread| thread.join().unwrap_or(Err(StoreError::Corrupt("the audit log"))));
            joined.collect::<Result<Vec<_>, _>>()
        })?;
        let mut faults: Vec<AuditFault> = found.into_iter().flatten().collect();
        faults.truncate(MOST);
        let unrevoked = self.store.read(|view: View<'_>| view.unrevoked(MOST))?;
        Ok(AuditReport { head, faults, unrevoked })
    }
}
