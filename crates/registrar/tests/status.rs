//! Hold, release, revoke, and what is published of it.
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
use tegata_registrar::{Actor, StatusChange, Target, TargetError};
use tegata_store::CrlScope;
use x509_cert::crl::CertificateList;
use x509_cert::der::Decode;

fn operator() -> Actor {
    Actor::Operator("test".to_owned())
}

async fn change(world: &World, change: StatusChange) -> Result<usize, TargetError> {
    let target = Target::UserId(world.seats[0].0.clone());
    let changed =
        world.registrar.change_status(operator(), world.service.id, target, change).await?;
    Ok(changed.len())
}

fn shard(world: &World) -> CrlScope {
    CrlScope { authority: world.service.issuing[0].id, shard: 1 }
}

fn crl(world: &World) -> CertificateList {
    let crl = world.read(|view| view.published_crl(shard(world), false)).unwrap();
    CertificateList::from_der(&crl.der).unwrap()
}

fn listed(world: &World) -> usize {
    crl(world).tbs_cert_list.revoked_certificates.map_or(0, |list| list.len())
}

#[tokio::test]
async fn hold_release_revoke_in_feed_and_crl() {
    let world = World::new().await;
    let issued = world.enroll(&request()).await.unwrap();
    world.registrar.publish().await.unwrap();
    assert_eq!(listed(&world), 0);
    for (step, on_crl) in [
        (StatusChange::Hold, 1),
        (StatusChange::Release, 0),
        (StatusChange::Revoke(Reason::KeyCompromise), 1),
    ] {
        assert_eq!(change(&world, step).await.unwrap(), 1);
        world.registrar.publish().await.unwrap();
        assert_eq!(listed(&world), on_crl, "{step:?}");
    }
    let feed = world.registrar.feed(&world.service, 0, 100).unwrap().unwrap();
    use RevocationStatus::*;
    assert_eq!(feed.changes, [Held, Good, Revoked].map(|status| (issued.serial, status)));
    let again = change(&world, StatusChange::Revoke(Reason::Superseded)).await;
    assert!(matches!(again, Err(TargetError::AlreadyRevoked { .. })), "revoked is final");
    assert!(change(&world, StatusChange::Release).await.is_err());
}

#[tokio::test]
async fn what_stands_already_is_said_with_its_time() {
    let world = World::new().await;
    world.enroll(&request()).await.unwrap();
    let name = world.seats[0].0.clone();
    let now = world.registrar.now();
    let mut said = Vec::new();
    for step in
        [StatusChange::Release, StatusChange::Hold, StatusChange::Revoke(Reason::Superseded)]
    {
        let _ = change(&world, step).await;
        said.push(change(&world, step).await.unwrap_err().to_string());
    }
    assert_eq!(
        said,
        [
            format!("{name} is not on hold"),
            format!("{name} is already on hold since {now:.0}"),
            format!("{name} is already revoked since {now:.0} (superseded)"),
        ]
    );
}

#[tokio::test]
async fn crl_numbers_only_grow_and_nothing_is_made_without_need() {
    let world = World::new().await;
    world.enroll(&request()).await.unwrap();
    assert_eq!(world.registrar.publish().await.unwrap(), 3, "root, shard and its delta");
    assert_eq!(world.registrar.publish().await.unwrap(), 0);
    let number =
        |world: &World| world.read(|view| view.published_crl(shard(world), false)).unwrap().number;
    let first = number(&world);
    change(&world, StatusChange::Hold).await.unwrap();
    assert_eq!(world.registrar.publish().await.unwrap(), 2, "the shard and its delta");
    assert!(number(&world) > first);
    world.clock.turn(SignedDuration::from_hours(25));
    assert_eq!(world.registrar.publish().await.unwrap(), 3, "due by time");
    world.clock.turn(SignedDuration::from_hours(-48));
    assert_eq!(world.registrar.publish().await.unwrap(), 3, "made in what is now the future");
    assert!(number(&world) > first + 2);
}

#[tokio::test]
async fn a_revoked_certificate_stays_listed_until_a_crl_after_its_end() {
    let world = World::new().await;
    world.enroll(&request()).await.unwrap();
    change(&world, StatusChange::Revoke(Reason::KeyCompromise)).await.unwrap();
    world.registrar.publish().await.unwrap();
    world.clock.turn(SignedDuration::from_hours(24 * 365 + 1));
    world.registrar.publish().await.unwrap();
    assert_eq!(listed(&world), 1, "on one CRL beyond its end (RFC 5280 §3.3)");
    world.clock.turn(SignedDuration::from_hours(25));
    world.registrar.publish().await.unwrap();
    assert_eq!(listed(&world), 0);
}

#[tokio::test]
async fn what_does_not_exist_is_refused_by_name() {
    let world = World::new().await;
    let target: Target = "CMSM950-006-999".parse().unwrap();
    let error = world
        .registrar
        .change_status(operator(), world.service.id, target, StatusChange::Hold)
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "there is no user ID CMSM950-006-999");
    let target: Target = "41".repeat(16).parse().unwrap();
    assert!(matches!(target, Target::Serial(_)));
    let error = world
        .registrar
        .change_status(operator(), world.service.id, target, StatusChange::Hold)
        .await
        .unwrap_err();
    assert!(error.to_string().starts_with("there is no certificate 4141"));
}

#[tokio::test]
async fn a_held_certificate_is_replaced_by_a_reissue() {
    let world = World::new().await;
    let old = world.enroll(&request()).await.unwrap();
    change(&world, StatusChange::Hold).await.unwrap();
    let user_id = world.seats[0].0.clone();
    let policy = world.service.credential;
    let seat = world.registrar.reset(operator(), world.service.id, user_id, policy).await.unwrap();
    world.enroll_as(seat.user_id.as_str(), &seat.password.reveal(), &request()).await.unwrap();
    let record = world.read(|view| view.certificate(old.serial)).unwrap();
    assert!(matches!(record.certificate.state, CertificateState::Revoked { .. }));
    assert_eq!(change(&world, StatusChange::Hold).await.unwrap(), 1, "only the new one");
}

#[tokio::test]
async fn a_crl_made_while_the_clock_was_ahead_takes_nothing_off_the_list() {
    let world = World::new().await;
    world.enroll(&request()).await.unwrap();
    change(&world, StatusChange::Revoke(Reason::KeyCompromise)).await.unwrap();
    world.registrar.publish().await.unwrap();
    for ahead in [366, 2] {
        world.clock.turn(SignedDuration::from_hours(24 * ahead));
        world.registrar.publish().await.unwrap();
    }
    assert_eq!(listed(&world), 0, "as far as that clock knew");
    world.clock.turn(SignedDuration::from_hours(-24 * 368));
    world.registrar.publish().await.unwrap();
    assert_eq!(listed(&world), 1);
}

#[tokio::test]
async fn a_reader_who_knows_more_than_the_database_is_told_so() {
    let world = World::new().await;
    let behind = world.registrar.feed(&world.service, 7, 100).unwrap().unwrap_err();
    assert_eq!((behind.known, behind.position), (7, 0));
    assert!(world.registrar.feed(&world.service, u64::MAX, 100).unwrap().is_err());
}
