//! The main job with CA keys of other kinds: application, site, gateway and server agree on them.

use tegata_scenarios::{Demo, Pc, figure};
use tempfile::tempdir;

const PAGE: &str = "/SAMPLE01/cms";

#[test]
fn every_kind_of_ca_key_carries_the_main_job() {
    for (root, issuing) in [
        ("rsa4096", "rsa-pss3072"),
        ("rsa-pss4096", "ed25519"),
        ("ed25519", "rsa3072"),
        ("p256", "p384"),
        ("rsa-pss3072", "rsa-pss4096"),
    ] {
        figure("root, issuing CA", format!("{root}, {issuing}"));
        let dir = tempdir().expect("a directory");
        let demo = Demo::start_with_keys(dir.path(), root, issuing);
        let pc = Pc::new(&dir.path().join("pc"));
        let seat = demo.seat();
        pc.issue(&demo, &seat, "pem:certificate", &[]).ok();
        let files = pc.pem("certificate", &seat.user_id);
        let gateway = demo.gateway(Some(files.identity()));
        assert_eq!(gateway.get(PAGE, &[]).status, 200, "{root}, {issuing}");
        demo.gateway(None)
            .get(PAGE, &[("accept", "application/json")])
            .problem(403, "no_certificate");
    }
}
