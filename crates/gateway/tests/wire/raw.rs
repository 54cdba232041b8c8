//! Requests that no honest client sends, octet by octet. Each is either refused or reaches the
//! protected service as exactly one request that means one thing.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::client::tls;
use crate::world::{World, soon};

/// Sends `octets` with an admitted certificate and returns everything that comes back.
async fn exchange(world: &World, octets: &[u8]) -> String {
    let holder = world.places[0].issuer.issue(401);
    let config = Arc::new(world.browser(Some(&holder)));
    let mut stream = soon(tls(world.addr(), &config)).await.unwrap();
    stream.write_all(octets).await.unwrap();
    let mut answer = Vec::new();
    // A connection that is dropped without a closing alert is an answer, too.
    let _ = soon(stream.read_to_end(&mut answer)).await;
    String::from_utf8_lossy(&answer).into_owned()
}

fn statuses(answer: &str) -> Vec<&str> {
    answer.split("HTTP/1.1 ").skip(1).map(|rest| &rest[..3]).collect()
}

#[tokio::test]
async fn malformed_requests_are_refused() {
    let world = World::start().await;
    for request in [
        &b"GET /SAMPLE01/cms HTTP/1.1\r\nHost: a\r\nX-A: 1\r\n folded: 2\r\n\r\n"[..],
        b"GET /SAMPLE01/cms HTTP/1.1\r\nHost: a\r\nX-A : 1\r\n\r\n",
        b"GET /SAMPLE01/cms HTTP/1.1\r\nHost: a\r\nX\0A: 1\r\n\r\n",
        b"GET /SAMPLE01/cms HTTP/1.1\r\nHost: a\r\nX-A: 1\0\r\n\r\n",
        b"GET /SAMPLE01/cms HTTP/1.1\r\nHost: a\r\nX-A: 1\rX-B: 2\r\n\r\n",
        b"GET /SAMPLE01/cms HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"GET /SAMPLE01/cms HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\na",
        b"GET /SAMPLE01/cms HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST /SAMPLE01/cms HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n",
        b"POST /SAMPLE01/cms HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, x\r\n\r\n0\r\n\r\n",
        b"POST /SAMPLE01/cms HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /SAMPLE01/cms HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n\r\n",
        b"GET /SAMPLE01/cms HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n",
        b"GET /SAMPLE01/cms HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n",
        b"GET /SAMPLE01/cms HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"GET /SAMPLE01/cms HTTP/9.9\r\nHost: a\r\n\r\n",
        b"GET /SAMPLE01/cms\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x00\x00",
    ] {
        let answer = exchange(&world, request).await;
        let refused = !answer.contains("welcome");
        assert!(refused, "{}\n{answer}", String::from_utf8_lossy(request));
        for status in statuses(&answer) {
            assert!(matches!(status, "400" | "502"), "{answer}");
        }
    }
    let empty = |seen: &crate::upstream::Seen| seen.body.is_empty();
    assert!(world.upstream.seen().iter().all(empty), "{:?}", world.upstream.seen());
}

#[tokio::test]
async fn a_request_inside_a_body_stays_inside() {
    let world = World::start().await;
    let smuggled = "GET /SAMPLE02/secret HTTP/1.1\r\nHost: a\r\n\r\n";
    let chunked = format!("{:x}\r\n{smuggled}\r\n0\r\n\r\n", smuggled.len());
    for fields in [
        "Content-Length: 4\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 4",
        "Transfer-Encoding: Chunked",
        "transfer_encoding: identity\r\nTransfer-Encoding: chunked",
    ] {
        let before = world.upstream.seen().len();
        let request = format!(
            "POST /SAMPLE01/cms HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{fields}\r\n\r\n{chunked}"
        );
        let answer = exchange(&world, request.as_bytes()).await;
        let seen = world.upstream.seen().split_off(before);
        if seen.is_empty() {
            assert_eq!(statuses(&answer), ["400"], "{fields}\n{answer}");
            continue;
        }
        assert_eq!(statuses(&answer), ["200"], "{fields}\n{answer}");
        assert_eq!(seen.len(), 1, "{fields}");
        assert_eq!(
            (seen[0].target.as_str(), &seen[0].body[..]),
            ("/SAMPLE01/cms", smuggled.as_bytes())
        );
        let lengths = seen[0].headers.get_all("content-length").iter().count();
        let codings = seen[0].headers.get_all("transfer-encoding").iter().count();
        assert_eq!(lengths + codings, 1, "one framing, ours: {:?}", seen[0].headers);
    }
}

#[tokio::test]
async fn bare_line_feeds_mean_the_same_on_both_sides() {
    let world = World::start().await;
    let request = b"GET /SAMPLE01/cms HTTP/1.1\nHost: a\nX-A: 1\nX-Tegata-User: forged\nConnection: close\n\n";
    let answer = exchange(&world, request).await;
    if statuses(&answer) == ["200"] {
        let seen = world.upstream.only();
        assert_eq!(seen.headers["x-a"], "1");
        assert_eq!(seen.headers["x-tegata-user"], "CMSM950-006-401");
    } else {
        assert_eq!(statuses(&answer), ["400"]);
    }
}

#[tokio::test]
async fn the_target_names_the_host() {
    let world = World::start().await;
    let request = b"GET http://real.example/SAMPLE01/cms HTTP/1.1\r\nHost: forged.example\r\nConnection: close\r\n\r\n";
    let answer = exchange(&world, request).await;
    assert_eq!(statuses(&answer), ["200"]);
    let seen = world.upstream.only();
    assert_eq!(seen.target, "/SAMPLE01/cms");
    assert_eq!(seen.headers["host"], "real.example");
    assert_eq!(seen.headers["x-forwarded-host"], "real.example");
}

#[tokio::test]
async fn pipelined_requests_are_judged_one_by_one() {
    let world = World::start().await;
    let request = b"GET /SAMPLE01/cms HTTP/1.1\r\nHost: a\r\n\r\nGET /SAMPLE02 HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\nConnection: close\r\n\r\n";
    let answer = exchange(&world, request).await;
    assert_eq!(statuses(&answer), ["200", "403"], "{answer}");
    assert_eq!(world.upstream.only().target, "/SAMPLE01/cms");
}

#[tokio::test]
async fn the_oldest_clients_need_not_name_a_host() {
    let world = World::start().await;
    let answer = exchange(&world, b"GET /SAMPLE01/cms HTTP/1.0\r\n\r\n").await;
    assert!(answer.ends_with("welcome"), "{answer}");
    let seen = world.upstream.only();
    assert_eq!(seen.headers["host"], world.upstream.addr.to_string().as_str());
    assert!(!seen.headers.contains_key("x-forwarded-host"));
}
