//! The store as the application uses it, on whatever Windows runs the tests: Wine, here. There
//! nobody has to answer when a root is added; on Windows itself somebody has to.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tegata_windows::certs::{Entry, Name, Store};
use tegata_windows::key::{KeyName, Kind, SOFTWARE_PROVIDER};

use super::key::{sign, spki};
use super::*;
use crate::store::tests::{NAME, USER, install, options, trusted, whole_round};
use crate::store::{KeyLocation, Pkcs12Form, StoreUri, open};
use crate::testing::{Authority, Counter, now};

const URI: StoreUri = StoreUri::Windows(None);

/// The user's stores are one for all tests: one test at a time, and each leaves them empty.
struct Alone(#[expect(dead_code, reason = "held, not read")] MutexGuard<'static, ()>);

impl Alone {
    fn with_the_stores() -> Self {
        static ALONE: Mutex<()> = Mutex::new(());
        Self(ALONE.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        let mut store = Windows::new(None, std::env::temp_dir());
        for held in store.list().unwrap() {
            store.remove(&held).unwrap();
        }
        store.untrust().unwrap();
    }
}

fn opened(folder: &Path) -> Box<dyn KeyStore> {
    open(&URI, options(None, Pkcs12Form::Modern, folder)).unwrap()
}

fn my() -> Vec<Entry> {
    Store::open(Name::My).unwrap().entries()
}

fn waiting(folder: &Path) -> usize {
    std::fs::read_dir(folder.join("state")).unwrap().count()
}

#[test]
fn the_windows_store_keeps_the_contract_of_stores() {
    let _alone = Alone::with_the_stores();
    let folder = tempfile::tempdir().unwrap();
    let options = || options(None, Pkcs12Form::Modern, folder.path());
    let bundle = whole_round(&URI, options, KeyLocation::System);
    assert_eq!(waiting(folder.path()), 0);
    let entry = Store::open(Name::My).unwrap().find(bundle.certificate.der()).unwrap();
    assert_eq!(entry.properties.friendly_name.as_deref(), Some(NAME));
    let key = entry.properties.key.unwrap();
    assert!(key.container.starts_with(&format!("tegata-{USER}-")), "{}", key.container);
    assert!(!key.open().unwrap().unwrap().is_exportable());
    let root = Store::open(Name::Root).unwrap().find(bundle.root.der());
    assert!(root.is_some());
    for ca in &bundle.intermediates {
        assert!(Store::open(Name::Ca).unwrap().find(ca.der()).is_some());
        assert!(Store::open(Name::Root).unwrap().find(ca.der()).is_none(), "only roots are roots");
    }
}

#[test]
fn a_removed_certificate_takes_its_key_along_and_leaves_the_chain_to_others() {
    let _alone = Alone::with_the_stores();
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    for serial in [7, 8] {
        let mut store = opened(folder.path());
        install(store.as_mut(), &authority, serial).unwrap();
        store.settle().unwrap();
    }
    let mut store = opened(folder.path());
    let held = store.list().unwrap();
    assert_eq!(held.len(), 2);
    let keys: Vec<_> = my().into_iter().filter_map(|entry| entry.properties.key).collect();
    assert_eq!(keys.len(), 2);
    assert_ne!(keys[0].container, keys[1].container);
    let there = || keys.iter().filter(|key| key.open().unwrap().is_some()).count();

    let signer = store.key(&held[0]).unwrap();
    let signature = signer.sign(b"anything").unwrap();
    assert!(held[0].certificate.verifies(signer.algorithm(), b"anything", &signature));

    store.remove(&held[0]).unwrap();
    store.remove(&held[0]).unwrap();
    assert_eq!(there(), 1);
    assert!(signer.sign(b"anything").is_none());
    assert!(store.key(&held[0]).is_err());
    assert_eq!(store.list().unwrap().len(), 1);
    let kept = store.untrust().unwrap();
    assert_eq!((kept.removed.len(), kept.kept.len()), (0, 2), "one certificate needs them");

    store.remove(&held[1]).unwrap();
    assert_eq!(there(), 0);
    let gone = store.untrust().unwrap();
    assert_eq!(gone.removed, ["SB0001002C", "SB0001001C"]);
    let trusted = trusted(&authority);
    assert!(Store::open(Name::Root).unwrap().find(trusted.root().der()).is_none());
    assert!(Store::open(Name::Ca).unwrap().find(trusted.intermediates()[0].der()).is_none());
}

#[test]
fn authorities_that_others_added_stay() {
    let _alone = Alone::with_the_stores();
    let folder = tempfile::tempdir().unwrap();
    let trusted = trusted(&Authority::new());
    let root = trusted.root().der().to_vec();
    let roots = || Store::open(Name::Root).unwrap();
    roots().add(&Entry { der: root.clone(), properties: Properties::default() }).unwrap();
    let mut store = opened(folder.path());
    assert_eq!(store.trust(&trusted).unwrap(), "CurrentUser\\Root");
    store.trust(&trusted).unwrap();
    assert_eq!(store.untrust().unwrap().removed, ["SB0001002C"]);
    assert!(roots().find(&root).is_some());
    roots().remove(&root).unwrap();
    assert_eq!(store.untrust().unwrap(), Untrusted::default());
}

#[test]
fn a_key_waits_for_its_certificate_and_is_taken_up_by_the_next_try() {
    let _alone = Alone::with_the_stores();
    let folder = tempfile::tempdir().unwrap();
    let begin = |at: jiff::Timestamp, count| {
        let mut store = Windows::new(None, folder.path().join("state"));
        let trusted = trusted(&Authority::new());
        let seat = Seat {
            user: &USER.parse().unwrap(),
            site: &"https://issue.example.jp/issueweb/0001/SB0001002C/".parse().unwrap(),
            trusted: &trusted,
            now: at,
            entropy: &Counter::new(count),
        };
        let begun = store.begin(&seat).unwrap();
        let (spki, resumed) = (begun.key.spki(), begun.resumed);
        (spki, resumed, store)
    };
    let (first, resumed, store) = begin(now(), 1);
    assert!(!resumed);
    let name = store.begun.as_ref().unwrap().1.name().clone();
    drop(store);
    let (second, resumed, _) = begin(now(), 2);
    assert!(resumed);
    assert_eq!(second, first);

    // The key was lost, or the try ended before it was made: another one, under its own name.
    name.delete().unwrap();
    let (third, resumed, store) = begin(now(), 3);
    assert!(!resumed);
    assert_ne!(third, first);
    let name = store.begun.as_ref().unwrap().1.name().clone();
    drop(store);

    // After a day the key is given up, and does not stay behind.
    let (fourth, resumed, mut store) = begin("2999-01-01T00:00:00Z".parse().unwrap(), 4);
    assert!(!resumed);
    assert_ne!(fourth, third);
    assert!(name.open().unwrap().is_none());

    // There will be no certificate: neither key nor name stay.
    let name = store.begun.as_ref().unwrap().1.name().clone();
    store.settle().unwrap();
    assert!(name.open().unwrap().is_none());
    assert_eq!(waiting(folder.path()), 0);
}

#[test]
fn the_key_of_an_installed_certificate_survives_whatever_waits() {
    let _alone = Alone::with_the_stores();
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    // It ended between installing and settling.
    let (bundle, _) = install(opened(folder.path()).as_mut(), &authority, 7).unwrap();
    assert_eq!(waiting(folder.path()), 1);
    let mut store = opened(folder.path());
    let (again, _) = install(store.as_mut(), &authority, 7).unwrap();
    assert_eq!(again.certificate.spki(), bundle.certificate.spki());
    store.settle().unwrap();
    assert_eq!(waiting(folder.path()), 0);
    let held = opened(folder.path()).list().unwrap();
    assert!(held.iter().all(|held| held.key == Some(KeyLocation::System)), "{held:?}");
}

#[test]
fn a_key_of_two_certificates_goes_with_the_second() {
    let _alone = Alone::with_the_stores();
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    for serial in [7, 8] {
        // Not settled: the second try takes up the same key.
        install(opened(folder.path()).as_mut(), &authority, serial).unwrap();
    }
    let mut store = opened(folder.path());
    let held = store.list().unwrap();
    assert_eq!(held.len(), 2);
    assert_eq!(held[0].certificate.spki(), held[1].certificate.spki());
    store.remove(&held[0]).unwrap();
    assert!(store.key(&held[1]).unwrap().sign(b"anything").is_some());
    let name = my()[0].properties.key.clone().unwrap();
    store.remove(&held[1]).unwrap();
    assert!(name.open().unwrap().is_none());
}

#[test]
fn a_certificate_without_its_key_is_listed_so_and_can_be_removed() {
    let _alone = Alone::with_the_stores();
    let folder = tempfile::tempdir().unwrap();
    let mut store = opened(folder.path());
    let (bundle, _) = install(store.as_mut(), &Authority::new(), 7).unwrap();
    store.settle().unwrap();
    let entry = Store::open(Name::My).unwrap().find(bundle.certificate.der()).unwrap();
    entry.properties.key.unwrap().delete().unwrap();
    let held = store.list().unwrap();
    assert_eq!(held[0].key, None);
    assert!(matches!(store.read_back(&bundle), Err(StoreError::NotReadBack(_))));
    store.remove(&held[0]).unwrap();
    assert!(store.list().unwrap().is_empty());
}

#[test]
fn another_certificate_of_the_store_is_neither_listed_nor_touched() {
    let _alone = Alone::with_the_stores();
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(Name::My).unwrap();
    let foreign = Entry {
        der: trusted(&Authority::new()).root().der().to_vec(),
        properties: Properties { friendly_name: Some("他社".into()), ..Properties::default() },
    };
    store.add(&foreign).unwrap();
    assert!(opened(folder.path()).list().unwrap().is_empty());
    assert_eq!(store.find(&foreign.der), Some(foreign.clone()));
    store.remove(&foreign.der).unwrap();
    assert_eq!(store.find(&foreign.der), None);
}

/// A request signed through CNG verifies. Wine does not find such a key again, so this is done
/// with the key just made.
#[test]
fn a_key_of_cng_signs_what_its_public_half_verifies() {
    let container = format!("tegata-test-request-{}", std::process::id());
    let name = KeyName::cng(SOFTWARE_PROVIDER, &container);
    for kind in [Kind::P256, Kind::Rsa2048] {
        let Ok(key) = name.create(kind) else {
            assert_eq!(kind, Kind::P256, "RSA is everywhere");
            continue;
        };
        let (spki, algorithm) = spki(&key.public().unwrap()).unwrap();
        let signature = sign(&key, algorithm, b"anything").unwrap();
        let verifies =
            |message: &[u8]| crate::cert::key_verifies(&spki, algorithm, message, &signature);
        assert!(verifies(b"anything"));
        assert!(!verifies(b"anything else"));
        drop(key);
        let _ = name.delete();
    }
}
