//! What `tegata status` says that somebody should look at.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::World;
use jiff::{SignedDuration, Timestamp};
use tegata_ca::{KeyKind, Signer, SoftwareKey, SubjectAltName};
use tegata_domain::Serial;
use tegata_registrar::{GATEWAY_GONE, SignedReport};
use tegata_store::GatewayReport;

const SECOND: SignedDuration = SignedDuration::from_secs(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

impl World {
    async fn own(&self, purpose: &str) -> (Serial, Timestamp, SoftwareKey) {
        let key = SoftwareKey::generate(KeyKind::EcP256).unwrap();
        let names = vec![SubjectAltName::Dns("gw.example".to_owned())];
        let (service, spki) = (&self.service, key.public_key());
        let own = self.registrar.certify_server(service, purpose, names, spki).await.unwrap();
        (own.serial, own.not_after, key)
    }

    async fn report(&self, (gateway, _, key): &(Serial, Timestamp, SoftwareKey)) {
        let (sent_at, message) = (self.registrar.now(), b"a report".to_vec());
        let sequence = u64::try_from(sent_at.as_second()).unwrap();
        let report = SignedReport {
            gateway: GatewayReport { gateway: *gateway, sequence, sent_at, position: 0 },
            uses: Vec::new(),
            signature: key.sign(&message).unwrap(),
            message,
        };
        self.registrar.take_report(&self.service, report).await.unwrap();
    }

    /// Whose certificates somebody should look at.
    fn ending(&self) -> Vec<String> {
        let service = self.registrar.choose_service(None).unwrap();
        let attention = self.registrar.standing(&service, 90).unwrap().attention;
        let whose = |said: &String| {
            let (_, rest) = said.split_once("the certificate of ")?;
            Some(rest.split_once(" ends at ")?.0.to_owned())
        };
        attention.iter().filter_map(whose).collect()
    }
}

#[tokio::test]
async fn servers_whose_certificates_end_in_thirty_days_are_named() {
    let world = World::new().await;
    let (_, ends, _) = world.own("site").await;
    let quiet = world.own("gateway-quiet").await;
    let gone = world.own("gateway-gone").await;
    assert_eq!((quiet.1, gone.1), (ends, ends));
    world.turn_to(ends - DAY * 60);
    world.report(&gone).await;
    world.turn_to(ends - DAY * 30 - SECOND);
    assert_eq!(world.ending(), [""; 0]);
    assert!(DAY * 30 <= GATEWAY_GONE);
    world.turn_to(ends - DAY * 30 + SECOND);
    assert_eq!(world.ending(), ["the issuing site", "gateway-quiet"], "the third is taken away");
    world.own("site").await;
    world.report(&quiet).await;
    let renewed = world.own("gateway-quiet").await;
    assert_eq!(world.ending(), ["gateway-quiet"], "until the new one is in its place");
    world.clock.turn(SECOND);
    world.report(&renewed).await;
    assert_eq!(world.ending(), [""; 0]);
}
