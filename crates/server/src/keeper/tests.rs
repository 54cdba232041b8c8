use std::net::SocketAddr;

use axum::Router;
use axum::routing::get;
use jiff::SignedDuration;
use tegata_ca::serial_of;
use tegata_domain::Serial;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::*;
use crate::ambient::SystemEntropy;
use crate::listen;
use crate::status::{self, Status};
use crate::testing::Installed;

const DAY: SignedDuration = SignedDuration::from_hours(24);
const SECOND: SignedDuration = SignedDuration::from_secs(1);

impl Installed {
    fn keeper(&self, automatic: bool) -> Keeper {
        Keeper {
            dir: self.dir.clone(),
            passphrase: self.passphrase.clone(),
            entropy: Arc::new(SystemEntropy),
            automatic,
            site_names: vec![SubjectAltName::Dns("site.example".to_owned())],
        }
    }

    fn names(&self) -> Vec<String> {
        self.registrar.authorities().unwrap().iter().map(|ca| ca.name.to_string()).collect()
    }

    fn current(&self) -> String {
        let keyring = self.registrar.keyring();
        let service = keyring.service(&self.key).unwrap();
        service.current(self.registrar.now()).name.to_string()
    }

    async fn site_certificate(&self) -> SiteCertificate {
        let keyring = self.registrar.keyring();
        self.keeper(true).site_certificate(&self.registrar, &keyring).await.unwrap()
    }

    /// A handshake of somebody who trusts the service's root, at the time that the clock says.
    async fn connect(&self, address: SocketAddr) -> TlsStream<TcpStream> {
        let mut roots = RootCertStore::empty();
        let root = self.registrar.keyring().service(&self.key).unwrap().root.clone();
        roots.add(CertificateDer::from(root)).unwrap();
        let config =
            ClientConfig::builder_with_details(Arc::new(default_provider()), self.clock.clone())
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(roots)
                .with_no_client_auth();
        let name = ServerName::try_from("site.example").unwrap();
        let stream = TcpStream::connect(address).await.unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
    }
}

fn presented(stream: &TlsStream<TcpStream>) -> Serial {
    serial_of(&stream.get_ref().1.peer_certificates().unwrap()[0]).unwrap()
}

async fn ask(stream: &mut TlsStream<TcpStream>) -> String {
    stream.write_all(b"GET / HTTP/1.1\r\nhost: site.example\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"here") {
        let mut octets = [0; 512];
        let read = stream.read(&mut octets).await.unwrap();
        assert_ne!(read, 0, "closed after {}", String::from_utf8_lossy(&answer));
        answer.extend_from_slice(&octets[..read]);
    }
    String::from_utf8(answer).unwrap()
}

/// Ten years of an issuing CA with certificates of a year: the next one comes by itself in
/// the ninth, once, and issues after a week.
#[tokio::test]
async fn a_new_issuing_ca_comes_by_itself_in_time() {
    let world = Installed::new().await;
    let roll_over = async |automatic| world.keeper(automatic).roll_over(&world.registrar).await;
    // 3,650 days less 365 and 60, and 37 ahead of that.
    world.clock.turn(DAY * 3_187);
    roll_over(true).await;
    assert_eq!(world.names(), ["SB0001001C", "SB0001002C"], "not due yet");
    world.clock.turn(DAY * 2);
    roll_over(false).await;
    assert_eq!(world.names().len(), 2, "only said");
    roll_over(true).await;
    assert_eq!(world.names(), ["SB0001001C", "SB0001002C", "SB0001003C"]);
    assert!(world.keeper(true).reload(&world.registrar).await);
    roll_over(true).await;
    assert_eq!(world.names().len(), 3, "once");
    assert_eq!(world.current(), "SB0001002C");
    world.clock.turn(DAY * 7);
    assert_eq!(world.current(), "SB0001003C");
}

#[tokio::test]
async fn the_site_shows_a_new_certificate_in_time_and_open_connections_go_on() {
    let world = Installed::new().await;
    let keeper = world.keeper(true);
    let SiteCertificate { chain, key } = world.site_certificate().await;
    let shown = Shown::new(chain, &key).unwrap();
    let listener = listen::bind(([127, 0, 0, 1], 0).into(), "a test").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/", get(|| async { "here" }));
    let tls = Some(shown.tls().unwrap());
    tokio::spawn(listen::serve(listener, tls, router, std::future::pending()));

    let mut open = world.connect(address).await;
    let first = presented(&open);
    let own = |world: &Installed| {
        let read = |view: View<'_>| view.own_certificate(SITE);
        world.registrar.store().read(read).unwrap().unwrap()
    };
    let ends = own(&world).not_after;
    let until = |at: Timestamp| at.duration_since(world.registrar.now());
    world.clock.turn(until(ends - DAY * 60) - SECOND);
    keeper.renew_site(&world.registrar, Some(&shown)).await.unwrap();
    assert_eq!(presented(&world.connect(address).await), first, "not due yet");
    world.clock.turn(SECOND);
    keeper.renew_site(&world.registrar, Some(&shown)).await.unwrap();
    let second = presented(&world.connect(address).await);
    assert_ne!(second, first);
    assert_eq!(own(&world).serial, second, "it is on record");
    keeper.renew_site(&world.registrar, Some(&shown)).await.unwrap();
    assert_eq!(presented(&world.connect(address).await), second, "once");
    world.clock.turn(until(ends) + SECOND);
    assert!(ask(&mut world.connect(address).await).await.starts_with("HTTP/1.1 200"));
    assert!(ask(&mut open).await.starts_with("HTTP/1.1 200"), "open all the time");

    // A copy of the database that must not be believed signs nothing.
    let ends = own(&world).not_after;
    world.registrar.distrust("a test".to_owned());
    world.clock.turn(until(ends - DAY));
    keeper.renew_site(&world.registrar, Some(&shown)).await.unwrap();
    assert_eq!(presented(&world.connect(address).await), second);
}

