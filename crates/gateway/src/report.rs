use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use jiff::Timestamp;
use tegata_wire::report::{CHAIN_TYPE, CONTENT_TYPE, MAX_CHAIN, MAX_USES, Report, Use};
use tokio::time::{Instant, sleep_until, timeout};

use crate::config::Reporting;
use crate::gateway::BindError;
use crate::seal::Seal;
use crate::service::Service;
use crate::shared::{Phase, Shared};
use crate::shown::{Shown, Unfit};
use crate::uses::{Pending, Waiting};

/// How often what was used is reported.
const EVERY: Duration = Duration::from_secs(2);

/// How often a report without uses says that the gateway is there.
const SIGN_OF_LIFE: Duration = Duration::from_secs(60);

/// Longest pause after a failure; the first is [`EVERY`], and each doubles.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Time for a server to take a report.
const PATIENCE: Duration = Duration::from_secs(10);

/// Time for all reports that are sent when the gateway stops.
pub(crate) const LAST_TRY: Duration = Duration::from_secs(3);

/// Tells the server of one service what its gateway sees: beside the requests, never in their way.
#[derive(Debug)]
pub(crate) struct Reporter {
    service: Arc<Service>,
    shown: Arc<Shown>,
    /// Why what the server handed over was not taken, as it was last said.
    unfit: Option<Unfit>,
    url: Uri,
    client: Client<HttpConnector, Full<Bytes>>,
    pending: Pending,
    sequence: u64,
}

/// Why a report did not arrive.
#[derive(Debug, thiserror::Error)]
enum ReportFailure {
    #[error("the gateway's key does not sign: {0}")]
    Seal(#[from] rustls::Error),
    #[error(
        "the gateway's certificate has not the form of one that `tegata service gateway` makes"
    )]
    Unlike,
    #[error(transparent)]
    Request(#[from] http::Error),
    #[error("the server cannot be reached: {0}")]
    Unreachable(#[from] hyper_util::client::legacy::Error),
    #[error("the server did not answer in time")]
    Timeout,
    #[error(
        "the server does not take the gateway for one of this service: it must sign with a \
         certificate that `tegata service gateway` made for this service"
    )]
    Stranger,
    #[error(
        "by the server's clock, this gateway's is more than ten minutes fast: nothing is reported \
         until it is set right"
    )]
    Clock,
    #[error("the server answered {0}")]
    Status(StatusCode),
}

