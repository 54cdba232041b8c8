//! A real PKCS#11 token, SoftHSM, judged by OpenSC's tool.
//!
//! SoftHSM reads where its tokens are from the environment when it is initialised, which happens
//! once in a process. So each test runs itself again in a process of its own.

use std::path::PathBuf;
use std::process::Command;

use super::*;

const DRIVER: &str = "/usr/lib/softhsm/libsofthsm2.so";
const PIN: &str = "271828";
/// Directory of the inner run.
const INNER: &str = "TEGATA_AGENT_TEST_DIR";

/// A folder with an initialised token `card`.
struct Place(PathBuf);

impl Place {
    fn uri(&self, more: &str) -> StoreUri {
        format!("pkcs11:token=card{more}?module-path={DRIVER}").parse().unwrap()
    }

    fn options(&self, pin: Option<&str>) -> Options {
        options(pin, Pkcs12Form::Modern, &self.0)
    }

    fn opened(&self, pin: Option<&str>) -> Box<dyn KeyStore> {
        open(&self.uri(""), self.options(pin)).unwrap()
    }

    fn tool(&self, arguments: &[&str]) -> String {
        let login = ["--module", DRIVER, "--token-label", "card", "--login", "--pin", PIN];
        run("pkcs11-tool", &[&login[..], arguments].concat())
    }
}

/// Runs `body` with a token, in a process of its own.
fn with_token(test: &str, body: impl FnOnce(&Place)) {
    if let Some(dir) = std::env::var_os(INNER) {
        body(&Place(PathBuf::from(dir)));
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let tokens = dir.path().join("tokens");
    std::fs::create_dir(&tokens).unwrap();
    let conf = dir.path().join("softhsm2.conf");
    std::fs::write(&conf, format!("directories.tokendir = {}\n", tokens.display())).unwrap();
    let made = Command::new("softhsm2-util")
        .args(["--init-token", "--free", "--label", "card", "--so-pin", "31415926", "--pin", PIN])
        .env("SOFTHSM2_CONF", &conf)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let inner = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("store::tests::softhsm::{test}"), "--nocapture"])
        .env("SOFTHSM2_CONF", &conf)
        .env(INNER, dir.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&inner.stdout).into_owned()
        + &String::from_utf8_lossy(&inner.stderr);
    assert!(inner.status.success(), "{said}");
    assert!(said.contains("1 passed"), "the inner run found no test {test}: {said}");
}

#[test]
fn a_token_keeps_the_contract() {
    with_token("a_token_keeps_the_contract", |place| {
        contract::holds(&place.uri(""), || place.options(Some(PIN)));
        assert_eq!(names(&place.0.join("state")), [""; 0]);
        let said = place.tool(&["--list-objects"]);
        assert!(!said.contains("Key Object"), "no key is left behind: {said}");
    });
}

#[test]
fn a_key_that_waits_in_a_token_is_given_up() {
    with_token("a_key_that_waits_in_a_token_is_given_up", |place| {
        contract::gives_up_what_waits(&place.uri(""), || place.options(Some(PIN)));
        let said = place.tool(&["--list-objects"]);
        assert!(!said.contains("Key Object"), "no key is left behind: {said}");
    });
}

#[test]
fn a_key_is_made_in_the_token_and_stays_there() {
    with_token("a_key_is_made_in_the_token_and_stays_there", |place| {
        let opened = || place.options(Some(PIN));
        // SoftHSM says that it is no hardware, and it is right.
        let bundle = whole_round(&place.uri(""), opened, KeyLocation::System);
        let said = place.tool(&["--list-objects"]);
        assert_eq!(said.matches(&format!("label:      {NAME}")).count(), 3, "{said}");
        for words in ["never extractable", "always sensitive", "EC_POINT 256 bits", "SB0001001C"] {
            assert!(said.contains(words), "{words}: {said}");
        }
        let file = place.0.join("read.der");
        place.tool(&[
            "--read-object",
            "--type",
            "cert",
            "--label",
            NAME,
            "--output-file",
            text(&file),
        ]);
        assert_eq!(std::fs::read(&file).unwrap(), bundle.certificate.der());
        // Certificates are no secret: they are listed without the PIN, with their keys.
        let held = place.opened(None).list().unwrap();
        assert_eq!(held.len(), 1);
        assert_eq!(held[0].key, Some(KeyLocation::System));
        assert_eq!(held[0].location, format!("pkcs11:token=card: {NAME}"));
    });
}

