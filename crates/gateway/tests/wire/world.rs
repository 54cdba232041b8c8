//! A gateway with everything around it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rustls::ClientConfig;
use rustls::client::ResolvesClientCert;
use rustls::pki_types::CertificateDer;
use rustls::version::{TLS12, TLS13};
use tegata_domain::{Clock, Entropy, RevocationStatus};
use tegata_gateway::{
    Bilingual, Config, FeedConfig, FeedHealth, Gateway, Limits, Metrics, Reporting, ServiceConfig,
    Shown,
};
use tempfile::TempDir;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use crate::client::{Browser, Reply, get, tls};
use crate::feed::Feed;
use crate::pki::{Holder, Issuer, Server, provider};
use crate::upstream::Upstream;

/// 15 January 2027, 08:00 UTC: within the validity of every certificate that says nothing else.
pub(crate) const START: i64 = 1_800_000_000;

/// A clock that is turned by hand.
pub(crate) struct TestClock(AtomicI64);

impl TestClock {
    pub(crate) fn turn(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

struct Counting(AtomicU8);

impl Entropy for Counting {
    fn fill(&self, octets: &mut [u8]) {
        octets.fill_with(|| self.0.fetch_add(1, Ordering::SeqCst));
    }
}

/// A service, its issuing CA and its feed.
pub(crate) struct Place {
    pub(crate) issuer: Issuer,
    pub(crate) feed: Feed,
    pub(crate) config: ServiceConfig,
}

pub(crate) struct World {
    pub(crate) clock: Arc<TestClock>,
    pub(crate) upstream: Upstream,
    /// `/SAMPLE01/cms` and `/SAMPLE02`.
    pub(crate) places: [Place; 2],
    pub(crate) limits: Limits,
    pub(crate) state: TempDir,
    pub(crate) server: Server,
    running: Option<Running>,
}

struct Running {
    addr: SocketAddr,
    ready: watch::Receiver<bool>,
    feeds: Vec<watch::Receiver<FeedHealth>>,
    metrics: Arc<Metrics>,
    shown: Arc<Shown>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// Fails when something that should happen soon does not.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), what).await.expect("did not happen")
}

impl World {
    /// Everything but the gateway.
    pub(crate) async fn prepare() -> Self {
        let clock = Arc::new(TestClock(AtomicI64::new(START)));
        let upstream = Upstream::start().await;
        let places = [
            Place::new("0001/SB0001002C", "/SAMPLE01/cms", 1, &clock, &upstream).await,
            Place::new("0002/SB0002002C", "/SAMPLE02", 2, &clock, &upstream).await,
        ];
        Self {
            clock,
            upstream,
            places,
            limits: Limits { drain: Duration::from_millis(200), ..Limits::default() },
            state: tempfile::tempdir().unwrap(),
            server: Server::new(),
            running: None,
        }
    }

    /// Everything, ready.
    pub(crate) async fn start() -> Self {
        let mut world = Self::prepare().await;
        world.start_gateway().await;
        world.ready().await;
        world
    }

    pub(crate) fn config(&self) -> Config {
        Config {
            listen: "127.0.0.1:0".parse().unwrap(),
            identity: self.server.identity(),
            state_dir: self.state.path().to_owned(),
            services: self.places.iter().map(|place| place.config.clone()).collect(),
            limits: self.limits.clone(),
        }
    }

    pub(crate) async fn start_gateway(&mut self) {
        let entropy = Arc::new(self.entropy());
        let gateway = Gateway::bind(self.config(), self.clock.clone(), entropy).await.unwrap();
        let (stop, stopped) = oneshot::channel();
        self.running = Some(Running {
            addr: gateway.local_addr(),
            ready: gateway.ready(),
            feeds: self.places.iter().map(|p| gateway.feed(&p.config.key).unwrap()).collect(),
            metrics: gateway.metrics(),
            shown: gateway.shown(),
            stop,
            task: tokio::spawn(gateway.serve(async {
                let _ = stopped.await;
            })),
        });
    }

    pub(crate) async fn stop_gateway(&mut self) {
        let running = self.running.take().unwrap();
        running.stop.send(()).unwrap();
        soon(running.task).await.unwrap();
    }

    pub(crate) async fn ready(&self) {
        soon(self.running().ready.clone().wait_for(|ready| *ready)).await.unwrap();
    }

    pub(crate) fn is_ready(&self) -> bool {
        *self.running().ready.borrow()
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.running().addr
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.running().metrics
    }

    pub(crate) fn shown(&self) -> &Shown {
        &self.running().shown
    }

    /// What a new connection is shown.
    pub(crate) async fn presented(&self) -> CertificateDer<'static> {
        let stream = tls(self.addr(), &Arc::new(self.browser(None))).await.unwrap();
        stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned()
    }

    pub(crate) async fn health(
        &self,
        place: usize,
        until: impl FnMut(&FeedHealth) -> bool,
    ) -> FeedHealth {
        *soon(self.running().feeds[place].clone().wait_for(until)).await.unwrap()
    }

    /// Announces a status and waits until the gateway has it.
    pub(crate) async fn announce(&self, place: usize, holder: &Holder, status: RevocationStatus) {
        let position = self.places[place].feed.announce(holder.serial, status);
        self.health(place, |health| health.position >= position).await;
    }

    /// The configuration of a browser with this certificate.
    pub(crate) fn browser(&self, holder: Option<&Holder>) -> ClientConfig {
        let builder = self.builder();
        match holder {
            None => builder.with_no_client_auth(),
            Some(holder) => builder
                .with_client_auth_cert(vec![holder.certificate.clone()], holder.key())
                .unwrap(),
        }
    }

    pub(crate) fn browser_with(&self, resolver: Arc<dyn ResolvesClientCert>) -> ClientConfig {
        self.builder().with_client_cert_resolver(resolver)
    }

    fn builder(&self) -> rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert> {
        ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS12, &TLS13])
            .unwrap()
            .with_root_certificates(self.roots())
    }

    /// A new connection, HTTP/1.1.
    pub(crate) async fn open(&self, holder: Option<&Holder>) -> Browser {
        let config = Arc::new(self.browser(holder));
        Browser::over(tls(self.addr(), &config).await.unwrap()).await
    }

    /// A new connection, HTTP/2.
    pub(crate) async fn open2(&self, holder: Option<&Holder>) -> Browser {
        let mut config = self.browser(holder);
        config.alpn_protocols = vec![b"h2".to_vec()];
        Browser::over(tls(self.addr(), &Arc::new(config)).await.unwrap()).await
    }

    /// One GET over a new connection.
    pub(crate) async fn get(&self, holder: Option<&Holder>, path: &str) -> Reply {
        soon(self.open(holder).await.reply(get(path))).await
    }

    pub(crate) fn roots(&self) -> Arc<rustls::RootCertStore> {
        self.server.roots()
    }

    pub(crate) fn entropy(&self) -> impl Entropy + 'static + use<> {
        Counting(AtomicU8::new(0))
    }

    fn running(&self) -> &Running {
        self.running.as_ref().expect("the gateway runs")
    }
}

impl Place {
    async fn new(
        key: &str,
        path: &str,
        seed: u8,
        clock: &Arc<TestClock>,
        upstream: &Upstream,
    ) -> Self {
        let issuer = Issuer::new(key.rsplit('/').next().unwrap());
        let feed = Feed::start(key, seed, vec![issuer.der()], clock.clone()).await;
        let url = format!("http://{}/feed/v1/{key}", feed.addr).parse().unwrap();
        let config = ServiceConfig {
            key: key.parse().unwrap(),
            path: path.parse().unwrap(),
            upstream: format!("http://{}", upstream.addr).parse().unwrap(),
            organisation: Bilingual::new("サンプル銀行", "Sample Bank, Ltd."),
            name: Bilingual::new("サンプル Lite CMS", "Sample Lite CMS"),
            contact: Bilingual::new("サンプル支店 03-0000-0000", "Sample branch 03-0000-0000"),
            site: Some("https://site.example/issueweb/".into()),
            zone: TimeZone::get("Asia/Tokyo").unwrap(),
            feed: FeedConfig::new(url, feed.public_key()),
            reporting: Reporting::AsGateway,
        };
        Self { issuer, feed, config }
    }
}
