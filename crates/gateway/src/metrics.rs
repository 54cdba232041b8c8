use std::sync::atomic::{AtomicU64, Ordering};

use tegata_domain::Verdict;

/// Counters since the start. All of them only grow.
#[derive(Debug, Default)]
pub struct Metrics {
    verdicts: [AtomicU64; Verdict::ALL.len()],
    handshakes: AtomicU64,
    handshake_failures: AtomicU64,
    upstream_failures: AtomicU64,
    feed_failures: AtomicU64,
    reports: AtomicU64,
    report_failures: AtomicU64,
    dropped_uses: AtomicU64,
}

impl Metrics {
    /// Requests that got this verdict.
    pub fn verdicts(&self, verdict: Verdict) -> u64 {
        read(self.verdicts.get(index(verdict)))
    }

    /// TLS handshakes that succeeded.
    pub fn handshakes(&self) -> u64 {
        read(Some(&self.handshakes))
    }

    /// TLS handshakes that failed or took too long.
    pub fn handshake_failures(&self) -> u64 {
        read(Some(&self.handshake_failures))
    }

    /// Admitted requests that the protected service did not answer.
    pub fn upstream_failures(&self) -> u64 {
        read(Some(&self.upstream_failures))
    }

    /// Questions to a revocation feed that brought no acceptable page.
    pub fn feed_failures(&self) -> u64 {
        read(Some(&self.feed_failures))
    }

    /// Reports of used certificates that a server took.
    pub fn reports(&self) -> u64 {
        read(Some(&self.reports))
    }

    /// Reports that no server took; what they held is sent again.
    pub fn report_failures(&self) -> u64 {
        read(Some(&self.report_failures))
    }

    /// Uses that were forgotten before a server took them, as too many waited.
    pub fn dropped_uses(&self) -> u64 {
        read(Some(&self.dropped_uses))
    }

    pub(crate) fn count_verdict(&self, verdict: Verdict) {
        count(self.verdicts.get(index(verdict)));
    }

    pub(crate) fn count_handshake(&self, success: bool) {
        count(Some(if success { &self.handshakes } else { &self.handshake_failures }));
    }

    pub(crate) fn count_upstream_failure(&self) {
        count(Some(&self.upstream_failures));
    }

    pub(crate) fn count_report(&self) {
        count(Some(&self.reports));
    }

    pub(crate) fn count_report_failure(&self) {
        count(Some(&self.report_failures));
    }

    pub(crate) fn count_dropped_use(&self) {
        count(Some(&self.dropped_uses));
    }

    pub(crate) fn count_feed_failure(&self) {
        count(Some(&self.feed_failures));
    }
}

fn index(verdict: Verdict) -> usize {
    Verdict::ALL.iter().position(|other| *other == verdict).unwrap_or(usize::MAX)
}

fn read(counter: Option<&AtomicU64>) -> u64 {
    counter.map_or(0, |counter| counter.load(Ordering::Relaxed))
}

fn count(counter: Option<&AtomicU64>) {
    if let Some(counter) = counter {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verdict_has_its_own_counter() {
        let metrics = Metrics::default();
        for (times, verdict) in Verdict::ALL.into_iter().enumerate() {
            (0..times).for_each(|_| metrics.count_verdict(verdict));
        }
        for (times, verdict) in Verdict::ALL.into_iter().enumerate() {
            assert_eq!(metrics.verdicts(verdict), times as u64);
        }
    }
}
