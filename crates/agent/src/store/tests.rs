//! Every store is judged by programs that we did not write.

mod contract;
#[cfg(target_os = "linux")]
mod nss;
#[cfg(unix)]
mod softhsm;

use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use zeroize::Zeroizing;

use super::{Bundle, KeyLocation, KeyStore, Options, Pkcs12Form, Seat, StoreError, StoreUri, open};
use crate::cert::Cert;
use crate::testing::{Authority, Counter, hex, now, openssl, run};
use crate::trust::{Judged, Trusted, judge};

pub(super) const USER: &str = "CMSM950-006-401";
pub(super) const NAME: &str = "CMSM950-006-401 (until 2046-02-16)";
const PASSWORD: &str = "01AB-CDEF-GHJK-MNPQ";

pub(super) fn trusted(authority: &Authority) -> Trusted {
    match judge(&authority.trust(), None, now()).unwrap() {
        Judged::Unconfirmed(unconfirmed) => unconfirmed.confirm(),
        Judged::Believed(trusted) => trusted,
    }
}

/// Options of a test: a known password, and no folder of the real user.
pub(super) fn options(password: Option<&str>, form: Pkcs12Form, state: &Path) -> Options {
    Options {
        password: password.map(|password| Zeroizing::new(password.to_owned())),
        form,
        home: None,
        state: Some(state.join("state")),
    }
}

/// Begins, certifies and installs, as the machine does.
pub(super) fn install(
    store: &mut dyn KeyStore,
    authority: &Authority,
    serial: u8,
) -> Result<(Bundle, super::Installed), StoreError> {
    let trusted = trusted(authority);
    let entropy = Counter::new(1000 * u64::from(serial));
    let (spki, _) = begin(store, &trusted, serial, now())?;
    let bundle = Bundle {
        user: USER.parse().unwrap(),
        serial: hex(serial).parse().unwrap(),
        certificate: Cert::from_der(authority.leaf(USER, &spki, serial)).unwrap(),
        intermediates: trusted.intermediates().to_vec(),
        root: trusted.root().clone(),
        zone: TimeZone::get("Asia/Tokyo").unwrap(),
    };
    let installed = store.install(&bundle, &entropy)?;
    Ok((bundle, installed))
}

/// Begins for the seat; the key, and whether it waited.
fn begin(
    store: &mut dyn KeyStore,
    trusted: &Trusted,
    serial: u8,
    now: Timestamp,
) -> Result<(Vec<u8>, bool), StoreError> {
    let seat = Seat {
        user: &USER.parse().unwrap(),
        site: &"https://issue.example.jp/issueweb/0001/SB0001002C/".parse().unwrap(),
        trusted,
        now,
        entropy: &Counter::new(1000 * u64::from(serial)),
    };
    let begun = store.begin(&seat)?;
    Ok((begun.key.spki(), begun.resumed))
}

/// Installs, reads back with a fresh handle, settles, and finds it in the list.
pub(super) fn whole_round(
    uri: &StoreUri,
    opened: impl Fn() -> Options,
    key: KeyLocation,
) -> Bundle {
    let authority = Authority::new();
    let mut store = open(uri, opened()).unwrap();
    let (bundle, installed) = install(store.as_mut(), &authority, 7).unwrap();
    assert_eq!(installed.key, key);
    open(uri, opened()).unwrap().read_back(&bundle).unwrap();
    store.settle().unwrap();
    let held = open(uri, opened()).unwrap().list().unwrap();
    assert_eq!(held.len(), 1, "root and issuing CA are not listed");
    assert_eq!(held[0].certificate, bundle.certificate);
    assert_eq!(held[0].user.as_str(), USER);
    assert_eq!(held[0].serial, bundle.serial);
    assert_eq!(held[0].key, Some(key));
    assert_eq!(held[0].location, installed.location);

    let other_root =
        Bundle { root: Cert::from_der(Authority::new().trust().root.0).unwrap(), ..bundle.clone() };
    assert!(open(uri, opened()).unwrap().read_back(&other_root).is_err(), "another root");
    let other = Cert::from_der(authority.leaf(USER, &held[0].certificate.spki(), 8)).unwrap();
    let other = Bundle { certificate: other, ..bundle.clone() };
    assert!(open(uri, opened()).unwrap().read_back(&other).is_err(), "another certificate");
    bundle
}

