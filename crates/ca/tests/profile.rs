//! Profiles: what is refused, what the accepted ones make, and what it costs to judge it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::sync::{Arc, LazyLock};
use std::time::Instant;

use der::{Decode, Encode};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use tegata_ca::{
    Addresses, AltNameKind, Attribute, Authority, Holder, KeyKind, NameError, Parts, Placeholder,
    PrepareError, Profile, ProvenKey, RawExtension, Signer, SoftwareKey, SubjectName, Values,
};
use tegata_domain::{Entropy, Serial, Validity};
use x509_cert::Certificate;

struct Sevens;

impl Entropy for Sevens {
    fn fill(&self, octets: &mut [u8]) {
        octets.fill(7);
    }
}

fn now() -> Timestamp {
    "2026-11-23T03:00:00Z".parse().unwrap()
}

fn authority(kind: KeyKind) -> Authority {
    let validity =
        Validity { not_before: now() - hours(1), not_after: now() + hours(24 * 365 * 11) };
    let key = Arc::new(SoftwareKey::generate(kind).unwrap());
    Authority::root(&SubjectName::new("CA").unwrap(), key, validity, &Sevens).unwrap()
}

fn hours(count: i64) -> SignedDuration {
    SignedDuration::from_hours(count)
}

static CA: LazyLock<Authority> = LazyLock::new(|| authority(KeyKind::EcP256));
static KEY: LazyLock<ProvenKey> = LazyLock::new(|| key(KeyKind::EcP256));

fn key(kind: KeyKind) -> ProvenKey {
    ProvenKey::own(SoftwareKey::generate(kind).unwrap().public_key()).unwrap()
}

fn addresses() -> Addresses {
    Addresses {
        crl: "http://status.example/crl/X.crl".to_owned(),
        ocsp: Some("http://status.example/ocsp/X".to_owned()),
        issuer: "http://status.example/aia/X.cer".to_owned(),
    }
}

fn values() -> Values {
    Placeholder::ALL
        .into_iter()
        .fold(Values::default(), |values, placeholder| {
            values.with(placeholder, placeholder.name().to_uppercase())
        })
        .with(Placeholder::UserId, "CMSM950-006-401")
        .with(Placeholder::Email, "taro@example.co.jp")
        .with(Placeholder::Sender, "cms@example.co.jp")
}

/// The certificate of a profile, judged and signed.
fn made(profile: &Profile, values: &Values) -> Result<Certificate, String> {
    let (profile, subject) = profile.clone().at(addresses()).fill(values).map_err(text)?;
    let validity = profile.validity(now());
    let serial = Serial::random(&Sevens);
    let prepared = profile.prepare(&CA, serial, &subject, &KEY, validity).map_err(text)?;
    let signed = prepared.lint(&profile).map_err(text)?.sign(CA.signer()).map_err(text)?;
    Ok(Certificate::from_der(&signed.der).unwrap())
}

fn text(error: impl ToString) -> String {
    error.to_string()
}

