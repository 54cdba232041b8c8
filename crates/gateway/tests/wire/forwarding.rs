//! What reaches the protected service, and what comes back.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use tegata_domain::RevocationStatus;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::client::{Browser, get, get_with};
use crate::world::{World, soon};

#[tokio::test]
async fn the_service_learns_who_came() {
    let world = World::start().await;
    let holder = world.places[0].issuer.issue(401);
    world.get(Some(&holder), "/SAMPLE01/cms/%E6%8C%AF%E8%BE%BC?a=%2e%2e&b=//").await;
    let seen = world.upstream.only();
    assert_eq!(seen.target, "/SAMPLE01/cms/%E6%8C%AF%E8%BE%BC?a=%2e%2e&b=//");
    let certificate = format!(":{}:", STANDARD.encode(&holder.certificate));
    for (name, value) in [
        ("client-cert", certificate.as_str()),
        ("x-tegata-user", "CMSM950-006-401"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "localhost"),
        ("host", "localhost"),
    ] {
        let values: Vec<_> = seen.headers.get_all(name).iter().collect();
        assert_eq!(values, [value], "{name}");
    }
}

#[tokio::test]
async fn forged_headers_do_not_pass_in_any_spelling() {
    let world = World::start().await;
    let holder = world.places[0].issuer.issue(401);
    let forged = [
        "Client-Cert",
        "client_cert",
        "CLIENT-CERT",
        "Client-Cert-Chain",
        "client_cert_chain",
        "client.cert",
        "X-Client-Cert",
        "X_Client_Cert",
        "X-Client-Verify",
        "X-Tegata-User",
        "x_tegata_user",
        "X-Tegata_User",
        "X-SSL-Client-Cert",
        "X_SSL_CLIENT_VERIFY",
        "SSL-Client-S-DN",
        "ssl_client_verify",
        "Forwarded",
        "X-Forwarded-For",
        "x_forwarded_for",
        "X-Forwarded-Proto",
        "X-Forwarded-User",
        "X-Real-IP",
        "x_real_ip",
    ];
    let mut headers: Vec<_> = forged.map(|name| (name, "forged")).into();
    headers.push(("connection", "client-cert, x-tegata-user, x-secret"));
    headers.push(("x-secret", "forged"));
    headers.push(("x-honest", "stays"));
    let mut browser = world.open(Some(&holder)).await;
    let reply = soon(browser.reply(get_with("/SAMPLE01/cms", &headers))).await;
    assert_eq!(reply.status, StatusCode::OK);
    headers.retain(|(name, _)| *name != "connection");
    let mut browser = world.open2(Some(&holder)).await;
    let reply = soon(browser.reply(get_with("/SAMPLE01/cms", &headers))).await;
    assert_eq!(reply.status, StatusCode::OK);
    for (seen, secret) in world.upstream.seen().into_iter().zip([false, true]) {
        assert_eq!(seen.headers["x-honest"], "stays");
        assert_eq!(seen.headers["x-tegata-user"], "CMSM950-006-401");
        let forged = |value: &http::HeaderValue| value == "forged";
        let passed: Vec<_> = seen.headers.iter().filter(|(_, v)| forged(v)).collect();
        assert_eq!(passed.len(), usize::from(secret), "{passed:?}");
    }
}

#[tokio::test]
async fn bodies_stream_both_ways_and_hop_by_hop_headers_stay_behind() {
    let world = World::start().await;
    let holder = world.places[0].issuer.issue(401);
    let body = Bytes::from(vec![b'x'; 1_000_000]);
    for mut browser in [world.open(Some(&holder)).await, world.open2(Some(&holder)).await] {
        let request = Request::post("https://localhost/SAMPLE01/cms/form")
            .header("host", "localhost")
            .header("cookie", "a=1")
            .header("cookie", "b=2")
            .body(Full::new(body.clone()))
            .unwrap();
        let reply = soon(browser.reply(request)).await;
        assert_eq!(reply.status, StatusCode::OK);
        assert_eq!(reply.header("x-outer"), "2");
        assert!(!reply.headers.contains_key("x-inner"));
    }
    for seen in world.upstream.seen() {
        assert_eq!((seen.method, seen.body), (Method::POST, body.clone()));
        assert_eq!(seen.headers["cookie"], "a=1; b=2");
    }
}

