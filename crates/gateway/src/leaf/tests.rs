use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, DnValue,
    ExtendedKeyUsagePurpose as Purpose, IsCa, KeyPair, KeyUsagePurpose as Usage, SerialNumber,
};
use rustls::crypto::aws_lc_rs;

use super::*;

/// An issuing CA and what it issues.
pub(crate) struct Issuer(CertifiedIssuer<'static, KeyPair>);

impl Issuer {
    pub(crate) fn new(name: &str) -> Self {
        Self::with(name, |_| {})
    }

    fn with(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![Usage::KeyCertSign, Usage::CrlSign];
        change(&mut params);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn leaf(&self, number: u8) -> Arc<Leaf> {
        self.leaf_with(number, |_| {})
    }

    fn leaf_with(&self, number: u8, change: impl FnOnce(&mut CertificateParams)) -> Arc<Leaf> {
        Arc::new(Leaf::new(self.certificate(number, change), 2))
    }

    fn certificate(
        &self,
        number: u8,
        change: impl FnOnce(&mut CertificateParams),
    ) -> CertificateDer<'static> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "CMSM950-006-401");
        params.serial_number = Some(SerialNumber::from_slice(&serial(number)));
        params.key_usages = vec![Usage::DigitalSignature];
        params.extended_key_usages = vec![Purpose::ClientAuth];
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        params.signed_by(&key, &self.0).unwrap().der().clone()
    }

    fn der(&self) -> Vec<u8> {
        self.0.der().to_vec()
    }

    fn authorities(&self) -> Authorities {
        Authorities::none().next(&[self.der()])
    }
}

fn serial(number: u8) -> [u8; 16] {
    let mut octets = [0x41; 16];
    octets[15] = number;
    octets
}

fn found(leaf: &Leaf, authorities: &Authorities) -> Authenticity {
    let provider = aws_lc_rs::default_provider();
    leaf.authenticity(0, authorities, &provider.signature_verification_algorithms)
}

#[test]
fn facts_stand_in_the_certificate() {
    let leaf = Issuer::new("SB0001002C").leaf(7);
    let facts = leaf.facts().unwrap();
    assert_eq!(facts.serial.octets(), &serial(7));
    assert_eq!(facts.user.as_str(), "CMSM950-006-401");
    assert_eq!(facts.user_header, "CMSM950-006-401");
    let header = facts.client_cert.to_str().unwrap();
    let base64 = header.strip_prefix(':').and_then(|rest| rest.strip_suffix(':')).unwrap();
    assert_eq!(STANDARD.decode(base64).unwrap(), leaf.der.as_ref());
}

#[test]
fn issuer_comes_before_usage() {
    let (ours, theirs) = (Issuer::new("SB0001002C"), Issuer::new("SB0001002C"));
    let other_name = Issuer::new("XX0001002C");
    let server = |params: &mut CertificateParams| {
        params.extended_key_usages = vec![Purpose::ServerAuth];
    };
    let none = |params: &mut CertificateParams| params.extended_key_usages.clear();
    let any = |params: &mut CertificateParams| params.extended_key_usages = vec![Purpose::Any];
    let both = |params: &mut CertificateParams| {
        params.extended_key_usages = vec![Purpose::EmailProtection, Purpose::ClientAuth];
    };
    let cannot_sign =
        |params: &mut CertificateParams| params.key_usages = vec![Usage::KeyEncipherment];
    let no_key_usage = |params: &mut CertificateParams| params.key_usages.clear();
    let authorities = ours.authorities();
    for (what, leaf, expected) in [
        ("ours", ours.leaf(1), Authenticity::Genuine),
        ("two purposes", ours.leaf_with(1, both), Authenticity::Genuine),
        ("no key usage", ours.leaf_with(1, no_key_usage), Authenticity::Genuine),
        ("server", ours.leaf_with(1, server), Authenticity::WrongUsage),
        ("no purpose", ours.leaf_with(1, none), Authenticity::WrongUsage),
        ("any purpose", ours.leaf_with(1, any), Authenticity::WrongUsage),
        ("cannot sign", ours.leaf_with(1, cannot_sign), Authenticity::WrongUsage),
        ("same name, other key", theirs.leaf(1), Authenticity::WrongIssuer),
        ("other name", other_name.leaf(1), Authenticity::WrongIssuer),
        ("stranger for servers", other_name.leaf_with(1, server), Authenticity::WrongIssuer),
    ] {
        assert_eq!(found(&leaf, &authorities), expected, "{what}");
        assert_eq!(found(&leaf, &authorities), expected, "{what}, remembered");
    }
}

#[test]
fn only_certificates_of_our_form_are_ours() {
    let ours = Issuer::new("SB0001002C");
    let authorities = ours.authorities();
    let serial_of = |octets: &'static [u8]| {
        move |params: &mut CertificateParams| {
            params.serial_number = Some(SerialNumber::from_slice(octets));
        }
    };
    let named = |names: &'static [&'static str]| {
        move |params: &mut CertificateParams| {
            params.distinguished_name = rcgen::DistinguishedName::new();
            for (index, name) in names.iter().enumerate() {
                let kind = match index {
                    0 => DnType::CommonName,
                    _ => DnType::CustomDnType(vec![2, 5, 4, 3]),
                };
                params.distinguished_name.push(kind, *name);
            }
        }
    };
    for (what, leaf) in [
        ("long serial", ours.leaf_with(1, serial_of(&[0x41; 21]))),
        ("not a user ID", ours.leaf_with(1, named(&["<script>"]))),
        ("not canonical", ours.leaf_with(1, named(&["cmsm950-006-401"]))),
        ("header injection", ours.leaf_with(1, named(&["A\r\nX-Tegata-User: B"]))),
        ("no name", ours.leaf_with(1, named(&[]))),
        ("two names", ours.leaf_with(1, named(&["A", "B"]))),
        ("garbage", Arc::new(Leaf::new(vec![0x30, 0x82, 0xff].into(), 2))),
        ("a CA's own", Arc::new(Leaf::new(ours.der().into(), 2))),
    ] {
        assert_eq!(found(&leaf, &authorities), Authenticity::WrongIssuer, "{what}");
    }
    let printable = |params: &mut CertificateParams| {
        let name = "CMSM950-006-402".try_into().unwrap();
        params.distinguished_name.push(DnType::CommonName, DnValue::PrintableString(name));
    };
    assert_eq!(found(&ours.leaf_with(1, printable), &authorities), Authenticity::Genuine);
}

