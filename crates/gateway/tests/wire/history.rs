//! What is learned from the feed, and what is kept of it.

use std::fs;

use http::StatusCode;
use jiff::ToSpan;
use tegata_domain::RevocationStatus::{Good, Held, Revoked};
use tegata_gateway::{BindError, Gateway};
use tegata_wire::feed::Change;

use crate::feed::{Feed, Mode};
use crate::pki::serial;
use crate::world::{World, soon};

const PATH: &str = "/SAMPLE01/cms";

#[tokio::test]
async fn after_a_restart_what_was_revoked_is_refused_before_anything_is_fetched() {
    let mut world = World::start().await;
    let [revoked, held, good] = [1, 2, 3].map(|number| world.places[0].issuer.issue(number));
    world.announce(0, &revoked, Revoked).await;
    world.announce(0, &held, Held).await;
    world.announce(0, &good, Held).await;
    world.announce(0, &good, Good).await;
    world.stop_gateway().await;
    world.places.iter().for_each(|place| place.feed.set_mode(Mode::Down));

    world.start_gateway().await;
    world.ready().await;
    assert_eq!(world.get(Some(&revoked), PATH).await.code(), "revoked");
    assert_eq!(world.get(Some(&held), PATH).await.code(), "held");
    assert_eq!(world.get(Some(&good), PATH).await.status, StatusCode::OK);
    world.clock.turn(24 * 60 * 60 + 1);
    assert_eq!(world.get(Some(&revoked), PATH).await.code(), "revoked");
    assert_eq!(world.get(Some(&good), PATH).await.code(), "status_stale");
}

#[tokio::test]
async fn without_any_knowledge_nobody_is_admitted() {
    let mut world = World::prepare().await;
    let holder = world.places[0].issuer.issue(401);
    world.places[0].feed.set_mode(Mode::Down);
    world.start_gateway().await;
    world.health(0, |health| health.failures > 0).await;
    assert!(!world.is_ready());
    assert_eq!(world.get(Some(&holder), PATH).await.code(), "status_stale");
    assert_eq!(world.get(None, PATH).await.code(), "no_certificate");
    world.places[0].feed.set_mode(Mode::Honest);
    world.ready().await;
    assert_eq!(world.get(Some(&holder), PATH).await.status, StatusCode::OK);
}

#[tokio::test]
async fn half_a_history_is_no_knowledge() {
    let mut world = World::prepare().await;
    let feed = &world.places[0].feed;
    let late = world.places[0].issuer.issue(99);
    for number in 0..50 {
        feed.announce(serial(1_000 + number), Revoked);
    }
    feed.announce(late.serial, Revoked);
    // The first page is genuine, and for ever the same.
    feed.set_page_size(10);
    feed.set_mode(Mode::Fixed(feed.signed(0)));
    world.start_gateway().await;
    world.health(0, |health| health.position == 10 && health.failures > 0).await;
    assert_eq!(world.get(Some(&late), PATH).await.code(), "status_stale");
    world.places[0].feed.set_mode(Mode::Honest);
    world.ready().await;
    assert_eq!(world.health(0, |health| health.position == 51).await.not_good, 51);
    assert_eq!(world.get(Some(&late), PATH).await.code(), "revoked");
}

#[tokio::test]
async fn pages_that_are_not_the_expected_ones_change_nothing() {
    let world = World::start().await;
    let [victim, revoked] = [1, 2].map(|number| world.places[0].issuer.issue(number));
    let old = world.places[0].feed.signed(0);
    world.announce(0, &revoked, Revoked).await;
    let feed = &world.places[0].feed;
    let revoking = |position: u64| {
        let change = Change { serial: victim.serial, status: Revoked };
        move |page: &mut tegata_wire::feed::Page| {
            page.after = position;
            page.position = position + 1;
            page.changes = vec![change];
        }
    };
    let stranger =
        Feed::start("0001/SB0001002C", 9, vec![world.places[1].issuer.der()], world.clock.clone());
    let stranger = stranger.await;
    let forged = stranger.sign(revoking(1));
    let foreign = feed.sign(|page| {
        revoking(1)(page);
        page.service = "0002/SB0002002C".into();
    });
    let (replayed, ahead) = (old, feed.sign(revoking(2)));
    let mut touched = feed.sign(revoking(1));
    touched.truncate(touched.len() - 1);
    for (what, page) in [
        ("forged", forged),
        ("foreign", foreign),
        ("replayed", replayed),
        ("out of order", ahead),
        ("cut", touched),
        ("empty", Vec::new()),
        ("too long", vec![0; tegata_wire::feed::MAX_PAGE + 1]),
    ] {
        feed.set_mode(Mode::Honest);
        world.health(0, |health| health.failures == 0).await;
        feed.set_mode(Mode::Fixed(page));
        let health = world.health(0, |health| health.failures > 0).await;
        assert_eq!((health.position, health.not_good), (1, 1), "{what}");
        assert_eq!(world.get(Some(&victim), PATH).await.status, StatusCode::OK, "{what}");
        assert_eq!(world.get(Some(&revoked), PATH).await.code(), "revoked", "{what}");
    }
    assert!(world.metrics().feed_failures() >= 7);
}

