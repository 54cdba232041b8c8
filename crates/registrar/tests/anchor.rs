//! An old copy of the database is put in place of the new one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use common::{World, request};
use tegata_domain::{CertificateState, Reason, RevocationStatus};
use tegata_registrar::{Actor, AnchorHead, AnchorLine, Rollback, StatusChange, Target};
use tegata_store::{CrlScope, StoreError};

fn operator() -> Actor {
    Actor::Operator("test".to_owned())
}

fn lines(world: &World) -> Vec<AnchorLine> {
    let (from, mut all) = (AnchorHead::default(), Vec::new());
    let to = world.registrar.anchor_head().unwrap();
    let take = |lines| {
        all.extend::<Vec<_>>(lines);
        Ok::<_, StoreError>(())
    };
    world.registrar.anchor_lines(&from, &to, take).unwrap();
    all
}

async fn revoke(world: &World, seat: usize) {
    let target = Target::UserId(world.seats[seat].0.clone());
    let change = StatusChange::Revoke(Reason::KeyCompromise);
    world.registrar.change_status(operator(), world.service.id, target, change).await.unwrap();
}

#[tokio::test]
async fn nothing_revoked_comes_back_with_an_old_database() {
    let world = World::new().await;
    let kept = world.enroll(&request()).await.unwrap();
    world.registrar.publish().await.unwrap();
    let old = world.copy();
    assert_eq!(world.registrar.check_anchor(&AnchorHead::default()).unwrap(), Ok(()));

    // After the copy: one revoked, one issued, one issued and revoked.
    revoke(&world, 0).await;
    let (user_id, password) = &world.seats[1];
    let issued = world.enroll_as(user_id.as_str(), &password.reveal(), &request()).await.unwrap();
    let (user_id, password) = &world.seats[2];
    let both = world.enroll_as(user_id.as_str(), &password.reveal(), &request()).await.unwrap();
    revoke(&world, 2).await;
    world.registrar.publish().await.unwrap();
    let (anchor, lines) = (world.registrar.anchor_head().unwrap(), lines(&world));
    assert_eq!(world.registrar.check_anchor(&anchor).unwrap(), Ok(()));
    let scope = CrlScope { authority: world.service.issuing[0].id, shard: 1 };
    let number = world.read(|view| view.published_crl(scope, false)).unwrap().number;

    let world = world.on_database(&old);
    let refused = world.registrar.check_anchor(&anchor).unwrap();
    assert!(matches!(refused, Err(Rollback::Behind { .. })), "{refused:?}");
    let accepted =
        world.registrar.accept_rollback(operator(), anchor.clone(), lines).await.unwrap();
    assert_eq!(accepted.renewed, [kept.serial]);
    assert_eq!(accepted.unaccounted, [issued.serial, both.serial]);
    assert_eq!(world.registrar.check_anchor(&anchor).unwrap(), Ok(()), "declared lost");

    let state = world.read(|view| view.certificate(kept.serial)).unwrap().certificate.state;
    let CertificateState::Revoked { reason: Reason::KeyCompromise, .. } = state else {
        panic!("{state:?}")
    };
    world.registrar.publish().await.unwrap();
    let crl = world.read(|view| view.published_crl(scope, false)).unwrap();
    assert_eq!(crl.entries, 3);
    assert!(crl.number > number, "no CRL number twice");
    // A gateway that had read everything reads on from its position and gets all of it again.
    let feed = world.registrar.feed(&world.service, anchor.position, 100).unwrap().unwrap();
    let mut told: Vec<_> = feed
        .changes
        .iter()
        .map(|(serial, status)| {
            assert_eq!(*status, RevocationStatus::Revoked);
            *serial
        })
        .collect();
    told.sort();
    let mut expected = vec![kept.serial, issued.serial, both.serial];
    expected.sort();
    assert_eq!(told, expected);
    // Life goes on: the second seat issues again with the same password.
    let (user_id, password) = &world.seats[1];
    world.enroll_as(user_id.as_str(), &password.reveal(), &request()).await.unwrap();
    assert_eq!(world.registrar.verify_audit().unwrap().faults, []);
}

