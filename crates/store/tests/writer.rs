//! Group commit: what fails, fails alone; what is answered, is on the disk.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tegata_store::{AuditEntry, AuditFault, Store, StoreError, View};

fn store() -> (tempfile::TempDir, Arc<Store>) {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(Store::open(&dir.path().join("tegata.db")).unwrap());
    (dir, store)
}

fn entry(action: &str) -> AuditEntry {
    AuditEntry {
        at: Timestamp::UNIX_EPOCH,
        actor: "system".to_owned(),
        action: action.to_owned(),
        object: "x".to_owned(),
        detail: serde_json::Value::Null,
        reference: None,
    }
}

fn actions(store: &Store) -> Vec<String> {
    let entries = store.read(|view: View<'_>| view.audit_entries(0, 1000)).unwrap();
    entries.into_iter().map(|(_, entry)| entry.action).collect()
}

#[tokio::test]
async fn many_writers_share_one_chain_in_one_order() {
    let (_dir, store) = store();
    let writes = (0..100).map(|i| {
        let store = store.clone();
        tokio::spawn(async move { store.write(move |tx| tx.audit(&entry(&format!("a{i}")))).await })
    });
    for write in writes.collect::<Vec<_>>() {
        write.await.unwrap().unwrap();
    }
    assert_eq!(actions(&store).len(), 100);
    assert_eq!(faults(&store), []);
}

#[tokio::test]
async fn a_verb_that_fails_leaves_nothing_and_harms_nobody() {
    let (_dir, store) = store();
    let good = store.write(|tx| tx.audit(&entry("before")));
    let bad = store.write(|tx| {
        tx.audit(&entry("lost"))?;
        Err::<(), _>(StoreError::Corrupt("on purpose"))
    });
    let also_good = store.write(|tx| tx.audit(&entry("after")));
    let (good, bad, also_good) = tokio::join!(good, bad, also_good);
    assert!(good.is_ok() && also_good.is_ok());
    assert!(matches!(bad, Err(StoreError::Corrupt("on purpose"))));
    assert_eq!(actions(&store), ["before", "after"]);
    assert_eq!(faults(&store), []);
}

#[tokio::test]
async fn another_process_sees_and_continues_the_chain() {
    let (dir, store) = store();
    let other = Store::open(&dir.path().join("tegata.db")).unwrap();
    let version = store.data_version().unwrap();
    other.write(|tx| tx.audit(&entry("theirs"))).await.unwrap();
    assert_ne!(store.data_version().unwrap(), version);
    store.write(|tx| tx.audit(&entry("ours"))).await.unwrap();
    other.write(|tx| tx.audit(&entry("theirs again"))).await.unwrap();
    assert_eq!(actions(&store), ["theirs", "ours", "theirs again"]);
    assert_eq!(faults(&store), []);
}

#[test]
fn the_audit_log_cannot_be_changed_by_sql() {
    let (dir, store) = store();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(store.write(|tx| tx.audit(&entry("kept")))).unwrap();
    let direct = rusqlite::Connection::open(dir.path().join("tegata.db")).unwrap();
    for statement in ["DELETE FROM audit", "UPDATE audit SET body = '{}'"] {
        let error = direct.execute(statement, []).unwrap_err().to_string();
        assert!(error.contains("append-only"), "{error}");
    }
}

fn faults(store: &Store) -> Vec<AuditFault> {
    store.read(|view: View<'_>| view.audit_faults(1, view.audit_head()?.seq + 1, 100)).unwrap()
}

/// What an intruder does to a log of ten entries, and how it is named.
#[test]
fn every_tampering_with_the_log_is_named() {
    for (what, statement, named) in [
        (
            "flip",
            "UPDATE audit SET body = replace(body, 'act-4', 'act-5') WHERE seq = 4",
            vec![AuditFault::Altered { seq: 4 }],
        ),
        (
            "drop",
            "DELETE FROM audit WHERE seq IN (4, 5)",
            vec![AuditFault::Missing { from: 4, to: 5 }],
        ),
        (
            "swap",
            "CREATE TEMP TABLE kept AS SELECT seq, body FROM audit WHERE seq IN (5, 6);
             UPDATE audit SET body = (SELECT body FROM kept k WHERE k.seq = 11 - audit.seq)
             WHERE seq IN (5, 6)",
            vec![AuditFault::Altered { seq: 5 }, AuditFault::Altered { seq: 6 }],
        ),
        (
            "another hash",
            "UPDATE audit SET hash = zeroblob(32) WHERE seq = 4",
            vec![AuditFault::Altered { seq: 4 }, AuditFault::Altered { seq: 5 }],
        ),
        ("none", "SELECT 1", vec![]),
    ] {
        let (dir, store) = store();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for number in 1..=10 {
            let entry = entry(&format!("act-{number}"));
            runtime.block_on(store.write(move |tx| tx.audit(&entry))).unwrap();
        }
        let direct = rusqlite::Connection::open(dir.path().join("tegata.db")).unwrap();
        direct
            .execute_batch(&format!(
                "DROP TRIGGER audit_never_updated; DROP TRIGGER audit_never_deleted; {statement}"
            ))
            .unwrap();
        assert_eq!(faults(&store), named, "{what}");
        // Each stretch on its own sees the same.
        let apart: Vec<AuditFault> = [(1, 3), (3, 5), (5, 6), (6, 11)]
            .into_iter()
            .flat_map(|(from, to)| {
                store.read(|view: View<'_>| view.audit_faults(from, to, 100)).unwrap()
            })
            .collect();
        let mut numbers: Vec<AuditFault> = apart;
        numbers.dedup();
        assert_eq!(numbers.is_empty(), named.is_empty(), "{what}: {numbers:?}");
    }
}

#[test]
fn a_database_of_a_later_version_is_refused() {
    let (dir, store) = store();
    drop(store);
    let path = dir.path().join("tegata.db");
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 999).unwrap();
    let error = Store::open(&path).unwrap_err();
    assert!(matches!(error, StoreError::TooNew { found: 999, .. }), "{error}");
}

#[test]
fn what_is_no_database_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tegata.db");
    std::fs::write(&path, "this is not a database, whatever its name says").unwrap();
    assert!(Store::open(&path).is_err());
    assert!(Store::open(&dir.path().join("no/such/folder/tegata.db")).is_err());
}

/// Claimed mails are nobody else's until their lease ends.
#[tokio::test]
async fn a_mail_is_claimed_once() {
    let (_dir, store) = store();
    let now = Timestamp::UNIX_EPOCH;
    let lease = now + jiff::SignedDuration::from_mins(5);
    let service = store
        .write(move |tx| {
            let service = tx.insert_service(&"0001/X".parse().unwrap(), "{}")?;
            let mail = tegata_store::NewMail {
                seat: None,
                branch: None,
                service,
                kind: "issued",
                recipient: "a@example.co.jp".parse().unwrap(),
                lang: "ja",
                detail: serde_json::json!({}),
            };
            tx.enqueue_mail(&mail, now)?;
            Ok::<_, StoreError>(service)
        })
        .await
        .unwrap();
    let claim = |at| store.write(move |tx| tx.claim_mails(at, lease, 10));
    let first = claim(now).await.unwrap();
    assert_eq!(first.len(), 1);
    assert!(claim(now).await.unwrap().is_empty());
    let again = claim(lease).await.unwrap();
    assert_eq!((again.len(), again[0].attempts), (1, 1), "its first owner vanished");
    let id = again[0].id;
    store.write(move |tx| tx.mail_sent(id, now)).await.unwrap();
    assert!(claim(lease).await.unwrap().is_empty());
    // Its first owner comes back, and it did not go well there.
    store.write(move |tx| tx.mail_failed(id, "late", Some(now), now)).await.unwrap();
    store.write(move |tx| tx.mail_failed(id, "late", None, now)).await.unwrap();
    store.write(move |tx| tx.mail_held(id, "late", now, now)).await.unwrap();
    assert!(claim(lease).await.unwrap().is_empty(), "sent once is enough");
    let row = store.read(|view: View<'_>| view.mail(service, id)).unwrap().unwrap();
    assert_eq!((row.sent_at, row.failed_at, row.error), (Some(now), None, None));
}

#[tokio::test]
async fn whoever_closes_the_store_leaves_one_file() {
    let (dir, store) = store();
    store.write(|tx| tx.audit(&entry("kept"))).await.unwrap();
    assert_eq!(actions(&store), ["kept"]);
    drop(store);
    let files = std::fs::read_dir(dir.path()).unwrap();
    let files: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
    assert_eq!(files, ["tegata.db"]);
}

#[tokio::test]
async fn the_first_that_fails_leaves_nothing_either() {
    let (_dir, store) = store();
    let bad = |action: &'static str| {
        store.write(move |tx| {
            tx.audit(&entry(action))?;
            Err::<(), _>(StoreError::Corrupt("on purpose"))
        })
    };
    // The thread is held, so that what follows waits and becomes one transaction.
    let gate = Arc::new(Barrier::new(2));
    let opened = gate.clone();
    let held = store.write(move |tx| {
        tx.audit(&entry("held"))?;
        opened.wait();
        Err::<(), _>(StoreError::Corrupt("on purpose"))
    });
    let open = tokio::task::spawn_blocking(move || gate.wait());
    let good = |action: &'static str| store.write(move |tx| tx.audit(&entry(action)));
    let (held, first, second, kept, third, also_kept, open) =
        tokio::join!(held, bad("1"), bad("2"), good("kept"), bad("3"), good("also kept"), open);
    assert!(kept.is_ok() && also_kept.is_ok() && open.is_ok());
    assert!(held.is_err() && first.is_err() && second.is_err() && third.is_err());
    assert_eq!(actions(&store), ["kept", "also kept"]);
    assert_eq!(faults(&store), []);
}

/// The last handle may go with a verb, on the thread that the store would wait for.
#[tokio::test]
async fn a_verb_may_own_the_store() {
    let (dir, store) = store();
    let (own, begun) = (store.clone(), Arc::new(Barrier::new(2)));
    let (here, there) = (begun.clone(), begun);
    let asking = tokio::spawn(async move {
        store
            .write(move |tx| {
                tx.audit(&entry("kept"))?;
                there.wait();
                there.wait();
                drop(own);
                Ok::<_, StoreError>(())
            })
            .await
    });
    let waiting = tokio::task::spawn_blocking(move || {
        here.wait();
        here
    });
    let here = waiting.await.unwrap();
    // Whoever asked goes away, and with it the other handle.
    asking.abort();
    assert!(asking.await.unwrap_err().is_cancelled());
    here.wait();
    let again = Store::open(&dir.path().join("tegata.db")).unwrap();
    let begin = Instant::now();
    while actions(&again).is_empty() && begin.elapsed() < Duration::from_secs(20) {
        tokio::task::yield_now().await;
    }
    assert_eq!(actions(&again), ["kept"]);
}
