//! Renewal requests that OpenSSL makes, and what we believe of them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::Command;

use tegata_ca::{RenewalError, RenewalRequest, RequestError};

struct Pc(tempfile::TempDir);

impl Pc {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn dir(&self) -> &Path {
        self.0.path()
    }

    #[track_caller]
    fn ssl(&self, line: &str) {
        let ran = Command::new("openssl")
            .args(line.split_whitespace())
            .current_dir(self.dir())
            .output()
            .unwrap();
        assert!(ran.status.success(), "{line}: {}", String::from_utf8_lossy(&ran.stderr));
    }

    /// A certificate as if we had issued it, DER.
    fn certificate(&self, name: &str, key: &str) -> Vec<u8> {
        self.ssl(&format!(
            "req -x509 -newkey {key} -nodes -subj /CN=CMSM950-006-401 -days 300 -keyout \
             {name}.key -out {name}.pem"
        ));
        self.ssl(&format!("x509 -in {name}.pem -outform DER -out {name}.der"));
        std::fs::read(self.dir().join(format!("{name}.der"))).unwrap()
    }

    /// A renewal for a new key, signed with the key `name`.
    fn renewal(&self, name: &str, new: &str, more: &str) -> Vec<u8> {
        self.ssl(&format!(
            "req -new -newkey {new} -nodes -subj /CN=x -keyout new.key -outform DER -out new.csr"
        ));
        self.signed(name, more)
    }

    fn signed(&self, name: &str, more: &str) -> Vec<u8> {
        self.ssl(&format!(
            "cms -sign -binary -nodetach -in new.csr -signer {name}.pem -inkey {name}.key \
             -outform DER -out renewal.der {more}"
        ));
        std::fs::read(self.dir().join("renewal.der")).unwrap()
    }
}

const P256: &str = "ec -pkeyopt ec_paramgen_curve:P-256";

#[test]
fn requests_of_every_kind_of_key_are_believed() {
    for key in [P256, "ec -pkeyopt ec_paramgen_curve:P-384", "rsa:2048", "rsa:3072"] {
        for digest in ["-md sha256", "-md sha384 -nocerts", "-md sha256 -nosmimecap"] {
            let pc = Pc::new();
            let current = pc.certificate("now", key);
            let request = RenewalRequest::parse(&pc.renewal("now", P256, digest)).unwrap();
            assert_eq!(tegata_ca::serial_of(&current), Some(request.serial()));
            request.verify(&current).unwrap_or_else(|error| panic!("{key} {digest}: {error}"));
        }
    }
}

#[test]
fn nobody_else_renews_a_certificate() {
    let pc = Pc::new();
    let current = pc.certificate("now", P256);
    let others = pc.certificate("other", P256);
    let request = RenewalRequest::parse(&pc.renewal("other", P256, "")).unwrap();
    assert_eq!(request.verify(&current), Err(RenewalError::Signature), "another certificate");
    assert!(request.verify(&others).is_ok());
    let der = pc.renewal("now", P256, "");
    let whole = RenewalRequest::parse(&der).unwrap();
    assert!(whole.verify(&current).is_ok());
    for place in 0..der.len() {
        let mut changed = der.clone();
        changed[place] ^= 1;
        let believed = RenewalRequest::parse(&changed).is_ok_and(|r| {
            r.verify(&current).is_ok_and(|key| key != whole.verify(&current).unwrap())
        });
        assert!(!believed, "octet {place}");
        assert!(RenewalRequest::parse(&der[..place]).is_err(), "cut at {place}");
    }
}

#[test]
fn the_new_key_is_new_and_proven() {
    let pc = Pc::new();
    let current = pc.certificate("now", P256);
    pc.ssl("req -new -key now.key -subj /CN=x -outform DER -out new.csr");
    let same = RenewalRequest::parse(&pc.signed("now", "")).unwrap();
    assert_eq!(same.verify(&current), Err(RenewalError::SameKey));
    let weak = RenewalRequest::parse(&pc.renewal("now", "rsa:1024", "")).unwrap();
    assert_eq!(weak.verify(&current), Err(RenewalError::Request(RequestError::KeyKind)));
    let mut csr = std::fs::read(pc.dir().join("new.csr")).unwrap();
    *csr.last_mut().unwrap() ^= 1;
    std::fs::write(pc.dir().join("new.csr"), csr).unwrap();
    let unproven = RenewalRequest::parse(&pc.signed("now", "")).unwrap();
    assert!(matches!(unproven.verify(&current), Err(RenewalError::Request(_))));
}

#[test]
fn what_is_no_renewal_request_is_refused() {
    let pc = Pc::new();
    pc.certificate("now", P256);
    for (what, more, error) in [
        ("no attributes", "-noattr", RenewalError::Malformed),
        ("by key identifier", "-keyid", RenewalError::Malformed),
        ("SHA-1", "-md sha1", RenewalError::Algorithm),
        ("SHA-512", "-md sha512", RenewalError::Algorithm),
        ("another kind of content", "-econtent_type 1.2.3.4", RenewalError::Malformed),
    ] {
        let refused = RenewalRequest::parse(&pc.renewal("now", P256, more)).map(|_| ());
        assert_eq!(refused, Err(error), "{what}");
    }
    pc.ssl("cms -sign -binary -in new.csr -signer now.pem -inkey now.key -outform DER -out d.der");
    let detached = std::fs::read(pc.dir().join("d.der")).unwrap();
    assert_eq!(RenewalRequest::parse(&detached).map(|_| ()), Err(RenewalError::Malformed));
    for octets in [&[][..], &[0x30, 0x80], &[0xff; 70_000]] {
        assert!(RenewalRequest::parse(octets).is_err());
    }
}
