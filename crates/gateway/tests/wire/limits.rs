//! Clients that take their time, or too much of everything.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{get, get_with, tls};
use crate::world::{World, soon};

const PATH: &str = "/SAMPLE01/cms";
const SHORT: Duration = Duration::from_millis(150);

#[tokio::test]
async fn a_handshake_that_never_comes_is_given_up() {
    let mut world = World::prepare().await;
    world.limits.handshake = SHORT;
    world.start_gateway().await;
    let mut silent = TcpStream::connect(world.addr()).await.unwrap();
    assert_eq!(soon(silent.read(&mut [0; 1])).await.unwrap(), 0);
    assert_eq!(world.metrics().handshake_failures(), 1);
}

#[tokio::test]
async fn a_head_that_never_ends_is_given_up() {
    let mut world = World::prepare().await;
    world.limits.head = SHORT;
    world.start_gateway().await;
    let mut stream = soon(tls(world.addr(), &Arc::new(world.browser(None)))).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nX-").await.unwrap();
    let mut rest = Vec::new();
    let _ = soon(stream.read_to_end(&mut rest)).await;
}

#[tokio::test]
async fn idle_connections_are_closed() {
    let mut world = World::prepare().await;
    world.limits.idle = SHORT;
    world.start_gateway().await;
    for alpn in [&b"h2"[..], b"http/1.1"] {
        let mut config = world.browser(None);
        config.alpn_protocols = vec![alpn.to_vec()];
        let mut stream = soon(tls(world.addr(), &Arc::new(config))).await.unwrap();
        let mut rest = Vec::new();
        let _ = soon(stream.read_to_end(&mut rest)).await;
    }
}

#[tokio::test]
async fn a_head_that_is_too_long_is_refused() {
    let mut world = World::prepare().await;
    world.limits.head_octets = 16 * 1024;
    world.start_gateway().await;
    world.ready().await;
    let holder = world.places[0].issuer.issue(401);
    let long = "x".repeat(20 * 1024);
    for mut browser in [world.open(Some(&holder)).await, world.open2(Some(&holder)).await] {
        let request = get_with(PATH, &[("x-long", &long)]);
        let status = soon(browser.send(request)).await.map(|answer| answer.status());
        let refused = !matches!(status, Ok(status) if status.is_success());
        assert!(refused, "{status:?}");
    }
    assert!(world.upstream.seen().is_empty());
}

#[tokio::test]
async fn more_connections_than_allowed_wait_their_turn() {
    let mut world = World::prepare().await;
    world.limits.connections = 1;
    world.start_gateway().await;
    world.ready().await;
    let holder = world.places[0].issuer.issue(401);
    let mut first = world.open(Some(&holder)).await;
    assert_eq!(soon(first.reply(get(PATH))).await.status, StatusCode::OK);
    let config = Arc::new(world.browser(Some(&holder)));
    let second = tokio::spawn({
        let addr = world.addr();
        async move { tls(addr, &config).await.is_ok() }
    });
    assert_eq!(soon(first.reply(get(PATH))).await.status, StatusCode::OK);
    assert_eq!(world.metrics().handshakes(), 1);
    assert!(!second.is_finished());
    drop(first);
    assert!(soon(second).await.unwrap());
}

#[tokio::test]
async fn stopping_lets_answers_finish_and_then_drops_what_hangs() {
    let mut world = World::start().await;
    let holder = world.places[0].issuer.issue(401);
    let mut idle = world.open2(Some(&holder)).await;
    assert_eq!(soon(idle.reply(get(PATH))).await.status, StatusCode::OK);
    let mut hanging = world.open(Some(&holder)).await;
    let hung = tokio::spawn(async move { hanging.send(get("/SAMPLE01/cms/hang")).await.is_err() });
    soon(world.upstream.until_hanging(1)).await;
    world.stop_gateway().await;
    assert!(soon(hung).await.unwrap());
    soon(world.upstream.until_hanging(0)).await;
    world.start_gateway().await;
    world.ready().await;
}
