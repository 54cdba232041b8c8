//! `tegata-app remove`, and `trust --remove`.

use crate::support::{Pc, Site};

#[test]
fn a_certificate_is_removed_by_its_serial_number_and_no_other() {
    let (site, pc) = (Site::start(), Pc::new());
    let issued = pc.issue(&site, "pem:certs", &["--json"]).ended(0).json();
    let serial = issued["serial"].as_str().unwrap();
    let remove = |serial: &str| {
        let arguments = ["remove", "--store", "pem:certs", "--serial", serial, "--yes", "--json"];
        pc.run(&arguments)
    };
    let listed = || pc.run(&["list", "--store", "pem:certs", "--json"]).ended(0).json();
    for other in ["00", "no serial number"] {
        assert_eq!(remove(other).ended(2).json()["code"], "bad_serial", "{other}");
    }
    for other in [serial.replace('7', "6"), format!("{serial}00")] {
        assert_eq!(remove(&other).ended(2).json()["code"], "serial_unknown", "{other}");
    }
    let unasked = pc.run(&["remove", "--store", "pem:certs", "--all", "--json"]);
    assert_eq!(unasked.ended(2).json()["code"], "not_confirmed");
    assert_eq!(listed()["certificates"].as_array().unwrap().len(), 1);
    let removed = remove(serial).ended(0).json();
    assert_eq!(removed["serials"], serde_json::json!([serial]));
    assert_eq!(listed()["certificates"].as_array().unwrap().len(), 0);
}

#[test]
fn all_of_them_go_when_all_are_meant() {
    let (site, pc) = (Site::start(), Pc::new());
    pc.issue(&site, "pem:certs", &[]).ended(0);
    let arguments = ["remove", "--store", "pem:certs", "--all", "--yes", "--json"];
    let removed = pc.run(&arguments).ended(0).json();
    assert_eq!(removed["serials"].as_array().unwrap().len(), 1);
    let again = pc.run(&arguments).ended(0).json();
    assert_eq!(again["serials"], serde_json::json!([]));
}

#[test]
fn roots_are_not_removed_from_a_store_that_does_not_know_who_added_them() {
    let (site, pc) = (Site::start(), Pc::new());
    pc.issue(&site, "pem:certs", &[]).ended(0);
    let refused = pc.run(&["trust", "--remove", "--store", "pem:certs", "--json"]).ended(2);
    assert_eq!(refused.json()["code"], "store_cannot_untrust");
    pc.run(&["list", "--store", "pem:certs"]).ended(0);
}
