//! Keys in a real PKCS#11 token, SoftHSM, judged by OpenSSL and by OpenSC's tools.
//!
//! SoftHSM reads where its tokens are from the environment when it is initialised, which happens
//! once in a process. So each test runs itself again in a process of its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use cryptoki::context::Pkcs11;
use cryptoki::object::{Attribute, AttributeType, ObjectClass};
use der::pem::{LineEnding, encode_string};
use tegata_ca::{CaKey, SignatureAlgorithm, Signer};
use tegata_domain::Entropy;
use tegata_token::{KeyUri, TokenError, TokenKey, TokenUri};

const DRIVER: &str = "/usr/lib/softhsm/libsofthsm2.so";
/// Logs every call on its way to another driver.
const SPY: &str = "/usr/lib/x86_64-linux-gnu/pkcs11-spy.so";
const PIN: &str = "271828";
/// Directory of the inner run.
const INNER: &str = "TEGATA_TOKEN_TEST_DIR";

/// A directory with an initialised token `tegata` and a file with its PIN.
struct Place(PathBuf);

impl Place {
    fn tokens(&self) -> PathBuf {
        self.0.join("tokens")
    }

    fn uri(&self, driver: &str) -> TokenUri {
        let pin = self.0.join("pin");
        let text =
            format!("pkcs11:token=tegata?module-path={driver}&pin-source=file:{}", pin.display());
        text.parse().unwrap()
    }

    fn token(&self) -> TokenUri {
        self.uri(DRIVER)
    }

    fn make(&self, label: &str, choice: CaKey) -> Result<TokenKey, TokenError> {
        TokenKey::create(&self.token(), label, choice, &Counter(AtomicU8::new(label.as_bytes()[0])))
    }

    fn run(&self, program: &str, args: &[&str]) -> Output {
        Command::new(program).args(args).current_dir(&self.0).output().expect("it is installed")
    }

    fn pkcs11_tool(&self, args: &[&str]) -> Output {
        let login = ["--module", DRIVER, "--token-label", "tegata", "--login", "--pin", PIN];
        self.run("pkcs11-tool", &[&login[..], args].concat())
    }

    /// What the spy saw of calls of this function.
    fn calls(&self, function: &str) -> usize {
        let log = fs::read_to_string(self.0.join("spy.log")).unwrap_or_default();
        log.lines().filter(|line| line.ends_with(&format!(": {function}"))).count()
    }
}

struct Counter(AtomicU8);

impl Entropy for Counter {
    fn fill(&self, octets: &mut [u8]) {
        octets.fill_with(|| self.0.fetch_add(1, Ordering::SeqCst));
    }
}

