//! The gateway's own certificate changes while it serves.

use http::StatusCode;
use tegata_wire::report::{Report, SealedReport};

use crate::client::get;
use crate::pki::{Server, serial};
use crate::world::{World, soon};

const PAGE: &str = "/SAMPLE01/cms";

async fn with_a_certificate_of_the_service() -> World {
    let mut world = World::prepare().await;
    world.server = Server::of(&world.places[0].issuer, 1, None, 2200);
    world.start_gateway().await;
    world.ready().await;
    world
}

#[tokio::test]
async fn what_the_server_renews_is_shown_without_a_restart_and_after_one() {
    let mut world = with_a_certificate_of_the_service().await;
    let place = &world.places[0];
    let holder = place.issuer.issue(7);
    let mut before = world.open(Some(&holder)).await;
    assert_eq!(world.presented().await, world.server.certificate);

    let renewed = Server::of(&place.issuer, 2, Some(&world.server), 2201);
    place.feed.hand_over(renewed.pem());
    assert_eq!(soon(before.reply(get(PAGE))).await.status, StatusCode::OK, "a use to report");
    soon(async {
        while world.presented().await != renewed.certificate {
            tokio::task::yield_now().await;
        }
    })
    .await;
    world.clock.turn(60);
    assert_eq!(soon(before.reply(get(PAGE))).await.status, StatusCode::OK, "open all the time");
    let by_the_new = |reports: &[Vec<u8>]| {
        let last = SealedReport::split(reports.last().unwrap()).unwrap();
        Report::parse(last.body).unwrap().gateway == serial(2)
    };
    place.feed.reports(by_the_new).await;

    world.stop_gateway().await;
    world.start_gateway().await;
    assert_eq!(world.presented().await, renewed.certificate, "before it asked anybody");
}

#[tokio::test]
async fn what_somebody_puts_in_place_is_shown_without_a_restart() {
    let world = with_a_certificate_of_the_service().await;
    let holder = world.places[0].issuer.issue(7);
    let mut before = world.open(Some(&holder)).await;
    let other = Server::of(&world.places[0].issuer, 2, None, 2199);
    world.shown().replace(other.identity()).unwrap();
    assert_eq!(world.presented().await, other.certificate, "whatever its key and its end");
    assert_eq!(soon(before.reply(get(PAGE))).await.status, StatusCode::OK);
    let mut unfit = other.identity();
    unfit.chain = world.server.identity().chain;
    assert!(world.shown().replace(unfit).is_err(), "of another key");
    assert_eq!(world.presented().await, other.certificate);
}