#[test]
fn only_cas_become_anchors() {
    let no_constraints = Issuer::with("SB0001002C", |params| params.is_ca = IsCa::NoCa);
    let not_ca = Issuer::with("SB0001002C", |params| params.is_ca = IsCa::ExplicitNoCa);
    let no_cert_sign = Issuer::with("SB0001002C", |params| {
        params.key_usages = vec![Usage::DigitalSignature];
    });
    for fake in [no_constraints, not_ca, no_cert_sign] {
        let authorities = fake.authorities();
        assert_eq!(found(&fake.leaf(1), &authorities), Authenticity::WrongIssuer);
        assert_eq!(authorities.subjects().count(), 0);
    }
}

#[test]
fn a_client_does_not_extend_the_chain() {
    let ours = Issuer::new("SB0001002C");
    let subscriber = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "CMSM950-006-401");
    params.serial_number = Some(SerialNumber::from_slice(&serial(1)));
    let middle = CertifiedIssuer::signed_by(params, subscriber, &ours.0).unwrap();
    let leaf = Issuer(middle).leaf(2);
    assert_eq!(found(&leaf, &ours.authorities()), Authenticity::WrongIssuer);
}

#[test]
fn a_new_set_of_authorities_is_judged_anew() {
    let (first, second) = (Issuer::new("SB0001002C"), Issuer::new("SB0001003C"));
    let leaf = second.leaf(1);
    let before = first.authorities();
    assert_eq!(found(&leaf, &before), Authenticity::WrongIssuer);
    let after = before.next(&[first.der(), second.der()]);
    assert_eq!(found(&leaf, &after), Authenticity::Genuine);
    assert_eq!(found(&leaf, &after.next(&[])), Authenticity::WrongIssuer);
}

#[test]
fn services_are_judged_apart() {
    let (a, b) = (Issuer::new("SB0001002C"), Issuer::new("SB0002002C"));
    let leaf = a.leaf(1);
    let provider = aws_lc_rs::default_provider();
    let algorithms = &provider.signature_verification_algorithms;
    assert_eq!(leaf.authenticity(0, &a.authorities(), algorithms), Authenticity::Genuine);
    assert_eq!(leaf.authenticity(1, &b.authorities(), algorithms), Authenticity::WrongIssuer);
    assert_eq!(leaf.authenticity(0, &a.authorities(), algorithms), Authenticity::Genuine);
}

#[test]
fn strangers_are_not_remembered_and_memory_is_bounded() {
    let issuer = Issuer::new("SB0001002C");
    let leaves = Leaves::new(4);
    let size = || {
        let known = leaves.known();
        known.young.len() + known.old.len()
    };
    let keep = issuer.certificate(0, |_| {});
    let first = leaves.get(&keep, 2, |_| true);
    leaves.get(&issuer.certificate(100, |_| {}), 2, |_| false);
    assert_eq!(size(), 1);
    for number in 1..20 {
        leaves.get(&issuer.certificate(number, |_| {}), 2, |_| true);
        assert!(Arc::ptr_eq(&leaves.get(&keep, 2, |_| true), &first), "what is used stays");
        assert!(size() <= 4);
    }
}
