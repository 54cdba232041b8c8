use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;
use tegata_domain::ServiceKey;
use tegata_registrar::Office;
use tegata_server::updates::{NewPackage, Published, Updates, verify};
use tegata_wire::Der;
use tegata_wire::update::{Envelope, Manifest};

use super::super::{Failure, Scoped, operator, output};
use super::KeyArgs;
use super::draft::{Packages, Terms, next_sequence};

#[derive(Args)]
pub(in crate::cli) struct PublishArgs {
    #[command(flatten)]
    key: Option<KeyArgs>,
    /// A manifest that was signed elsewhere
    #[arg(long, value_name = "FILE", conflicts_with_all = ["key", "mandatory", "minimum_version", "notes_ja", "version"])]
    manifest: Option<PathBuf>,
    #[command(flatten)]
    packages: Packages,
    #[command(flatten)]
    terms: Terms,
    #[command(flatten)]
    scoped: Scoped,
}

/// What was published.
#[derive(Serialize)]
pub(super) struct Said<'a> {
    #[serde(flatten)]
    pub(super) manifest: &'a Manifest,
    pub(super) warnings: Vec<String>,
}

pub(super) async fn run(args: PublishArgs) -> Result<(), Failure> {
    let office = args.scoped.common.office()?;
    let service = office.choose_service(args.scoped.service.as_ref())?.key;
    let updates = args.scoped.common.data_dir().updates();
    let (now, before) = (office.now(), updates.current_now(&service)?);
    let mut described = Vec::new();
    let (envelope, manifest) = match (&args.manifest, &args.key) {
        (Some(file), _) => {
            let octets = std::fs::read(file).map_err(|e| format!("{}: {e}", file.display()))?;
            verify(&octets).map_err(|error| format!("{}: {error}", file.display()))?
        }
        (None, Some(key)) => {
            described = args.packages.describe()?;
            let packages = described.iter().map(|(package, _)| package.clone()).collect();
            let last = before.as_ref().map(|one| one.manifest.sequence);
            let sequence = next_sequence(now, last);
            let manifest = args.terms.manifest(service.clone(), sequence, now, packages);
            (key.open()?.sign(&manifest)?, manifest)
        }
        (None, None) => return Err("give --key to sign a manifest, or --manifest".into()),
    };
    check(&manifest, &service, before.as_ref(), now)?;
    let mut warnings = keys_changed(&envelope, before.as_ref());
    if args.manifest.is_some() {
        put_signed(&updates, &manifest, &args.packages.files)?;
    }
    for (package, file) in &described {
        updates.put(package, Some(&file.path))?;
    }
    record(&office, &manifest).await?;
    updates.publish(&envelope, &manifest)?;
    let published = Published { octets: Vec::new(), envelope, manifest };
    warnings.extend(updates.troubles(&published, now));
    let manifest = &published.manifest;
    let sentence = format!(
        "update manifest {} of {service} is published, good until {}: {}{}",
        manifest.sequence,
        manifest.expires_at,
        listed(manifest),
        output::warned(&warnings)
    );
    output::one(args.scoped.common.json, &Said { manifest, warnings }, &sentence)
}

/// What no application would take, or would lead backwards without saying so.
fn check(
    manifest: &Manifest,
    service: &ServiceKey,
    before: Option<&Published>,
    now: Timestamp,
) -> Result<(), Failure> {
    if manifest.service != *service {
        return Err(
            format!("the manifest is for service {}, not {service}", manifest.service).into()
        );
    }
    if manifest.expires_at <= now {
        return Err(format!("the manifest ended at {}", manifest.expires_at).into());
    }
    let Some(before) = before.map(|one| &one.manifest) else { return Ok(()) };
    if manifest.sequence <= before.sequence {
        return Err(format!(
            "manifest {} does not come after {}, which is published: applications would refuse it",
            manifest.sequence, before.sequence
        )
        .into());
    }
    let goes_back = manifest.packages.iter().find_map(|new| {
        let old = before.package(&new.platform, new.form)?;
        (new.version < old.version).then_some((new, old))
    });
    match goes_back {
        Some((new, old)) if !manifest.allow_downgrade => Err(format!(
            "{} is older than {}, which is published; `tegata update rollback` goes back, or `tegata \
             update sign --allow-downgrade`",
            new.file, old.file
        )
        .into()),
        _ => Ok(()),
    }
}

/// Warns when no key signed that signed the manifest before: an application that does not know
/// the new one stays where it is.
pub(super) fn keys_changed(envelope: &Envelope, before: Option<&Published>) -> Vec<String> {
    let Some(before) = before else { return Vec::new() };
    let signed_before = |key: &Der| before.envelope.signatures.iter().any(|one| one.key == *key);
    match envelope.signatures.iter().any(|one| signed_before(&one.key)) {
        true => Vec::new(),
        false => vec![
            "none of the keys that signed the manifest before signed this one: only applications \
             whose installer knew this key take it; while keys roll, `tegata update sign --add-to` \
             signs with both"
                .to_owned(),
        ],
    }
}

fn put_signed(updates: &Updates, manifest: &Manifest, files: &[NewPackage]) -> Result<(), Failure> {
    let mut given = Vec::new();
    for file in files {
        given.push((file, file.measure()?));
    }
    for package in &manifest.packages {
        let measured = (package.length, package.sha256);
        let found = given.iter().find(|(_, found)| *found == measured);
        updates.put(package, found.map(|(file, _)| file.path.as_path()))?;
    }
    Ok(())
}

pub(super) async fn record(office: &Office, manifest: &Manifest) -> Result<(), Failure> {
    let packages = manifest.packages.iter().map(|package| {
        serde_json::json!({
            "platform": package.platform,
            "version": package.version,
            "sha256": package.sha256,
        })
    });
    let detail = serde_json::json!({
        "sequence": manifest.sequence,
        "expires_at": manifest.expires_at,
        "minimum_version": manifest.minimum_version,
        "mandatory": manifest.mandatory,
        "allow_downgrade": manifest.allow_downgrade,
        "packages": packages.collect::<Vec<_>>(),
    });
    Ok(office.record_update(operator(), &manifest.service, detail).await?)
}

/// The packages in a sentence.
pub(super) fn listed(manifest: &Manifest) -> String {
    let packages = manifest
        .packages
        .iter()
        .map(|one| format!("{} {} ({})", one.version, one.platform, one.form.word()));
    packages.collect::<Vec<_>>().join(", ")
}