#[tokio::test]
async fn a_service_that_is_down_is_said_so() {
    let mut world = World::prepare().await;
    let dead = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = dead.local_addr().unwrap();
    drop(dead);
    world.places[0].config.upstream = format!("http://{address}").parse().unwrap();
    world.start_gateway().await;
    world.ready().await;
    let holder = world.places[0].issuer.issue(401);
    let reply = world.get(Some(&holder), "/SAMPLE01/cms").await;
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (StatusCode::BAD_GATEWAY, "upstream_unreachable")
    );
    let mut browser = world.open2(Some(&holder)).await;
    let page = soon(browser.reply(get_with("/SAMPLE01/cms", &[]))).await;
    assert!(page.body.contains("ただいまサービスに接続できません"));
    assert_eq!(world.metrics().upstream_failures(), 2);
}

#[tokio::test]
async fn a_service_that_is_silent_is_given_up() {
    let mut world = World::prepare().await;
    world.limits.upstream_answer = std::time::Duration::from_millis(100);
    world.start_gateway().await;
    world.ready().await;
    let holder = world.places[0].issuer.issue(401);
    let reply = world.get(Some(&holder), "/SAMPLE01/cms/hang").await;
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (StatusCode::GATEWAY_TIMEOUT, "upstream_timeout")
    );
    soon(world.upstream.until_hanging(0)).await;
}

#[tokio::test]
async fn trace_and_connect_are_not_forwarded() {
    let world = World::start().await;
    let holder = world.places[0].issuer.issue(401);
    let mut request = get("/SAMPLE01/cms");
    *request.method_mut() = Method::TRACE;
    let reply = soon(world.open(Some(&holder)).await.reply(request)).await;
    assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(world.upstream.seen().is_empty());
}

#[tokio::test]
async fn a_websocket_talks_until_its_certificate_is_revoked() {
    let world = World::start().await;
    let holder = world.places[0].issuer.issue(401);
    let mut browser = world.open(Some(&holder)).await;
    let request = get_with(
        "/SAMPLE01/cms/socket",
        &[("connection", "Upgrade"), ("upgrade", "websocket"), ("sec-websocket-version", "13")],
    );
    let answer = soon(browser.send(request)).await.unwrap();
    assert_eq!(answer.status(), StatusCode::SWITCHING_PROTOCOLS);
    let mut socket = TokioIo::new(hyper::upgrade::on(answer).await.unwrap());
    socket.write_all(b"hello").await.unwrap();
    let mut heard = [0; 5];
    soon(socket.read_exact(&mut heard)).await.unwrap();
    assert_eq!(&heard, b"hello");

    world.announce(0, &holder, RevocationStatus::Revoked).await;
    assert!(matches!(soon(socket.read(&mut heard)).await, Ok(0) | Err(_)));
}

#[tokio::test]
async fn other_upgrades_are_not_passed_on() {
    let world = World::start().await;
    let holder = world.places[0].issuer.issue(401);
    let headers = [
        ("connection", "Upgrade, HTTP2-Settings"),
        ("upgrade", "h2c"),
        ("http2-settings", "AAMAAABkAAQAAP__"),
    ];
    let mut browser = world.open(Some(&holder)).await;
    let reply = soon(browser.reply(get_with("/SAMPLE01/cms", &headers))).await;
    assert_eq!(reply.status, StatusCode::OK);
    let seen = world.upstream.only();
    assert!(!seen.headers.contains_key("upgrade") && !seen.headers.contains_key("http2-settings"));
}

#[tokio::test]
async fn an_answer_streams_before_it_is_complete() {
    let world = World::start().await;
    let holder = world.places[0].issuer.issue(401);
    for mut browser in [world.open(Some(&holder)).await, world.open2(Some(&holder)).await] {
        let mut answer = soon(browser.send(get("/SAMPLE01/cms/stream"))).await.unwrap();
        let frame = soon(answer.body_mut().frame()).await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), "first");
        drop((answer, browser));
        soon(world.upstream.until_hanging(0)).await;
    }
}

#[tokio::test]
async fn a_head_request_is_refused_without_a_body() {
    let world = World::start().await;
    let mut request = get("/SAMPLE01/cms");
    *request.method_mut() = Method::HEAD;
    let mut browser: Browser = world.open(None).await;
    let reply = soon(browser.reply(request)).await;
    assert_eq!((reply.status, reply.body.as_str()), (StatusCode::FORBIDDEN, ""));
}
