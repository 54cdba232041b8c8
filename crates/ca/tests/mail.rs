//! Signatures of mails, judged by OpenSSL and NSS.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::{SignedDuration, Timestamp};
use tegata_ca::{
    Addresses, Authority, CaKey, KeyKind, MailSigner, MailSignerError, Profile, SignatureAlgorithm,
    Signer, SoftwareKey, SubjectName,
};
use tegata_domain::{Entropy, Validity};

const SENDER: &str = "noreply@sample-bank.example";
const PART: &[u8] = b"Content-Type: text/plain\r\n\r\nHello.\r\n";

struct Counter(AtomicU64);

impl Entropy for Counter {
    fn fill(&self, octets: &mut [u8]) {
        for chunk in octets.chunks_mut(8) {
            let next = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst);
            chunk.copy_from_slice(&next.to_be_bytes()[..chunk.len()]);
        }
    }
}

/// A root, an issuing CA, and a place for files.
struct Pki {
    dir: tempfile::TempDir,
    entropy: Counter,
    validity: Validity,
    root: Authority,
    issuing: Authority,
}

impl Pki {
    fn new() -> Self {
        let entropy = Counter(AtomicU64::new(1));
        // OpenSSL has no clock of ours: these must be valid at the time of the test.
        let not_before: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let not_after = not_before + SignedDuration::from_hours(24 * 30 * 365);
        let validity = Validity { not_before, not_after };
        let key = |choice| Arc::new(SoftwareKey::generate_for_ca(choice).unwrap());
        let name = |cn: &str| SubjectName::new(cn).unwrap();
        let root = Authority::root(&name("ROOT"), key(CaKey::P384), validity, &entropy).unwrap();
        let issuing_key = key(CaKey::P256);
        let profile = Profile::issuing(addresses());
        let subject = name("ISSUING");
        let signed =
            root.certify(&profile, &subject, issuing_key.public_key(), validity, &entropy).unwrap();
        let issuing = Authority::open(signed.der, issuing_key).unwrap();
        let pki = Self { dir: tempfile::tempdir().unwrap(), entropy, validity, root, issuing };
        pki.write("root.pem", pem(pki.root.certificate()));
        pki.write("part", PART);
        pki
    }

    fn write(&self, name: &str, octets: impl AsRef<[u8]>) {
        fs::write(self.dir.path().join(name), octets).unwrap();
    }

    fn certify(&self, profile: &Profile, key: &SoftwareKey) -> Vec<u8> {
        let (subject, validity) = (SubjectName::new("Sample Lite CMS").unwrap(), self.validity);
        let made =
            self.issuing.certify(profile, &subject, key.public_key(), validity, &self.entropy);
        made.unwrap().der
    }

    fn chain(&self, leaf: Vec<u8>) -> Vec<Vec<u8>> {
        vec![leaf, self.issuing.certificate().to_vec(), self.root.certificate().to_vec()]
    }

    fn signer(&self, key: SoftwareKey) -> MailSigner {
        let leaf = self.certify(&Profile::mail_signer(addresses(), SENDER), &key);
        MailSigner::open(&self.chain(leaf), Arc::new(key)).unwrap()
    }

    fn run(&self, program: &str, arguments: &str) -> Output {
        let command = Command::new(program)
            .args(arguments.split_whitespace())
            .current_dir(self.dir.path())
            .output();
        command.unwrap_or_else(|error| panic!("{program}: {error}"))
    }

    fn verify(&self, signature: &[u8], part: &[u8], root: &str) -> Result<(), String> {
        self.write("p7s", signature);
        self.write("content", part);
        let arguments = format!(
            "cms -verify -binary -inform DER -in p7s -content content -purpose smimesign \
             -x509_strict -CAfile {root} -out out"
        );
        let output = self.run("openssl", &arguments);
        if output.status.success() { Ok(()) } else { Err(said(&output)) }
    }
}

fn addresses() -> Addresses {
    Addresses {
        crl: "http://status.example/crl/X.crl".to_owned(),
        ocsp: Some("http://status.example/ocsp/X".to_owned()),
        issuer: "http://status.example/aia/X.cer".to_owned(),
    }
}

fn pem(der: &[u8]) -> String {
    let ending = x509_cert::der::pem::LineEnding::LF;
    x509_cert::der::pem::encode_string("CERTIFICATE", ending, der).unwrap()
}

