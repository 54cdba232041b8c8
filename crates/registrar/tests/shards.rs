//! Shards, deltas and OCSP answers, as their readers see them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use common::{World, request, settings};
use jiff::SignedDuration;
use tegata_ca::{CaCertificate, KeyKind, ReadCrl};
use tegata_domain::{Reason, Serial};
use tegata_registrar::{ProfileSettings, ServiceSettings, StatusChange};
use tegata_store::{CrlScope, PublishedCrl};
use x509_cert::Certificate;
use x509_cert::der::Decode;

impl World {
    fn scope(&self, shard: u32) -> CrlScope {
        CrlScope { authority: self.service.issuing[0].id, shard }
    }

    fn published(&self, shard: u32, delta: bool) -> Option<PublishedCrl> {
        self.read(|view| view.published_crl(self.scope(shard), delta))
    }

    fn listed(&self, shard: u32, delta: bool) -> Vec<(Serial, Reason)> {
        let der = self.published(shard, delta).unwrap().der;
        let issuer = self.service.issuing[0].authority.certificate();
        let crl = ReadCrl::parse(&der, &CaCertificate::parse(issuer).unwrap()).unwrap();
        crl.entries.iter().map(|entry| (entry.serial, entry.reason)).collect()
    }

    async fn issue(&self, seat: usize) -> (Serial, Vec<u8>) {
        let (user_id, password) = &self.seats[seat];
        let issued =
            self.enroll_as(user_id.as_str(), &password.reveal(), &request()).await.unwrap();
        (issued.serial, issued.certificate)
    }
}

/// The octets of an address in a certificate or CRL.
fn mentions(der: &[u8], text: &str) -> bool {
    der.windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test]
async fn a_certificate_keeps_its_shard_and_a_full_shard_is_followed_by_the_next() {
    let mut settings = settings();
    settings.crl_shard_size = 2;
    let world = World::with(settings).await;
    let mut serials = Vec::new();
    for seat in 0..3 {
        let (serial, der) = world.issue(seat).await;
        let shard = if seat < 2 { 1 } else { 2 };
        let address = format!("http://status.example/crl/SB0001002C/{shard}.crl");
        assert!(mentions(&der, &address), "seat {seat}");
        serials.push(serial);
    }
    world.registrar.publish().await.unwrap();
    world.change(serials[2], StatusChange::Revoke(Reason::KeyCompromise)).await;
    let before = world.published(1, false).unwrap().number;
    world.registrar.publish_changes(0).await.unwrap();
    assert_eq!(world.listed(2, false), [(serials[2], Reason::KeyCompromise)]);
    assert_eq!(world.listed(1, false), []);
    assert_eq!(world.published(1, false).unwrap().number, before, "nothing changed there");
    let crl = world.published(2, false).unwrap().der;
    assert!(mentions(&crl, "http://status.example/crl/SB0001002C/2.crl"), "its own address");
    assert!(mentions(&crl, "http://status.example/crl/SB0001002C/2/delta.crl"));
    assert!(world.published(0, false).is_none(), "no certificate asks for a CRL over everything");
}

#[tokio::test]
async fn deltas_say_what_changed_since_their_base() {
    let world = World::new().await;
    let (first, _) = world.issue(0).await;
    let (second, _) = world.issue(1).await;
    world.change(first, StatusChange::Hold).await;
    world.registrar.publish().await.unwrap();
    assert_eq!(world.listed(1, false), [(first, Reason::CertificateHold)]);
    assert_eq!(world.listed(1, true), [], "the base says it");
    world.change(second, StatusChange::Revoke(Reason::Superseded)).await;
    world.registrar.publish_changes(0).await.unwrap();
    assert_eq!(world.listed(1, true), [(second, Reason::Superseded)]);
    world.change(first, StatusChange::Release).await;
    world.registrar.publish_changes(0).await.unwrap();
    assert_eq!(world.listed(1, false), [(second, Reason::Superseded)]);
    let delta = world.published(1, true).unwrap();
    assert_eq!(delta.entries, 2, "the released one is named for those who hold the base");
    let numbers = [world.published(1, false).unwrap().number, delta.number];
    assert!(numbers[1] > numbers[0], "{numbers:?}");
    // A day later the base moves on.
    world.clock.turn(SignedDuration::from_hours(25));
    world.registrar.publish().await.unwrap();
    assert_eq!(world.published(1, true).unwrap().entries, 0);
}

#[tokio::test]
async fn new_addresses_begin_a_new_shard_and_old_certificates_keep_theirs() {
    let world = World::new().await;
    let (first, _) = world.issue(0).await;
    let mut changed = settings();
    changed.status_url = "http://other.example".to_owned();
    let world = world.reopened(changed);
    let (_, second) = world.issue(1).await;
    assert!(mentions(&second, "http://other.example/crl/SB0001002C/2.crl"));
    world.change(first, StatusChange::Revoke(Reason::Unspecified)).await;
    world.registrar.publish().await.unwrap();
    assert_eq!(world.listed(1, false).len(), 1);
    let crl = world.published(1, false).unwrap().der;
    assert!(mentions(&crl, "http://status.example/crl/SB0001002C/1.crl"));
    assert!(!mentions(&crl, "http://other.example"));
}