#[tokio::test]
async fn an_old_page_sent_again_does_not_make_old_knowledge_fresh() {
    let world = World::start().await;
    let holder = world.places[0].issuer.issue(401);
    let feed = &world.places[0].feed;
    feed.set_mode(Mode::Fixed(feed.signed(0)));
    world.clock.turn(24 * 60 * 60 + 1);
    soon(feed.asked(2)).await;
    assert_eq!(world.get(Some(&holder), PATH).await.code(), "status_stale");
}

#[tokio::test]
async fn a_damaged_journal_forgets_no_revocation_that_can_be_verified() {
    let mut world = World::start().await;
    let holders = [1, 2, 3].map(|number| world.places[0].issuer.issue(number));
    for holder in &holders {
        world.announce(0, holder, Revoked).await;
    }
    world.stop_gateway().await;
    let path = world.state.path().join("0001_SB0001002C.feed");
    let mut octets = fs::read(&path).unwrap();
    let place = octets.windows(16).position(|w| w == holders[1].serial.octets()).unwrap();
    octets[place] ^= 1;
    fs::write(&path, octets).unwrap();
    world.places[0].feed.set_mode(Mode::Down);

    world.start_gateway().await;
    assert_eq!(world.health(0, |health| health.failures > 0).await.position, 1);
    for holder in [&holders[0], &holders[2]] {
        assert_eq!(world.get(Some(holder), PATH).await.code(), "revoked");
    }
    assert!(path.with_extension("damaged").exists());

    world.places[0].feed.set_mode(Mode::Honest);
    world.health(0, |health| health.position == 3).await;
    assert_eq!(world.get(Some(&holders[1]), PATH).await.code(), "revoked");
    world.stop_gateway().await;
    world.places[0].feed.set_mode(Mode::Down);
    world.start_gateway().await;
    assert_eq!(world.health(0, |health| health.failures > 0).await.position, 3);
}

#[tokio::test]
async fn a_feed_with_another_key_is_not_believed_from_the_disk_either() {
    let mut world = World::start().await;
    let holder = world.places[0].issuer.issue(401);
    world.announce(0, &holder, Revoked).await;
    world.stop_gateway().await;
    world.places[0].config.feed.public_key = world.places[1].feed.public_key();
    world.start_gateway().await;
    let health = world.health(0, |health| health.failures > 0).await;
    assert_eq!((health.position, health.known_at), (0, None));
    assert_eq!(world.get(Some(&holder), PATH).await.code(), "status_stale");
}

#[tokio::test]
async fn silence_is_noted_so_that_freshness_survives_a_restart() {
    let mut world = World::prepare().await;
    world.places[0].config.feed.wait = std::time::Duration::ZERO;
    world.start_gateway().await;
    world.ready().await;
    let before = world.health(0, |health| health.known_at.is_some()).await.known_at.unwrap();
    world.clock.turn(3_600);
    world.health(0, |health| health.known_at > Some(before)).await;
    world.stop_gateway().await;
    world.places[0].feed.set_mode(Mode::Down);
    world.start_gateway().await;
    let after = world.health(0, |health| health.failures > 0).await.known_at;
    assert_eq!(after, Some(before + 1.hour()));
}

#[tokio::test]
async fn a_long_journal_is_written_anew_and_still_holds_everything() {
    let mut world = World::prepare().await;
    world.limits.journal_octets = 8 * 1024;
    world.start_gateway().await;
    world.ready().await;
    let path = world.state.path().join("0001_SB0001002C.feed");
    let holders = [1, 2, 3].map(|number| world.places[0].issuer.issue(number));
    let mut longest = 0;
    let mut shrank = false;
    for number in 0..40 {
        let holder = &holders[number % 2];
        world.announce(0, holder, if number % 4 < 2 { Held } else { Good }).await;
        let len = fs::metadata(&path).unwrap().len();
        shrank |= len < longest;
        longest = longest.max(len);
    }
    world.announce(0, &holders[2], Revoked).await;
    world.announce(0, &holders[0], Held).await;
    assert!(shrank && longest < 16 * 1024, "{longest}");
    world.stop_gateway().await;
    world.places[0].feed.set_mode(Mode::Down);
    world.start_gateway().await;
    assert_eq!(world.health(0, |health| health.failures > 0).await.position, 42);
    assert_eq!(world.get(Some(&holders[0]), PATH).await.code(), "held");
    assert_eq!(world.get(Some(&holders[1]), PATH).await.status, StatusCode::OK);
    assert_eq!(world.get(Some(&holders[2]), PATH).await.code(), "revoked");
}

#[tokio::test]
async fn a_taken_port_and_a_shared_state_directory_are_clear_errors() {
    let world = World::start().await;
    let mut config = world.config();
    let entropy = std::sync::Arc::new(world.entropy());
    let error = Gateway::bind(config, world.clock.clone(), entropy.clone()).await.unwrap_err();
    assert!(matches!(error, BindError::StateInUse(_)), "{error}");

    let other = tempfile::tempdir().unwrap();
    config = world.config();
    config.state_dir = other.path().to_owned();
    config.listen = world.addr();
    let error = Gateway::bind(config, world.clock.clone(), entropy).await.unwrap_err();
    assert!(matches!(error, BindError::Listen { .. }), "{error}");
    assert!(error.to_string().contains(&world.addr().to_string()));
}
