//! Keys that are never certified, whatever became of who had them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use common::{World, request};
use jiff::SignedDuration;
use rcgen::{CertificateParams, KeyPair, PublicKeyData};
use rustls_pki_types::PrivatePkcs8KeyDer;
use tegata_ca::{KeyKind, Signer, SoftwareKey, SubjectName};
use tegata_domain::{Reason, UserId};
use tegata_registrar::{
    Actor, EnrollError, Fingerprint, Issuance, NewIssuingCa, Office, StatusChange, Target,
};

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn operator() -> Actor {
    Actor::Operator("test".to_owned())
}

fn request_of(key: &KeyPair) -> Vec<u8> {
    CertificateParams::default().serialize_request(key).unwrap().der().to_vec()
}

impl World {
    async fn revoke(&self, user_id: &UserId, reason: Reason) {
        let target = Target::UserId(user_id.clone());
        let change = StatusChange::Revoke(reason);
        self.registrar.change_status(operator(), self.service.id, target, change).await.unwrap();
    }

    /// Tries to issue for a seat that gets a new password first.
    async fn enroll_anew(&self, seat: usize, request: &[u8]) -> Result<Issuance, EnrollError> {
        let policy = self.service.credential;
        let user_id = self.seats[seat].0.clone();
        let seat =
            self.registrar.reset(operator(), self.service.id, user_id, policy).await.unwrap();
        self.enroll_as(seat.user_id.as_str(), &seat.password.reveal(), request).await
    }
}

