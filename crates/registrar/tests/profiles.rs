//! Profiles as settings of a service.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use common::{World, request, settings};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tegata_ca::{Holder, KeyKind};
use tegata_domain::Issuer;
use tegata_registrar::{
    Actor, ChangeError, EnrollError, Preview, PreviewNames, Service, ServiceSettings,
};
use x509_cert::Certificate;
use x509_cert::der::{Decode, Encode};

/// Settings with these profiles.
fn with(profiles: Value) -> Result<ServiceSettings, String> {
    let mut json = serde_json::to_value(settings()).unwrap();
    json["profiles"] = profiles;
    ServiceSettings::from_json(&json.to_string()).map_err(|error| error.to_string())
}

fn names() -> PreviewNames {
    let name: Issuer = "SB0001002C".parse().unwrap();
    let root_name: Issuer = "SB0001001C".parse().unwrap();
    PreviewNames {
        root: tegata_ca::SubjectName::new(root_name.as_str()).unwrap(),
        issuing: tegata_ca::SubjectName::new(name.as_str()).unwrap(),
        issuer: name,
        root_name,
    }
}

fn preview(settings: &ServiceSettings, holder: Holder) -> Certificate {
    let now = "2026-11-23T03:00:00Z".parse().unwrap();
    let preview = Preview::new(settings, holder, &names(), KeyKind::EcP256, now).unwrap();
    Certificate::from_der(&preview.certificate.der).unwrap()
}

#[test]
fn settings_from_before_profiles_stay_what_they_were() {
    let json = serde_json::to_value(settings()).unwrap();
    assert!(json.get("profiles").is_none(), "what is default is not written");
    let again = ServiceSettings::from_json(&json.to_string()).unwrap();
    assert_eq!(again, settings());
    let client = preview(&again, Holder::Client).tbs_certificate;
    assert_eq!(client.subject.to_string(), "CN=CMSM950-006-401,O=Sample Company");
    let lasts = client.validity.not_after.to_unix_duration()
        - client.validity.not_before.to_unix_duration();
    assert_eq!(lasts.as_secs(), 365 * 86_400 + 5 * 60);
}

#[test]
fn a_preview_says_that_it_is_one() {
    for holder in Holder::ALL {
        let serial = preview(&settings(), holder).tbs_certificate.serial_number;
        assert_eq!(serial.as_bytes(), b"PREVIEW PREVIEW ", "{}", holder.name());
    }
}

#[test]
fn every_error_of_every_profile_is_said_at_once() {
    let said = with(json!({
        "client": { "lifetime_days": 0, "keys": ["dsa"], "subject": [{"common_name": "{nobody}"}] },
        "ocsp_responder": { "lifetime_days": 91 },
    }))
    .unwrap_err();
    for place in [
        "profiles.client.lifetime_days:",
        "profiles.client.keys[0]:",
        "profiles.client.subject[0]:",
        "profiles.ocsp_responder.lifetime_days: must be 1 to 90",
        "lifetime must be 1 to 3650 days",
    ] {
        assert!(said.contains(place), "{place}: {said}");
    }
}

#[test]
fn unknown_members_and_wrong_forms_are_refused() {
    for profiles in [
        json!({ "clients": {} }),
        json!({ "client": { "lifetime": 5 } }),
        json!({ "client": { "subject": [{ "surname": "x" }] } }),
        json!({ "client": { "subject": { "common_name": "{user_id}" } } }),
        json!({ "client": { "extensions": [{ "oid": "1.2.3.4", "der": "zz" }] } }),
        json!({ "client": { "policies": ["1.2.3.4"] } }),
        json!({ "client": { "alt_names": [{ "dns": "a.example" }] } }),
        json!({ "client": { "backdate_minutes": 300 } }),
    ] {
        assert!(with(profiles.clone()).is_err(), "{profiles}");
    }
}

/// Found when it is set, not when a user issues.
#[test]
fn a_profile_whose_certificate_would_break_a_rule_is_refused() {
    let mut settings = settings();
    settings.organisation.en = "O".repeat(65);
    settings.check().expect("nothing uses it");
    let mut json = serde_json::to_value(&settings).unwrap();
    json["profiles"] = json!({ "operator": {} });
    let said = ServiceSettings::from_json(&json.to_string()).unwrap_err().to_string();
    assert!(said.contains("profiles.operator: a name in a certificate has 1 to 64"), "{said}");
    // 8 practice statements of 1 KiB and extensions of 4 KiB each: more than a certificate may be.
    let der = format!("0482{:04x}{}", 4000, "00".repeat(4000));
    let extensions: Vec<_> =
        (1..=5).map(|i| json!({ "oid": format!("1.2.3.{i}"), "der": der })).collect();
    let said = with(json!({ "client": { "extensions": extensions } })).unwrap_err();
    assert!(said.contains("profiles.client:") && said.contains("16 KiB"), "{said}");
}