fn said(output: &Output) -> String {
    let [stdout, stderr] =
        [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    format!("{stdout}{stderr}")
}

fn keys() -> Vec<SoftwareKey> {
    let make = |kind| SoftwareKey::generate(kind).unwrap();
    let with = |kind, algorithm| make(kind).signing_with(algorithm).unwrap();
    vec![
        make(KeyKind::EcP256),
        make(KeyKind::EcP384),
        make(KeyKind::Rsa(2048)),
        with(KeyKind::Rsa(3072), SignatureAlgorithm::RsaSha384),
        with(KeyKind::Rsa(2048), SignatureAlgorithm::RsaPssSha256),
    ]
}

#[test]
fn openssl_believes_every_kind_of_key_and_nothing_that_was_changed() {
    let pki = Pki::new();
    let other = Pki::new();
    pki.write("other.pem", pem(other.root.certificate()));
    let now = pki.validity.not_before + SignedDuration::from_hours(1);
    for key in keys() {
        let name = key.algorithm().name();
        let signer = pki.signer(key);
        let signature = signer.sign(PART, now).unwrap();
        pki.verify(&signature, PART, "root.pem").unwrap_or_else(|error| panic!("{name}: {error}"));
        let wrong_root = pki.verify(&signature, PART, "other.pem").unwrap_err();
        assert!(wrong_root.contains("certificate verify error"), "{name}: {wrong_root}");
        let mut part = PART.to_vec();
        part[30] ^= 1;
        let changed = pki.verify(&signature, &part, "root.pem").unwrap_err();
        assert!(changed.contains("content verify error"), "{name}: {changed}");
        let mut broken = signature.clone();
        *broken.last_mut().unwrap() ^= 1;
        assert!(pki.verify(&broken, PART, "root.pem").is_err(), "{name}");
        let shown = said(&pki.run("openssl", "cms -cmsout -print -inform DER -in p7s -noout"));
        for attribute in ["contentType", "messageDigest", "signingTime"] {
            assert!(shown.contains(attribute), "{name}: {attribute}: {shown}");
        }
        let certificates =
            said(&pki.run("openssl", "pkcs7 -inform DER -in p7s -print_certs -noout"));
        assert_eq!(certificates.matches("subject=").count(), 2, "all but the root: {certificates}");
    }
}

#[test]
fn nss_believes_it_too() {
    let pki = Pki::new();
    let now = pki.validity.not_before + SignedDuration::from_hours(1);
    fs::create_dir(pki.dir.path().join("db")).unwrap();
    let made = pki.run("certutil", "-N -d sql:db --empty-password");
    assert!(made.status.success(), "{}", said(&made));
    let trusted = pki.run("certutil", "-A -d sql:db -n root -t ,C, -i root.pem");
    assert!(trusted.status.success(), "{}", said(&trusted));
    for key in [KeyKind::EcP256, KeyKind::Rsa(2048)] {
        let signer = pki.signer(SoftwareKey::generate(key).unwrap());
        pki.write("p7s", signer.sign(PART, now).unwrap());
        let judged = pki.run("cmsutil", "-D -d sql:db -u 4 -i p7s -c part -h 0 -n");
        let text = said(&judged);
        assert!(judged.status.success() && text.contains("GoodSignature"), "{key}: {text}");
        pki.write("changed", b"Content-Type: text/plain\r\n\r\nHullo.\r\n");
        let judged = said(&pki.run("cmsutil", "-D -d sql:db -u 4 -i p7s -c changed -h 0 -n"));
        assert!(!judged.contains("GoodSignature"), "{judged}");
    }
}

#[test]
fn what_no_mail_program_would_believe_is_not_opened() {
    let pki = Pki::new();
    let key = || SoftwareKey::generate(KeyKind::EcP256).unwrap();
    let (own, other): (Arc<dyn Signer>, _) = (Arc::new(key()), key());
    let open = |chain: &[Vec<u8>]| MailSigner::open(chain, own.clone()).err();
    let certify = |profile: Profile| {
        let (subject, validity) = (SubjectName::new("X").unwrap(), pki.validity);
        let public = own.public_key();
        pki.issuing.certify(&profile, &subject, public, validity, &pki.entropy).unwrap().der
    };
    let mail = certify(Profile::mail_signer(addresses(), SENDER));
    assert!(open(&pki.chain(mail.clone())).is_none());
    let client = certify(Profile::client(addresses()));
    assert!(matches!(open(&pki.chain(client)), Some(MailSignerError::Usage(_))));
    let others = pki.certify(&Profile::mail_signer(addresses(), SENDER), &other);
    assert!(matches!(open(&pki.chain(others)), Some(MailSignerError::KeyMismatch)));
    let out_of_order = vec![mail.clone(), pki.root.certificate().to_vec()];
    assert!(matches!(open(&out_of_order), Some(MailSignerError::Chain)));
    assert!(matches!(open(&[vec![1, 2]]), Some(MailSignerError::NotACertificate)));
    assert!(matches!(open(&[]), Some(MailSignerError::NotACertificate)));
    let edwards = SoftwareKey::generate(KeyKind::Ed25519).unwrap();
    let name = SubjectName::new("E").unwrap();
    let own_ca = Authority::root(&name, Arc::new(edwards), pki.validity, &pki.entropy).unwrap();
    let ca = vec![own_ca.certificate().to_vec()];
    assert!(matches!(open(&ca), Some(MailSignerError::KeyMismatch)));
}

#[test]
fn a_signer_speaks_for_its_sender_and_its_time() {
    let pki = Pki::new();
    let signer = pki.signer(SoftwareKey::generate(KeyKind::EcP256).unwrap());
    let Validity { not_before, not_after } = pki.validity;
    let second = SignedDuration::from_secs(1);
    for good in [not_before, not_after] {
        signer.check(SENDER, good).unwrap();
        signer.check("NoReply@Sample-Bank.example", good).unwrap();
    }
    for bad in [not_before - second, not_after + second] {
        assert!(matches!(signer.check(SENDER, bad), Err(MailSignerError::Validity(_))));
    }
    let other = signer.check("other@sample-bank.example", not_before);
    assert!(matches!(other, Err(MailSignerError::Sender(..))));
}

#[test]
fn chains_and_signatures_of_others_are_not_rewritten() {
    let pki = Pki::new();
    let signer = pki.signer(SoftwareKey::generate(KeyKind::EcP256).unwrap());
    let signature = signer.sign(PART, pki.validity.not_before).unwrap();
    let issuing = pki.issuing.certificate();
    assert!(signature.windows(issuing.len()).any(|window| window == issuing), "octet for octet");
    let root = pki.root.certificate();
    assert!(!signature.windows(root.len()).any(|window| window == root), "the root stays away");
}