#[test]
fn a_wrong_pin_is_not_tried_twice_and_nothing_is_left_behind() {
    with_token("a_wrong_pin_is_not_tried_twice_and_nothing_is_left_behind", |place| {
        let authority = Authority::new();
        let trusted = trusted(&authority);
        let mut store = place.opened(Some("000000"));
        for _ in 0..2 {
            let error = begin(store.as_mut(), &trusted, 7, now()).unwrap_err();
            let wrong =
                matches!(error, StoreError::Token(tegata_pkcs11::TokenError::PinWrong { .. }));
            assert!(wrong, "{error}");
        }
        // A second wrong try would have made the token say that its count is low.
        let said = run("pkcs11-tool", &["--module", DRIVER, "--list-token-slots"]);
        assert!(!said.contains("final user PIN try"), "{said}");
        let error = begin(place.opened(None).as_mut(), &trusted, 7, now()).unwrap_err();
        let needed = matches!(error, StoreError::Token(tegata_pkcs11::TokenError::PinNeeded(_)));
        assert!(needed, "{error}");
        assert_eq!(names(&place.0.join("state")), [""; 0]);
        // The right one is taken, by the same process too.
        install(place.opened(Some(PIN)).as_mut(), &authority, 7).unwrap();
    });
}

#[test]
fn the_pin_may_stand_in_a_file_and_a_label_be_chosen() {
    with_token("the_pin_may_stand_in_a_file_and_a_label_be_chosen", |place| {
        let file = place.0.join("pin");
        std::fs::write(&file, format!("{PIN}\n")).unwrap();
        let text = format!(
            "pkcs11:object=my%20bank?module-path={DRIVER}&pin-source=file:{}",
            file.display()
        );
        let uri: StoreUri = text.parse().unwrap();
        // The only token behind the driver needs no name.
        let mut store = open(&uri, place.options(None)).unwrap();
        let (bundle, installed) = install(store.as_mut(), &Authority::new(), 7).unwrap();
        assert_eq!(installed.location, "pkcs11:: my bank");
        store.settle().unwrap();
        store.read_back(&bundle).unwrap();
        assert_eq!(store.list().unwrap().len(), 1);
        let other = open(&place.uri(";object=other"), place.options(Some(PIN))).unwrap();
        assert!(other.list().unwrap().is_empty(), "only what has the name is listed");
        assert_eq!(place.opened(Some(PIN)).list().unwrap().len(), 1);
    });
}

#[test]
fn a_key_of_others_with_the_same_identifier_stays() {
    with_token("a_key_of_others_with_the_same_identifier_stays", |place| {
        let mut store = place.opened(Some(PIN));
        let (bundle, _) = install(store.as_mut(), &Authority::new(), 7).unwrap();
        store.settle().unwrap();
        let id = super::super::token::id_of(bundle.certificate.public_key());
        let id = super::super::waiting::hexadecimal(&id);
        place.tool(&["--keypairgen", "--key-type", "EC:prime256v1", "--id", &id, "--label", "x"]);
        let mut store = place.opened(Some(PIN));
        let held = store.list().unwrap();
        let key = store.key(&held[0]).unwrap();
        assert!(key.sign(b"message").is_some(), "the right one of the two");
        store.remove(&held[0]).unwrap();
        let said = place.tool(&["--list-objects"]);
        assert!(said.contains("label:      x") && !said.contains(NAME), "{said}");
        assert_eq!(said.matches("Key Object").count(), 2, "{said}");
    });
}

#[test]
fn a_token_holds_no_root_alone_and_an_absent_one_is_named() {
    with_token("a_token_holds_no_root_alone_and_an_absent_one_is_named", |place| {
        let refused = place.opened(Some(PIN)).trust(&trusted(&Authority::new()));
        assert!(matches!(refused, Err(StoreError::Unsupported("pkcs11"))));
        let uri: StoreUri = format!("pkcs11:token=other?module-path={DRIVER}").parse().unwrap();
        let error = open(&uri, place.options(Some(PIN))).unwrap().list().unwrap_err();
        assert!(error.to_string().contains("\"other\""), "{error}");
        let uri: StoreUri = "pkcs11:token=card?module-path=/nowhere.so".parse().unwrap();
        let error = open(&uri, place.options(Some(PIN))).err().unwrap();
        assert!(error.to_string().contains("/nowhere.so"), "{error}");
    });
}
