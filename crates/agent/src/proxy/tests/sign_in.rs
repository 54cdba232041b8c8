//! Proxies that want to know who asks: squid, with its own helpers and one that verifies NTLMv2.

use super::{Site, at, closed_port};
use crate::proxy::ProxyChoice;
use crate::testing::{ACCOUNT, Around, Rules, Squid};
use crate::transport::{ProxyTrouble, TransportError};

const GOOD: (&str, &str) = ACCOUNT;
const WRONG: (&str, &str) = ("taro", "wrong");

fn refused(error: &TransportError) -> (String, Option<String>, Vec<String>, usize) {
    match error.clone() {
        TransportError::ProxyRefused { proxy, realm, schemes, refusals } => {
            (proxy, realm, schemes, refusals)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn basic_first_wrong_then_right_and_never_asked_again() {
    let (site, squid) = (Site::named("issue.example.jp"), Squid::start(&Rules::Basic));
    let around = Around::person(&[WRONG, GOOD]);
    let way_out = around.way_out(at(&squid));
    for _ in 0..2 {
        assert_eq!(site.get(&way_out).unwrap().status, 200);
    }
    let proxy = squid.url();
    let asked = [1, 2].map(|n| format!("{proxy} Head office, 本店 Basic {n}"));
    assert_eq!(around.person.asked(), asked);
    assert_eq!(site.server.requests().len(), 2);
}

#[test]
fn basic_refused_thrice_is_the_end() {
    let (site, squid) = (Site::named("issue.example.jp"), Squid::start(&Rules::Basic));
    let around = Around::person(&[("taro", "1"), ("taro", "2"), ("taro", "3"), GOOD]);
    let error = site.get(&around.way_out(at(&squid))).unwrap_err();
    let proxy = squid.url();
    let realm = Some("Head office, 本店".to_owned());
    assert_eq!(refused(&error), (proxy, realm, vec!["Basic".to_owned()], 3));
    assert_eq!(around.person.asked().len(), 3);
    assert!(site.server.requests().is_empty());
}

#[test]
fn nobody_to_ask_is_told_as_that() {
    let (site, squid) = (Site::named("issue.example.jp"), Squid::start(&Rules::Basic));
    let around = Around::default();
    let error = site.get(&around.way_out(at(&squid))).unwrap_err();
    assert_eq!(refused(&error).3, 0);
    assert_eq!(around.person.asked().len(), 1);
}

#[test]
fn ntlm_first_wrong_then_right() {
    let site = Site::named("issue.example.jp");
    let squid = Squid::start(&Rules::Ntlm { and_basic: true });
    let around = Around::person(&[WRONG, GOOD]);
    let way_out = around.way_out(at(&squid));
    assert_eq!(site.get(&way_out).unwrap().status, 200);
    assert_eq!(squid.tried(), ["taro: wrong password", "taro: ok"]);
    assert_eq!(site.get(&way_out).unwrap().status, 200);
    assert_eq!(squid.tried().len(), 3, "a new connection proves itself anew");
    let asked = around.person.asked();
    assert!(asked.iter().all(|ask| ask.contains("NTLM")) && asked.len() == 2, "{asked:?}");
}

#[test]
fn ntlm_with_a_domain() {
    let site = Site::named("issue.example.jp");
    let squid = Squid::start(&Rules::Ntlm { and_basic: false });
    let around = Around::person(&[(r"HEAD\taro", GOOD.1)]);
    assert_eq!(site.get(&around.way_out(at(&squid))).unwrap().status, 200);
    assert_eq!(squid.tried(), ["taro: ok"]);
}

#[test]
fn each_password_reaches_ntlm_once() {
    let site = Site::named("issue.example.jp");
    let squid = Squid::start(&Rules::Ntlm { and_basic: false });
    let around = Around::person(&[WRONG, WRONG, ("taro", "other"), GOOD]);
    let error = site.get(&around.way_out(at(&squid))).unwrap_err();
    assert_eq!(refused(&error).3, 2);
    assert_eq!(squid.tried(), ["taro: wrong password"; 2]);
    assert_eq!(around.person.asked().len(), 3);
}

#[test]
fn ntlm_under_the_name_of_negotiate() {
    let (site, squid) = (Site::named("issue.example.jp"), Squid::start(&Rules::Negotiate));
    let around = Around::person(&[GOOD]);
    assert_eq!(site.get(&around.way_out(at(&squid))).unwrap().status, 200);
    assert_eq!(squid.tried(), ["taro: ok"]);
}

#[test]
fn the_account_of_the_environment_is_used_without_a_question() {
    let (site, squid) = (Site::named("issue.example.jp"), Squid::start(&Rules::Basic));
    let place = squid.url().replace("http://", "");
    let proxy = |password: &str| format!("http://taro:{password}@{place}/");
    let right = "P%40ss%3Aw%C3%B6rd%20%E6%9C%AC%E5%BA%97";
    for (password, asked) in [(right, 0), ("wrong", 1)] {
        let mut around = Around::person(&[GOOD]);
        around.environment.push(("HTTPS_PROXY", proxy(password)));
        let way_out = around.way_out(ProxyChoice::Automatic);
        assert_eq!(site.get(&way_out).unwrap().status, 200);
        assert_eq!(around.person.asked().len(), asked);
    }
}

#[test]
fn a_proxy_without_questions_and_one_without_mercy() {
    let site = Site::named("issue.example.jp");
    let open = Squid::start(&Rules::Open);
    let around = Around::default();
    assert_eq!(site.get(&around.way_out(at(&open))).unwrap().status, 200);
    let closed = Squid::start(&Rules::Closed);
    let error = site.get(&around.way_out(at(&closed))).unwrap_err();
    let proxy = closed.url();
    assert_eq!(error, TransportError::Proxy { proxy, trouble: ProxyTrouble::Status(403) });
    assert!(around.person.asked().is_empty());
}

#[test]
fn a_server_that_the_proxy_does_not_reach_is_not_the_proxys_absence() {
    let squid = Squid::start(&Rules::Open);
    let way_out = Around::default().way_out(at(&squid));
    let error = way_out.open("issue.example.jp", closed_port()).unwrap_err();
    let proxy = squid.url();
    assert_eq!(error, TransportError::Proxy { proxy, trouble: ProxyTrouble::Status(503) });
}

#[test]
fn no_error_shows_a_password() {
    let (site, squid) = (Site::named("issue.example.jp"), Squid::start(&Rules::Basic));
    let around = Around::person(&[("taro", "hidden-1"), ("taro", "hidden-2")]);
    let way_out = around.way_out(at(&squid));
    let error = site.get(&way_out).unwrap_err();
    let mut said = format!("{error} {error:?} {way_out:?}");
    for lang in tegata_text::Lang::ALL {
        let explained = crate::Error::from(error.clone()).explain(tegata_text::Text::of(lang));
        said.push_str(&format!("{explained:?}"));
        assert!(explained.title.contains(&squid.url()), "{explained:?}");
        assert!(explained.title.contains("本店"), "{explained:?}");
    }
    assert!(!said.contains("hidden"), "{said}");
}