/// Runs `body` with a token, in a process of its own.
fn with_token(test: &str, body: impl FnOnce(&Place)) {
    if let Some(dir) = std::env::var_os(INNER) {
        body(&Place(PathBuf::from(dir)));
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let place = Place(dir.path().to_owned());
    fs::create_dir(place.tokens()).unwrap();
    let conf = dir.path().join("softhsm2.conf");
    let tokens = place.tokens();
    fs::write(&conf, format!("directories.tokendir = {}\n", tokens.display())).unwrap();
    fs::write(dir.path().join("pin"), format!("{PIN}\n")).unwrap();
    let made = Command::new("softhsm2-util")
        .args(["--init-token", "--free", "--label", "tegata", "--so-pin", "31415926", "--pin", PIN])
        .env("SOFTHSM2_CONF", &conf)
        .output()
        .expect("softhsm2-util is installed");
    assert!(made.status.success(), "{}", said(&made));
    let inner = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env("SOFTHSM2_CONF", &conf)
        .env("PKCS11SPY", DRIVER)
        .env("PKCS11SPY_OUTPUT", dir.path().join("spy.log"))
        .env(INNER, dir.path())
        .output()
        .unwrap();
    let said = said(&inner);
    assert!(inner.status.success(), "{said}");
    assert!(said.contains("1 passed"), "the inner run found no test {test}: {said}");
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// What OpenSSL says of a signature.
fn openssl_verifies(place: &Place, key: &TokenKey, message: &[u8], signature: &[u8]) -> bool {
    let pem = encode_string("PUBLIC KEY", LineEnding::LF, key.public_key()).unwrap();
    fs::write(place.0.join("public.pem"), pem).unwrap();
    fs::write(place.0.join("message"), message).unwrap();
    fs::write(place.0.join("signature"), signature).unwrap();
    let options: &[&str] = match key.algorithm() {
        SignatureAlgorithm::EcdsaSha256 | SignatureAlgorithm::RsaSha256 => &["-digest", "sha256"],
        SignatureAlgorithm::EcdsaSha384 | SignatureAlgorithm::RsaSha384 => &["-digest", "sha384"],
        SignatureAlgorithm::RsaPssSha256 => &[
            "-digest",
            "sha256",
            "-pkeyopt",
            "rsa_padding_mode:pss",
            "-pkeyopt",
            "rsa_pss_saltlen:32",
        ],
        SignatureAlgorithm::RsaPssSha384 => &[
            "-digest",
            "sha384",
            "-pkeyopt",
            "rsa_padding_mode:pss",
            "-pkeyopt",
            "rsa_pss_saltlen:48",
        ],
        SignatureAlgorithm::Ed25519 => &[],
    };
    let common = ["pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", "public.pem"];
    let files = ["-in", "message", "-sigfile", "signature"];
    place.run("openssl", &[&common[..], &files, options].concat()).status.success()
}

#[test]
fn openssl_believes_every_kind_of_key() {
    with_token("openssl_believes_every_kind_of_key", |place| {
        for choice in CaKey::ALL {
            let key = place.make(choice.name(), choice).unwrap();
            assert_eq!(key.algorithm(), choice.algorithm());
            // ECDSA signatures vary in length; twenty show numbers with a leading zero octet.
            for round in 0..20u8 {
                let message = [b"message ".as_slice(), &[round]].concat();
                let signature = key.sign(&message).unwrap();
                if round < 2 {
                    assert!(openssl_verifies(place, &key, &message, &signature), "{choice}");
                    assert!(!openssl_verifies(place, &key, b"massage", &signature), "{choice}");
                }
            }
            let again = TokenKey::open(key.uri().clone()).unwrap();
            assert_eq!(again.public_key(), key.public_key());
            assert_eq!(again.algorithm(), choice.algorithm());
            again.ready().unwrap();
        }
    });
}

/// A key that the token's own program made, RSA 2048 too, signs like ours and with each hash.
#[test]
fn keys_made_by_others_sign_too() {
    with_token("keys_made_by_others_sign_too", |place| {
        for (kind, id, algorithms) in [
            (
                "rsa:2048",
                "01",
                &["rsa-sha256", "rsa-sha384", "rsa-pss-sha256", "rsa-pss-sha384"][..],
            ),
            ("EC:prime256v1", "02", &["ecdsa-sha256"]),
            ("EC:secp384r1", "03", &["ecdsa-sha384"]),
        ] {
            let made = place.pkcs11_tool(&[
                "--keypairgen",
                "--key-type",
                kind,
                "--label",
                kind,
                "--id",
                id,
                "--usage-sign",
            ]);
            assert!(made.status.success(), "{}", said(&made));
            for algorithm in algorithms {
                let uri = place.token().to_string().replace("?", &format!(";id=%{id}?"));
                let uri: KeyUri = format!("{uri}&x-algorithm={algorithm}").parse().unwrap();
                let key = TokenKey::open(uri).unwrap();
                let signature = key.sign(b"message").unwrap();
                assert!(openssl_verifies(place, &key, b"message", &signature), "{algorithm}");
            }
        }
        let named = |label: &str, algorithm: &str| {
            let algorithm = SignatureAlgorithm::named(algorithm).unwrap();
            TokenKey::open(KeyUri::labelled(&place.token(), label, algorithm))
        };
        assert!(matches!(named("rsa:2048", "ed25519"), Err(TokenError::Algorithm { .. })));
        assert!(matches!(named("nobody", "ed25519"), Err(TokenError::NoKey { .. })));
        let made = place.pkcs11_tool(&[
            "--keypairgen",
            "--key-type",
            "EC:prime256v1",
            "--label",
            "asks",
            "--always-auth",
        ]);
        assert!(made.status.success(), "{}", said(&made));
        let asks = named("asks", "ecdsa-sha256");
        assert!(matches!(asks, Err(TokenError::AlwaysAuthenticate(_))), "{asks:?}");
        // A second key of the same label: which one is meant must be said.
        let made = place.pkcs11_tool(&[
            "--keypairgen",
            "--key-type",
            "rsa:2048",
            "--label",
            "rsa:2048",
            "--id",
            "09",
        ]);
        assert!(made.status.success(), "{}", said(&made));
        assert!(matches!(
            named("rsa:2048", "rsa-sha256"),
            Err(TokenError::ManyKeys { count: 2, .. })
        ));
    });
}

#[test]
fn a_key_never_leaves_and_its_label_is_never_taken_over() {
    with_token("a_key_never_leaves_and_its_label_is_never_taken_over", |place| {
        for choice in [CaKey::P256, CaKey::Rsa3072, CaKey::Ed25519] {
            let label = choice.name();
            place.make(label, choice).unwrap();
            let listed = said(&place.pkcs11_tool(&["--list-objects", "--type", "privkey"]));
            let own = listed.split("Private Key Object").find(|one| one.contains(label)).unwrap();
            let access = own.lines().find(|line| line.contains("Access:")).unwrap();
            for word in ["sensitive", "always sensitive", "never extractable", "local"] {
                assert!(access.contains(word), "{access}");
            }
            let usage = own.lines().find(|line| line.contains("Usage:")).unwrap();
            assert_eq!(usage.split(':').nth(1).map(str::trim), Some("sign"), "{usage}");
            let again = place.make(label, CaKey::P384);
            assert!(matches!(again, Err(TokenError::LabelTaken { .. })), "{again:?}");
        }
        // This process is logged in: all that the token has to give, it would give now.
        let driver = Pkcs11::new(DRIVER).unwrap();
        let slot = driver.get_slots_with_initialized_token().unwrap()[0];
        let session = driver.open_ro_session(slot).unwrap();
        let keys = session.find_objects(&[Attribute::Class(ObjectClass::PRIVATE_KEY)]).unwrap();
        assert_eq!(keys.len(), 3);
        for key in keys {
            for secret in [AttributeType::Value, AttributeType::PrivateExponent] {
                let told = session.get_attributes(key, &[secret]).unwrap_or_default();
                assert!(told.is_empty(), "{told:?}");
            }
        }
    });
}

#[test]
fn many_threads_share_one_login() {
    with_token("many_threads_share_one_login", |place| {
        let token = place.uri(SPY);
        let entropy = Counter(AtomicU8::new(0));
        let keys = ["a", "b"]
            .map(|label| Arc::new(TokenKey::create(&token, label, CaKey::P256, &entropy).unwrap()));
        std::thread::scope(|scope| {
            for i in 0..40 {
                let key = Arc::clone(&keys[i % 2]);
                scope.spawn(move || {
                    for round in 0..20u8 {
                        // Verified with the public key before it is returned.
                        key.sign(&[round]).unwrap();
                    }
                });
            }
        });
        assert_eq!(place.calls("C_Initialize"), 1);
        assert_eq!(place.calls("C_Login"), 1);
        // One that keeps the login, eight for the work.
        assert!((2..=9).contains(&place.calls("C_OpenSession")));
    });
}

/// A wrong PIN is tried once; a corrected file is tried again; nothing is restarted.
#[test]
fn a_wrong_pin_is_never_tried_twice() {
    with_token("a_wrong_pin_is_never_tried_twice", |place| {
        let made = place.pkcs11_tool(&[
            "--keypairgen",
            "--key-type",
            "EC:prime256v1",
            "--label",
            "key",
            "--id",
            "07",
        ]);
        assert!(made.status.success(), "{}", said(&made));
        let pin = place.0.join("pin");
        fs::write(&pin, "000000\n").unwrap();
        let uri = KeyUri::labelled(&place.uri(SPY), "key", SignatureAlgorithm::EcdsaSha256);
        for _ in 0..5 {
            let opened = TokenKey::open(uri.clone());
            let error = opened.unwrap_err();
            assert!(matches!(error, TokenError::PinWrong { .. }), "{error}");
            assert!(error.to_string().contains(pin.to_str().unwrap()), "{error}");
            assert!(!error.to_string().contains("000000"), "{error}");
        }
        assert_eq!(place.calls("C_Login"), 1);
        fs::write(&pin, PIN).unwrap();
        TokenKey::open(uri).unwrap().sign(b"message").unwrap();
        assert_eq!(place.calls("C_Login"), 2);
    });
}

#[test]
fn a_token_that_was_away_is_found_again() {
    with_token("a_token_that_was_away_is_found_again", |place| {
        let key = place.make("key", CaKey::P256).unwrap();
        let other = place.make("other", CaKey::Rsa3072).unwrap();
        key.sign(b"message").unwrap();
        let away = place.0.join("away");
        for _ in 0..2 {
            fs::rename(place.tokens(), &away).unwrap();
            for _ in 0..2 {
                let error = key.sign(b"message").unwrap_err().to_string();
                assert!(error.contains("nothing needs to be restarted"), "{error}");
                assert!(key.ready().is_err() && other.ready().is_err());
            }
            // More than there are sessions: nobody waits for ever.
            std::thread::scope(|scope| {
                for _ in 0..40 {
                    scope.spawn(|| assert!(key.sign(b"message").is_err()));
                }
            });
            fs::rename(&away, place.tokens()).unwrap();
            key.ready().unwrap();
            for key in [&key, &other] {
                let signature = key.sign(b"message").unwrap();
                assert!(openssl_verifies(place, key, b"message", &signature));
            }
        }
    });
}

#[test]
fn what_is_missing_is_named() {
    with_token("what_is_missing_is_named", |place| {
        let opened = |from: &str, to: &str| {
            let uri =
                KeyUri::labelled(&place.token(), "key", SignatureAlgorithm::Ed25519).to_string();
            TokenKey::open(uri.replace(from, to).parse().unwrap()).unwrap_err()
        };
        let error = opened("libsofthsm2.so", "no.so");
        assert!(matches!(error, TokenError::Module { .. }), "{error}");
        // A file that is no driver.
        let error = opened(DRIVER, "/etc/passwd");
        assert!(matches!(error, TokenError::Module { .. }), "{error}");
        let error = opened("token=tegata", "token=other");
        assert!(error.to_string().contains("there: tegata"), "{error}");
        let error = opened("/pin&", "/none&");
        assert!(matches!(error, TokenError::PinFile { .. }), "{error}");
        let pin = format!("file:{}", place.0.join("pin").display());
        let error = opened(&pin, "env:TEGATA_NO_SUCH_PIN");
        assert!(matches!(error, TokenError::NoPin { .. }), "{error}");
    });
}

/// The token's public key is replaced behind our back: what is signed then does not come out.
#[test]
fn another_key_under_the_same_label_is_not_used() {
    with_token("another_key_under_the_same_label_is_not_used", |place| {
        let key = place.make("key", CaKey::P256).unwrap();
        for kind in ["privkey", "pubkey"] {
            let gone = place.pkcs11_tool(&["--delete-object", "--type", kind, "--label", "key"]);
            assert!(gone.status.success(), "{}", said(&gone));
        }
        let made = place.pkcs11_tool(&[
            "--keypairgen",
            "--key-type",
            "EC:prime256v1",
            "--label",
            "key",
            "--id",
            "07",
        ]);
        assert!(made.status.success(), "{}", said(&made));
        let error = key.sign(b"message").unwrap_err().to_string();
        assert!(error.contains("does not verify"), "{error}");
        let error = key.ready().unwrap_err().to_string();
        assert!(error.contains("another key"), "{error}");
    });
}

/// The programs and files that these tests need are there, so that none passes by absence.
#[test]
fn the_tools_are_installed() {
    for path in [DRIVER, SPY] {
        assert!(Path::new(path).exists(), "{path} is missing: run tools/prepare test");
    }
}
