//! A certificate in a PKCS#11 token, here SoftHSM.

use crate::support::{MAIL, Pc, Ran, Site, USER, said};
use crate::terminal::Terminal;

const STORE: &str = "pkcs11:token=card?module-path=/usr/lib/softhsm/libsofthsm2.so";
const PIN: &str = "271828";

/// A PC with the token `card` in it, and its PIN in `pin.txt`.
fn with_token() -> Pc {
    let pc = Pc::new();
    std::fs::create_dir(pc.path("tokens")).unwrap();
    let conf = format!("directories.tokendir = {}\n", pc.text("tokens"));
    std::fs::write(pc.path("softhsm2.conf"), conf).unwrap();
    std::fs::write(pc.path("pin.txt"), format!("{PIN}\n")).unwrap();
    let conf = pc.text("softhsm2.conf");
    let pc = pc.env("SOFTHSM2_CONF", &conf);
    let made = pc
        .command("softhsm2-util")
        .args(["--init-token", "--free", "--label", "card", "--so-pin", "31415926", "--pin", PIN])
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    pc
}

fn never_shows_the_pin(ran: &Ran) {
    for shown in [&ran.stdout, &ran.stderr] {
        assert!(!shown.contains(PIN), "{ran:?}");
    }
}

#[test]
fn a_certificate_goes_into_a_token_and_openssl_finds_it_there() {
    let (site, pc) = (Site::start(), with_token());
    let more = ["--store-password-file", "pin.txt", "--json"];
    let ran = pc.issue(&site, STORE, &more).ended(0);
    never_shows_the_pin(&ran);
    let object = ran.json();
    assert_eq!(object["store"], STORE);
    assert_eq!(object["key_location"], "system", "SoftHSM is no hardware");
    assert_eq!(object["location"], "pkcs11:token=card: CMSM950-006-401 (until 2046-02-16)");
    assert_eq!(pc.files(".local/state/tegata/pending"), [""; 0]);
    // Without the PIN, too.
    let listed = pc.run(&["list", "--store", STORE, "--json"]).ended(0).json();
    assert_eq!(listed["certificates"][0]["user_id"], USER);
    assert_eq!(listed["certificates"][0]["key_location"], "system");
    let read = pc
        .command("pkcs11-tool")
        .args(["--module", "/usr/lib/softhsm/libsofthsm2.so", "--token-label", "card"])
        .args(["--read-object", "--type", "cert", "--output-file", "read.der", "--label"])
        .arg("CMSM950-006-401 (until 2046-02-16)")
        .output()
        .unwrap();
    assert!(read.status.success(), "{read:?}");
    let subject = ["x509", "-inform", "DER", "-noout", "-subject", "-in", &pc.text("read.der")];
    assert!(said("openssl", &subject).contains(USER));
}

#[test]
fn a_wrong_or_missing_pin_is_said_before_anything_is_sent() {
    let (site, pc) = (Site::start(), with_token());
    std::fs::write(pc.path("wrong.txt"), "000000").unwrap();
    let more = ["--store-password-file", "wrong.txt", "--json"];
    let ran = pc.issue(&site, STORE, &more).ended(5);
    assert_eq!(ran.json()["code"], "token_pin_wrong");
    assert!(ran.stderr.contains("not tried again"), "{}", ran.stderr);
    assert!(site.enrolments().is_empty());
    let ran = pc.issue(&site, STORE, &["--json"]).ended(2);
    assert_eq!(ran.json()["code"], "missing");
    assert!(ran.stderr.contains("--store-password-file"), "{}", ran.stderr);
    let with_pin = format!("{STORE}&pin-value={PIN}");
    let ran = pc.issue(&site, &with_pin, &["--json"]).ended(2);
    never_shows_the_pin(&ran);
    assert!(ran.stderr.contains("must not stand in the address"), "{}", ran.stderr);
    let absent = STORE.replace("card", "other");
    let more = ["--store-password-file", "pin.txt", "--json"];
    let ran = pc.issue(&site, &absent, &more).ended(5);
    assert_eq!(ran.json()["code"], "token_absent");
    assert!(ran.stderr.contains("Found: card"), "{}", ran.stderr);
    assert!(site.enrolments().is_empty());
}

#[test]
fn the_pin_is_asked_for_and_not_shown() {
    let (site, pc) = (Site::start(), with_token());
    let arguments = format!(
        "issue --site {} --root-sha256 {} --user {USER} --password-file password.txt \
         --mail {MAIL} --store '{STORE}'",
        site.url(),
        site.root_sha256
    );
    let ran = Terminal::start(&pc, &arguments).answer_unseen("PIN of the token", PIN).end();
    never_shows_the_pin(&ran);
    ran.ended(0);
}