#[test]
fn the_clients_lifetime_rules_renewal_and_reminders() {
    let settings = with(json!({ "client": { "lifetime_days": 90, "backdate_minutes": 0 } }));
    let lifecycle = settings.unwrap().lifecycle();
    assert_eq!(lifecycle.lifetime, SignedDuration::from_hours(24 * 90));
    assert_eq!(lifecycle.backdate, SignedDuration::ZERO);
    let said = with(json!({ "client": { "lifetime_days": 60 } })).unwrap_err();
    assert!(said.contains("renewal window must be shorter"), "{said}");
}

impl World {
    /// The world with another profile of its clients.
    async fn with_client(client: Value) -> Self {
        let mut world = Self::new().await;
        let settings = with(json!({ "client": client })).unwrap();
        let old = &world.service;
        let service = Service::open(
            old.id,
            old.key.clone(),
            settings,
            old.issuing.clone(),
            old.root_name.clone(),
            old.root.clone(),
        )
        .unwrap();
        world.service = std::sync::Arc::new(service);
        world
    }
}

#[tokio::test]
async fn what_a_service_wants_stands_in_the_certificates_of_its_users() {
    let world = World::with_client(json!({
        "subject": [
            { "country": "JP" },
            { "organisation": "{company}" },
            { "organisational_unit": "{branch} ({branch_code})" },
            { "common_name": "{user_id}" },
        ],
        "alt_names": [{ "email": "{email}" }],
        "policies": [{ "oid": "1.2.392.200000.1", "cps": "https://bank.example/cps" }],
    }))
    .await;
    let issued = world.enroll(&request()).await.unwrap();
    let tbs = Certificate::from_der(&issued.certificate).unwrap().tbs_certificate;
    assert_eq!(tbs.subject.to_string(), "CN=CMSM950-006-401,OU=Head (950),O=Sample Trading,C=JP");
    let holds =
        |octets: &[u8], text: &str| octets.windows(text.len()).any(|part| part == text.as_bytes());
    let first = tbs.to_der().unwrap();
    assert!(holds(&first, "https://bank.example/cps"));
    // The address came with the request: it stands in the registry now, not in the certificate.
    assert!(!holds(&first, "taro@example.co.jp"));
    let user_id = world.seats[0].0.clone();
    let (operator, policy) = (Actor::Operator("test".to_owned()), world.service.credential);
    let seat = world.registrar.reset(operator, world.service.id, user_id, policy).await.unwrap();
    let second =
        world.enroll_as(seat.user_id.as_str(), &seat.password.reveal(), &request()).await.unwrap();
    assert!(holds(&second.certificate, "taro@example.co.jp"));
}

#[tokio::test]
async fn a_kind_of_key_that_the_service_does_not_want_is_refused_and_costs_nothing() {
    let world = World::with_client(json!({ "keys": ["ec-p384"] })).await;
    let refused = world.enroll(&request()).await;
    assert!(
        matches!(refused, Err(EnrollError::Prepare(tegata_ca::PrepareError::KeyKind { .. }))),
        "{refused:?}"
    );
    assert_eq!(world.certificates(), []);
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
    let wanted = rcgen::CertificateParams::default().serialize_request(&key).unwrap();
    assert!(world.enroll(wanted.der()).await.is_ok());
}

#[tokio::test]
async fn a_subject_that_does_not_fit_a_company_that_there_is_is_refused() {
    let world = World::new().await;
    let operator = || Actor::Operator("test".to_owned());
    let branch = world.registrar.branch(world.service.id, &"950".parse().unwrap()).unwrap();
    let (code, long) = ("CMSM950-007".parse().unwrap(), "x".repeat(60));
    world.registrar.add_company(operator(), branch, code, long).await.unwrap();
    let set = |text: &str| {
        let subject = json!([{ "organisation": text }, { "common_name": "{user_id}" }]);
        let settings = with(json!({ "client": { "subject": subject } })).unwrap();
        let (world, operator) = (&world, operator());
        async move { world.registrar.change_settings(operator, world.service.id, &settings).await }
    };
    match set("{company}, {branch}").await {
        Err(ChangeError::Companies(unfit)) => {
            assert_eq!(unfit.len(), 1);
            assert!(unfit[0].starts_with("company CMSM950-007:"), "{unfit:?}");
        }
        other => panic!("{other:?}"),
    }
    set("{company}").await.unwrap();
}