#[tokio::test]
async fn a_database_that_took_another_way_is_refused() {
    let world = World::new().await;
    let old = world.copy();
    world.enroll(&request()).await.unwrap();
    let anchor = world.registrar.anchor_head().unwrap();
    let world = world.on_database(&old);
    // As many entries, but others.
    while world.registrar.anchor_head().unwrap().audit_seq <= anchor.audit_seq {
        let _ = world.enroll_as("CMSM950-006-401", "wrong", &request()).await;
    }
    let refused = world.registrar.check_anchor(&anchor).unwrap();
    assert_eq!(refused, Err(Rollback::Another { at: anchor.audit_seq }));
}

#[tokio::test]
async fn lines_survive_being_written_and_read() {
    let world = World::new().await;
    world.enroll(&request()).await.unwrap();
    revoke(&world, 0).await;
    let lines = lines(&world);
    assert_eq!(lines.len(), 2, "{lines:?}");
    for line in &lines {
        let text = serde_json::to_string(line).unwrap();
        assert_eq!(serde_json::from_str::<AnchorLine>(&text).unwrap(), *line);
    }
}

/// What was accepted once is no excuse for the next time, whatever numbers were used since.
#[tokio::test]
async fn a_second_rollback_is_noticed_like_the_first() {
    let world = World::new().await;
    let old = world.copy();
    world.enroll(&request()).await.unwrap();
    let (anchor, lines) = (world.registrar.anchor_head().unwrap(), lines(&world));
    let world = world.on_database(&old);
    world.registrar.accept_rollback(operator(), anchor.clone(), lines).await.unwrap();
    assert_eq!(world.registrar.check_anchor(&anchor).unwrap(), Ok(()), "accepted");

    let later = world.copy();
    world.enroll(&request()).await.unwrap();
    revoke(&world, 0).await;
    let anchor = world.registrar.anchor_head().unwrap();
    let world = world.on_database(&later);
    let refused = world.registrar.check_anchor(&anchor).unwrap();
    assert!(matches!(refused, Err(Rollback::Behind { .. })), "{refused:?}");
    // And a copy of before the first one.
    let world = world.on_database(&old);
    let older = AnchorHead { epoch: 2, ..anchor };
    assert!(world.registrar.check_anchor(&older).unwrap().is_err());
}

/// A CA that was revoked stays so, and a compromised key is never certified.
#[tokio::test]
async fn revoked_authorities_and_compromised_keys_do_not_come_back_either() {
    let world = World::new().await;
    let old = world.copy();
    let stolen = request();
    world.enroll(&stolen).await.unwrap();
    revoke(&world, 0).await;
    let (mut anchor, lines) = (world.registrar.anchor_head().unwrap(), lines(&world));
    let at = world.registrar.now();
    anchor.ended.insert("SB0001002C".to_owned(), (at, Some(Reason::KeyCompromise)));
    let world = world.on_database(&old);
    let accepted = world.registrar.accept_rollback(operator(), anchor, lines).await.unwrap();
    assert_eq!(accepted.ended, ["SB0001002C"]);
    let record = world.registrar.authorities().unwrap().remove(1);
    assert_eq!(record.revoked_reason, Some(Reason::KeyCompromise));
    let refused = world.enroll(&stolen).await.unwrap_err().to_string();
    assert!(refused.contains("keyCompromise") || refused.contains("no CA"), "{refused}");
}

#[tokio::test]
async fn what_the_log_says_is_revoked_and_the_tables_do_not_is_named() {
    let world = World::new().await;
    let issued = world.enroll(&request()).await.unwrap();
    revoke(&world, 0).await;
    assert_eq!(world.registrar.verify_audit().unwrap().unrevoked, []);
    let back = tegata_domain::Certificate {
        serial: issued.serial,
        validity: issued.validity,
        state: CertificateState::Issued { at: world.registrar.now() },
    };
    world.registrar.store().write(move |tx| tx.set_certificate(&back)).await.unwrap();
    assert_eq!(world.registrar.verify_audit().unwrap().unrevoked, [issued.serial]);
}
