//! A change of status reaches open connections at once.

use std::time::{Duration, Instant};

use http::StatusCode;
use http_body_util::BodyExt;
use tegata_domain::RevocationStatus::{Good, Held, Revoked};

use crate::client::{Browser, get};
use crate::world::{World, soon};

const PATH: &str = "/SAMPLE01/cms";

/// What is promised.
const PROMISE: Duration = Duration::from_secs(1);

async fn two(world: &World, holder: &crate::pki::Holder) -> [Browser; 2] {
    [world.open(Some(holder)).await, world.open2(Some(holder)).await]
}

#[tokio::test]
async fn requests_in_flight_are_cut_within_a_second() {
    let world = World::start().await;
    let holder = world.places[0].issuer.issue(401);
    let bystander = world.places[0].issuer.issue(402);
    let mut bystanders = two(&world, &bystander).await;
    let [mut one, mut two] = two(&world, &holder).await;
    // One request waits for its answer, the other's answer has begun.
    let waiting = tokio::spawn(async move { one.send(get("/SAMPLE01/cms/hang")).await.err() });
    let mut begun = soon(two.send(get("/SAMPLE01/cms/stream"))).await.unwrap();
    assert!(soon(begun.body_mut().frame()).await.unwrap().is_ok());
    soon(world.upstream.until_hanging(2)).await;

    world.places[0].feed.announce(holder.serial, Revoked);
    let announced = Instant::now();
    assert!(soon(waiting).await.unwrap().is_some());
    assert!(soon(begun.body_mut().frame()).await.unwrap().is_err(), "the end is not a good one");
    soon(world.upstream.until_hanging(0)).await;
    assert!(announced.elapsed() < PROMISE, "{:?}", announced.elapsed());

    assert_eq!(world.get(Some(&holder), PATH).await.code(), "revoked");
    for browser in &mut bystanders {
        assert_eq!(soon(browser.reply(get(PATH))).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn idle_connections_are_closed() {
    let world = World::start().await;
    let holder = world.places[0].issuer.issue(401);
    for version in [1, 2] {
        let mut browser = match version {
            1 => world.open(Some(&holder)).await,
            _ => world.open2(Some(&holder)).await,
        };
        assert_eq!(soon(browser.reply(get(PATH))).await.status, StatusCode::OK);
        world.announce(0, &holder, Held).await;
        // Either the connection is gone or it refuses; it never lets through.
        match soon(browser.send(get(PATH))).await {
            Ok(answer) => assert_eq!(answer.status(), StatusCode::FORBIDDEN),
            Err(error) => assert!(!error.is_user(), "{error}"),
        }
        let closed = async {
            while browser.send(get(PATH)).await.is_ok() {
                tokio::task::yield_now().await;
            }
        };
        soon(closed).await;
        world.announce(0, &holder, Good).await;
    }
    assert_eq!(world.upstream.seen().len(), 2);
}

#[tokio::test]
async fn a_hold_is_released_and_a_revocation_is_final() {
    let world = World::start().await;
    let holder = world.places[0].issuer.issue(401);
    for (announced, answer) in
        [(Held, Some("held")), (Good, None), (Revoked, Some("revoked")), (Good, Some("revoked"))]
    {
        world.announce(0, &holder, announced).await;
        let reply = world.get(Some(&holder), PATH).await;
        match answer {
            Some(code) => assert_eq!(reply.code(), code),
            None => assert_eq!(reply.status, StatusCode::OK),
        }
    }
}

#[tokio::test]
async fn no_clock_brings_a_revoked_certificate_back() {
    let world = World::start().await;
    let holder = world.places[0].issuer.issue(401);
    world.announce(0, &holder, Revoked).await;
    for turn in [-86_400, 2 * 86_400, -365 * 86_400, 800 * 86_400] {
        world.clock.turn(turn);
        assert_eq!(world.get(Some(&holder), PATH).await.code(), "revoked", "{turn}");
    }
}

#[tokio::test]
async fn old_knowledge_admits_nobody_until_it_is_fresh_again() {
    let world = World::start().await;
    let holder = world.places[0].issuer.issue(401);
    let limit = 24 * 60 * 60;
    let mut browser = world.open(Some(&holder)).await;
    world.places[0].feed.set_mode(crate::feed::Mode::Down);
    world.health(0, |health| health.failures > 0).await;
    world.clock.turn(limit);
    assert_eq!(soon(browser.reply(get(PATH))).await.status, StatusCode::OK);
    world.clock.turn(1);
    assert_eq!(soon(browser.reply(get(PATH))).await.code(), "status_stale");
    let page = soon(browser.reply(crate::client::get_with(PATH, &[]))).await;
    assert!(page.body.contains("ただいまサービスをご利用いただけません"));

    world.places[0].feed.set_mode(crate::feed::Mode::Honest);
    world.health(0, |health| health.failures == 0).await;
    assert_eq!(soon(browser.reply(get(PATH))).await.status, StatusCode::OK);
}
