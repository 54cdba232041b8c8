//! Proxies that cut, and proxies that do not answer as proxies do.

use super::Site;
use crate::testing::{Around, Relay};
use crate::transport::{ProxyTrouble, TransportError};

#[test]
fn an_idle_connection_that_was_cut_is_noticed_before_it_is_used() {
    let (site, relay) = (Site::named("issue.example.jp"), Relay::start());
    let way_out = Around::default().way_out(relay.url().parse().unwrap());
    let connection = site.connect(&way_out);
    connection.get(&site.url()).unwrap();
    connection.get(&site.url()).unwrap();
    assert_eq!(relay.tunnels(), 1, "kept and used again");
    relay.cut();
    assert_eq!(connection.post_json(&site.url(), b"{}").unwrap().status, 200);
    assert_eq!((relay.tunnels(), site.server.requests().len()), (2, 3));
}

#[test]
fn a_get_that_got_lost_on_a_kept_connection_is_repeated_once() {
    let (site, relay) = (Site::named("issue.example.jp"), Relay::start());
    let way_out = Around::default().way_out(relay.url().parse().unwrap());
    let connection = site.connect(&way_out);
    connection.get(&site.url()).unwrap();
    relay.cut_when_used();
    assert_eq!(connection.get(&site.url()).unwrap().status, 200);
    assert_eq!((relay.tunnels(), site.server.requests().len()), (2, 2));
}

#[test]
fn a_post_that_got_lost_is_told_to_whoever_can_repeat_it() {
    let (site, relay) = (Site::named("issue.example.jp"), Relay::start());
    let way_out = Around::default().way_out(relay.url().parse().unwrap());
    let connection = site.connect(&way_out);
    connection.get(&site.url()).unwrap();
    relay.cut_when_used();
    let error = connection.post_json(&site.url(), b"{}").unwrap_err();
    assert!(error.is_lost_reply(), "{error:?}");
    assert_eq!(relay.tunnels(), 1);
    assert_eq!(connection.post_json(&site.url(), b"{}").unwrap().status, 200);
}

#[test]
fn what_is_no_answer_of_a_proxy_is_told_as_that() {
    let site = Site::named("issue.example.jp");
    for answer in [
        "".to_owned(),
        "SSH-2.0-OpenSSH_9.2\r\n".to_owned(),
        "HTTP/1.1 407 X\r\nProxy-Auth".to_owned(),
        "HTTP/1.1 100 Continue\r\n\r\n".repeat(3),
        format!("HTTP/1.1 407 X\r\nX: {}", "x".repeat(200_000)),
        format!("HTTP/1.1 407 X\r\n{}", "X: x\r\n".repeat(200_000)),
    ] {
        let relay = Relay::answering(answer.clone());
        let way_out = Around::default().way_out(relay.url().parse().unwrap());
        let error = site.get(&way_out).unwrap_err();
        let TransportError::Proxy { proxy, trouble: ProxyTrouble::Unusable(_) } = error else {
            panic!("{error:?} {:.80}", answer)
        };
        assert_eq!(proxy, relay.url());
    }
}

#[test]
fn hostile_challenges_end_without_a_password() {
    let site = Site::named("issue.example.jp");
    for (challenge, is_asked) in [
        ("Basic realm=\"\u{1b}[31m\"", false),
        ("NTLM AAAA", true),
        ("Negotiate ////", true),
        ("Digest realm=\"x\", nonce=\"y\"", false),
        ("\u{7}", false),
        (&"x,".repeat(4000), false),
    ] {
        let answer = format!("HTTP/1.1 407 X\r\nProxy-Authenticate: {challenge}\r\n\r\n");
        let relay = Relay::answering(answer);
        let around = Around::person(&[("taro", "secret")]);
        let error = site.get(&around.way_out(relay.url().parse().unwrap())).unwrap_err();
        assert!(
            matches!(error, TransportError::ProxyRefused { .. } | TransportError::Proxy { .. }),
            "{challenge}: {error:?}"
        );
        assert_eq!(!around.person.asked().is_empty(), is_asked, "{challenge}: {error:?}");
        assert!(!error.to_string().contains('\u{1b}'));
    }
}
