//! Every verdict, as a person and as a program reads it.

use http::StatusCode;
use rcgen::date_time_ymd;
use tegata_domain::{RevocationStatus, Verdict};

use crate::client::{Reply, get, get_with};
use crate::pki::{Holder, Issuer};
use crate::world::{World, soon};

const PATH: &str = "/SAMPLE01/cms/top";

#[tokio::test]
async fn a_certificate_of_the_service_is_admitted_over_both_versions_of_http() {
    let world = World::start().await;
    let holder = world.places[0].issuer.issue(401);
    for mut browser in [world.open(Some(&holder)).await, world.open2(Some(&holder)).await] {
        for _ in 0..2 {
            let reply = soon(browser.reply(get(PATH))).await;
            assert_eq!((reply.status, reply.body.as_str()), (StatusCode::OK, "welcome"));
        }
    }
    assert_eq!(world.metrics().verdicts(Verdict::Admitted), 4);
    assert_eq!(world.metrics().handshakes(), 2);
}

#[tokio::test]
async fn every_refusal_is_said_in_both_languages_and_forms() {
    let world = World::start().await;
    let [first, second] = [&world.places[0].issuer, &world.places[1].issuer];
    let (held, revoked) = (first.issue(2), first.issue(3));
    let revoked_and_expired = first.issue_with(4, |p| p.not_after = date_time_ymd(2026, 1, 1));
    world.announce(0, &held, RevocationStatus::Held).await;
    world.announce(0, &revoked, RevocationStatus::Revoked).await;
    world.announce(0, &revoked_and_expired, RevocationStatus::Revoked).await;
    let expired = first.issue_with(5, |params| params.not_after = date_time_ymd(2027, 1, 1));
    let early = first.issue_with(6, |params| params.not_before = date_time_ymd(2027, 2, 1));
    let stranger = Issuer::new("SB0001002C").issue(7);
    let (other, for_servers) = (second.issue(8), first.issue_for_servers(9));

    let cases: [(Verdict, Option<&Holder>, [&str; 2]); 9] = [
        (Verdict::NoCertificate, None, ["電子証明書を確認できませんでした", "could not see"]),
        (Verdict::WrongIssuer, Some(&stranger), ["このサービスの電子証明書では", "not for this"]),
        (Verdict::WrongIssuer, Some(&other), ["このサービスの電子証明書では", "not for this"]),
        (Verdict::WrongUsage, Some(&for_servers), ["この電子証明書では", "cannot be used here"]),
        (Verdict::Held, Some(&held), ["一時停止されています", "on hold"]),
        (Verdict::Revoked, Some(&revoked), ["失効しています", "has been revoked"]),
        (Verdict::Revoked, Some(&revoked_and_expired), ["失効しています", "has been revoked"]),
        (Verdict::Expired, Some(&expired), ["2027年1月1日(金) 09:00", "1 Jan 2027, 09:00 JST"]),
        (Verdict::NotYetValid, Some(&early), ["2027年2月1日(月) 09:00", "1 Feb 2027, 09:00 JST"]),
    ];
    for (verdict, holder, [ja, en]) in cases {
        let mut browser = world.open(holder).await;
        let mut ask = async |headers: &[(&str, &str)]| -> Reply {
            soon(browser.reply(get_with(PATH, headers))).await
        };
        let page = ask(&[("accept-language", "ja")]).await;
        assert_is_page(&page, StatusCode::FORBIDDEN, "ja");
        assert!(page.body.contains(ja), "{verdict:?} {}", page.body);
        assert!(page.body.contains("サンプル銀行") && page.body.contains("03-0000-0000"));

        let page = ask(&[("accept-language", "en-GB"), ("accept", "text/html")]).await;
        assert_is_page(&page, StatusCode::FORBIDDEN, "en");
        assert!(page.body.contains(en), "{verdict:?} {}", page.body);
        assert!(page.body.contains("Sample Lite CMS"));

        let json = ask(&[("accept-language", "en"), ("accept", "application/json")]).await;
        assert_eq!(json.status, StatusCode::FORBIDDEN);
        assert_eq!(json.header("content-type"), "application/problem+json");
        let problem: tegata_wire::Problem = serde_json::from_str(&json.body).unwrap();
        assert_eq!((problem.code.as_str(), problem.status), (verdict.code(), 403));
        let reference: tegata_wire::reference::Reference = problem.reference.parse().unwrap();
        assert_eq!(reference.code(), Some(verdict.code()), "{reference}");
        assert!(format!("{} {}", problem.title, problem.detail).contains(en));
    }
    assert!(world.upstream.seen().is_empty());
}