/// The names in a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn openssl_verifies_chain_and_key_of_the_pem_files() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("new/folder");
    let uri = StoreUri::Pem(place.clone());
    whole_round(&uri, Options::default, KeyLocation::File);
    let file = |name: &str| text(&place.join(name)).to_owned();
    let (chain, certificate) = (file("CMSM950-006-401.chain.pem"), file("CMSM950-006-401.crt.pem"));
    let said = openssl(&[
        "verify",
        "-purpose",
        "sslclient",
        "-CAfile",
        &file("root.crt.pem"),
        "-untrusted",
        &chain,
        &certificate,
    ]);
    assert!(said.ends_with(": OK\n"), "{said}");
    let key = openssl(&["pkey", "-in", &file("CMSM950-006-401.key.pem"), "-pubout"]);
    assert_eq!(key, openssl(&["x509", "-in", &certificate, "-pubkey", "-noout"]));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &str| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&file("CMSM950-006-401.key.pem")), 0o600);
        assert_eq!(mode(text(&place)), 0o700);
    }
}

#[test]
fn a_pem_key_that_was_swapped_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let uri = StoreUri::Pem(folder.path().to_owned());
    let bundle = whole_round(&uri, Options::default, KeyLocation::File);
    let path = folder.path().join("CMSM950-006-401.key.pem");
    openssl(&[
        "genpkey",
        "-algorithm",
        "EC",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-out",
        text(&path),
    ]);
    let error = open(&uri, Options::default()).unwrap().read_back(&bundle).unwrap_err();
    assert!(matches!(error, StoreError::NotReadBack(_)));
    let held = open(&uri, Options::default()).unwrap().list().unwrap();
    assert_eq!(held[0].key, None, "listed, but without its key");
}

#[test]
fn a_pem_key_of_someone_else_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let uri = StoreUri::Pem(folder.path().to_owned());
    let path = folder.path().join("CMSM950-006-401.key.pem");
    let new_key = || {
        let curve = "ec_paramgen_curve:P-256";
        openssl(&["genpkey", "-algorithm", "EC", "-pkeyopt", curve, "-out", text(&path)]);
    };
    let authority = Authority::new();
    let refused = || {
        let before = std::fs::read(&path).unwrap();
        let mut store = open(&uri, Options::default()).unwrap();
        let error = install(store.as_mut(), &authority, 8).unwrap_err();
        assert!(matches!(error, StoreError::Occupied(_)), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), before);
    };
    new_key();
    refused();
    // Nor does a certificate of ours beside it make the key ours.
    std::fs::remove_file(&path).unwrap();
    let mut store = open(&uri, Options::default()).unwrap();
    install(store.as_mut(), &authority, 7).unwrap();
    store.settle().unwrap();
    new_key();
    refused();
}

#[test]
fn openssl_reads_both_forms_of_the_pkcs12_file() {
    for (form, flags, algorithm) in [
        (Pkcs12Form::Modern, &[][..], "PBES2, PBKDF2, AES-256-CBC"),
        (Pkcs12Form::Legacy, &["-legacy"][..], "pbeWithSHA1And3-KeyTripleDES-CBC"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("card.p12");
        let opened = || options(Some(PASSWORD), form, folder.path());
        whole_round(&StoreUri::Pkcs12(file.clone()), opened, KeyLocation::File);
        let pass = format!("pass:{PASSWORD}");
        let mut arguments = vec!["pkcs12", "-in", text(&file), "-info", "-passin", &pass, "-nodes"];
        arguments.extend(flags);
        let said = openssl(&arguments);
        assert!(said.contains(algorithm), "{said}");
        assert_eq!(
            said.matches(&format!("friendlyName: {NAME}")).count(),
            2,
            "key and certificate"
        );
        assert_eq!(said.matches("BEGIN CERTIFICATE").count(), 3);
        assert_eq!(said.matches("BEGIN PRIVATE KEY").count(), 1);
        assert_eq!(said.matches("localKeyID").count(), 2);
        let mac = if form == Pkcs12Form::Modern { "MAC: sha256" } else { "MAC: sha1" };
        assert!(said.contains(mac), "{said}");
        assert_eq!(names(folder.path()), ["card.p12", "state"], "nothing is left beside it");
        assert_eq!(names(&folder.path().join("state")), [""; 0], "and nothing waits");
    }
}

#[test]
fn pk12util_imports_both_forms_of_the_pkcs12_file() {
    for form in [Pkcs12Form::Modern, Pkcs12Form::Legacy] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("card.p12");
        let opened = || options(Some(PASSWORD), form, folder.path());
        whole_round(&StoreUri::Pkcs12(file.clone()), opened, KeyLocation::File);
        let database = format!("sql:{}", text(folder.path()));
        run("certutil", &["-N", "-d", &database, "--empty-password"]);
        run("pk12util", &["-i", text(&file), "-d", &database, "-W", PASSWORD]);
        let said = run("certutil", &["-L", "-d", &database]);
        assert!(said.contains(&format!("{NAME}                           u,u,u")), "{said}");
    }
}

