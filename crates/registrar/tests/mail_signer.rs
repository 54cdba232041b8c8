//! A service's own signer of mails over its life.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use std::sync::Arc;

use common::World;
use jiff::SignedDuration;
use tegata_ca::{MailSigner, Signer, SoftwareKey};
use tegata_registrar::OwnMailSignerError;

const SENDER: &str = "noreply@sample-bank.example";

async fn signer(
    world: &World,
    sender: &str,
    key: &Arc<dyn Signer>,
) -> Result<MailSigner, OwnMailSignerError> {
    let keyring = world.registrar.keyring();
    let service = keyring.services().next().unwrap();
    world.registrar.own_mail_signer(service, sender, key.clone()).await
}

fn key(world: &World) -> Arc<dyn Signer> {
    let keyring = world.registrar.keyring();
    let kind = keyring.services().next().unwrap().mail_key_kind();
    Arc::new(SoftwareKey::generate(kind).unwrap())
}

fn stands(world: &World, signer: &MailSigner) -> bool {
    let keyring = world.registrar.keyring();
    let service = keyring.services().next().unwrap();
    world.registrar.keeps_mail_signer(service, signer).unwrap()
}

#[tokio::test]
async fn one_is_made_kept_and_renewed_before_its_end() {
    let world = World::new().await;
    let key = key(&world);
    let first = signer(&world, SENDER, &key).await.unwrap();
    first.check(SENDER, world.registrar.now()).unwrap();
    let again = signer(&world, SENDER, &key).await.unwrap();
    assert_eq!(first.serial(), again.serial(), "not twice");
    // 397 days less 60.
    world.clock.turn(SignedDuration::from_hours(24 * 337) - SignedDuration::from_secs(1));
    assert!(stands(&world, &first));
    assert_eq!(signer(&world, SENDER, &key).await.unwrap().serial(), first.serial());
    world.clock.turn(SignedDuration::from_secs(1));
    assert!(!stands(&world, &first), "a minute too late would be a mail too late");
    let second = signer(&world, SENDER, &key).await.unwrap();
    assert_ne!(second.serial(), first.serial());
    assert!(stands(&world, &second));
    second.check(SENDER, first.validity().not_after + SignedDuration::from_hours(24)).unwrap();
}

#[tokio::test]
async fn another_sender_or_another_key_gets_another_certificate() {
    let world = World::new().await;
    let (key, other) = (key(&world), key(&world));
    let first = signer(&world, SENDER, &key).await.unwrap();
    let moved = signer(&world, "mail@sample-bank.example", &key).await.unwrap();
    assert_ne!(first.serial(), moved.serial());
    assert!(moved.check(SENDER, world.registrar.now()).is_err(), "it speaks for one address");
    world.clock.turn(SignedDuration::from_secs(1));
    let with_other = signer(&world, SENDER, &other).await.unwrap();
    assert_ne!(with_other.serial(), first.serial());
    let wrong = signer(&world, "no address", &key).await;
    assert!(matches!(wrong, Err(OwnMailSignerError::Certify(_))));
}