fn blocked_because(outcome: Result<Issuance, EnrollError>) -> String {
    match outcome {
        Err(EnrollError::KeyBlocked(source)) => source,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_compromised_key_stays_blocked_for_every_seat_after_its_certificate_is_long_gone() {
    let world = World::new().await;
    let request = request();
    let issued = world.enroll(&request).await.unwrap();
    world.revoke(&world.seats[0].0, Reason::KeyCompromise).await;
    for days in [0, 400, 3_000] {
        world.clock.turn(DAY * days);
        for seat in [0, 1] {
            let source = blocked_because(world.enroll_anew(seat, &request).await);
            assert_eq!(source, format!("keyCompromise of {}", issued.serial));
        }
    }
}

/// The key pair with the negated private number has the same x coordinate: whoever has one has
/// both.
#[tokio::test]
async fn the_mirror_image_of_a_compromised_key_is_blocked() {
    let world = World::new().await;
    let key = KeyPair::generate().unwrap();
    world.enroll(&request_of(&key)).await.unwrap();
    world.revoke(&world.seats[0].0, Reason::KeyCompromise).await;
    let mirrored = request_of(&mirror(&key));
    assert!(blocked_because(world.enroll_anew(1, &mirrored).await).starts_with("keyCompromise"));
}

#[tokio::test]
async fn another_reason_blocks_no_key() {
    let world = World::new().await;
    let request = request();
    world.enroll(&request).await.unwrap();
    world.revoke(&world.seats[0].0, Reason::AffiliationChanged).await;
    assert!(world.enroll_anew(0, &request).await.is_ok());
}

#[tokio::test]
async fn a_key_on_an_operators_list_is_refused_and_the_list_is_audited() {
    let key = KeyPair::generate().unwrap();
    let spki = key.subject_public_key_info();
    for list in [
        Fingerprint::of_key(&spki)[..1].to_vec(),
        // As lists of the CVE-2008-0166 project name a key.
        Fingerprint::of_key(&spki)[1..].to_vec(),
        Fingerprint::read_list(&request_of(&key)).unwrap(),
        Fingerprint::read_list(key.public_key_pem().as_bytes()).unwrap(),
    ] {
        let world = World::new().await;
        let added = world.registrar.block_keys(operator(), list.clone(), "found on a forum").await;
        assert_eq!(added.unwrap(), list.len());
        let again = world.registrar.block_keys(operator(), list, "twice").await;
        assert_eq!(again.unwrap(), 0, "what blocked it first stays");
        let source = blocked_because(world.enroll_anew(0, &request_of(&key)).await);
        assert_eq!(source, "found on a forum");
        assert!(world.enroll_anew(0, &request()).await.is_ok());
        let audit = world.audit();
        assert_eq!(audit.iter().filter(|action| *action == "key.blocked").count(), 2);
        let entries = world.read(|view| view.audit_entries(0, 1_000));
        let refused = entries.iter().find(|(_, entry)| entry.action == "issuance.refused").unwrap();
        let cause = "this key is blocked for good: found on a forum";
        assert_eq!(refused.1.detail, serde_json::json!({ "cause": cause }));
        assert!(refused.1.reference.is_some());
    }
    let world = World::new().await;
    let list = || Fingerprint::of_key(&spki);
    for reason in ["", "  ", "a\nb", &"x".repeat(201)] {
        assert!(world.registrar.block_keys(operator(), list(), reason).await.is_err());
    }
}

/// The forms in which Debian weak keys (CVE-2008-0166) are listed, for a key that can prove
/// possession here.
#[tokio::test]
async fn an_rsa_key_is_found_on_each_kind_of_list() {
    let key = SoftwareKey::generate(KeyKind::Rsa(2048)).unwrap();
    let names = tegata_ca::fingerprints(key.public_key());
    assert_eq!(names.iter().map(Vec::len).collect::<Vec<_>>(), [32, 32, 10]);
    for name in names {
        let world = World::new().await;
        let line: String = name.iter().map(|octet| format!("{octet:02x}")).collect();
        let list = Fingerprint::read_list(format!("# a list\n{line}\n").as_bytes()).unwrap();
        world.registrar.block_keys(operator(), list, "Debian weak keys").await.unwrap();
        let source = blocked_because(world.enroll(&request_signed_by(&key)).await);
        assert_eq!(source, "Debian weak keys", "{line}");
    }
}

#[tokio::test]
async fn our_own_keys_are_refused_with_a_valid_proof() {
    let world = World::new().await;
    let issuing = &*world.issuing_key;
    let request = request_signed_by(issuing);
    let source = blocked_because(world.enroll(&request).await);
    assert_eq!(source, "own key of SB0001002C");
    let keyring = world.registrar.keyring();
    let root = &keyring.roots()[0];
    let source = blocked_because(world.enroll(&request_signed_by(root.authority.signer())).await);
    assert_eq!(source, "own key of SB0001001C");

    let site = KeyPair::generate().unwrap();
    let names = vec![tegata_ca::SubjectAltName::Dns("site.example".to_owned())];
    let spki = site.subject_public_key_info();
    let made = world.registrar.certify_server(&world.service, "site", names, &spki);
    made.await.unwrap();
    assert_eq!(blocked_because(world.enroll(&request_of(&site)).await), "own key of site");
}

/// Keys that are made while everything runs: an OCSP responder's, the next issuing CA's.
#[tokio::test]
async fn own_keys_that_come_later_are_blocked_with_their_certificates() {
    let world = World::new().await;
    world.registrar.renew_responders().await.unwrap();
    let responder = world.read(|view| view.own_certificate("ocsp")).unwrap();
    assert_eq!(source_of(&world, &responder.der), "own key of ocsp");

    let next = SoftwareKey::generate(KeyKind::EcP256).unwrap();
    let keyring = world.registrar.keyring();
    let root = &keyring.roots()[0];
    let name: tegata_domain::Issuer = "SB0001003C".parse().unwrap();
    let made = root.authority.certify(
        &Office::issuing_profile(&world.service.settings.status_url, &root.name),
        &SubjectName::new(name.as_str()).unwrap(),
        next.public_key(),
        root.authority.validity(),
        &NoEntropy,
    );
    let new = NewIssuingCa {
        service: world.service.id,
        parent: root.id,
        name,
        certificate: made.unwrap().der,
        issues_from: world.registrar.now() + DAY,
    };
    world.registrar.add_issuing_ca(operator(), new).await.unwrap();
    let source = blocked_because(world.enroll(&request_signed_by(&next)).await);
    assert_eq!(source, "own key of SB0001003C");
}

struct NoEntropy;

impl tegata_domain::Entropy for NoEntropy {
    fn fill(&self, octets: &mut [u8]) {
        octets.fill(7);
    }
}

/// What blocks the key of this certificate.
fn source_of(world: &World, certificate: &[u8]) -> String {
    let names = Fingerprint::read_names(certificate).unwrap();
    world.registrar.blocked(&names).unwrap().unwrap().source
}

/// An installation from before there was a list knows its own keys after the next start.
#[tokio::test]
async fn own_keys_are_blocked_at_the_next_start() {
    let world = World::new().await;
    let before = world.read(|view| view.blocked_key_count());
    world.registrar.block_own_keys().await.unwrap();
    assert_eq!(world.read(|view| view.blocked_key_count()), before, "nothing twice");
    assert_eq!(before, 4, "two CAs, two fingerprints each");
}

#[tokio::test]
async fn the_key_of_a_seat_stays_its_own_when_its_certificate_is_expired_or_revoked() {
    for end in ["live", "expired", "revoked"] {
        let world = World::new().await;
        let request = request();
        world.enroll(&request).await.unwrap();
        match end {
            "expired" => world.clock.turn(DAY * 400),
            "revoked" => world.revoke(&world.seats[0].0, Reason::CessationOfOperation).await,
            _ => {}
        }
        let taken = world.enroll_anew(1, &request).await;
        assert!(matches!(taken, Err(EnrollError::KeyTaken)), "{end}: {taken:?}");
        assert!(world.enroll_anew(0, &request).await.is_ok(), "{end}");
    }
}

/// A PKCS#10 request that proves possession of a CA's key.
fn request_signed_by(signer: &dyn Signer) -> Vec<u8> {
    use x509_cert::der::Encode;
    use x509_cert::der::asn1::{AnyRef, BitString};
    let sequence = |content: &[u8]| {
        AnyRef::new(x509_cert::der::Tag::Sequence, content).unwrap().to_der().unwrap()
    };
    let info = sequence(&[&[2, 1, 0, 0x30, 0][..], signer.public_key(), &[0xa0, 0]].concat());
    let algorithm = signer.algorithm().identifier().to_der().unwrap();
    let signature = BitString::from_bytes(&signer.sign(&info).unwrap()).unwrap().to_der().unwrap();
    sequence(&[info, algorithm, signature].concat())
}

/// The key pair (n - d, (x, p - y)) of P-256.
fn mirror(key: &KeyPair) -> KeyPair {
    const N: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
        0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    const P: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    ];
    let mut der = key.serialize_der();
    let point = key.public_key_raw().to_vec();
    let find = |octets: &[u8], der: &[u8]| der.windows(octets.len()).position(|w| w == octets);
    // ECPrivateKey (RFC 5915 §3): version 1, then the private number.
    let private = find(&[2, 1, 1, 4, 32], &der).unwrap() + 5;
    let y = find(&point, &der).unwrap() + 33;
    subtract(&N, &mut der[private..private + 32]);
    subtract(&P, &mut der[y..y + 32]);
    let mirrored = KeyPair::try_from(&PrivatePkcs8KeyDer::from(der)).unwrap();
    assert_eq!(mirrored.public_key_raw()[..33], point[..33]);
    assert_ne!(mirrored.public_key_raw(), point);
    mirrored
}

/// `number = from - number`, most significant octet first.
fn subtract(from: &[u8; 32], number: &mut [u8]) {
    let mut borrow = 0;
    for (octet, from) in number.iter_mut().zip(from).rev() {
        let difference = i16::from(*from) - i16::from(*octet) - borrow;
        borrow = i16::from(difference < 0);
        *octet = (difference & 0xff) as u8;
    }
}
