//! A database of the first version, with something in it, is brought to the present one.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use tegata_domain::Serial;
use tegata_store::{CrlScope, Store, StoreError, View};

#[test]
fn a_database_of_the_first_version_keeps_what_it_holds() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tegata.db");
    let old = rusqlite::Connection::open(&path).unwrap();
    old.execute_batch(include_str!("../migrations/001.sql")).unwrap();
    old.execute_batch(
        "INSERT INTO service VALUES (1, '0001', 'SB0001002C', '{}');
         INSERT INTO authority (id, service_id, name, certificate, crl_number)
             VALUES (1, NULL, 'SB0001001C', x'30', 3), (2, 1, 'SB0001002C', x'31', 41);
         INSERT INTO branch VALUES (1, 1, '950', 'Head Office');
         INSERT INTO company VALUES (1, 1, 1, 'CMSM950-006', 'Sample', 401);
         INSERT INTO seat (id, service_id, company_id, user_id) VALUES (1, 1, 1, 'A');
         INSERT INTO certificate (serial, authority_id, seat_id, key_hash, tbs_hash, not_before,
             not_after, state, state_at, issued_at, reason)
             VALUES (x'41424344454647484142434445464748', 2, 1, zeroblob(32), zeroblob(32),
             1000, 4000000000, 4, 2000, 1000, 4);
         INSERT INTO certificate (serial, authority_id, seat_id, key_hash, tbs_hash, not_before,
             not_after, state, state_at, issued_at, superseded_at)
             VALUES (x'51', 2, 1, zeroblob(32), zeroblob(32), 1000, 4000000000, 2, 5000, 1000, 5000),
             (x'52', 2, 1, zeroblob(32), zeroblob(32), 5000, 4000000000, 1, 5000, 5000, NULL),
             (x'53', 2, 1, zeroblob(32), zeroblob(32), 6000, 4000000000, 1, 6000, 6000, NULL);
         INSERT INTO status_change (service_id, serial, status, at)
             VALUES (1, x'41424344454647484142434445464748', 2, 2000);
         INSERT INTO crl VALUES (2, 41, 1, 3000, 900000, x'30820000');
         PRAGMA user_version = 1;",
    )
    .unwrap();
    drop(old);
    let store = Store::open(&path).unwrap();
    store
        .read(|view: View<'_>| {
            let authorities = view.authorities()?;
            assert_eq!(authorities[0].parent, None);
            assert_eq!(authorities[1].parent, Some(authorities[0].id));
            let scope = CrlScope { authority: authorities[1].id, shard: 0 };
            let crl = view.published_crl(scope, false)?.unwrap();
            assert_eq!((crl.number, crl.der), (41, vec![0x30, 0x82, 0, 0]));
            assert_eq!(view.crl_number(authorities[1].id)?, 41);
            assert_eq!(view.crl_position(scope)?, 1, "the change is of this CA");
            let mut rows = Vec::new();
            view.crl_rows(scope, jiff::Timestamp::UNIX_EPOCH, |row| {
                rows.push(row.serial.to_string());
                Ok::<_, StoreError>(())
            })?;
            assert_eq!(rows, ["41424344454647484142434445464748"]);
            let renewed = Serial::from_octets(&[0x51]).unwrap();
            let successor = view.successor(renewed)?.unwrap().certificate.serial;
            assert_eq!(successor, Serial::from_octets(&[0x52]).unwrap(), "by the second");
            let reissued = view.certificate(Serial::from_octets(&[0x53]).unwrap())?.unwrap();
            assert_eq!(reissued.replaces, None);
            Ok::<_, StoreError>(())
        })
        .unwrap();
}
