//! Certificates, one after the other on one processor, beside the bare signatures of the library.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use serde::Serialize;
use tegata_ca::{
    Addresses, Authority, CaKey, Profile, ProvenKey, Signer, SoftwareKey, SubjectName,
};
use tegata_domain::{Serial, Validity};
use tegata_server::ambient::SystemEntropy;

use super::world::World;
use crate::{Failure, say};

/// A kind of CA key.
#[derive(Serialize)]
pub(super) struct Row {
    pub(super) kind: String,
    /// Bare signatures over 512 octets a second.
    pub(super) bare: f64,
    /// Certificates a second: prepared, linted, signed.
    pub(super) whole: f64,
    /// Microseconds of preparing and linting one.
    pub(super) lint_micros: f64,
}

pub(super) fn measure(world: &World, period: Duration) -> Result<Vec<Row>, Failure> {
    [CaKey::P256, CaKey::P384, CaKey::Rsa3072, CaKey::Ed25519]
        .into_iter()
        .map(|choice| {
            say(&format!("certificates of a CA with {choice}"));
            row(world, choice, period)
        })
        .collect()
}

fn row(world: &World, choice: CaKey, period: Duration) -> Result<Row, Failure> {
    let now = world.office.now();
    let validity =
        Validity { not_before: now, not_after: now + SignedDuration::from_hours(24 * 365) };
    let signer = Arc::new(SoftwareKey::generate_for_ca(choice)?);
    let name = SubjectName::new("BENCH")?;
    let authority = Authority::root(&name, signer.clone(), validity, &SystemEntropy)?;
    let leaf = SoftwareKey::generate(tegata_ca::KeyKind::EcP256)?;
    let key = ProvenKey::own(leaf.public_key())?;
    let profile = Profile::client(Addresses {
        crl: "http://localhost/crl/SB0001002C/1.crl".to_owned(),
        ocsp: Some("http://localhost/ocsp/SB0001002C".to_owned()),
        issuer: "http://localhost/aia/SB0001002C.cer".to_owned(),
    });
    let subject = SubjectName::new("CMSM950-006-401")?.organisation("Sample Trading Co., Ltd.")?;
    let message = [7; 512];
    let bare = rate(period, || signer.sign(&message).is_ok())?;
    let linted = || {
        let serial = Serial::random(&SystemEntropy);
        let prepared = profile.prepare(&authority, serial, &subject, &key, validity);
        prepared.ok().and_then(|prepared| prepared.lint(&profile).ok())
    };
    let lints = rate(period, || linted().is_some())?;
    let whole = rate(period, || linted().is_some_and(|linted| linted.sign(&*signer).is_ok()))?;
    Ok(Row { kind: choice.to_string(), bare, whole, lint_micros: 1e6 / lints })
}

fn rate(period: Duration, mut once: impl FnMut() -> bool) -> Result<f64, Failure> {
    let (begun, mut count) = (Instant::now(), 0u64);
    while begun.elapsed() < period {
        for _ in 0..16 {
            if !once() {
                return Err("what is to be measured failed".into());
            }
            count += 1;
        }
    }
    Ok(count as f64 / begun.elapsed().as_secs_f64())
}
