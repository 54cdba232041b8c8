//! What makes a node unready, and what does not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use std::sync::Arc;

use common::{World, request};
use jiff::SignedDuration;
use tegata_ca::{KeyKind, SoftwareKey};
use tegata_domain::Issuer;
use tegata_registrar::{IssuingCa, Keyring, OfflineCa, Service, ServiceSettings};
use tegata_store::{AuthorityId, CrlScope, NewAuthority, PublishedCrl, StoreError};

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A root of this name on record, with its key elsewhere.
async fn offline_root(world: &World, name: &str) -> OfflineCa {
    let (now, issuer) = (world.registrar.now(), name.parse().unwrap());
    let put = world.registrar.store().write(move |tx| {
        tx.insert_authority(&NewAuthority {
            service: None,
            parent: None,
            name: &issuer,
            certificate: b"",
            complete_crl: true,
            issues_from: now,
        })
    });
    let id = put.await.unwrap();
    OfflineCa { id, name: name.parse().unwrap(), certificate: Vec::new() }
}

/// Another CA of the service, under `parent`.
fn ca(world: &World, name: &str, parent: AuthorityId, retired: bool) -> IssuingCa {
    let (name, parent) = (name.parse().unwrap(), Some(parent));
    IssuingCa { name, parent, retired, ..world.service.issuing[0].clone() }
}

/// The installation goes on with these CAs and these roots elsewhere.
fn with(world: &World, issuing: Vec<IssuingCa>, offline: Vec<OfflineCa>) {
    let service = &world.service;
    let (name, root) = (service.root_name.clone(), service.root.clone());
    let (key, settings) = (service.key.clone(), service.settings.clone());
    let service = Service::open(service.id, key, settings, issuing, name, root).unwrap();
    let feed = Arc::new(SoftwareKey::generate(KeyKind::Ed25519).unwrap());
    let keyring = Keyring::new(vec![service], Vec::new(), feed).with_offline(offline);
    world.registrar.replace_keyring(keyring);
}

fn is_trouble(world: &World, what: &str) -> bool {
    world.registrar.troubles().iter().any(|trouble| trouble.starts_with(what))
}

/// A list of this root that is good for ten days.
async fn publish(world: &World, root: &OfflineCa) {
    let (now, scope) = (world.registrar.now(), CrlScope { authority: root.id, shard: 0 });
    let crl = PublishedCrl {
        number: 1,
        position: 0,
        this_update: now,
        next_update: now + DAY * 10,
        entries: 0,
        der: Vec::new(),
    };
    let put = move |tx: &mut tegata_store::Tx<'_>| tx.publish_crl(scope, false, &crl);
    world.registrar.store().write::<_, StoreError>(put).await.unwrap();
}

#[tokio::test]
async fn the_root_that_the_service_began_under_needs_a_crl() {
    let world = World::new().await;
    let root = offline_root(&world, "EX0001001C").await;
    let own = ca(&world, "SB0001002C", root.id, false);
    with(&world, vec![own], vec![root.clone()]);
    assert!(is_trouble(&world, "EX0001001C has no current CRL: have its ceremony"));
    publish(&world, &root).await;
    assert!(!is_trouble(&world, "EX0001001C"));
    world.clock.turn(DAY * 10);
    assert!(is_trouble(&world, "EX0001001C"), "it has ended");
}

#[tokio::test]
async fn a_root_above_imported_cas_alone_is_missed_once_it_had_a_crl() {
    let world = World::new().await;
    let root = offline_root(&world, "OLD0000C").await;
    let own = world.service.issuing[0].clone();
    for retired in [true, false] {
        let imported = ca(&world, "OLD0001C", root.id, retired);
        with(&world, vec![own.clone(), imported], vec![root.clone()]);
        assert!(!is_trouble(&world, "OLD0000C"), "retired: {retired}");
    }
    publish(&world, &root).await;
    world.clock.turn(DAY * 10);
    assert!(is_trouble(&world, "OLD0000C"), "relying parties had one");
    // Ten years on, nothing below it is left.
    world.clock.turn(DAY * 365 * 10);
    assert!(!is_trouble(&world, "OLD0000C"));
}

#[tokio::test]
async fn a_ca_that_has_ended_needs_no_responder() {
    let world = World::new().await;
    assert!(is_trouble(&world, "SB0001002C has no OCSP responder"));
    world.clock.turn(DAY * 365 * 10 - SignedDuration::from_secs(1));
    assert!(is_trouble(&world, "SB0001002C has no OCSP responder"));
    world.clock.turn(SignedDuration::from_secs(1));
    assert!(!is_trouble(&world, "SB0001002C"));
}

#[tokio::test]
async fn a_crl_from_the_future_is_told() {
    let world = World::new().await;
    world.enroll(&request()).await.unwrap();
    world.registrar.publish().await.unwrap();
    let root = offline_root(&world, "EX0001001C").await;
    let published = world.registrar.now();
    with(&world, vec![world.service.issuing[0].clone()], vec![root.clone()]);
    publish(&world, &root).await;
    assert_eq!(world.registrar.lists_ahead().unwrap(), []);
    world.clock.turn(SignedDuration::from_secs(-1));
    let of = |name: &str| (name.parse::<Issuer>().unwrap(), published);
    assert_eq!(world.registrar.lists_ahead().unwrap(), [of("SB0001002C"), of("EX0001001C")]);
}

#[tokio::test]
async fn settings_that_reach_beyond_the_issuing_ca_are_warned_of() {
    let world = World::new().await;
    let warnings = |lifetime_days| {
        let settings = ServiceSettings { lifetime_days, ..world.service.settings.clone() };
        world.registrar.settings_warnings(world.service.id, &settings).unwrap()
    };
    // The issuing CA has ten years of 365 days; the window takes 60 of them.
    assert_eq!(warnings(3650 - 60), [""; 0]);
    let [warning] = &warnings(3650 - 59)[..] else { panic!("one warning") };
    assert!(warning.contains("come to 3651 days, but issuing CA SB0001002C ends in 3650 days"));
    world.clock.turn(DAY * (3650 - 365 - 60));
    assert_eq!(warnings(365), [""; 0]);
    world.clock.turn(SignedDuration::from_secs(1));
    assert_eq!(warnings(365).len(), 1);
}
