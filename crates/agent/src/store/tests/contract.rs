//! What every store owes, whatever it is made of.

use super::*;

/// Crashes, a renewal, the use of both certificates, and the removal of either.
pub(super) fn holds(uri: &StoreUri, opened: impl Fn() -> Options) {
    let fresh = || open(uri, opened()).unwrap();
    let authority = Authority::new();
    let trusted = trusted(&authority);

    // Killed after the request left, and again after the certificate was installed.
    let (key, resumed) = begin(fresh().as_mut(), &trusted, 6, now()).unwrap();
    assert!(!resumed);
    let (_, resumed) = begin(fresh().as_mut(), &trusted, 7, now()).unwrap();
    assert!(resumed);
    let (older, _) = install(fresh().as_mut(), &authority, 7).unwrap();
    assert_eq!(older.certificate.spki(), key, "the same key");
    fresh().read_back(&older).unwrap();
    let mut store = fresh();
    install_again(store.as_mut(), &trusted, &older);
    store.read_back(&older).unwrap();
    store.settle().unwrap();
    store.settle().unwrap();
    assert_eq!(serials(&fresh().list().unwrap()), [hex(7)]);

    // A key for which there will never be a certificate goes, and the other one stays.
    let mut store = fresh();
    let (refused, resumed) = begin(store.as_mut(), &trusted, 9, now()).unwrap();
    assert!(!resumed && refused != key);
    store.settle().unwrap();

    // A renewal, killed before it was settled: both are there, and both sign.
    let (newer, _) = install(fresh().as_mut(), &authority, 8).unwrap();
    assert_ne!(newer.certificate.spki(), key);
    let mut store = fresh();
    install_again(store.as_mut(), &trusted, &newer);
    store.read_back(&newer).unwrap();
    store.settle().unwrap();
    let held = fresh().list().unwrap();
    assert_eq!(serials(&held), [hex(7), hex(8)]);
    assert!(held.iter().all(|held| held.key.is_some() && held.user.as_str() == USER));
    let find =
        |bundle: &Bundle| held.iter().find(|held| held.certificate == bundle.certificate).unwrap();
    let signs = |bundle: &Bundle| {
        let key = fresh().key(find(bundle))?;
        assert_eq!(key.spki(), bundle.certificate.spki());
        // The store is closed by now; the key keeps open what it needs.
        let signature = key.sign(b"message").unwrap();
        assert!(bundle.certificate.verifies(key.algorithm(), b"message", &signature));
        Ok::<_, StoreError>(())
    };
    signs(&older).unwrap();
    signs(&newer).unwrap();

    // The older one goes, twice, and takes nothing of the newer one with it.
    fresh().remove(find(&older)).unwrap();
    fresh().remove(find(&older)).unwrap();
    assert_eq!(serials(&fresh().list().unwrap()), [hex(8)]);
    assert!(signs(&older).is_err());
    signs(&newer).unwrap();
    fresh().read_back(&newer).unwrap();
    fresh().remove(find(&newer)).unwrap();
    fresh().remove(find(&newer)).unwrap();
    match fresh().list() {
        Ok(held) => assert!(held.is_empty()),
        Err(error) => assert!(matches!(error, StoreError::Missing(_)), "{error}"),
    }

    // A key that waited for a day is given up.
    let (waited, _) = begin(fresh().as_mut(), &trusted, 10, now()).unwrap();
    let later = "2100-01-01T00:00:00Z".parse().unwrap();
    let mut store = fresh();
    let (new, resumed) = begin(store.as_mut(), &trusted, 11, later).unwrap();
    assert!(!resumed && new != waited);
    store.settle().unwrap();
}

/// The lost reply comes a second time, with the same certificate.
fn install_again(store: &mut dyn KeyStore, trusted: &Trusted, bundle: &Bundle) {
    let (spki, resumed) = begin(store, trusted, 99, now()).unwrap();
    assert!(resumed);
    assert_eq!(spki, bundle.certificate.spki());
    store.install(bundle, &Counter::new(1)).unwrap();
}

/// The serial numbers, sorted.
fn serials(held: &[super::super::Held]) -> Vec<String> {
    let mut serials: Vec<_> = held.iter().map(|held| held.serial.to_string()).collect();
    serials.sort();
    serials
}

#[test]
fn pem_files_keep_it() {
    let folder = tempfile::tempdir().unwrap();
    holds(&StoreUri::Pem(folder.path().to_owned()), Options::default);
    assert_eq!(names(folder.path()), ["root.crt.pem"]);
}

