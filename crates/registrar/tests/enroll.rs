//! Issuance, its refusals, and what is left when it is cut short.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use common::{World, request};
use jiff::SignedDuration;
use tegata_domain::{CertificateState, Reason, RevocationStatus};
use tegata_registrar::{Actor, EnrollError, StatusChange, Target};
use tegata_store::Store;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

#[tokio::test]
async fn a_proven_credential_gets_one_certificate() {
    let world = World::new().await;
    let issued = world.enroll(&request()).await.unwrap();
    let on_record = world.certificates();
    assert_eq!(on_record.len(), 1);
    assert_eq!(on_record[0].der.as_deref(), Some(&issued.certificate[..]));
    assert!(matches!(on_record[0].certificate.state, CertificateState::Issued { .. }));
    let audit = world.audit();
    let intended = audit.iter().position(|action| action == "certificate.intended").unwrap();
    let recorded = audit.iter().position(|action| action == "certificate.issued").unwrap();
    assert!(intended < recorded, "the intent comes first");
    assert_eq!(world.registrar.verify_audit().unwrap().faults, []);
}

#[tokio::test]
async fn nothing_of_the_request_but_its_key_is_used() {
    use x509_cert::der::{Decode, Encode};
    let world = World::new().await;
    let issued = world.enroll(&request()).await.unwrap();
    let tbs = x509_cert::Certificate::from_der(&issued.certificate).unwrap().tbs_certificate;
    assert_eq!(tbs.subject.to_string(), "CN=CMSM950-006-401,O=Sample Trading");
    let octets = tbs.to_der().unwrap();
    assert!(!octets.windows(12).any(|window| window == b"evil.example"));
}

#[tokio::test]
async fn the_same_request_gets_the_same_certificate_for_24_hours() {
    let world = World::new().await;
    let request = request();
    let first = world.enroll(&request).await.unwrap();
    world.clock.turn(HOUR * 24);
    assert_eq!(world.enroll(&request).await.unwrap(), first);
    world.clock.turn(SignedDuration::from_secs(1));
    assert!(matches!(world.enroll(&request).await, Err(EnrollError::Refused)));
    assert_eq!(world.certificates().len(), 1);
}

#[tokio::test]
async fn the_same_request_at_the_same_time_gets_the_same_certificate() {
    let world = World::new().await;
    let request = request();
    let one = || world.enroll(&request);
    let (a, b, c, d) = tokio::join!(one(), one(), one(), one());
    let first = a.unwrap();
    for other in [b, c, d] {
        assert_eq!(other.unwrap(), first);
    }
    assert_eq!(world.certificates().len(), 1);
}

#[tokio::test]
async fn two_keys_at_the_same_time_get_one_certificate() {
    let world = World::new().await;
    let (one, two) = (request(), request());
    let (a, b) = tokio::join!(world.enroll(&one), world.enroll(&two));
    assert_eq!(u8::from(a.is_ok()) + u8::from(b.is_ok()), 1);
    assert_eq!(world.certificates().len(), 1);
}

#[tokio::test]
async fn a_consumed_credential_refuses_a_second_key() {
    let world = World::new().await;
    world.enroll(&request()).await.unwrap();
    assert!(matches!(world.enroll(&request()).await, Err(EnrollError::Refused)));
}

#[tokio::test]
async fn five_wrong_passwords_lock_and_unlocking_keeps_the_password() {
    let world = World::new().await;
    let user_id = world.seats[0].0.clone();
    let request = request();
    for _ in 0..5 {
        let wrong = world.enroll_as(user_id.as_str(), "0000-0000-0000-0000", &request).await;
        assert!(matches!(wrong, Err(EnrollError::Refused)));
    }
    assert!(matches!(world.enroll(&request).await, Err(EnrollError::Refused)), "locked");
    let operator = Actor::Operator("test".to_owned());
    world.registrar.unlock(operator, world.service.id, user_id).await.unwrap();
    world.enroll(&request).await.unwrap();
}

#[tokio::test]
async fn a_success_between_failures_starts_the_count_anew() {
    let world = World::new().await;
    let user_id = world.seats[0].0.to_string();
    for _ in 0..4 {
        let _ = world.enroll_as(&user_id, "0000-0000-0000-0000", &request()).await;
    }
    world.enroll(&request()).await.unwrap();
}

#[tokio::test]
async fn an_unused_credential_lapses_on_the_second() {
    let world = World::new().await;
    world.clock.turn(HOUR * (24 * 90));
    assert!(matches!(world.enroll(&request()).await, Err(EnrollError::Refused)));
    let world = World::new().await;
    world.clock.turn(HOUR * (24 * 90) - SignedDuration::from_secs(1));
    world.enroll(&request()).await.unwrap();
}

#[tokio::test]
async fn every_refusal_of_a_credential_looks_and_writes_the_same() {
    let world = World::new().await;
    let (user_id, password) = (world.seats[0].0.to_string(), world.seats[0].1.reveal());
    let before = world.audit().len();
    let request = request();
    for (user_id, password) in [
        ("NO-SUCH-USER", password.as_str()),
        ("(&(cn=*))", password.as_str()),
        (user_id.as_str(), "0000-0000-0000-0000"),
        (user_id.as_str(), "not even a password"),
    ] {
        let refused = world.enroll_as(user_id, password, &request).await.unwrap_err();
        assert!(matches!(refused, EnrollError::Refused));
    }
    let refusals = &world.audit()[before..];
    assert_eq!(refusals, ["issuance.refused"; 4], "one entry each");
}

