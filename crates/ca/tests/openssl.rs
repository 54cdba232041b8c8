//! What we make, judged by OpenSSL; what it makes, read by us.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::{SignedDuration, Timestamp};
use tegata_ca::{
    Addresses, Authority, CaCertificate, CaKey, CrlEntry, CrlForm, CrlRequest, KeyKind, Listed,
    OcspQuestion, OcspStatus, Profile, ProvenKey, ReadCrl, ReadError, RequestError, Responder,
    Signer, SoftwareKey, SubjectName, Weakness, certification_request,
};
use tegata_domain::{Entropy, Reason, Serial, Validity};

struct Counter(AtomicU64);

impl Entropy for Counter {
    fn fill(&self, octets: &mut [u8]) {
        for chunk in octets.chunks_mut(8) {
            let next = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst);
            chunk.copy_from_slice(&next.to_be_bytes()[..chunk.len()]);
        }
    }
}

/// A root and an issuing CA of the given kinds, with their files for OpenSSL.
struct Pki {
    dir: tempfile::TempDir,
    entropy: Counter,
    now: Timestamp,
    root: Authority,
    issuing: Authority,
}

impl Pki {
    fn new(root_kind: CaKey, issuing_kind: CaKey) -> Self {
        let entropy = Counter(AtomicU64::new(1));
        // OpenSSL has no clock of ours: these must be valid at the time of the test.
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let validity = Validity { not_before: now, not_after: now + days(30 * 365) };
        let name = |cn: &str| SubjectName::new(cn).unwrap().country("JP").unwrap();
        let root_key = Arc::new(key(root_kind));
        let root = Authority::root(&name("ROOT"), root_key, validity, &entropy).unwrap();
        let key = Arc::new(key(issuing_kind));
        let profile = Profile::issuing(addresses());
        let signed =
            root.certify(&profile, &name("ISSUING"), key.public_key(), validity, &entropy).unwrap();
        let issuing = Authority::open(signed.der, key).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let pki = Self { dir, entropy, now, root, issuing };
        let request = CrlRequest {
            number: 1,
            this_update: now,
            next_update: now + days(29 * 365),
            shard: None,
            form: CrlForm::Full { delta: None },
        };
        let crl = pki.root.begin_crl(request, 0).unwrap().finish().unwrap();
        pki.write("root.crl", &pem("X509 CRL", &crl.der));
        pki.write("root.pem", &pem("CERTIFICATE", pki.root.certificate()));
        pki.write("issuing.pem", &pem("CERTIFICATE", pki.issuing.certificate()));
        pki
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn leaf(&self) -> Serial {
        let profile = Profile::client(addresses());
        let key = SoftwareKey::generate(KeyKind::EcP256).unwrap();
        let validity = Validity { not_before: self.now, not_after: self.now + days(20 * 365) };
        let subject = SubjectName::new("CMSM950-006-401").unwrap().organisation("会社").unwrap();
        let signed = self
            .issuing
            .certify(&profile, &subject, key.public_key(), validity, &self.entropy)
            .unwrap();
        self.write("leaf.pem", &pem("CERTIFICATE", &signed.der));
        signed.serial
    }

    fn openssl(&self, arguments: &str) -> Output {
        openssl(self.dir.path(), arguments)
    }

    fn crl(&self, entries: &[CrlEntry]) {
        self.crl_as("crl.pem", 7, CrlForm::Full { delta: None }, entries);
    }

    fn crl_as(&self, file: &str, number: u64, form: CrlForm<'_>, entries: &[CrlEntry]) -> Vec<u8> {
        let address = addresses().crl;
        let mut crl = self
            .issuing
            .begin_crl(
                CrlRequest {
                    number,
                    this_update: self.now,
                    next_update: self.now + days(29 * 365),
                    shard: Some(&address),
                    form,
                },
                0,
            )
            .unwrap();
        entries.iter().for_each(|entry| crl.push(entry).unwrap());
        let signed = crl.finish().unwrap();
        assert_eq!(signed.entries, entries.len());
        self.write(file, &pem("X509 CRL", &signed.der));
        signed.der
    }

    /// A responder that this CA delegated to, good for a century.
    fn responder(&self, kind: KeyKind) -> Responder {
        let key = Arc::new(SoftwareKey::generate(kind).unwrap());
        let validity = Validity { not_before: self.now, not_after: self.now + days(29 * 365) };
        let name = SubjectName::new("ISSUING OCSP").unwrap();
        let profile = Profile::ocsp_responder();
        let signed = self
            .issuing
            .certify(&profile, &name, key.public_key(), validity, &self.entropy)
            .unwrap();
        self.issuing.responder(&signed.der, key).unwrap()
    }
}

fn addresses() -> Addresses {
    Addresses {
        crl: "http://status.example/crl/X.crl".to_owned(),
        ocsp: Some("http://status.example/ocsp/X".to_owned()),
        issuer: "http://status.example/aia/X.cer".to_owned(),
    }
}

fn days(count: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * count)
}