fn faults(holder: Holder, change: impl FnOnce(&mut Parts)) -> Vec<String> {
    let mut parts = holder.defaults();
    change(&mut parts);
    match Profile::new(holder, &parts) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn every_default_is_sound_and_makes_a_certificate_that_passes() {
    for holder in Holder::ALL {
        let profile = Profile::new(holder, &holder.defaults()).unwrap();
        let certificate = made(&profile, &values()).unwrap();
        assert!(!certificate.tbs_certificate.subject.is_empty(), "{}", holder.name());
    }
    let profile = Profile::new(Holder::Client, &Holder::Client.defaults()).unwrap();
    let subject = made(&profile, &values()).unwrap().tbs_certificate.subject;
    assert_eq!(subject.to_string(), "CN=CMSM950-006-401,O=COMPANY");
}

#[test]
fn a_full_profile_says_all_of_it() {
    let mut parts = Holder::Client.defaults();
    parts.lifetime_days = 90;
    parts.backdate_minutes = 0;
    parts.subject = vec![
        (Attribute::Country, "JP".to_owned()),
        (Attribute::Organisation, "{company} ({company_code})".to_owned()),
        (Attribute::OrganisationalUnit, "{branch}".to_owned()),
        (Attribute::OrganisationalUnit, "{service}".to_owned()),
        (Attribute::CommonName, "{user_id}".to_owned()),
    ];
    parts.extended_key_usages.push("1.3.6.1.4.1.311.20.2.2".to_owned());
    parts.policies = vec![
        ("1.2.392.200000.1".to_owned(), Some("https://bank.example/cps".to_owned())),
        ("1.2.392.200000.2".to_owned(), None),
    ];
    let der = vec![0x0c, 2, b'h', b'i'];
    parts.extensions =
        vec![RawExtension { oid: "1.2.392.200000.3".to_owned(), critical: false, der }];
    parts.alt_names = vec![
        (AltNameKind::Email, "{email}".to_owned()),
        (AltNameKind::Uri, "https://id.example/{user_id}".to_owned()),
    ];
    let profile = Profile::new(Holder::Client, &parts).unwrap();
    let tbs = made(&profile, &values()).unwrap().tbs_certificate;
    assert_eq!(
        tbs.subject.to_string(),
        "CN=CMSM950-006-401,OU=SERVICE,OU=BRANCH,O=COMPANY (COMPANY_CODE),C=JP"
    );
    let lasts =
        tbs.validity.not_after.to_unix_duration() - tbs.validity.not_before.to_unix_duration();
    assert_eq!(lasts.as_secs(), 90 * 86_400);
    let octets = tbs.to_der().unwrap();
    for wanted in
        [&b"https://bank.example/cps"[..], b"https://id.example/CMSM950-006-401", b"\x0c\x02hi"]
    {
        assert!(octets.windows(wanted.len()).any(|part| part == wanted), "{wanted:?}");
    }
    // What the registry does not know yet is left out.
    let unknown = Values::default()
        .with(Placeholder::UserId, "CMSM950-006-401")
        .with(Placeholder::Company, "C")
        .with(Placeholder::CompanyCode, "C")
        .with(Placeholder::Branch, "B")
        .with(Placeholder::Service, "S");
    let octets = made(&profile, &unknown).unwrap().tbs_certificate.to_der().unwrap();
    assert!(!octets.windows(4).any(|part| part == b"taro"));
}

#[test]
fn everything_wrong_with_a_profile_is_said_at_once() {
    let said = faults(Holder::Client, |parts| {
        parts.lifetime_days = 0;
        parts.backdate_minutes = 61;
        parts.keys = vec!["rsa-1024".to_owned(), "ec-p256".to_owned(), "ec-p256".to_owned()];
        parts.subject = vec![(Attribute::CommonName, "{user_id} {nonsense}".to_owned())];
        parts.key_usages = vec!["keyCertSign".to_owned()];
        parts.extended_key_usages = vec!["serverAuth".to_owned()];
        parts.policies = vec![("1.2.x".to_owned(), Some("ftp://a".to_owned()))];
        parts.extensions = vec![RawExtension {
            oid: "2.5.29.19".to_owned(),
            critical: true,
            der: vec![0x30, 3, 1],
        }];
        parts.alt_names = vec![(AltNameKind::Email, "mallory@example.com".to_owned())];
    });
    println!("{}", said.join("\n"));
    for place in [
        "lifetime_days:",
        "backdate_minutes:",
        "keys[0]:",
        "keys[2]:",
        "subject[0]:",
        "key_usages[0]:",
        "key_usages: digitalSignature",
        "extended_key_usages[0]:",
        "extended_key_usages: clientAuth",
        "policies[0]: 1.2.x",
        "policies[0]: cps",
        "extensions[0]: an end entity is no CA",
        "extensions[0]: its value",
        "extensions[0]: critical",
        "alt_names[0]:",
    ] {
        assert!(said.iter().any(|line| line.starts_with(place)), "{place}");
    }
}

#[test]
fn names_that_would_read_as_another_s_are_refused() {
    let common_name = |holder, text: &str| {
        faults(holder, |parts| parts.subject = vec![(Attribute::CommonName, text.to_owned())])
    };
    for text in ["{user_id}X", "0{user_id}", "{company_code}-{user_id}", "CMSM950-006-401", ""] {
        assert!(!common_name(Holder::Client, text).is_empty(), "{text}");
    }
    assert!(common_name(Holder::Client, "{user_id}").is_empty());
    for text in ["{operator}", "OPS-{operator}", "Operators"] {
        assert!(!common_name(Holder::Operator, text).is_empty(), "{text}");
    }
    assert!(common_name(Holder::Operator, "{operator} (operator)").is_empty());
    let no_name = faults(Holder::Client, |parts| parts.subject.clear());
    assert_eq!(no_name, ["subject: has no common_name"]);
}

#[test]
fn no_further_usage_or_extension_turns_a_client_into_something_else() {
    for usage in [
        "serverAuth",
        "OCSPSigning",
        "2.5.29.37.0",
        "1.3.6.1.5.5.7.3.1",
        "1.3.6.1.5.5.7.3.9",
        "1.3.6.1.5.5.7.3.8",
        "1.3.6.1.5.5.7.3.3",
    ] {
        let said = faults(Holder::Client, |parts| parts.extended_key_usages.push(usage.to_owned()));
        assert_eq!(said.len(), 1, "{usage}: {said:?}");
    }
    for holder in [Holder::Server, Holder::MailSigner, Holder::OcspResponder] {
        let said = faults(holder, |parts| parts.extended_key_usages.push("clientAuth".to_owned()));
        assert_eq!(said.len(), 1, "{}", holder.name());
    }
    for last in [14, 15, 17, 19, 30, 31, 32, 33, 35, 36, 37, 46, 54] {
        let oid = format!("2.5.29.{last}");
        let raw = RawExtension { oid: oid.clone(), critical: false, der: vec![5, 0] };
        assert_eq!(faults(Holder::Client, |parts| parts.extensions = vec![raw]).len(), 1, "{oid}");
    }
}

#[test]
fn an_extension_is_der_throughout() {
    let judged = |der: Vec<u8>| {
        let raw = RawExtension { oid: "1.2.3.4".to_owned(), critical: false, der };
        faults(Holder::Client, |parts| parts.extensions = vec![raw]).is_empty()
    };
    let nested = |depth: usize| {
        (0..depth).fold(Vec::new(), |inner: Vec<u8>, _| {
            [&[0x30, u8::try_from(inner.len()).unwrap()][..], &inner].concat()
        })
    };
    for sound in [vec![5, 0], vec![0x30, 0], vec![0x30, 2, 5, 0], nested(16)] {
        assert!(judged(sound.clone()), "{sound:02x?}");
    }
    for wrong in [
        vec![],
        vec![5],
        vec![5, 0, 0],
        vec![5, 0, 5, 0],
        vec![0x30, 0x80, 0, 0],
        vec![0x30, 0x81, 2, 5, 0],
        vec![0x30, 1, 5],
        nested(17),
        [&[4, 0x82, 0x10, 0][..], &[0; 4096]].concat(),
    ] {
        assert!(!judged(wrong.clone()), "{:02x?}", &wrong[..wrong.len().min(8)]);
    }
}

#[test]
fn an_alternative_name_is_a_whole_address_with_a_host_of_its_own() {
    let judged = |kind, text: &str| {
        faults(Holder::Client, |parts| parts.alt_names = vec![(kind, text.to_owned())]).is_empty()
    };
    assert!(judged(AltNameKind::Email, "{email}"));
    for text in ["{email}x", "{user_id}@example.com", "a@example.com", "", "{sender}"] {
        assert!(!judged(AltNameKind::Email, text), "{text}");
    }
    for text in ["https://id.example/{user_id}", "spiffe://bank.example/{company_code}"] {
        assert!(judged(AltNameKind::Uri, text), "{text}");
    }
    for text in [
        "urn:x",
        "https://{company_code}.example/",
        "https://",
        "//id.example/",
        "https://id.example/ x",
        "https://id.example/手形",
        "https://id.example/{company}",
    ] {
        assert!(!judged(AltNameKind::Uri, text), "{text}");
    }
    for holder in [Holder::Server, Holder::Operator, Holder::OcspResponder] {
        let name = vec![(AltNameKind::Uri, "https://id.example/".to_owned())];
        assert_eq!(faults(holder, |parts| parts.alt_names = name).len(), 1, "{}", holder.name());
    }
}

#[test]
fn a_key_that_the_profile_does_not_certify_is_refused() {
    let mut parts = Holder::Client.defaults();
    parts.keys = vec!["ec-p384".to_owned(), "rsa-3072..4096".to_owned()];
    let profile = Profile::new(Holder::Client, &parts).unwrap().at(addresses());
    let (profile, subject) = profile.fill(&values()).unwrap();
    let attempt = |kind| {
        let validity = profile.validity(now());
        profile.prepare(&CA, Serial::random(&Sevens), &subject, &key(kind), validity)
    };
    for kind in [KeyKind::EcP384, KeyKind::Rsa(3072), KeyKind::Rsa(4096)] {
        assert!(attempt(kind).is_ok(), "{kind}");
    }
    for kind in [KeyKind::EcP256, KeyKind::Rsa(2048)] {
        assert!(matches!(attempt(kind), Err(PrepareError::KeyKind { .. })), "{kind}");
    }
}

#[test]
fn ed25519_is_for_responders() {
    let words = || vec!["ed25519".to_owned()];
    for holder in Holder::ALL {
        let said = faults(holder, |parts| parts.keys = words());
        assert_eq!(said.is_empty(), holder == Holder::OcspResponder, "{}: {said:?}", holder.name());
    }
    let mut parts = Holder::OcspResponder.defaults();
    for (keys, accepted) in [(parts.keys.clone(), true), (vec!["ec-p256".to_owned()], false)] {
        parts.keys = keys;
        let profile = Profile::new(Holder::OcspResponder, &parts).unwrap();
        assert_eq!(profile.keys().contains(KeyKind::Ed25519), accepted);
    }
    parts.keys = words();
    let profile = Profile::new(Holder::OcspResponder, &parts).unwrap();
    assert_eq!(profile.keys().example(), KeyKind::Ed25519);
}

/// A CA of another hand keeps its name as it is: of several values, in other strings, without a
/// common name.
#[test]
fn a_name_that_a_ca_has_already_passes_as_it_is() {
    let openssl = |arguments: &str| {
        let made = std::process::Command::new("openssl").args(arguments.split(' ')).output();
        made.expect("openssl is installed").stdout
    };
    for name in ["/C=JP/O=Other/OU=A+OU=B", "/DC=example/DC=bank/O=Bank/CN=R"] {
        let der = openssl(&format!(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -keyout /dev/null \
             -multivalue-rdn -subj {name} -days 3650 -outform DER \
             -addext keyUsage=critical,keyCertSign,cRLSign"
        ));
        let other = tegata_ca::CaCertificate::parse(&der).unwrap();
        let validity = Validity { not_before: now(), not_after: now() + hours(24 * 365) };
        let made = CA.cross_certify(&other, Some(addresses()), validity, &Sevens).unwrap();
        let subject = |der: &[u8]| {
            let tbs = Certificate::from_der(der).unwrap().tbs_certificate;
            tbs.subject.to_der().unwrap()
        };
        assert_eq!(subject(&made.der), subject(&der), "{name}");
        let again = tegata_ca::CaCertificate::parse(&made.der).unwrap();
        assert_eq!((again.path_length(), again.key()), (Some(1), other.key()));
    }
}

/// What another profile would have written does not pass as this one's.
#[test]
fn a_certificate_that_is_not_the_profiles_is_found_out() {
    let client = Profile::new(Holder::Client, &Holder::Client.defaults()).unwrap().at(addresses());
    let (filled, subject) = client.fill(&values()).unwrap();
    let prepare = |profile: &Profile, subject: &SubjectName, lifetime: i64| {
        let validity = Validity { not_before: now(), not_after: now() + hours(24 * lifetime) };
        profile.prepare(&CA, Serial::random(&Sevens), subject, &KEY, validity).unwrap()
    };
    assert!(prepare(&filled, &subject, 365).lint(&filled).is_ok());
    let found = |prepared: tegata_ca::Prepared| prepared.lint(&filled).unwrap_err().to_string();
    assert!(found(prepare(&filled, &subject, 367)).contains("longer than the profile's lifetime"));
    let another = SubjectName::new("CMSM950-006-402").unwrap();
    assert!(found(prepare(&filled, &another, 365)).contains("subject is not the profile's"));
    let elsewhere = Addresses { crl: "http://elsewhere.example/X.crl".to_owned(), ..addresses() };
    let said = found(prepare(&filled.clone().at(elsewhere), &subject, 365));
    assert!(said.contains("RFC 5280 §4.2.1.13"), "{said}");
    let change = |change: &dyn Fn(&mut Parts)| {
        let mut parts = Holder::Client.defaults();
        change(&mut parts);
        let other = Profile::new(Holder::Client, &parts).unwrap().at(addresses());
        found(prepare(&other.fill(&values()).unwrap().0, &subject, 365))
    };
    let said = change(&|parts| parts.extended_key_usages.push("1.2.3.4".to_owned()));
    assert!(said.contains("RFC 5280 §4.2.1.12"), "{said}");
    let said = change(&|parts| parts.policies.push(("1.2.3.4".to_owned(), None)));
    assert!(said.contains("other extensions"), "{said}");
    let said = change(&|parts| parts.alt_names.push((AltNameKind::Email, "{email}".to_owned())));
    assert!(said.contains("other extensions"), "{said}");
    let der = vec![5, 0];
    let said = change(&|parts| {
        parts.extensions =
            vec![RawExtension { oid: "1.2.3.4".to_owned(), critical: false, der: der.clone() }];
    });
    assert!(said.contains("other extensions"), "{said}");
}

proptest! {
    #[test]
    fn no_template_panics_and_what_is_accepted_makes_a_certificate(
        texts in proptest::collection::vec("[a-zA-Z{}_ \\PC]{0,20}", 1..4),
        attributes in proptest::collection::vec(0usize..4, 1..4),
    ) {
        let mut parts = Holder::Client.defaults();
        for (text, attribute) in texts.iter().zip(attributes) {
            parts.subject.push((Attribute::ALL[attribute], text.clone()));
        }
        if let Ok(profile) = Profile::new(Holder::Client, &parts) {
            prop_assert!(made(&profile, &values()).is_ok());
        }
    }

    /// Whatever a company is called: its name stands in its own attribute as it is, or nothing
    /// is made. Nothing in it is read as a placeholder or as another attribute.
    #[test]
    fn a_value_stays_a_value(company in "\\PC{0,80}|[{}a-z_,=+]{1,40}") {
        let profile = Profile::new(Holder::Client, &Holder::Client.defaults()).unwrap();
        let values = values().with(Placeholder::Company, company.clone());
        match profile.clone().at(addresses()).fill(&values) {
            Err(error) => prop_assert_eq!(error, NameError::Bounds),
            Ok(_) => {
                let subject = made(&profile, &values).unwrap().tbs_certificate.subject;
                prop_assert_eq!(subject.0.len(), 2);
                let organisation = &subject.0[0].0.as_slice()[0];
                prop_assert_eq!(organisation.value.value(), company.as_bytes());
            }
        }
    }

    #[test]
    fn no_kinds_of_keys_panic(words in proptest::collection::vec("(ec-p|rsa-)?[0-9.a-z-]{0,12}", 0..4)) {
        let mut parts = Holder::Client.defaults();
        parts.keys = words;
        let _ = Profile::new(Holder::Client, &parts);
    }
}

/// Writing and judging, with the signature that is thrown away.
#[test]
fn the_cost_of_judging_is_printed() {
    let profile = Profile::new(Holder::Client, &Holder::Client.defaults()).unwrap().at(addresses());
    let (profile, subject) = profile.fill(&values()).unwrap();
    for kind in [KeyKind::EcP256, KeyKind::EcP384, KeyKind::Rsa(3072)] {
        let ca = authority(kind);
        let prepare = || {
            let validity = profile.validity(now());
            profile.prepare(&ca, Serial::random(&Sevens), &subject, &KEY, validity).unwrap()
        };
        // The first makes the key.
        prepare().lint(&profile).unwrap();
        let (mut writing, mut judging) = (0, 0);
        const ROUNDS: u128 = 200;
        for _ in 0..ROUNDS {
            let begun = Instant::now();
            let prepared = prepare();
            writing += begun.elapsed().as_micros();
            let begun = Instant::now();
            prepared.lint(&profile).unwrap();
            judging += begun.elapsed().as_micros();
        }
        println!("{kind}: {} µs to write, {} µs to judge", writing / ROUNDS, judging / ROUNDS);
    }
}