#[test]
fn a_pkcs12_file_of_openssl_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let uri = StoreUri::Pem(folder.path().to_owned());
    whole_round(&uri, Options::default, KeyLocation::File);
    let file = folder.path().join("openssl.p12");
    let place = |name: &str| text(&folder.path().join(name)).to_owned();
    openssl(&[
        "pkcs12",
        "-export",
        "-inkey",
        &place("CMSM950-006-401.key.pem"),
        "-in",
        &place("CMSM950-006-401.crt.pem"),
        "-out",
        text(&file),
        "-passout",
        "pass:ひらがな",
    ]);
    let uri = StoreUri::Pkcs12(file);
    let opened = |password| open(&uri, options(Some(password), Pkcs12Form::Modern, folder.path()));
    let held = opened("ひらがな").unwrap().list().unwrap();
    assert_eq!(held.len(), 1);
    assert_eq!(held[0].key, Some(KeyLocation::File));
    assert!(matches!(opened("wrong").unwrap().list(), Err(StoreError::Unreadable(_))));
}

#[test]
fn a_changed_or_cut_pkcs12_file_is_refused_without_panic() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("card.p12");
    let uri = StoreUri::Pkcs12(file.clone());
    let opened = || options(Some(PASSWORD), Pkcs12Form::Legacy, folder.path());
    whole_round(&uri, opened, KeyLocation::File);
    let whole = std::fs::read(&file).unwrap();
    let list = |octets: &[u8]| {
        std::fs::write(&file, octets).unwrap();
        open(&uri, opened()).unwrap().list()
    };
    let good = list(&whole).unwrap().remove(0).certificate;
    let mut noticed = 0;
    for at in (0..whole.len()).step_by(53) {
        assert!(matches!(list(&whole[..at]), Err(StoreError::Unreadable(_))), "cut at {at}");
        let mut flipped = whole.clone();
        flipped[at] ^= 0x55;
        match list(&flipped) {
            Err(StoreError::Unreadable(_)) => noticed += 1,
            // A field that says nothing, such as the parameters of the MAC's digest.
            Ok(held) => assert_eq!(held[0].certificate, good, "flip at {at}"),
            Err(error) => panic!("flip at {at}: {error}"),
        }
    }
    assert!(noticed > whole.len() / 60, "{noticed}");
}

#[test]
fn a_pkcs12_file_of_someone_else_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("card.p12");
    let uri = StoreUri::Pkcs12(file.clone());
    let opened =
        |password| open(&uri, options(Some(password), Pkcs12Form::Modern, folder.path())).unwrap();
    let authority = Authority::new();
    install(opened(PASSWORD).as_mut(), &authority, 7).unwrap();
    let before = std::fs::read(&file).unwrap();
    for (mut store, authority) in
        [(opened("another password"), &authority), (opened(PASSWORD), &Authority::new())]
    {
        // The key that waits for this file must not make it look like ours.
        let waiting = folder.path().join("state");
        std::fs::remove_dir_all(&waiting).unwrap_or_default();
        let error = install(store.as_mut(), authority, 8).unwrap_err();
        assert!(matches!(error, StoreError::Occupied(_)), "{error}");
        assert_eq!(names(&waiting), [""; 0]);
    }
    assert_eq!(std::fs::read(&file).unwrap(), before);
    install(opened(PASSWORD).as_mut(), &authority, 9).unwrap();
    assert_ne!(std::fs::read(&file).unwrap(), before, "a reissue of the same seat is");
}