fn pem(label: &'static str, der: &[u8]) -> String {
    x509_cert::der::pem::encode_string(label, x509_cert::der::pem::LineEnding::LF, der).unwrap()
}

fn openssl(dir: &Path, arguments: &str) -> Output {
    Command::new("openssl")
        .args(arguments.split_whitespace())
        .current_dir(dir)
        .output()
        .expect("openssl is installed")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// A new key that signs as was chosen.
fn key(choice: CaKey) -> SoftwareKey {
    SoftwareKey::generate_for_ca(choice).unwrap()
}

/// Every kind of CA key as root and as issuing CA.
const KINDS: [(CaKey, CaKey); 7] = [
    (CaKey::P384, CaKey::P256),
    (CaKey::P256, CaKey::P384),
    (CaKey::Rsa4096, CaKey::Rsa3072),
    (CaKey::Rsa3072, CaKey::RsaPss4096),
    (CaKey::RsaPss4096, CaKey::RsaPss3072),
    (CaKey::RsaPss3072, CaKey::Ed25519),
    (CaKey::Ed25519, CaKey::Rsa4096),
];

#[test]
fn every_kind_of_ca_key_is_tried() {
    for kind in CaKey::ALL {
        assert!(KINDS.iter().any(|(root, _)| *root == kind), "{kind} as root");
        assert!(KINDS.iter().any(|(_, issuing)| *issuing == kind), "{kind} as issuing CA");
        assert_eq!(kind.name().parse(), Ok(kind));
        assert!(kind.algorithm().suits(kind.kind()));
    }
}

#[test]
fn openssl_verifies_chain_and_lists_of_every_kind_of_ca() {
    for (root, issuing) in KINDS {
        let pki = Pki::new(root, issuing);
        pki.leaf();
        pki.crl(&[]);
        let verdict = pki.openssl(
            "verify -x509_strict -crl_check_all -purpose sslclient -CRLfile crl.pem \
             -CRLfile root.crl -CAfile root.pem -untrusted issuing.pem leaf.pem",
        );
        assert!(verdict.status.success(), "{root} {issuing}: {}", said(&verdict));
        let as_server = pki
            .openssl("verify -purpose sslserver -CAfile root.pem -untrusted issuing.pem leaf.pem");
        assert!(!as_server.status.success(), "a client certificate is no server's");
        let text = said(&pki.openssl("x509 -in leaf.pem -noout -text"));
        let named = match issuing {
            CaKey::P256 => "ecdsa-with-SHA256",
            CaKey::P384 => "ecdsa-with-SHA384",
            CaKey::Rsa3072 | CaKey::Rsa4096 => "sha256WithRSAEncryption",
            CaKey::RsaPss3072 | CaKey::RsaPss4096 => "rsassaPss",
            CaKey::Ed25519 => "ED25519",
        };
        assert!(text.contains(&format!("Signature Algorithm: {named}")), "{issuing}: {text}");
    }
}

#[test]
fn openssl_accepts_the_responder_as_responder_only() {
    let pki = Pki::new(CaKey::P384, CaKey::P256);
    let key = SoftwareKey::generate(KeyKind::EcP256).unwrap();
    let validity = Validity { not_before: pki.now, not_after: pki.now + days(20 * 365) };
    let subject = SubjectName::new("ISSUING OCSP").unwrap();
    let profile = Profile::ocsp_responder();
    let signed =
        pki.issuing.certify(&profile, &subject, key.public_key(), validity, &pki.entropy).unwrap();
    pki.write("ocsp.pem", &pem("CERTIFICATE", &signed.der));
    let verify = |purpose: &str| {
        pki.openssl(&format!(
            "verify -x509_strict -purpose {purpose} -CAfile root.pem -untrusted issuing.pem ocsp.pem"
        ))
    };
    assert!(verify("ocsphelper").status.success(), "{}", said(&verify("ocsphelper")));
    assert!(!verify("sslclient").status.success());
    let text = said(&pki.openssl("x509 -in ocsp.pem -noout -text"));
    assert!(text.contains("OCSP No Check") && text.contains("OCSP Signing"), "{text}");
    assert!(!text.contains("CRL Distribution"), "{text}");
}

#[test]
fn openssl_agrees_with_every_crl() {
    for (root, issuing) in [KINDS[0], KINDS[1], KINDS[4]] {
        let pki = Pki::new(root, issuing);
        let serial = pki.leaf();
        let check =
            "verify -crl_check -CRLfile crl.pem -CAfile root.pem -untrusted issuing.pem leaf.pem";
        pki.crl(&[]);
        let verdict = pki.openssl(check);
        assert!(verdict.status.success(), "{}", said(&verdict));
        for reason in Reason::ALL {
            pki.crl(&[CrlEntry { serial, at: pki.now, listed: Listed::Revoked(reason) }]);
            let verdict = pki.openssl(check);
            assert!(said(&verdict).contains("certificate revoked"), "{}", said(&verdict));
        }
        let text = said(&pki.openssl("crl -in crl.pem -noout -text"));
        assert!(text.contains("X509v3 CRL Number: \n                7"), "{text}");
        assert!(text.contains("Privilege Withdrawn"), "{text}");
    }
}

/// An older root certifies a newer one: whoever trusts only the old one believes chains of the
/// new one; and the new certificate is another one on the same name and key, nothing else.
#[test]
fn openssl_believes_chains_over_a_certified_root() {
    let (new, old) = (Pki::new(CaKey::P384, CaKey::P256), Pki::new(CaKey::RsaPss3072, CaKey::P256));
    new.leaf();
    let [new_root, old_root] =
        [&new, &old].map(|pki| CaCertificate::parse(pki.root.certificate()).unwrap());
    let validity = Validity { not_before: old.now, not_after: old.now + days(9 * 365) };
    let cross =
        old.root.cross_certify(&new_root, Some(addresses()), validity, &old.entropy).unwrap();
    new.write("cross.pem", &pem("CERTIFICATE", &cross.der));
    new.write("old.pem", &pem("CERTIFICATE", old.root.certificate()));
    let check = "verify -x509_strict -untrusted issuing.pem leaf.pem";
    let over = |options: &str| new.openssl(&check.replace("-untrusted", options));
    let verdict = over("-CAfile old.pem -untrusted cross.pem -untrusted");
    assert!(verdict.status.success(), "{}", said(&verdict));
    assert!(!over("-CAfile old.pem -untrusted").status.success(), "without it nothing holds");
    let cross = CaCertificate::parse(&cross.der).unwrap();
    assert_eq!(cross.path_length(), Some(1));
    assert_eq!((cross.subject(), cross.key()), (new_root.subject(), new_root.key()));
    assert_ne!(cross.serial(), new_root.serial());
    assert!(old_root.is_issuer_of(&cross) && old_root.is_self_signed());
    assert!(!new_root.is_issuer_of(&cross) && !cross.is_self_signed());
    assert!(old_root.is_named("ROOT") && !old_root.is_named("ROO"));
    // Of the same name, but another key.
    assert!(!new_root.is_issuer_of(&CaCertificate::parse(old.issuing.certificate()).unwrap()));
}

#[test]
fn lists_are_read_with_the_eyes_of_who_relies_on_them() {
    let pki = Pki::new(CaKey::RsaPss3072, CaKey::Ed25519);
    let listed = Listed::Revoked(Reason::KeyCompromise);
    let entry = CrlEntry { serial: pki.leaf(), at: pki.now, listed };
    let request = CrlRequest {
        number: u64::from(u32::MAX) + 7,
        this_update: pki.now,
        next_update: pki.now + days(7),
        shard: None,
        form: CrlForm::Full { delta: None },
    };
    let mut writer = pki.root.begin_crl(request, 1).unwrap();
    writer.push(&entry).unwrap();
    let der = writer.finish().unwrap().der;
    let [root, issuing] =
        [&pki.root, &pki.issuing].map(|ca| CaCertificate::parse(ca.certificate()).unwrap());
    let list = ReadCrl::parse(&der, &root).unwrap();
    assert_eq!((list.number, list.partial), (Some(request.number), false));
    assert_eq!(list.entries.len(), 1);
    assert_eq!(list.entries[0].serial, entry.serial);
    assert_eq!(
        (list.this_update, list.next_update),
        (request.this_update, Some(request.next_update))
    );
    assert_eq!(ReadCrl::parse(&der, &issuing), Err(ReadError::OtherIssuer));
    let other = Pki::new(CaKey::RsaPss3072, CaKey::P256);
    let same_name = CaCertificate::parse(other.root.certificate()).unwrap();
    assert_eq!(ReadCrl::parse(&der, &same_name), Err(ReadError::Signature));
    for cut in 0..der.len() {
        assert!(ReadCrl::parse(&der[..cut], &root).is_err(), "cut at {cut}");
    }
    let mut without_signature = der.clone();
    *without_signature.last_mut().unwrap() ^= 1;
    assert_eq!(ReadCrl::parse(&without_signature, &root), Err(ReadError::Signature));
}

#[test]
fn what_is_no_ca_is_not_taken_for_one() {
    let pki = Pki::new(CaKey::P384, CaKey::P256);
    pki.leaf();
    let made = pki.openssl("x509 -in leaf.pem -outform DER -out leaf.der");
    assert!(made.status.success());
    let leaf = std::fs::read(pki.dir.path().join("leaf.der")).unwrap();
    assert_eq!(CaCertificate::parse(&leaf), Err(ReadError::NotACa));
    let root = pki.root.certificate();
    for cut in 0..root.len() {
        assert!(CaCertificate::parse(&root[..cut]).is_err(), "cut at {cut}");
    }
    // By OpenSSL: a CA that may not sign lists, and one with another kind of key identifier.
    let make = |name: &str, usage: &str, identifier: &str| {
        let made = pki.openssl(&format!(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k.pem -days 9 \
             -subj /CN=x -addext keyUsage={usage} -addext subjectKeyIdentifier={identifier} \
             -outform DER -out {name}"
        ));
        assert!(made.status.success(), "{}", said(&made));
        CaCertificate::parse(&std::fs::read(pki.dir.path().join(name)).unwrap())
    };
    assert_eq!(make("a.der", "keyCertSign", "hash"), Err(ReadError::NotACa));
    assert!(make("b.der", "keyCertSign,cRLSign", "hash").unwrap().has_usual_identifier());
    assert!(!make("c.der", "keyCertSign,cRLSign", "0102").unwrap().has_usual_identifier());
}

#[test]
fn openssl_reads_our_requests() {
    for choice in CaKey::ALL {
        let dir = tempfile::tempdir().unwrap();
        let key = key(choice);
        let name = SubjectName::new("EX0001002C").unwrap().country("JP").unwrap();
        let der = certification_request(&key, &name).unwrap();
        let judged = ProvenKey::from_authority_request(&der).unwrap();
        assert_eq!(judged.spki(), key.public_key());
        std::fs::write(dir.path().join("r.der"), der).unwrap();
        let verdict = openssl(dir.path(), "req -inform DER -in r.der -verify -noout -subject");
        let text = said(&verdict);
        assert!(text.contains("verify OK") && text.contains("CN = EX0001002C"), "{choice}: {text}");
    }
}

#[test]
fn openssl_applies_deltas_to_their_base() {
    for (root, issuing) in KINDS {
        let pki = Pki::new(root, issuing);
        let serial = pki.leaf();
        let delta_at = Some("http://status.example/crl/X-delta.crl");
        let held = Listed::Revoked(Reason::CertificateHold);
        let check = "verify -crl_check -use_deltas -extended_crl -CRLfile crl.pem \
                     -CRLfile delta.pem -CAfile root.pem -untrusted issuing.pem leaf.pem";
        let entry = |listed| CrlEntry { serial, at: pki.now, listed };
        let base = |entries: &[CrlEntry]| {
            pki.crl_as("crl.pem", 7, CrlForm::Full { delta: delta_at }, entries);
        };
        let delta = |entries: &[CrlEntry]| {
            pki.crl_as("delta.pem", 9, CrlForm::Delta { base: 7 }, entries);
        };
        base(&[]);
        delta(&[]);
        let verdict = pki.openssl(check);
        assert!(verdict.status.success(), "{}", said(&verdict));
        delta(&[entry(Listed::Revoked(Reason::KeyCompromise))]);
        assert!(said(&pki.openssl(check)).contains("certificate revoked"));
        base(&[entry(held)]);
        delta(&[]);
        assert!(said(&pki.openssl(check)).contains("certificate revoked"));
        delta(&[entry(Listed::Released)]);
        let verdict = pki.openssl(check);
        assert!(verdict.status.success(), "released: {}", said(&verdict));
    }
}

#[test]
fn an_entry_takes_no_octet_more_than_der_needs() {
    let pki = Pki::new(CaKey::P384, CaKey::P256);
    let serial = Serial::from_octets(&[0x41; 16]).unwrap();
    let size = |count: usize, reason| {
        let entry = CrlEntry { serial, at: pki.now, listed: Listed::Revoked(reason) };
        let entries = vec![entry; count];
        pki.crl_as("crl.pem", 7, CrlForm::Full { delta: None }, &entries).len()
    };
    // An ECDSA signature varies by a few octets; a thousand entries hide that.
    for (reason, octets) in [(Reason::Unspecified, 35), (Reason::KeyCompromise, 49)] {
        let grown = size(2_000, reason) - size(1_000, reason);
        assert!(grown.abs_diff(octets * 1_000) <= 8, "{grown}");
    }
}

/// The invalidity date lies before the revocation, or the CRL is not signed; OpenSSL reads it.
#[test]
fn an_entry_says_since_when_and_never_from_when_on() {
    let pki = Pki::new(CaKey::P384, CaKey::P256);
    let serial = Serial::from_octets(&[0x41; 16]).unwrap();
    let entry = |reason| CrlEntry { serial, at: pki.now, listed: Listed::Revoked(reason) };
    let signed = |entry: CrlEntry, since| {
        let request = CrlRequest {
            number: 7,
            this_update: pki.now,
            next_update: pki.now + days(1),
            shard: None,
            form: CrlForm::Full { delta: None },
        };
        let mut crl = pki.issuing.begin_crl(request, 1).unwrap();
        crl.push_dated(&entry, Some(since)).unwrap();
        crl.finish()
    };
    for reason in [Reason::KeyCompromise, Reason::Unspecified] {
        let der = signed(entry(reason), pki.now - days(3)).unwrap().der;
        pki.write("crl.pem", &pem("X509 CRL", &der));
        let shown = pki.openssl("crl -noout -text -in crl.pem");
        let text = String::from_utf8_lossy(&shown.stdout).into_owned();
        assert!(text.contains("Invalidity Date"), "{text}");
        assert_eq!(text.contains("Key Compromise"), reason == Reason::KeyCompromise, "{text}");
        let issuer = CaCertificate::parse(pki.issuing.certificate()).unwrap();
        assert_eq!(ReadCrl::parse(&der, &issuer).unwrap().entries[0].reason, reason);
        signed(entry(reason), pki.now).unwrap();
        let ahead = signed(entry(reason), pki.now + days(1));
        assert!(ahead.unwrap_err().to_string().contains("invalidity date"));
    }
}

#[test]
fn a_crl_is_read_back_as_it_was_written() {
    let pki = Pki::new(CaKey::Rsa4096, CaKey::P256);
    let serial = Serial::from_octets(&[7]).unwrap();
    let listed = Listed::Revoked(Reason::Superseded);
    let der = pki.crl_as(
        "crl.pem",
        300,
        CrlForm::Full { delta: None },
        &[CrlEntry { serial, at: pki.now, listed }],
    );
    let issuer = |pki: &Pki| CaCertificate::parse(pki.issuing.certificate()).unwrap();
    let read = ReadCrl::parse(&der, &issuer(&pki)).unwrap();
    assert_eq!((read.number, read.this_update, read.partial), (Some(300), pki.now, true));
    let [entry] = read.entries.as_slice() else { panic!("{read:?}") };
    assert_eq!((entry.serial, entry.at, entry.reason), (serial, pki.now, Reason::Superseded));
    let other = Pki::new(CaKey::P384, CaKey::P256);
    assert_eq!(ReadCrl::parse(&der, &issuer(&other)), Err(ReadError::Signature));
    for cut in 0..der.len() {
        assert!(ReadCrl::parse(&der[..cut], &issuer(&pki)).is_err(), "cut at {cut}");
    }
}

#[test]
fn openssl_asks_and_believes_ocsp() {
    for (hash, kind) in [("-sha1", KeyKind::EcP256), ("-sha256", KeyKind::Rsa(2048))] {
        let pki = Pki::new(CaKey::P384, CaKey::P256);
        let responder = pki.responder(kind);
        let serial = pki.leaf();
        let asked = pki.openssl(&format!(
            "ocsp {hash} -issuer issuing.pem -cert leaf.pem -reqout request.der"
        ));
        assert!(asked.status.success(), "{}", said(&asked));
        let request = std::fs::read(pki.dir.path().join("request.der")).unwrap();
        for (status, word) in [
            (OcspStatus::Good, "Cert Status: good"),
            (OcspStatus::Unknown, "Cert Status: unknown"),
            (
                OcspStatus::Revoked { at: pki.now, reason: Reason::KeyCompromise },
                "Revocation Reason: keyCompromise",
            ),
            (
                OcspStatus::Revoked { at: pki.now, reason: Reason::Unspecified },
                "Cert Status: revoked",
            ),
        ] {
            let question = OcspQuestion::parse(&request).unwrap();
            let answer = responder
                .answer(question, pki.now, pki.now + days(40 * 365), |asked| {
                    assert_eq!(asked, serial);
                    status
                })
                .unwrap();
            assert_eq!(answer.shareable, None, "there is a nonce in it");
            assert_eq!(answer.next_update, responder.validity().not_after);
            std::fs::write(pki.dir.path().join("answer.der"), answer.der).unwrap();
            // The nonce of the request is compared as well.
            let verdict = pki.openssl(
                "ocsp -reqin request.der -respin answer.der -resp_text -CAfile root.pem \
                 -verify_other issuing.pem",
            );
            let text = said(&verdict);
            assert!(text.contains("Response verify OK") && text.contains(word), "{word}: {text}");
            assert!(text.contains("OCSP Nonce") && !text.contains("nonce in response"), "{text}");
        }
    }
}

#[test]
fn ocsp_of_another_issuer_is_unknown() {
    let (ours, theirs) = (Pki::new(CaKey::P384, CaKey::P256), Pki::new(CaKey::P384, CaKey::P256));
    theirs.leaf();
    theirs.openssl("ocsp -issuer issuing.pem -cert leaf.pem -reqout request.der");
    let request = std::fs::read(theirs.dir.path().join("request.der")).unwrap();
    let question = OcspQuestion::parse(&request).unwrap();
    let responder = ours.responder(KeyKind::EcP256);
    responder.answer(question, ours.now, ours.now + days(1), |_| panic!("never asked")).unwrap();
}

#[test]
fn only_plain_questions_about_known_certificates_are_shared() {
    let pki = Pki::new(CaKey::P384, CaKey::P256);
    let (responder, serial) = (pki.responder(KeyKind::EcP256), pki.leaf());
    let ask = |arguments: &str, status| {
        let line =
            format!("ocsp -issuer issuing.pem -cert leaf.pem {arguments} -reqout request.der");
        assert!(pki.openssl(&line).status.success());
        let request = std::fs::read(pki.dir.path().join("request.der")).unwrap();
        let question = OcspQuestion::parse(&request).unwrap();
        responder.answer(question, pki.now, pki.now + days(1), |_| status).unwrap().shareable
    };
    assert_eq!(ask("-no_nonce", OcspStatus::Good), Some(serial));
    assert_eq!(ask("-no_nonce", OcspStatus::Unknown), None);
    assert_eq!(ask("", OcspStatus::Good), None, "a nonce");
    assert_eq!(ask("-no_nonce -serial 7", OcspStatus::Good), None, "two certificates");
}

/// Requests that OpenSSL makes: `req` arguments, and what we say.
#[test]
fn requests_of_openssl_are_judged_by_their_key() {
    let dir = tempfile::tempdir().unwrap();
    for (key, verdict) in [
        ("ec -pkeyopt ec_paramgen_curve:P-256", Ok(KeyKind::EcP256)),
        ("ec -pkeyopt ec_paramgen_curve:P-384", Ok(KeyKind::EcP384)),
        ("rsa:2048", Ok(KeyKind::Rsa(2048))),
        ("rsa:4096", Ok(KeyKind::Rsa(4096))),
        ("rsa:1024", Err(RequestError::KeyKind)),
        (
            "rsa -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_keygen_pubexp:3",
            Err(RequestError::Weak(Weakness::Exponent)),
        ),
        (
            "rsa -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_keygen_pubexp:65535",
            Err(RequestError::Weak(Weakness::Exponent)),
        ),
        ("ec -pkeyopt ec_paramgen_curve:P-521", Err(RequestError::KeyKind)),
        ("ec -pkeyopt ec_paramgen_curve:secp256k1", Err(RequestError::KeyKind)),
        (
            "ec -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit",
            Err(RequestError::KeyKind),
        ),
        ("ed25519", Err(RequestError::KeyKind)),
    ] {
        let made = openssl(
            dir.path(),
            &format!(
                "req -new -nodes -newkey {key} -keyout k.pem -subj /CN=x -outform DER -out r.der"
            ),
        );
        assert!(made.status.success(), "{key}: {}", said(&made));
        let request = std::fs::read(dir.path().join("r.der")).unwrap();
        let judged = ProvenKey::from_request(&request).map(|key| key.kind());
        assert_eq!(judged, verdict, "{key}");
    }
}

/// OpenSSL leaves out the NULL after the hashes of RSASSA-PSS, which is as good (RFC 4055 §2.1).
#[test]
fn requests_signed_with_pss_are_judged_by_their_parameters() {
    let dir = tempfile::tempdir().unwrap();
    let pss = "-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen";
    for (options, verdict) in [
        (format!("-sha256 {pss}:32"), Ok(KeyKind::Rsa(2048))),
        (format!("-sha384 {pss}:48"), Ok(KeyKind::Rsa(2048))),
        (format!("-sha256 {pss}:20"), Err(RequestError::SignatureAlgorithm)),
        (format!("-sha512 {pss}:64"), Err(RequestError::SignatureAlgorithm)),
        (
            format!("-sha256 {pss}:32 -sigopt rsa_mgf1_md:sha384"),
            Err(RequestError::SignatureAlgorithm),
        ),
    ] {
        let made = openssl(
            dir.path(),
            &format!(
                "req -new -nodes -newkey rsa:2048 {options} -keyout k.pem -subj /CN=x \
                 -outform DER -out r.der"
            ),
        );
        assert!(made.status.success(), "{options}: {}", said(&made));
        let request = std::fs::read(dir.path().join("r.der")).unwrap();
        let judged = ProvenKey::from_request(&request).map(|key| key.kind());
        assert_eq!(judged, verdict, "{options}");
    }
}

#[test]
fn an_ed25519_request_is_for_authorities_only() {
    let dir = tempfile::tempdir().unwrap();
    let made = openssl(
        dir.path(),
        "req -new -nodes -newkey ed25519 -keyout k.pem -subj /CN=x -outform DER -out r.der",
    );
    assert!(made.status.success(), "{}", said(&made));
    let request = std::fs::read(dir.path().join("r.der")).unwrap();
    assert_eq!(ProvenKey::from_request(&request), Err(RequestError::KeyKind));
    let judged = ProvenKey::from_authority_request(&request).map(|key| key.kind());
    assert_eq!(judged, Ok(KeyKind::Ed25519));
}

#[test]
fn a_request_without_proof_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let made = openssl(
        dir.path(),
        "req -new -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -keyout k.pem -subj /CN=x -outform DER -out r.der",
    );
    assert!(made.status.success());
    let good = std::fs::read(dir.path().join("r.der")).unwrap();
    let mut bad_signature = good.clone();
    *bad_signature.last_mut().unwrap() ^= 1;
    let judged = ProvenKey::from_request(&bad_signature);
    assert!(matches!(judged, Err(RequestError::Possession)), "{judged:?}");
    let sha1 =
        openssl(dir.path(), "req -new -sha1 -key k.pem -subj /CN=x -outform DER -out sha1.der");
    assert!(sha1.status.success());
    let sha1 = std::fs::read(dir.path().join("sha1.der")).unwrap();
    assert_eq!(ProvenKey::from_request(&sha1), Err(RequestError::SignatureAlgorithm));
    for cut in 0..good.len() {
        assert!(ProvenKey::from_request(&good[..cut]).is_err(), "cut at {cut}");
    }
    assert_eq!(ProvenKey::from_request(&[0x30; 20_000]), Err(RequestError::TooLarge));
}

/// The same modulus under other algorithm parameters would be another key to a hash of octets.
#[test]
fn rsa_parameters_other_than_null_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let made = openssl(
        dir.path(),
        "req -new -nodes -newkey rsa:2048 -keyout k.pem -subj /CN=x -outform DER -out r.der",
    );
    assert!(made.status.success());
    let request = std::fs::read(dir.path().join("r.der")).unwrap();
    // rsaEncryption, then NULL: 05 00. An INTEGER of no octets is as long.
    let oid = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
    let at = request.windows(oid.len()).position(|window| window == oid).unwrap();
    let mut other = request.clone();
    other[at + oid.len() - 2] = 0x04;
    assert_eq!(ProvenKey::from_request(&other), Err(RequestError::KeyKind));
}