fn question(issuer: &[u8], serial: Serial) -> Vec<u8> {
    tegata_ca::ocsp_question(issuer, serial).unwrap()
}

/// What an answer says: `good`, `revoked` or `unknown`.
fn said(der: &[u8]) -> &'static str {
    use x509_ocsp::{BasicOcspResponse, CertStatus, OcspResponse};
    let bytes = OcspResponse::from_der(der).unwrap().response_bytes.unwrap();
    let basic = BasicOcspResponse::from_der(bytes.response.as_bytes()).unwrap();
    match basic.tbs_response_data.responses[0].cert_status {
        CertStatus::Good(_) => "good",
        CertStatus::Revoked(_) => "revoked",
        CertStatus::Unknown(_) => "unknown",
    }
}

#[tokio::test]
async fn answers_are_signed_once_until_something_changes() {
    let world = World::new().await;
    let (serial, _) = world.issue(0).await;
    world.registrar.renew_responders().await.unwrap();
    let ca = &world.service.issuing[0];
    let request = question(ca.authority.certificate(), serial);
    let ask = || world.registrar.answer(ca, &request).unwrap();
    let (first, again) = (ask(), ask());
    assert_eq!(said(&first.answer.der), "good");
    assert!(std::sync::Arc::ptr_eq(&first, &again), "the same answer");
    world.change(serial, StatusChange::Revoke(Reason::KeyCompromise)).await;
    world.registrar.refresh_answers(0).unwrap();
    let after = ask();
    assert_eq!(said(&after.answer.der), "revoked");
    assert_ne!(after.etag, first.etag);
    // Half of its life later it is signed anew.
    world.clock.turn(SignedDuration::from_mins(31));
    assert!(ask().answer.this_update > after.answer.this_update);
    let unknown = question(ca.authority.certificate(), Serial::from_octets(&[9; 16]).unwrap());
    assert_eq!(said(&world.registrar.answer(ca, &unknown).unwrap().answer.der), "unknown");
}

/// Two weeks and a key like the CA's, unless the service's profile says otherwise.
#[tokio::test]
async fn a_responder_is_what_its_profile_says() {
    let mut set = settings();
    let default = set.profiles.clone();
    set.profiles.ocsp_responder = Some(ProfileSettings {
        lifetime_days: Some(4),
        backdate_minutes: Some(0),
        keys: Some(vec!["ec-p384".to_owned()]),
        ..Default::default()
    });
    for (profiles, days, minutes, kind) in
        [(default, 14, 5, KeyKind::EcP256), (set.profiles.clone(), 4, 0, KeyKind::EcP384)]
    {
        let world = World::with(ServiceSettings { profiles, ..set.clone() }).await;
        world.registrar.renew_responders().await.unwrap();
        let own = world.read(|view| view.own_certificate("ocsp")).unwrap();
        let tbs = Certificate::from_der(&own.der).unwrap().tbs_certificate;
        assert_eq!(tbs.subject.to_string(), "CN=SB0001002C OCSP");
        let lasts =
            tbs.validity.not_after.to_unix_duration() - tbs.validity.not_before.to_unix_duration();
        assert_eq!(lasts.as_secs(), days * 86_400 + minutes * 60);
        let spki = tegata_ca::public_key_of(&own.der).unwrap();
        assert_eq!(tegata_ca::key_kind(&spki), Some(kind));
        assert_eq!(world.registrar.renew_responders().await.unwrap(), 0, "fresh");
        world.clock.turn(SignedDuration::from_secs((days * 43_200 + 1) as i64));
        assert_eq!(world.registrar.renew_responders().await.unwrap(), 1, "past half its life");
    }
}

#[tokio::test]
async fn responders_renew_themselves_before_they_end() {
    let world = World::new().await;
    assert_eq!(world.registrar.renew_responders().await.unwrap(), 1);
    assert_eq!(world.registrar.renew_responders().await.unwrap(), 0, "fresh");
    world.clock.turn(SignedDuration::from_hours(24 * 8));
    assert_eq!(world.registrar.renew_responders().await.unwrap(), 1);
    // The CA's key is away, and then for too long.
    *world.issuing_key.pulled.lock().unwrap() = true;
    world.clock.turn(SignedDuration::from_hours(24 * 8));
    assert!(world.registrar.renew_responders().await.is_err());
    let (serial, ca) = (Serial::from_octets(&[9; 16]).unwrap(), &world.service.issuing[0]);
    let request = question(ca.authority.certificate(), serial);
    assert!(world.registrar.answer(ca, &request).is_ok(), "the old one still holds");
    world.clock.turn(SignedDuration::from_hours(24 * 7));
    let late = world.registrar.answer(ca, &request).unwrap_err().to_string();
    assert_eq!(late, "no OCSP responder is ready");
    assert!(world.registrar.troubles().iter().any(|t| t.contains("no OCSP responder")));
}