fn assert_is_page(page: &Reply, status: StatusCode, lang: &str) {
    assert_eq!(page.status, status);
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("content-language", lang),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("strict-transport-security", "max-age=31536000"),
    ] {
        assert_eq!(page.header(name), value);
    }
    assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
    assert!(page.body.contains(&format!("lang=\"{lang}\"")));
    assert!(page.body.contains("G-"));
}

#[tokio::test]
async fn each_service_admits_its_own() {
    let world = World::start().await;
    let holders = world.places.each_ref().map(|place| place.issuer.issue(401));
    for (holder, other) in [(0, 1), (1, 0)] {
        let paths = ["/SAMPLE01/cms", "/SAMPLE02"];
        let mut browser = world.open(Some(&holders[holder])).await;
        assert_eq!(soon(browser.reply(get(paths[holder]))).await.status, StatusCode::OK);
        let refused = soon(browser.reply(get(paths[other]))).await;
        assert_eq!(refused.code(), "wrong_issuer");
    }
}

#[tokio::test]
async fn revocations_of_one_service_do_not_touch_the_other() {
    let world = World::start().await;
    let [first, second] = world.places.each_ref().map(|place| place.issuer.issue(401));
    assert_eq!(first.serial, second.serial);
    world.announce(0, &first, RevocationStatus::Revoked).await;
    assert_eq!(world.get(Some(&first), PATH).await.code(), "revoked");
    assert_eq!(world.get(Some(&second), "/SAMPLE02").await.status, StatusCode::OK);
}

#[tokio::test]
async fn unknown_and_ambiguous_paths_are_not_found_for_anyone() {
    let world = World::start().await;
    let holder = world.places[0].issuer.issue(401);
    for holder in [None, Some(&holder)] {
        let mut browser = world.open(holder).await;
        for path in [
            "/",
            "/SAMPLE01/cmsx",
            "/SAMPLE01/cms/../../SAMPLE02",
            "/SAMPLE01/cms/%2e%2e/%2e%2e/SAMPLE02",
            "/SAMPLE01/cms/..%2f..%2fSAMPLE02",
            "/SAMPLE01//cms",
            "/SAMPLE01/cms/..;/x",
            "/SAMPLE02/..\\SAMPLE01/cms",
        ] {
            let reply = soon(browser.reply(get(path))).await;
            assert_eq!(reply.status, StatusCode::NOT_FOUND, "{path}");
            assert_eq!(reply.code(), "unknown_path", "{path}");
        }
        let page = soon(browser.reply(get_with("/x", &[("accept-language", "en")]))).await;
        assert_is_page(&page, StatusCode::NOT_FOUND, "en");
    }
    assert!(world.upstream.seen().is_empty());
}

#[tokio::test]
async fn an_open_connection_expires_with_its_certificate() {
    let world = World::start().await;
    let holder =
        world.places[0].issuer.issue_with(401, |p| p.not_after = date_time_ymd(2027, 1, 16));
    let mut browser = world.open(Some(&holder)).await;
    assert_eq!(soon(browser.reply(get(PATH))).await.status, StatusCode::OK);
    world.clock.turn(16 * 60 * 60);
    assert_eq!(soon(browser.reply(get(PATH))).await.status, StatusCode::OK, "its last second");
    world.clock.turn(1);
    assert_eq!(soon(browser.reply(get(PATH))).await.code(), "expired");
}

#[tokio::test]
async fn a_certificate_that_is_no_ca_anchors_nothing() {
    let world = World::prepare().await;
    let fake = Issuer::that_is_no_ca("SB0001002C");
    world.places[0].feed.authorise(vec![fake.der()]);
    let mut world = world;
    world.start_gateway().await;
    world.ready().await;
    assert_eq!(world.get(Some(&fake.issue(1)), PATH).await.code(), "wrong_issuer");
}
