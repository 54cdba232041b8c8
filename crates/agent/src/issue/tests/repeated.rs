//! Replies that get lost, servers that are busy, and crashes: what is sent again.

use std::time::Duration;

use super::{INSTALLED, files, pinned};
use crate::issue::Progress;
use crate::store::StoreError;
use crate::testing::{FakeSite, Script};
use crate::transport::TransportError;
use crate::{Error, Exit};

#[test]
fn after_a_lost_reply_the_same_key_is_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let site = FakeSite::new([Script::LoseReply, Script::LoseReply, Script::Issue]);
    let ran = pinned(folder.path(), &site, 1);
    ran.result.unwrap();
    assert_eq!(ran.waits, [Duration::from_secs(2)], "the first repetition goes out at once");
    let keys = site.keys();
    assert_eq!(keys.len(), 3);
    assert!(keys.iter().all(|key| *key == keys[0]));
}

#[test]
fn three_lost_replies_end_the_run_but_not_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let site = FakeSite::new([Script::LoseReply, Script::LoseReply, Script::LoseReply]);
    let error = pinned(folder.path(), &site, 1).result.unwrap_err();
    assert!(matches!(error, Error::Unreachable(TransportError::LostReply(_))));
    assert_eq!(error.exit(), Exit::Unreachable);
    site.then(Script::Issue);
    pinned(folder.path(), &site, 2).result.unwrap();
    let keys = site.keys();
    assert_eq!(keys.len(), 4);
    assert!(keys.iter().all(|key| *key == keys[0]));
}

#[test]
fn a_busy_server_is_asked_again_when_it_says_so_but_not_for_longer_than_half_a_minute() {
    let folder = tempfile::tempdir().unwrap();
    let site = FakeSite::new([
        Script::Problem(503, "busy", Some(Duration::from_secs(5))),
        Script::Problem(409, "in_progress", Some(Duration::from_secs(3600))),
        Script::Issue,
    ]);
    let ran = pinned(folder.path(), &site, 1);
    ran.result.unwrap();
    assert_eq!(ran.waits, [5, 30].map(Duration::from_secs));
}

#[test]
fn a_page_of_someone_else_is_not_an_answer() {
    let folder = tempfile::tempdir().unwrap();
    for status in [200, 404, 502] {
        let site = FakeSite::new([Script::Page(status)]);
        let error = pinned(folder.path(), &site, 1).result.unwrap_err();
        assert!(matches!(error, Error::NotTegata(seen) if seen == status));
        assert_eq!(error.exit(), Exit::Unreachable);
    }
}

#[test]
fn without_a_connection_nothing_is_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let site = FakeSite::new([Script::Down]);
    let ran = pinned(folder.path(), &site, 1);
    assert_eq!(ran.result.unwrap_err().exit(), Exit::Unreachable);
    assert!(ran.waits.is_empty());
}

#[test]
fn a_crash_between_key_and_certificate_resumes_with_the_same_key() {
    let folder = tempfile::tempdir().unwrap();
    let site = FakeSite::new([Script::Issue, Script::Issue]);
    // The disk refuses the certificate: a folder stands where its file should go.
    let obstacle = folder.path().join("CMSM950-006-401.crt.pem");
    std::fs::create_dir(&obstacle).unwrap();
    let error = pinned(folder.path(), &site, 1).result.unwrap_err();
    assert!(matches!(error, Error::Store(StoreError::Io { .. })));
    assert_eq!(error.exit(), Exit::Store);
    std::fs::remove_dir(&obstacle).unwrap();
    let again = pinned(folder.path(), &site, 2);
    again.result.unwrap();
    assert!(again.progress.contains(&Progress::KeyResumed));
    let keys = site.keys();
    assert_eq!(keys[0], keys[1]);
    assert_eq!(files(folder.path()), INSTALLED);
}
