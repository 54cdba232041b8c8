//! Proxies that open TLS: squid with `ssl-bump` and a CA of its own.

use super::{Site, at};
use crate::testing::{Around, Relay, Rules, Squid, inspector};
use crate::transport::{Https, Network, TransportError};

#[test]
fn an_inspecting_proxy_that_this_pc_does_not_trust_is_named_and_gets_nothing() {
    let site = Site::named("issue.example.jp");
    let squid = Squid::start(&Rules::Inspects(inspector()));
    let way_out = Around::default().way_out(at(&squid));
    let connection = site.connect(&way_out);
    let error = connection.post_json(&site.url(), b"secret").unwrap_err();
    let issuer = "Web Gateway CA (本店システム部)".to_owned();
    assert_eq!(error, TransportError::Intercepted { issuer: issuer.clone() });
    assert!(site.server.requests().is_empty());
    for lang in tegata_text::Lang::ALL {
        let explained = crate::Error::from(error.clone()).explain(tegata_text::Text::of(lang));
        assert_eq!(explained.code, "intercepted");
        assert!(explained.title.contains(&issuer) && explained.detail.contains(&issuer));
    }
    let unbelieved = Https::new("0.1.0", "en", way_out).get_unbelieved(&site.url()).unwrap();
    assert_eq!(unbelieved.status, 200, "a public statement can still be fetched");
}

#[test]
fn the_site_itself_behind_a_proxy_is_not_taken_for_an_inspector() {
    let (site, relay) = (Site::named("issue.example.jp"), Relay::start());
    let way_out = Around::default().way_out(relay.url().parse().unwrap());
    let https = Https::new("0.1.0", "en", way_out.clone());
    https.believe(&site.trusted()).unwrap().get(&site.url()).unwrap();
    assert_eq!(https.inspection(), None);
}

#[test]
fn another_host_is_told_as_that() {
    let site = Site::named("other.example.jp");
    let error = site.get(&Around::default().way_out("none".parse().unwrap())).unwrap_err();
    assert!(matches!(error, TransportError::Unproven(_)), "{error:?}");
}