#[test]
fn the_key_of_a_pkcs12_file_waits_apart_from_it_where_that_is_possible() {
    let folder = tempfile::tempdir().unwrap();
    let uri = StoreUri::Pkcs12(folder.path().join("shared/card.p12"));
    let opened = || options(Some(PASSWORD), Pkcs12Form::Modern, folder.path());
    let authority = Authority::new();
    install(open(&uri, opened()).unwrap().as_mut(), &authority, 7).unwrap();
    assert_eq!(names(&folder.path().join("shared")), ["card.p12"]);
    assert_eq!(names(&folder.path().join("state")).len(), 1);
    // Nowhere to keep state: beside the file is better than nowhere.
    std::fs::remove_dir_all(folder.path().join("state")).unwrap();
    std::fs::write(folder.path().join("state"), "").unwrap();
    let mut store = open(&uri, opened()).unwrap();
    install(store.as_mut(), &authority, 8).unwrap();
    assert_eq!(names(&folder.path().join("shared")).len(), 3);
    store.settle().unwrap();
    let older = format!("card.{}.p12", hex(7));
    assert_eq!(names(&folder.path().join("shared")), [older.as_str(), "card.p12"]);
}

#[test]
fn a_place_that_cannot_be_written_is_noticed_before_a_key_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    for uri in [
        StoreUri::Pem(file.clone()),
        StoreUri::Pkcs12(file.join("card.p12")),
        StoreUri::Nss(Some(file.join("nssdb"))),
    ] {
        let opened = options(Some(PASSWORD), Pkcs12Form::Modern, folder.path());
        let mut store = open(&uri, opened).unwrap();
        let error = install(store.as_mut(), &Authority::new(), 7).unwrap_err();
        assert!(matches!(error, StoreError::Io { .. }), "{uri}: {error}");
        assert_eq!(names(folder.path()), ["file"]);
    }
}

#[test]
fn a_pkcs12_file_wants_a_password_and_holds_no_root_alone() {
    let folder = tempfile::tempdir().unwrap();
    let uri = StoreUri::Pkcs12(folder.path().join("card.p12"));
    let without = open(&uri, options(None, Pkcs12Form::Modern, folder.path()));
    assert!(matches!(without.err(), Some(StoreError::PasswordNeeded)));
    let mut store = open(&uri, options(Some(PASSWORD), Pkcs12Form::Modern, folder.path())).unwrap();
    let refused = store.trust(&trusted(&Authority::new()));
    assert!(matches!(refused, Err(StoreError::Unsupported(_))));
    assert!(matches!(store.list(), Err(StoreError::Missing(_))));
}

#[test]
fn nss_takes_certificate_key_and_chain() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("nssdb");
    let opened = || options(None, Pkcs12Form::Modern, folder.path());
    whole_round(&StoreUri::Nss(Some(place.clone())), opened, KeyLocation::System);
    let said = run("certutil", &["-L", "-d", &format!("sql:{}", text(&place))]);
    for line in [format!("{NAME} "), "SB0001001C ".to_owned(), "SB0001002C ".to_owned()] {
        assert_eq!(said.matches(&line).count(), 1, "{said}");
    }
    let flags = |name: &str| {
        let line = said.lines().find(|line| line.starts_with(name)).unwrap();
        line.trim().rsplit_once(' ').unwrap().1.to_owned()
    };
    assert_eq!(flags(NAME), "u,u,u");
    assert_eq!(flags("SB0001001C"), "CT,,");
    assert_eq!(flags("SB0001002C"), ",,");
    let database = format!("sql:{}", text(&place));
    let said =
        run("certutil", &["-V", "-u", "C", "-n", NAME, "-d", &database, "-b", "260301000000Z"]);
    assert!(said.contains("certificate is valid"), "{said}");
    assert_eq!(std::fs::read_dir(folder.path().join("state")).unwrap().count(), 0, "nothing waits");
}