impl Reporter {
    /// `None` when nothing is to be reported. `own` is what the gateway shows to clients.
    ///
    /// # Errors
    /// When the key that was chosen for reports does not sign.
    pub(crate) fn new(
        service: Arc<Service>,
        own: &Arc<Shown>,
        state_dir: &Path,
    ) -> Result<Option<Self>, BindError> {
        let shown = match &service.config.reporting {
            Reporting::Off => return Ok(None),
            Reporting::AsGateway => own.clone(),
            Reporting::As(identity) => Arc::new(Shown::new(identity.duplicate(), state_dir)?),
        };
        let url = address(&service.config.feed.url)
            .map_err(|error| BindError::Config(format!("the address of reports: {error}")))?;
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(PATIENCE / 2));
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(30))
            .build(connector);
        let (pending, unfit) = Default::default();
        Ok(Some(Self { service, shown, unfit, url, client, pending, sequence: 0 }))
    }

    /// Reports until the gateway ends; then tries a last time.
    pub(crate) async fn run(mut self, shared: Arc<Shared>) {
        let mut phase = shared.phase.subscribe();
        let (mut failures, mut alive_at) = (0_u32, None);
        let mut next_at = Instant::now() + EVERY;
        loop {
            tokio::select! {
                () = sleep_until(next_at) => {}
                () = self.service.uses.half_full() => {
                    self.collect(&shared);
                    continue;
                }
                _ = phase.wait_for(|phase| *phase == Phase::Ending) => break,
            }
            self.collect(&shared);
            let quiet = alive_at.is_some_and(|at: Instant| at.elapsed() < SIGN_OF_LIFE);
            next_at = Instant::now() + EVERY;
            if self.pending.is_empty() && quiet {
                continue;
            }
            let sent = tokio::select! {
                sent = self.send(&shared) => sent,
                _ = phase.wait_for(|phase| *phase == Phase::Ending) => break,
            };
            match sent {
                Ok(()) => {
                    (failures, alive_at) = (0, Some(Instant::now()));
                    if !self.pending.is_empty() {
                        next_at = Instant::now();
                    }
                }
                Err(failure) => {
                    failures += 1;
                    shared.metrics.count_report_failure();
                    tracing::warn!(
                        service = %self.service.config.key, %failure, failures,
                        "uses of certificates wait to be reported"
                    );
                    next_at = Instant::now() + pause(failures);
                }
            }
        }
        let last_try = async {
            self.collect(&shared);
            while !self.pending.is_empty() {
                self.send(&shared).await?;
            }
            Ok::<_, ReportFailure>(())
        };
        if !matches!(timeout(LAST_TRY, last_try).await, Ok(Ok(()))) {
            let service = &self.service.config.key;
            tracing::warn!(%service, "the gateway ends before the last uses were reported");
        }
    }

    fn collect(&mut self, shared: &Shared) {
        self.service.uses.collect(&mut self.pending, &shared.metrics);
    }

    /// Sends what waits longest, and goes on collecting meanwhile.
    async fn send(&mut self, shared: &Shared) -> Result<(), ReportFailure> {
        let oldest = self.pending.oldest(MAX_USES);
        let seal = self.shown.seal().ok_or(ReportFailure::Unlike)?;
        let report = self.report(&seal, &oldest, shared.clock.now());
        let octets = seal.seal(&report)?;
        let request = Request::post(self.url.clone())
            .header(header::CONTENT_TYPE, CONTENT_TYPE)
            .body(Full::from(octets))?;
        let answer = timeout(PATIENCE, self.client.request(request));
        tokio::pin!(answer);
        let answer = loop {
            tokio::select! {
                answer = &mut answer => break answer.map_err(|_| ReportFailure::Timeout)??,
                () = self.service.uses.half_full() => {
                    self.service.uses.collect(&mut self.pending, &shared.metrics);
                }
            }
        };
        match answer.status() {
            StatusCode::NO_CONTENT | StatusCode::OK => {
                self.pending.done(&oldest);
                shared.metrics.count_report();
                self.take_renewal(answer, shared.clock.now()).await;
                Ok(())
            }
            StatusCode::FORBIDDEN => Err(ReportFailure::Stranger),
            StatusCode::CONFLICT => {
                // None of these numbers was taken: they begin anew once the clock is right.
                self.sequence = 0;
                Err(ReportFailure::Clock)
            }
            other => Err(ReportFailure::Status(other)),
        }
    }

    /// Shows from now on what the server handed over, when it is the gateway's certificate renewed.
    async fn take_renewal(&mut self, answer: Response<Incoming>, now: Timestamp) {
        let is_chain = answer.headers().get(header::CONTENT_TYPE).is_some_and(|t| t == CHAIN_TYPE);
        if answer.status() != StatusCode::OK || !is_chain {
            return;
        }
        let body = timeout(PATIENCE, Limited::new(answer.into_body(), MAX_CHAIN).collect());
        let Ok(Ok(body)) = body.await else { return };
        let (pem, shown) = (body.to_bytes(), self.shown.clone());
        let authorities = self.service.knowledge.authorities();
        let taking = move || shown.take(&pem, &authorities, now);
        let Ok(taken) = tokio::task::spawn_blocking(taking).await else { return };
        let service = &self.service.config.key;
        match &taken {
            Ok(Some(serial)) => {
                tracing::info!(%service, %serial, "the gateway's certificate is renewed")
            }
            Ok(None) => {}
            // It comes with every report: said once.
            Err(unfit) if self.unfit == Some(*unfit) => {}
            Err(unfit) => {
                tracing::warn!(%service, %unfit, "the certificate that the server hands over is not taken");
            }
        }
        self.unfit = taken.err();
    }

    fn report(&mut self, seal: &Seal, uses: &[Waiting], now: Timestamp) -> Report {
        let second = |at| Timestamp::from_second(at).unwrap_or(now);
        // Follows the clock, so that it grows over a restart, too.
        let clock = u64::try_from(now.as_microsecond()).unwrap_or_default();
        self.sequence = clock.max(self.sequence + 1);
        Report {
            service: self.service.config.key.to_string(),
            gateway: seal.serial,
            sequence: self.sequence,
            sent_at: now,
            position: self.service.health().borrow().position,
            uses: uses
                .iter()
                .map(|seen| Use {
                    serial: seen.serial,
                    first: second(seen.first),
                    last: second(seen.last),
                })
                .collect(),
        }
    }
}

/// Reports go beside the feed: `{feed}/used`.
fn address(feed: &Uri) -> Result<Uri, http::Error> {
    let query = feed.query().map(|query| format!("?{query}")).unwrap_or_default();
    let path = format!("{}/used{query}", feed.path().trim_end_matches('/'));
    let mut parts = feed.clone().into_parts();
    parts.path_and_query = Some(path.parse()?);
    Ok(Uri::from_parts(parts)?)
}

fn pause(failures: u32) -> Duration {
    LONGEST_PAUSE.min(EVERY * 2_u32.saturating_pow(failures.saturating_sub(1).min(10)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_go_beside_the_feed() {
        for (feed, expected) in [
            ("http://status.example/feed/0001/A", "http://status.example/feed/0001/A/used"),
            ("http://a:80/feed/0001/A/?key=x", "http://a:80/feed/0001/A/used?key=x"),
        ] {
            assert_eq!(address(&feed.parse().unwrap()).unwrap().to_string(), expected);
        }
    }

    #[test]
    fn pauses_grow_and_are_bounded() {
        let pauses: Vec<_> = (1..=6).map(|n| pause(n).as_secs()).collect();
        assert_eq!(pauses, [2, 4, 8, 16, 30, 30]);
        assert_eq!(pause(u32::MAX), LONGEST_PAUSE);
    }
}
