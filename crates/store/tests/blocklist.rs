//! Keys that were compromised before there was a list of them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use rusqlite::Connection;
use tegata_store::{Store, View};

#[test]
fn compromised_keys_of_an_older_database_are_on_the_list() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tegata.db");
    let old = Connection::open(&path).unwrap();
    old.execute_batch(include_str!("../migrations/001.sql")).unwrap();
    old.execute_batch(
        "INSERT INTO service VALUES (1, '0001', 'CA', '{}');
         INSERT INTO authority VALUES (1, 1, 'CA', x'30', 0);
         INSERT INTO branch VALUES (1, 1, '950', 'Head');
         INSERT INTO company VALUES (1, 1, 1, 'C', 'C', 401);
         INSERT INTO seat VALUES (1, 1, 1, 'C-401', 1, NULL);",
    )
    .unwrap();
    // State 4 is revoked; reason 1 keyCompromise, 4 superseded; state 3 held.
    for (id, key, state, reason) in [(1, 7, 4, 1), (2, 7, 4, 1), (3, 8, 4, 4), (4, 9, 3, 6)] {
        old.execute(
            "INSERT INTO certificate (id, serial, authority_id, seat_id, key_hash, tbs_hash,
             not_before, not_after, state, state_at, reason)
             VALUES (?1, ?2, 1, 1, ?3, ?3, 0, 1, ?4, ?5, ?6)",
            (id, [id; 16], [key; 32], state, 1_000 + i64::from(id), reason),
        )
        .unwrap();
    }
    old.pragma_update(None, "user_version", 1).unwrap();
    drop(old);
    let store = Store::open(&path).unwrap();
    let listed = store.read(|view: View<'_>| view.blocked_keys(10, None)).unwrap();
    let [only] = &listed[..] else { unreachable!("{listed:?}") };
    assert_eq!(only.fingerprint, [7; 32]);
    assert_eq!(only.at.as_second(), 1_001, "since the first time");
    assert!(only.source.starts_with("keyCompromise of 0101"), "{}", only.source);
    for (key, blocked) in [(7, true), (8, false), (9, false)] {
        let found = store.read(|view: View<'_>| view.blocked_key(&[vec![key; 32]])).unwrap();
        assert_eq!(found.is_some(), blocked, "{key}");
    }
}

/// Even whoever writes SQL has to take the triggers away first.
#[test]
fn nothing_leaves_the_list_and_nothing_on_it_changes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tegata.db");
    Store::open(&path).unwrap();
    let database = Connection::open(&path).unwrap();
    database.execute("INSERT INTO blocked_key VALUES (x'07', 1, 'test')", []).unwrap();
    for sql in [
        "DELETE FROM blocked_key",
        "UPDATE blocked_key SET source = 'other'",
        "UPDATE blocked_key SET key_hash = x'08'",
    ] {
        assert!(database.execute(sql, []).is_err(), "{sql}");
    }
}
