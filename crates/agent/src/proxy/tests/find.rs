//! Who says which way leads out, and which of several ways is gone.

use super::{Site, at, closed_port};
use crate::proxy::{Bypass, Found, ProxyChoice, Source, SystemSettings, Way};
use crate::testing::{Around, Rules, ScriptServer, Settings, Squid};
use crate::transport::{ProxyTrouble, TransportError};

fn shown(found: &Found) -> Vec<String> {
    found.ways.iter().map(Way::to_string).collect()
}

fn proxy(url: &str) -> Way {
    Way::Proxy(url.parse().unwrap())
}

fn with_system(settings: SystemSettings) -> Around {
    Around { settings: Settings { settings, detected: Vec::new() }, ..Around::default() }
}

#[test]
fn a_dead_proxy_is_passed_over_and_tried_last_from_then_on() {
    let (site, squid) = (Site::named("issue.example.jp"), Squid::start(&Rules::Open));
    let dead = format!("127.0.0.1:{}", closed_port());
    let alive = squid.url().replace("http://", "");
    let script = ScriptServer::answering(&format!("PROXY {dead}; PROXY {alive}; DIRECT"));
    let way_out = Around::default().way_out(format!("pac:{}", script.url()).parse().unwrap());
    let before = shown(&way_out.find("issue.example.jp", 443).unwrap());
    assert_eq!(before, [format!("http://{dead}"), squid.url(), "DIRECT".to_owned()]);
    assert_eq!(site.get(&way_out).unwrap().status, 200);
    assert_eq!(way_out.last(), Some((proxy(&squid.url()), Source::Script(script.url()))));
    let after = shown(&way_out.find("issue.example.jp", 443).unwrap());
    assert_eq!(after, [squid.url(), "DIRECT".to_owned(), format!("http://{dead}")]);
    assert_eq!(script.served(), 1, "fetched once a session");
}

#[test]
fn a_dead_proxy_then_directly() {
    let site = Site::named("issue.example.jp");
    let script = ScriptServer::answering(&format!("PROXY 127.0.0.1:{}; DIRECT", closed_port()));
    let way_out = Around::default().way_out(format!("pac:{}", script.url()).parse().unwrap());
    assert_eq!(site.get(&way_out).unwrap().status, 200);
    assert_eq!(way_out.last().unwrap().0, Way::Direct);
}

#[test]
fn a_proxy_that_says_no_is_not_gone_around() {
    let (site, squid) = (Site::named("issue.example.jp"), Squid::start(&Rules::Closed));
    let place = squid.url().replace("http://", "");
    let script = ScriptServer::answering(&format!("PROXY {place}; DIRECT"));
    let way_out = Around::default().way_out(format!("pac:{}", script.url()).parse().unwrap());
    let trouble = ProxyTrouble::Status(403);
    let refused = TransportError::Proxy { proxy: squid.url(), trouble };
    assert_eq!(site.get(&way_out).unwrap_err(), refused);
}

#[test]
fn every_way_gone_names_the_first() {
    let site = Site::named("issue.example.jp");
    let (first, second) = (closed_port(), closed_port());
    let list = format!("PROXY 127.0.0.1:{first}; PROXY no-such-proxy.invalid:{second}");
    let script = ScriptServer::answering(&list);
    let way_out = Around::default().way_out(format!("pac:{}", script.url()).parse().unwrap());
    let error = site.get(&way_out).unwrap_err();
    let TransportError::Proxy { proxy, trouble: ProxyTrouble::Unreachable(_) } = error else {
        panic!("{error:?}")
    };
    assert_eq!(proxy, format!("http://127.0.0.1:{first}"));
}

#[test]
fn a_chosen_script_that_fails_is_told() {
    let endless = ScriptServer::start("200 OK", "function FindProxyForURL() { for (;;) ; }");
    let broken = ScriptServer::start("200 OK", "<html>");
    let missing = ScriptServer::start("404 Not Found", "");
    let socks = ScriptServer::answering("SOCKS5 127.0.0.1:1080");
    let gone = format!("http://127.0.0.1:{}/proxy.pac", closed_port());
    let urls = [endless.url(), broken.url(), missing.url(), socks.url(), gone];
    for url in urls.into_iter().chain(["file:///no/such/script".to_owned()]) {
        let way_out = Around::default().way_out(ProxyChoice::Script(url.clone()));
        let error = way_out.find("issue.example.jp", 443).unwrap_err();
        assert!(
            matches!(&error, TransportError::ProxyScript { url: named, .. } if *named == url),
            "{error:?}"
        );
    }
}