#[test]
fn pkcs12_files_keep_it() {
    for (form, name) in [(Pkcs12Form::Modern, "card.p12"), (Pkcs12Form::Legacy, "card")] {
        let folder = tempfile::tempdir().unwrap();
        let uri = StoreUri::Pkcs12(folder.path().join(name));
        holds(&uri, || options(Some(PASSWORD), form, folder.path()));
        assert_eq!(names(folder.path()), ["state"]);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_database_keeps_it_with_a_password_and_without() {
    for password in [None, Some("correct horse")] {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("nssdb");
        let uri = StoreUri::Nss(Some(place.clone()));
        holds(&uri, || options(password, Pkcs12Form::Modern, folder.path()));
        assert_eq!(names(&folder.path().join("state")), [""; 0]);
        let file = folder.path().join("password");
        std::fs::write(&file, password.unwrap_or_default()).unwrap();
        let database = format!("sql:{}", text(&place));
        let said = std::process::Command::new("certutil")
            .args(["-K", "-d", &database, "-f", text(&file)])
            .output()
            .unwrap();
        let said = String::from_utf8([said.stdout, said.stderr].concat()).unwrap();
        assert!(said.contains("no keys found"), "no key is left behind: {said}");
    }
}

#[test]
fn an_older_pem_certificate_and_an_older_file_are_kept_under_their_serial_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let pem = StoreUri::Pem(folder.path().join("pem"));
    let file = StoreUri::Pkcs12(folder.path().join("card.p12"));
    let opened =
        |uri: &StoreUri| open(uri, options(Some(PASSWORD), Pkcs12Form::Modern, folder.path()));
    for uri in [&pem, &file] {
        for serial in [7, 8] {
            let mut store = opened(uri).unwrap();
            install(store.as_mut(), &authority, serial).unwrap();
            store.settle().unwrap();
        }
    }
    let older = |ending: &str| format!("{USER}.{}.{ending}", hex(7));
    let current = |ending: &str| format!("{USER}.{ending}");
    let mut expected = vec!["root.crt.pem".to_owned()];
    for ending in ["chain.pem", "crt.pem", "key.pem"] {
        expected.extend([older(ending), current(ending)]);
    }
    expected.sort();
    assert_eq!(names(&folder.path().join("pem")), expected);
    assert!(names(folder.path()).contains(&format!("card.{}.p12", hex(7))));
    // What openssl reads there is a pair.
    let place = |name: &str| text(&folder.path().join("pem").join(name)).to_owned();
    let key = openssl(&["pkey", "-in", &place(&older("key.pem")), "-pubout"]);
    let certificate = place(&older("crt.pem"));
    assert_eq!(key, openssl(&["x509", "-in", &certificate, "-pubkey", "-noout"]));
}

#[test]
fn an_expired_certificate_gives_its_place_to_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let trusted = trusted(&authority);
    let uri = StoreUri::Pem(folder.path().to_owned());
    let mut store = open(&uri, Options::default()).unwrap();
    install(store.as_mut(), &authority, 7).unwrap();
    store.settle().unwrap();
    let later = "2100-01-01T00:00:00Z".parse().unwrap();
    let (spki, _) = begin(store.as_mut(), &trusted, 8, later).unwrap();
    let certificate = Cert::from_der(authority.leaf(USER, &spki, 8)).unwrap();
    let bundle = Bundle {
        user: USER.parse().unwrap(),
        serial: hex(8).parse().unwrap(),
        certificate,
        intermediates: trusted.intermediates().to_vec(),
        root: trusted.root().clone(),
        zone: TimeZone::get("Asia/Tokyo").unwrap(),
    };
    store.install(&bundle, &Counter::new(1)).unwrap();
    store.settle().unwrap();
    assert_eq!(serials(&store.list().unwrap()), [hex(8)]);
    assert_eq!(names(folder.path()).len(), 4);
}

/// What waits for certificates of the service goes with its record, and nothing else.
pub(super) fn gives_up_what_waits(uri: &StoreUri, opened: impl Fn() -> Options) {
    let fresh = || open(uri, opened()).unwrap();
    let state = opened().state.unwrap();
    let trusted = trusted(&Authority::new());
    let [own, other] = ["0001/SB0001002C", "0002/SB0002002C"].map(|key| key.parse().unwrap());
    begin(fresh().as_mut(), &trusted, 6, now()).unwrap();
    // A key in another place, of which this one knows nothing.
    let [ours] = names(&state).try_into().unwrap();
    let elsewhere = format!("{}-0000.waiting.json", ours.trim_end_matches(".waiting.json"));
    let record = std::fs::read_to_string(state.join(&ours)).unwrap();
    let foreign = record.replace("\"store\":\"", "\"store\":\"another ");
    assert_ne!(foreign, record);
    crate::files::write(
        &state.join(&elsewhere),
        foreign.as_bytes(),
        crate::files::Access::Private,
        crate::files::Existing::Keep,
    )
    .unwrap();

    fresh().give_up(Some(&other)).unwrap();
    assert!(begin(fresh().as_mut(), &trusted, 6, now()).unwrap().1, "the key still waits");
    fresh().give_up(Some(&own)).unwrap();
    assert_eq!(names(&state), [elsewhere]);
    fresh().give_up(None).unwrap();
}
