//! A gateway's own certificate is renewed when it reports in the last 60 days of it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use std::process::Command;

use common::World;
use jiff::SignedDuration;
use tegata_ca::{
    KeyKind, Signer, SoftwareKey, SubjectAltName, alt_names_of, public_key_of, serial_of,
};
use tegata_domain::Serial;
use tegata_store::OwnCertificate;

const SECOND: SignedDuration = SignedDuration::from_secs(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

fn names() -> Vec<SubjectAltName> {
    let ip = |text: &str| SubjectAltName::Ip(text.parse().unwrap());
    vec![SubjectAltName::Dns("gw.example".to_owned()), ip("192.0.2.7"), ip("2001:db8::7")]
}

impl World {
    async fn gateway(&self, key: &SoftwareKey) -> OwnCertificate {
        let (service, spki) = (&self.service, key.public_key());
        self.registrar.certify_server(service, "gateway-gw.example", names(), spki).await.unwrap()
    }

    async fn next(&self, gateway: Serial) -> Option<[Vec<u8>; 2]> {
        self.registrar.renew_gateway(&self.service, gateway).await.unwrap()
    }
}

fn key() -> SoftwareKey {
    SoftwareKey::generate(KeyKind::EcP256).unwrap()
}

/// What OpenSSL reads in a certificate.
fn openssl(der: &[u8], what: &[&str]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("x.der");
    std::fs::write(&file, der).unwrap();
    let mut command = Command::new("openssl");
    command.args(["x509", "-inform", "DER", "-noout", "-in"]).arg(&file);
    let ran = command.args(what).output().unwrap();
    assert!(ran.status.success());
    String::from_utf8(ran.stdout).unwrap()
}

#[tokio::test]
async fn it_is_renewed_on_its_key_and_names_from_the_sixtieth_day_on_and_once() {
    let (world, key) = (World::new().await, key());
    let old = world.gateway(&key).await;
    world.turn_to(old.not_after - DAY * 60 - SECOND);
    assert_eq!(world.next(old.serial).await, None);
    world.turn_to(old.not_after - DAY * 60);
    let [leaf, issuer] = world.next(old.serial).await.unwrap();
    assert_eq!(public_key_of(&leaf).unwrap(), key.public_key());
    assert_eq!(alt_names_of(&leaf), Some(names()));
    let what = ["-ext", "subjectAltName,extendedKeyUsage,keyUsage", "-subject", "-pubkey"];
    assert_eq!(openssl(&leaf, &what), openssl(&old.der, &what), "the same in every word");
    assert_eq!(issuer, world.service.issuer_of(&old));
    let new = serial_of(&leaf).unwrap();
    assert_ne!(new, old.serial);
    assert_eq!(world.next(old.serial).await, Some([leaf.clone(), issuer]), "no third one");
    assert_eq!(world.next(new).await, None, "its own time is far");
    let issued = |action: &&String| action.as_str() == "server_certificate.issued";
    assert_eq!(world.audit().iter().filter(issued).count(), 2);

    // Another gateway of the same name has another key, and gets its own.
    let own = self::key();
    let other = world.gateway(&own).await;
    world.turn_to(other.not_after - DAY);
    let [theirs, _] = world.next(other.serial).await.unwrap();
    assert_eq!(public_key_of(&theirs).unwrap(), own.public_key());
}

#[tokio::test]
async fn what_is_no_gateways_is_not_renewed_on_a_report() {
    let (world, key) = (World::new().await, key());
    let old = world.gateway(&key).await;
    let site = world.registrar.certify_server(&world.service, "site", names(), key.public_key());
    let site = site.await.unwrap();
    world.turn_to(old.not_after - DAY);
    assert_eq!(world.next(site.serial).await, None, "the server renews that by itself");
    assert_eq!(world.next(Serial::from_octets(&[7; 16]).unwrap()).await, None);
}