#[test]
fn detection_and_a_script_both_on_and_both_failing_leave_what_was_entered() {
    let broken = ScriptServer::start("200 OK", "function FindProxyForURL() { throw 1; }");
    let missing = ScriptServer::start("404 Not Found", "");
    let mut around = with_system(SystemSettings {
        auto_detect: true,
        script: Some(missing.url()),
        manual: vec![proxy("http://proxy.example.jp:8080")],
        bypass: Bypass::of_system(["*.head.example.jp"]),
    });
    around.settings.detected = vec![broken.url()];
    let way_out = around.way_out(ProxyChoice::Automatic);
    for _ in 0..2 {
        let found = way_out.find("issue.example.jp", 443).unwrap();
        assert_eq!(found.source, Source::System);
        assert_eq!(shown(&found), ["http://proxy.example.jp:8080"]);
        let failed: Vec<_> = found.failed.iter().map(|(url, _)| url.clone()).collect();
        assert_eq!(failed, ["".to_owned(), missing.url()]);
    }
    assert_eq!(missing.served(), 1, "not asked again at once");
    let inside = way_out.find("www.head.example.jp", 443).unwrap();
    assert_eq!(shown(&inside), ["DIRECT"]);
}

#[test]
fn detection_first_then_the_script() {
    let (detected, given) =
        (ScriptServer::answering("PROXY detected:1"), ScriptServer::answering("PROXY given:1"));
    let settings = |auto_detect| SystemSettings {
        auto_detect,
        script: Some(given.url()),
        ..SystemSettings::default()
    };
    for (auto_detect, offered, way, source) in [
        (true, vec![detected.url()], "http://detected:1", Source::Network),
        (true, vec![], "http://given:1", Source::Script(given.url())),
        (false, vec![detected.url()], "http://given:1", Source::Script(given.url())),
    ] {
        let mut around = with_system(settings(auto_detect));
        around.settings.detected = offered;
        let found = around.way_out(ProxyChoice::Automatic).find("issue.example.jp", 443).unwrap();
        assert_eq!((shown(&found), found.source), (vec![way.to_owned()], source));
    }
}

#[test]
fn scripts_learn_host_and_port_and_nothing_more() {
    let script = ScriptServer::start(
        "200 OK",
        "function FindProxyForURL(url, host) { return url == 'https://issue.example.jp:8443/' && \
         host == 'issue.example.jp' ? 'PROXY right:1' : 'PROXY wrong:1'; }",
    );
    let way_out = Around::default().way_out(ProxyChoice::Script(script.url()));
    let found = way_out.find("issue.example.jp", 8443).unwrap();
    assert_eq!(shown(&found), ["http://right:1"]);
}

#[test]
fn the_environment_comes_before_the_system_and_a_choice_before_both() {
    let mut around = with_system(SystemSettings {
        manual: vec![proxy("http://system:1")],
        ..SystemSettings::default()
    });
    let find = |around: &Around, choice: &str| {
        let way_out = around.way_out(choice.parse().unwrap());
        let found = way_out.find("issue.example.jp", 443);
        found.map(|found| (shown(&found).concat(), found.source))
    };
    let said = |way: &str, source| Ok((way.to_owned(), source));
    assert_eq!(find(&around, "auto"), said("http://system:1", Source::System));
    for (name, value, way) in [
        ("HTTP_PROXY", "http://http:1", "http://http:1"),
        ("ALL_PROXY", "all:1", "http://all:1"),
        ("HTTPS_PROXY", "http://https:1", "http://https:1"),
        ("https_proxy", "https://small:1", "https://small:1"),
    ] {
        around.environment.push((name, value.to_owned()));
        assert_eq!(find(&around, "auto"), said(way, Source::Environment(name)));
    }
    assert_eq!(find(&around, "none"), said("DIRECT", Source::Chosen));
    assert_eq!(find(&around, "http://chosen:1"), said("http://chosen:1", Source::Chosen));
    around.environment.push(("no_proxy", "example.jp".to_owned()));
    assert_eq!(find(&around, "auto"), said("DIRECT", Source::Environment("https_proxy")));
    around.environment.insert(0, ("https_proxy", "socks5://a:1".to_owned()));
    around.environment.insert(0, ("no_proxy", " ".to_owned()));
    let error = find(&around, "auto").unwrap_err();
    assert!(matches!(error, TransportError::ProxySetting { setting: "https_proxy", .. }));
}

#[test]
fn nobody_says_anything() {
    let site = Site::named("issue.example.jp");
    let way_out = Around::default().way_out(ProxyChoice::Automatic);
    assert_eq!(site.get(&way_out).unwrap().status, 200);
    assert_eq!(way_out.last(), Some((Way::Direct, Source::Nobody)));
}

#[test]
fn another_choice_counts_from_the_next_connection_on() {
    let (site, squid) = (Site::named("issue.example.jp"), Squid::start(&Rules::Closed));
    let way_out = Around::default().way_out(at(&squid));
    assert!(site.get(&way_out).is_err());
    way_out.choose(ProxyChoice::None);
    assert_eq!(site.get(&way_out).unwrap().status, 200);
}

#[test]
fn a_password_in_the_systems_script_address_is_not_repeated() {
    let script = Some("http://taro:secret@127.0.0.1:1/proxy.pac".to_owned());
    let around = with_system(SystemSettings { script, ..SystemSettings::default() });
    let way_out = around.way_out(ProxyChoice::Automatic);
    let found = way_out.find("issue.example.jp", 443).unwrap();
    assert_eq!(found.failed[0].0, "http://127.0.0.1:1/proxy.pac");
    assert!(!format!("{found:?}").contains("secret"), "{found:?}");
}
