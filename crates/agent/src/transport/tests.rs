use super::{Https, Network, Reply, TransportError};
use crate::proxy::ProxyChoice;
use crate::testing::{Answer, Authority, Request, Server, now, way_out};
use crate::trust::{Judged, Trusted, judge};

fn trusted(authority: &Authority) -> Trusted {
    match judge(&authority.trust(), None, now()).unwrap() {
        Judged::Unconfirmed(unconfirmed) => unconfirmed.confirm(),
        Judged::Believed(trusted) => trusted,
    }
}

fn https() -> Https {
    Https::new("0.1.0", "en", way_out(ProxyChoice::None))
}

fn site(request: &Request) -> Answer {
    match request.path.as_str() {
        "/hello" => Answer::Whole(
            200,
            "content-type: Application/JSON; charset=utf-8\r\n".to_owned(),
            b"{}".to_vec(),
        ),
        "/busy" => Answer::Whole(503, "retry-after: 7\r\n".to_owned(), vec![]),
        "/moved" => Answer::Whole(302, "location: /hello\r\n".to_owned(), vec![]),
        "/endless" => Answer::Whole(200, String::new(), vec![b'x'; 300 * 1024]),
        _ => Answer::Cut,
    }
}

fn url(server: &Server, path: &str) -> String {
    format!("https://localhost:{}{path}", server.port())
}

#[test]
fn a_server_is_believed_by_the_pinned_root_and_its_name() {
    let authority = Authority::new();
    let server = Server::start(authority.server("localhost"), site);
    let connection = https().believe(&trusted(&authority)).unwrap();
    let reply = connection.post_json(&url(&server, "/hello"), b"[1]").unwrap();
    let content_type = "application/json".to_owned();
    assert_eq!(
        reply,
        Reply { status: 200, content_type, retry_after: None, date: None, body: b"{}".to_vec() }
    );
    let request = &server.requests()[0];
    assert_eq!((request.method.as_str(), request.body.as_slice()), ("post", &b"[1]"[..]));
    assert!(request.headers.contains("content-type: application/json"));
    assert!(request.headers.contains("accept-language: en"));
    assert!(request.headers.contains("user-agent: tegata-app/0.1.0"));
}

#[test]
fn another_name_or_another_root_gets_no_request() {
    let authority = Authority::new();
    let named = Server::start(authority.server("other.example.jp"), site);
    let foreign = Server::start(Authority::new().server("localhost"), site);
    let connection = https().believe(&trusted(&authority)).unwrap();
    for server in [&named, &foreign] {
        let error = connection.post_json(&url(server, "/hello"), b"secret").unwrap_err();
        assert!(matches!(error, TransportError::Unproven(_)), "{error:?}");
        assert!(server.requests().is_empty());
    }
    let reply = https().get_unbelieved(&url(&foreign, "/hello")).unwrap();
    assert_eq!(reply.status, 200, "but its public statement can be fetched");
}

#[test]
fn statuses_and_waiting_times_are_handed_on_and_redirects_not_followed() {
    let authority = Authority::new();
    let server = Server::start(authority.server("localhost"), site);
    let connection = https().believe(&trusted(&authority)).unwrap();
    let busy = connection.get(&url(&server, "/busy")).unwrap();
    assert_eq!((busy.status, busy.retry_after.unwrap().as_secs()), (503, 7));
    assert_eq!(connection.get(&url(&server, "/moved")).unwrap().status, 302);
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_cut_reply_is_lost_and_an_endless_one_unusable() {
    let authority = Authority::new();
    let server = Server::start(authority.server("localhost"), site);
    let connection = https().believe(&trusted(&authority)).unwrap();
    let lost = connection.post_json(&url(&server, "/cut"), b"{}").unwrap_err();
    assert!(lost.is_lost_reply(), "{lost:?}");
    let endless = connection.get(&url(&server, "/endless")).unwrap_err();
    assert!(matches!(endless, TransportError::Unusable(_)), "{endless:?}");
}

#[test]
fn nobody_there_is_no_connection() {
    let authority = Authority::new();
    let gone = {
        let server = Server::start(authority.server("localhost"), site);
        url(&server, "/hello")
    };
    let error = https().get_unbelieved(&gone).unwrap_err();
    assert!(matches!(error, TransportError::NoConnection(_)), "{error:?}");
    let error = https().get_unbelieved("https://no-such-host.invalid/").unwrap_err();
    assert_eq!(error, TransportError::HostNotFound);
}

#[test]
fn plain_http_is_never_spoken() {
    let error = https().get_unbelieved("http://localhost:1/").unwrap_err();
    assert!(!error.is_lost_reply());
}
