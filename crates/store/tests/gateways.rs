//! Which of our own certificates a gateway may sign reports with.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use tegata_domain::Serial;
use tegata_store::{Store, View};

#[test]
fn only_a_gateways_own_that_nobody_revoked() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tegata.db");
    let store = Store::open(&path).unwrap();
    rusqlite::Connection::open(&path)
        .unwrap()
        .execute_batch(
            "INSERT INTO service VALUES (1, '0001', 'A', '{}'), (2, '0001', 'B', '{}');
             INSERT INTO authority (id, service_id, name, certificate, revoked_at)
                 VALUES (1, 1, 'A', x'30', NULL), (2, 2, 'B', x'30', NULL), (3, 1, 'C', x'30', 5);
             INSERT INTO own_certificate
                 (serial, authority_id, purpose, not_after, der, shard, revoked_at) VALUES
                 (x'41', 1, 'gateway', 9, x'', 0, NULL), (x'42', 1, 'gateway-a.b', 9, x'', 0, NULL),
                 (x'43', 1, 'gateway', 9, x'', 0, 5), (x'44', 2, 'gateway', 9, x'', 0, NULL),
                 (x'45', 3, 'gateway', 9, x'', 0, NULL), (x'46', 1, 'site', 9, x'', 0, NULL),
                 (x'47', 1, 'gateways', 9, x'', 0, NULL);",
        )
        .unwrap();
    let service = store.read(|view: View<'_>| view.services()).unwrap()[0].id;
    let believed: Vec<u8> = (0x41..0x48)
        .filter(|octet| {
            let serial = Serial::from_octets(&[*octet]).unwrap();
            let found = store.read(|view: View<'_>| view.gateway_certificate(service, serial));
            found.unwrap().is_some()
        })
        .collect();
    assert_eq!(believed, [0x41, 0x42]);
    let after = |end| {
        let end = jiff::Timestamp::from_second(end).unwrap();
        let later = |view: View<'_>| view.own_certificates_after(service, "gateway", end);
        store.read(later).unwrap().iter().map(|own| own.serial.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(after(8), ["41"], "neither revoked nor of a revoked CA nor of another service");
    assert_eq!(after(9), [""; 0]);
}