/// Server and gateway as they run, over the wire between them.
#[tokio::test]
async fn a_gateway_that_reports_is_handed_its_certificate_renewed() {
    let world = Installed::new().await;
    let (keyring, names) = (world.registrar.keyring(), world.keeper(true).site_names);
    let service = keyring.service(&world.key).unwrap().clone();
    let (own, key) = world
        .dir
        .server_certificate(
            &world.registrar,
            &service,
            &world.passphrase,
            &SystemEntropy,
            "gateway-site.example",
            names,
        )
        .await
        .unwrap();
    world.clock.turn(own.not_after.duration_since(world.registrar.now()) - DAY * 59);

    let listener = listen::bind(([127, 0, 0, 1], 0).into(), "a test").await.unwrap();
    let status = format!("http://{}", listener.local_addr().unwrap());
    let (_news, watching) = watch::channel(0);
    let (distrust, _) = watch::channel(None);
    let router = status::router(Status::new(world.registrar.clone(), watching, distrust));
    tokio::spawn(listen::serve(listener, None, router, std::future::pending()));
    let both = |text: &str| tegata_gateway::Bilingual::new(text, text);
    let state = tempfile::tempdir().unwrap();
    let config = tegata_gateway::Config {
        listen: ([127, 0, 0, 1], 0).into(),
        identity: tegata_gateway::Identity {
            chain: [&own.der[..], service.issuer_of(&own)]
                .map(|der| CertificateDer::from(der.to_vec()))
                .to_vec(),
            key: key.to_pkcs8().unwrap().to_vec().try_into().unwrap(),
        },
        state_dir: state.path().to_owned(),
        services: vec![tegata_gateway::ServiceConfig {
            key: world.key.clone(),
            path: "/cms".parse().unwrap(),
            upstream: "http://127.0.0.1:9".parse().unwrap(),
            organisation: both("Sample Bank, Ltd."),
            name: both("Sample"),
            contact: both("Desk"),
            site: None,
            zone: jiff::tz::TimeZone::UTC,
            feed: tegata_gateway::FeedConfig::new(
                format!("{status}/feed/{}", world.key).parse().unwrap(),
                *keyring.feed().public_key().last_chunk().unwrap(),
            ),
            reporting: tegata_gateway::Reporting::AsGateway,
        }],
        limits: tegata_gateway::Limits::default(),
    };
    let (clock, entropy) = (world.clock.clone(), Arc::new(SystemEntropy));
    let gateway = tegata_gateway::Gateway::bind(config, clock, entropy).await.unwrap();
    let address = gateway.local_addr();
    let serving = tokio::spawn(gateway.serve(std::future::pending()));
    assert_eq!(presented(&world.connect(address).await), own.serial);
    let renewed = tokio::time::timeout(Duration::from_secs(60), async {
        loop {
            let serial = presented(&world.connect(address).await);
            if serial != own.serial {
                return serial;
            }
            tokio::task::yield_now().await;
        }
    });
    let renewed = renewed.await.expect("shown without a restart");
    let read = |view: View<'_>| view.own_certificate("gateway-site.example");
    assert_eq!(world.registrar.store().read(read).unwrap().unwrap().serial, renewed);
    world.clock.turn(DAY * 60);
    assert_eq!(presented(&world.connect(address).await), renewed, "after the end of the first");
    serving.abort();
}

#[tokio::test]
async fn the_site_gets_another_certificate_when_its_names_change() {
    let world = Installed::new().await;
    let SiteCertificate { chain, key } = world.site_certificate().await;
    let shown = Shown::new(chain.clone(), &key).unwrap();
    let more = [world.keeper(true).site_names, vec![SubjectAltName::Ip([192, 0, 2, 1].into())]];
    let keeper = Keeper { site_names: more.concat(), ..world.keeper(true) };
    keeper.renew_site(&world.registrar, Some(&shown)).await.unwrap();
    assert!(!shown.is(&chain[0]));
    world.keeper(true).renew_site(&world.registrar, Some(&shown)).await.unwrap();
    assert!(!shown.is(&chain[0]), "one for more names does for fewer");
}
