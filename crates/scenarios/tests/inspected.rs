//! Issue and renewal through a proxy that opens TLS: what authorises a renewal is the signature of
//! the present key over the request, not the connection.

use std::time::Duration;

use serde_json::{Value, json};
use tegata_scenarios::inspector::{HOST, INSPECTOR, Inspector};
use tegata_scenarios::{Demo, Pc, Seat, eventually};
use tempfile::tempdir;

#[test]
fn the_application_renews_through_a_proxy_that_opens_tls() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let proxy = Inspector::start();
    let site = demo.ready.site.replace("127.0.0.1", HOST);
    assert_ne!(site, demo.ready.site);
    let seat = Seat { user_id: demo.ready.user_id.clone(), password: demo.ready.password.clone() };
    let url = proxy.url();
    let by_proxy = ["--proxy", &url];

    // Who does not trust the proxy's CA is told who stands in between, and sends no password.
    let stranger = Pc::new(&dir.path().join("stranger"));
    let refused = stranger.issue_at(&site, &demo, &seat, "pem:certificate", &by_proxy);
    assert_eq!(refused.json()["code"], "intercepted", "{refused:?}");
    let posted = |what: &str| {
        let is = |line: &&String| line.contains("POST") && line.contains(&format!("/{what} "));
        proxy.read().iter().filter(is).count()
    };
    assert_eq!(posted("enroll"), 0, "{:?}", proxy.read());

    let pc = Pc::new(&dir.path().join("pc")).trusting(&proxy.root());
    let ran = pc.issue_at(&site, &demo, &seat, "pem:certificate", &by_proxy);
    let issued = ran.ok().json();
    assert_eq!(posted("enroll"), 1, "it could read the request: {:?}", proxy.read());

    demo.open_renewal();
    let renew = || pc.run(&[&["renew", "--store", "pem:certificate"], &by_proxy[..]].concat());
    let renewed = eventually("the server takes the change", Duration::from_secs(20), || {
        let ran = renew();
        (ran.json()["code"] != "renewal_too_early").then(|| ran.ok())
    });
    assert!(renewed.stderr.contains(INSPECTOR), "it says so: {}", renewed.stderr);
    let renewed: Value = renewed.json();
    assert_eq!(renewed["result"], "renewed");
    assert_eq!(renewed["replaces"], issued["serial"]);
    assert!(posted("renew") >= 1, "{:?}", proxy.read());
    let rows = demo.certificates(Some(&seat.user_id));
    let state = |serial: &Value| {
        let row = rows.iter().find(|row| row["serial"] == *serial);
        row.map(|row| row["state"].clone())
    };
    assert_eq!(state(&renewed["serial"]), Some(json!("live")));
    assert_eq!(state(&issued["serial"]), Some(json!("superseded")));
    let page = demo.gateway(Some(pc.pem("certificate", &seat.user_id).identity()));
    assert_eq!(page.get("/SAMPLE01/cms", &[]).status, 200, "the new one opens the service");
}
