//! `tegata-app remove`, and `trust --remove`.

use crate::support::{Pc, Site};

#[test]
fn a_certificate_is_removed_by_its_serial_number_and_no_other() {
    let (site, pc) = (Site::start(), Pc::new());
    let issued = pc.issue(&site, "pem:certs", &["--json"]).ended(0).json();
    let serial = issued["serial"].as_str().unwrap();
    let remove =
        |serial: &str| pc.run(&["remove", "--store", "pem:certs", "--serial", serial, "--json"]);
    let listed = || pc.run(&["list", "--store", "pem:certs", "--json"]).ended(0).json();
    for other in ["00", "no serial number", &format!("{serial}00")] {
        let refused = remove(other).ended(2).json();
        assert_eq!(refused["code"], "not_held", "{other}: {refused}");
    }
    assert_eq!(listed()["certificates"].as_array().unwrap().len(), 1);
    let removed = remove(serial).ended(0).json();
    assert_eq!((&removed["result"], &removed["serial"]), (&"removed".into(), &serial.into()));
    assert_eq!(listed()["certificates"].as_array().unwrap().len(), 0);
}

#[test]
fn roots_are_not_removed_from_a_store_that_does_not_know_who_added_them() {
    let (site, pc) = (Site::start(), Pc::new());
    pc.issue(&site, "pem:certs", &[]).ended(0);
    let refused = pc.run(&["trust", "--remove", "--store", "pem:certs", "--json"]).ended(2);
    assert_eq!(refused.json()["code"], "store_cannot_untrust");
    pc.run(&["list", "--store", "pem:certs"]).ended(0);
}
