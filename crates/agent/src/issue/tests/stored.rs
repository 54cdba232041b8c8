//! What a run leaves in the store, and what it does not replace there.

use super::{INSTALLED, Says, Waits, files, order, pinned};
use crate::issue::{Confirmation, Ports, Progress, Step, run};
use crate::store::{Options, StoreError, StoreUri, open};
use crate::testing::{Counter, FakeSite, Script, Still, openssl};
use crate::{Error, Exit, Fingerprint};

#[test]
fn every_step_is_reported_once_and_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let site = FakeSite::new([Script::Issue]);
    let ran = pinned(folder.path(), &site, 1);
    let outcome = ran.result.unwrap();
    assert_eq!(outcome.user.as_str(), "CMSM950-006-401");
    assert_eq!(outcome.root, Fingerprint::of(&site.authority().trust().root.0));
    assert_eq!(outcome.not_after.to_string(), "2046-02-16T00:00:00Z");
    use Step::*;
    let steps = [Connect, Trust, Key, Request, Install, ReadBack, Prove, Done].map(Progress::Step);
    assert_eq!(ran.progress, steps);
    assert_eq!(files(folder.path()), INSTALLED, "and nothing waits any more");
}

#[test]
fn a_store_names_the_certificate_by_its_last_day_in_the_services_time_zone() {
    // It ends at 2046-02-16T00:00:00Z.
    for (zone, day) in [("Asia/Tokyo", "2046-02-16"), ("America/New_York", "2046-02-15")] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("certificate.p12");
        let password = Some("sesame".to_owned().into());
        let options = Options { password, ..Options::default() };
        let site = FakeSite::new([Script::Issue]);
        site.is_in(zone);
        let root = Fingerprint::of(&site.authority().trust().root.0);
        run(
            order(Some(root)),
            &mut Ports {
                network: &site,
                store: open(&StoreUri::Pkcs12(file.clone()), options).unwrap().as_mut(),
                person: &mut Says(Confirmation::Nobody, None),
                clock: &Still,
                entropy: &Counter::new(1000),
                pause: &Waits::default(),
                progress: &mut |_| {},
            },
        )
        .unwrap();
        let file = file.to_str().unwrap();
        let said = openssl(&["pkcs12", "-in", file, "-passin", "pass:sesame", "-nokeys"]);
        let name = format!("friendlyName: CMSM950-006-401 (until {day})");
        assert!(said.contains(&name), "{zone}: {said}");
    }
}

#[test]
fn another_key_in_the_store_stops_the_run_before_the_password_is_spent() {
    let folder = tempfile::tempdir().unwrap();
    let site = FakeSite::new([]);
    let key = folder.path().join("CMSM950-006-401.key.pem");
    std::fs::write(&key, "someone else's").unwrap();
    let error = pinned(folder.path(), &site, 1).result.unwrap_err();
    assert!(matches!(error, Error::Store(StoreError::Occupied(_))));
    assert_eq!(error.exit(), Exit::Store);
    assert!(site.keys().is_empty());
    assert_eq!(std::fs::read(&key).unwrap(), b"someone else's");
    assert_eq!(files(folder.path()), ["CMSM950-006-401.key.pem"]);
}

#[test]
fn an_older_certificate_of_the_same_seat_and_service_makes_room() {
    let folder = tempfile::tempdir().unwrap();
    let site = FakeSite::new([Script::Issue, Script::Issue]);
    pinned(folder.path(), &site, 1).result.unwrap();
    pinned(folder.path(), &site, 2).result.unwrap();
    let keys = site.keys();
    assert_ne!(keys[0], keys[1], "a reissue has a new key");
    let older = "CMSM950-006-401.41000000000000000000000000000007.";
    let (kept, current): (Vec<_>, Vec<_>) =
        files(folder.path()).into_iter().partition(|name| name.starts_with(older));
    assert_eq!(kept.len(), 3, "key, certificate and chain");
    assert_eq!(current, INSTALLED);
}

#[test]
fn a_certificate_of_another_service_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    pinned(folder.path(), &FakeSite::new([Script::Issue]), 1).result.unwrap();
    let error = pinned(folder.path(), &FakeSite::new([]), 2).result.unwrap_err();
    assert!(matches!(error, Error::Store(StoreError::Occupied(_))));
}