#[tokio::test]
async fn a_bad_key_tells_nothing_of_a_locked_password() {
    let world = World::new().await;
    let user_id = world.seats[0].0.to_string();
    assert!(matches!(world.enroll(b"no request").await, Err(EnrollError::Request(_))));
    for _ in 0..5 {
        let _ = world.enroll_as(&user_id, "0000-0000-0000-0000", b"no request").await;
    }
    assert!(matches!(world.enroll(b"no request").await, Err(EnrollError::Refused)));
}

#[tokio::test]
async fn the_key_of_another_seat_is_refused() {
    let world = World::new().await;
    let request = request();
    world.enroll(&request).await.unwrap();
    let (user_id, password) = &world.seats[1];
    let taken = world.enroll_as(user_id.as_str(), &password.reveal(), &request).await;
    assert!(matches!(taken, Err(EnrollError::KeyTaken)));
}

#[tokio::test]
async fn a_reissue_revokes_the_older_certificate() {
    let world = World::new().await;
    let old = world.enroll(&request()).await.unwrap();
    let user_id = world.seats[0].0.clone();
    let operator = Actor::Operator("test".to_owned());
    let policy = world.service.credential;
    let seat = world.registrar.reset(operator, world.service.id, user_id, policy).await.unwrap();
    let new =
        world.enroll_as(seat.user_id.as_str(), &seat.password.reveal(), &request()).await.unwrap();
    let on_record = world.read(|view| view.certificate(old.serial)).unwrap();
    assert!(matches!(
        on_record.certificate.state,
        CertificateState::Revoked { reason: Reason::Superseded, .. }
    ));
    let feed = world.registrar.feed(&world.service, 0, 100).unwrap().unwrap();
    assert_eq!(feed.changes, [(old.serial, RevocationStatus::Revoked)]);
    assert_ne!(old.serial, new.serial);
}

#[tokio::test]
async fn a_key_that_cannot_sign_costs_the_user_nothing() {
    let world = World::new().await;
    let request = request();
    *world.issuing_key.pulled.lock().unwrap() = true;
    assert!(matches!(world.enroll(&request).await, Err(EnrollError::Sign(_))));
    *world.issuing_key.pulled.lock().unwrap() = false;
    world.enroll(&request).await.unwrap();
    let states: Vec<_> = world.certificates().iter().map(|c| c.certificate.state).collect();
    assert!(matches!(states[..], [CertificateState::Void { .. }, CertificateState::Issued { .. }]));
}

/// What a crash between the two commits leaves is an intent; the next start settles it.
#[tokio::test]
async fn an_intent_without_certificate_is_void_after_the_next_start() {
    let world = World::new().await;
    let seat = world.read(|view| view.seat(world.service.id, &world.seats[0].0)).unwrap();
    let now = world.registrar.now();
    let certificate = tegata_domain::Certificate {
        serial: tegata_domain::Serial::from_octets(&[0x41; 16]).unwrap(),
        validity: tegata_domain::Validity { not_before: now, not_after: now + HOUR },
        state: CertificateState::Planned { at: now },
    };
    let intent = tegata_store::NewIntent {
        certificate,
        authority: world.service.issuing[0].id,
        shard: tegata_store::Shard { number: 1, address: "http://x/1.crl".to_owned() },
        seat: seat.id,
        key_hash: tegata_domain::KeyHash([7; 32]),
        tbs_hash: [7; 32],
        replaces: None,
    };
    let another_process = Store::open(&world.database).unwrap();
    another_process.write(move |tx| tx.insert_intent(&intent)).await.unwrap();
    assert!(matches!(world.enroll(&request()).await, Err(EnrollError::UnderWay)));
    assert_eq!(world.registrar.settle().await.unwrap(), [certificate.serial]);
    assert_eq!(world.registrar.settle().await.unwrap(), []);
    world.enroll(&request()).await.unwrap();
    let feed = world.registrar.feed(&world.service, 0, 100).unwrap().unwrap();
    assert_eq!(feed.changes, [(certificate.serial, RevocationStatus::Revoked)]);
}

#[tokio::test]
async fn passwords_never_reach_the_database() {
    let world = World::new().await;
    let request = request();
    world.enroll(&request).await.unwrap();
    let _ = world.enroll_as("CMSM950-006-402", "WRNG-WRNG-WRNG-WRNG", &request).await;
    let mut octets = std::fs::read(&world.database).unwrap();
    octets.extend(std::fs::read(world.database.with_extension("db-wal")).unwrap());
    for secret in [world.seats[0].1.reveal(), "WRNGWRNG".to_owned(), "WRNG-WRNG".to_owned()] {
        let plain = secret.replace('-', "");
        for secret in [secret.as_bytes(), plain.as_bytes()] {
            assert!(!octets.windows(secret.len()).any(|window| window == secret));
        }
    }
}

#[tokio::test]
async fn a_compromised_key_is_never_certified_again() {
    let world = World::new().await;
    let request = request();
    world.enroll(&request).await.unwrap();
    let user_id = world.seats[0].0.clone();
    let operator = || Actor::Operator("test".to_owned());
    let revoke = StatusChange::Revoke(Reason::KeyCompromise);
    let target = Target::UserId(user_id.clone());
    world.registrar.change_status(operator(), world.service.id, target, revoke).await.unwrap();
    let repeated = world.enroll(&request).await;
    assert!(matches!(repeated, Err(EnrollError::Refused)), "what was revoked is not given out");
    let policy = world.service.credential;
    let seat = world.registrar.reset(operator(), world.service.id, user_id, policy).await.unwrap();
    let again = world.enroll_as(seat.user_id.as_str(), &seat.password.reveal(), &request).await;
    assert!(matches!(again, Err(EnrollError::KeyBlocked(_))));
}
