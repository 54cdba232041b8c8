//! What the gateway reports of the certificates that it admits.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use http::StatusCode;
use tegata_domain::{RevocationStatus, Serial};
use tegata_gateway::Reporting;
use tegata_wire::report::{Report, SealedReport, Use, signed_message};

use crate::client::get;
use crate::feed::Mode;
use crate::world::{START, World, soon};

const PAGE: &str = "/SAMPLE01/cms";

fn read(octets: &[u8]) -> Report {
    Report::parse(SealedReport::split(octets).unwrap().body).unwrap()
}

fn uses(reports: &[Vec<u8>]) -> Vec<Use> {
    reports.iter().flat_map(|octets| read(octets).uses).collect()
}

fn seconds(seen: &Use) -> (Serial, i64, i64) {
    (seen.serial, seen.first.as_second(), seen.last.as_second())
}

#[tokio::test]
async fn an_admitted_certificate_is_reported_by_the_gateways_own_key() {
    let world = World::start().await;
    let place = &world.places[0];
    let position = place.feed.announce(crate::pki::serial(99), RevocationStatus::Revoked);
    world.health(0, |health| health.position >= position).await;
    let holder = place.issuer.issue(1);
    for _ in 0..3 {
        assert_eq!(world.get(Some(&holder), PAGE).await.status, StatusCode::OK);
    }
    let reports = place.feed.reports(|reports| !uses(reports).is_empty()).await;
    let seen: Vec<_> = uses(&reports).iter().map(seconds).collect();
    assert_eq!(seen, [(holder.serial, START, START)], "once a minute");
    let octets = reports.last().unwrap();
    let sealed = SealedReport::split(octets).unwrap();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, world.server.public_key())
        .verify(&signed_message(sealed.body), sealed.signature)
        .unwrap();
    let report = read(octets);
    assert_eq!((report.service.as_str(), report.position), ("0001/SB0001002C", position));
    assert_eq!(report.sent_at.as_second(), START);
    let others = world.places[1].feed.reports(|reports| !reports.is_empty()).await;
    assert_eq!(uses(&others), [], "another service hears that the gateway is there, no more");
}

#[tokio::test]
async fn who_is_refused_is_not_reported() {
    let world = World::start().await;
    let place = &world.places[0];
    let (revoked, good) = (place.issuer.issue(1), place.issuer.issue(2));
    world.announce(0, &revoked, RevocationStatus::Revoked).await;
    assert_eq!(world.get(Some(&revoked), PAGE).await.status, StatusCode::FORBIDDEN);
    assert_eq!(world.get(None, PAGE).await.status, StatusCode::FORBIDDEN);
    assert_eq!(world.get(Some(&good), PAGE).await.status, StatusCode::OK);
    let reports = place.feed.reports(|reports| !uses(reports).is_empty()).await;
    assert_eq!(uses(&reports).iter().map(|seen| seen.serial).collect::<Vec<_>>(), [good.serial]);
}

#[tokio::test]
async fn the_next_minute_of_an_open_connection_is_reported_too() {
    let world = World::start().await;
    let place = &world.places[0];
    let holder = place.issuer.issue(1);
    let mut browser = world.open2(Some(&holder)).await;
    assert_eq!(soon(browser.reply(get(PAGE))).await.status, StatusCode::OK);
    world.clock.turn(60);
    assert_eq!(soon(browser.reply(get(PAGE))).await.status, StatusCode::OK);
    let late =
        |reports: &[Vec<u8>]| uses(reports).last().is_some_and(|u| u.last.as_second() > START);
    let reports = place.feed.reports(late).await;
    assert_eq!(uses(&reports).last().unwrap().last.as_second(), START + 60);
}

#[tokio::test]
async fn nothing_is_lost_while_the_server_is_away() {
    let world = World::start().await;
    let place = &world.places[0];
    place.feed.set_mode(Mode::Down);
    let (one, two) = (place.issuer.issue(1), place.issuer.issue(2));
    assert_eq!(world.get(Some(&one), PAGE).await.status, StatusCode::OK);
    soon(async {
        while world.metrics().report_failures() == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    world.clock.turn(600);
    for holder in [&one, &two] {
        assert_eq!(world.get(Some(holder), PAGE).await.status, StatusCode::OK);
    }
    place.feed.set_mode(Mode::Honest);
    let reports = place.feed.reports(|reports| !uses(reports).is_empty()).await;
    let seen: Vec<_> = uses(&reports).iter().map(seconds).collect();
    let (first, later) = (START, START + 600);
    assert_eq!(seen, [(one.serial, first, later), (two.serial, later, later)]);
    assert_eq!(world.metrics().dropped_uses(), 0);
}

/// The server takes no report from the future. The clock is set right: everything arrives, without a
/// restart.
#[tokio::test]
async fn a_clock_that_was_fast_loses_no_report() {
    let world = World::start().await;
    let place = &world.places[0];
    place.feed.reports(|reports| !reports.is_empty()).await;
    place.feed.refuse_after(START + 600);
    world.clock.turn(3600);
    let holder = place.issuer.issue(1);
    assert_eq!(world.get(Some(&holder), PAGE).await.status, StatusCode::OK);
    soon(async {
        while world.metrics().report_failures() == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    world.clock.turn(-3600);
    let reports = place.feed.reports(|reports| !uses(reports).is_empty()).await;
    let seen: Vec<_> = uses(&reports).iter().map(seconds).collect();
    assert_eq!(seen, [(holder.serial, START + 3600, START + 3600)], "the server knows better");
    assert_eq!(read(reports.last().unwrap()).sent_at.as_second(), START);
}

#[tokio::test]
async fn what_was_just_used_is_reported_when_the_gateway_stops() {
    let mut world = World::start().await;
    let holder = world.places[0].issuer.issue(1);
    assert_eq!(world.get(Some(&holder), PAGE).await.status, StatusCode::OK);
    world.stop_gateway().await;
    let reports = world.places[0].feed.reports(|_| true).await;
    assert_eq!(uses(&reports).iter().map(|seen| seen.serial).collect::<Vec<_>>(), [holder.serial]);
}

#[tokio::test]
async fn nothing_is_reported_when_it_is_switched_off() {
    let mut world = World::prepare().await;
    world.places[0].config.reporting = Reporting::Off;
    world.start_gateway().await;
    world.ready().await;
    let holder = world.places[0].issuer.issue(1);
    assert_eq!(world.get(Some(&holder), PAGE).await.status, StatusCode::OK);
    // The other service's sign of life is sent after what this one's would have been.
    world.places[1].feed.reports(|reports| !reports.is_empty()).await;
    world.stop_gateway().await;
    assert_eq!(world.places[0].feed.reports(|_| true).await, Vec::<Vec<u8>>::new());
}