#[test]
fn nss_finds_the_second_certificate_of_a_seat_under_its_own_name() {
    let folder = tempfile::tempdir().unwrap();
    let uri = StoreUri::Nss(Some(folder.path().join("nssdb")));
    let opened = || open(&uri, options(None, Pkcs12Form::Modern, folder.path())).unwrap();
    let authority = Authority::new();
    for serial in [7, 8] {
        let mut store = opened();
        let (bundle, _) = install(store.as_mut(), &authority, serial).unwrap();
        opened().read_back(&bundle).unwrap();
        store.settle().unwrap();
    }
    let mut serials: Vec<_> =
        opened().list().unwrap().iter().map(|held| held.serial.to_string()).collect();
    serials.sort();
    assert_eq!(serials, [hex(7), hex(8)]);
}

#[test]
fn nss_installs_twice_what_a_lost_reply_brings_twice() {
    let folder = tempfile::tempdir().unwrap();
    let uri = StoreUri::Nss(Some(folder.path().join("nssdb")));
    let opened = || open(&uri, options(None, Pkcs12Form::Modern, folder.path())).unwrap();
    let authority = Authority::new();
    let mut store = opened();
    let (bundle, first) = install(store.as_mut(), &authority, 7).unwrap();
    let second = store.install(&bundle, &Counter::new(1)).unwrap();
    assert_eq!(first, second);
    opened().read_back(&bundle).unwrap();
    assert_eq!(opened().list().unwrap().len(), 1);
}

#[test]
fn nss_with_a_password_wants_it_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("nssdb");
    let uri = StoreUri::Nss(Some(place));
    let opened =
        |password| open(&uri, options(password, Pkcs12Form::Modern, folder.path())).unwrap();
    let authority = Authority::new();
    let mut store = opened(Some("correct horse"));
    let (bundle, _) = install(store.as_mut(), &authority, 7).unwrap();
    store.read_back(&bundle).unwrap();
    for password in [None, Some("wrong")] {
        let error = install(opened(password).as_mut(), &authority, 8).unwrap_err();
        assert!(matches!(error, StoreError::PasswordNeeded), "{error}");
    }
    assert_eq!(opened(None).list().unwrap().len(), 1, "certificates are no secret");
}

#[test]
fn trust_alone_goes_into_nss_and_pem() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let trusted = trusted(&authority);
    let pem = StoreUri::Pem(folder.path().join("pem"));
    open(&pem, Options::default()).unwrap().trust(&trusted).unwrap();
    let file = |name: &str| text(&folder.path().join("pem").join(name)).to_owned();
    let said =
        openssl(&["verify", "-CAfile", &file("root.crt.pem"), &file("intermediates.crt.pem")]);
    assert!(said.ends_with(": OK\n"), "{said}");
    let other = match judge(&Authority::new().trust(), None, now()).unwrap() {
        Judged::Unconfirmed(unconfirmed) => unconfirmed.confirm(),
        Judged::Believed(trusted) => trusted,
    };
    let refused = open(&pem, Options::default()).unwrap().trust(&other);
    assert!(matches!(refused, Err(StoreError::Occupied(_))), "another root is not overwritten");

    let nss = StoreUri::Nss(Some(folder.path().join("nssdb")));
    let opened = || open(&nss, options(None, Pkcs12Form::Modern, folder.path())).unwrap();
    opened().trust(&trusted).unwrap();
    opened().trust(&trusted).unwrap();
    assert!(opened().list().unwrap().is_empty());
}

#[test]
fn a_store_that_is_not_there_is_not_an_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    let gone = folder.path().join("gone");
    for uri in [StoreUri::Pem(gone.clone()), StoreUri::Nss(Some(gone.clone()))] {
        let listed = open(&uri, options(None, Pkcs12Form::Modern, folder.path())).unwrap().list();
        assert!(matches!(listed, Err(StoreError::Missing(_))), "{uri}");
    }
    assert!(!gone.exists());
}
