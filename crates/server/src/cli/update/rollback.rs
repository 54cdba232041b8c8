use clap::Args;
use tegata_domain::ServiceKey;
use tegata_server::updates::{Published, Updates};
use tegata_wire::update::Manifest;

use super::super::{Failure, Scoped, output};
use super::KeyArgs;
use super::draft::{Terms, next_sequence};
use super::publish::{Said, keys_changed, listed, record};

#[derive(Args)]
pub(in crate::cli) struct RollbackArgs {
    #[command(flatten)]
    key: KeyArgs,
    /// Number of the manifest to go back to [default: the last one with an older version]
    #[arg(long, value_name = "SEQUENCE")]
    to: Option<u64>,
    #[command(flatten)]
    terms: Terms,
    #[command(flatten)]
    scoped: Scoped,
}

pub(super) async fn run(args: RollbackArgs) -> Result<(), Failure> {
    let common = &args.scoped.common;
    let office = common.office()?;
    let service = office.choose_service(args.scoped.service.as_ref())?.key;
    let updates = common.data_dir().updates();
    let current = updates
        .current_now(&service)?
        .ok_or_else(|| format!("no update is published for {service}"))?;
    let target = match args.to {
        Some(sequence) => updates.read(&service, sequence)?.manifest,
        None => before(&updates, &service, &current)?,
    };
    let now = office.now();
    let sequence = next_sequence(now, Some(current.manifest.sequence));
    let mut manifest = args.terms.manifest(service.clone(), sequence, now, target.packages);
    manifest.allow_downgrade = true;
    let envelope = args.key.open()?.sign(&manifest)?;
    for package in &manifest.packages {
        updates.put(package, None)?;
    }
    let mut warnings = keys_changed(&envelope, Some(&current));
    record(&office, &manifest).await?;
    updates.publish(&envelope, &manifest)?;
    // The site offers the newest installer that it has: the one that was taken back must go.
    let withdrawn = updates.withdraw(&current.manifest, &manifest)?;
    let published = Published { octets: Vec::new(), envelope, manifest };
    warnings.extend(updates.troubles(&published, now));
    let manifest = &published.manifest;
    let mut sentence = format!(
        "update manifest {} of {service} leads back to {}, good until {}",
        manifest.sequence,
        listed(manifest),
        manifest.expires_at
    );
    if !withdrawn.is_empty() {
        sentence += &format!("\nno longer offered for download: {}", withdrawn.join(", "));
    }
    sentence += &output::warned(&warnings);
    output::one(common.json, &Said { manifest, warnings }, &sentence)
}

/// The last manifest all of whose packages are older than those that are published.
fn before(
    updates: &Updates,
    service: &ServiceKey,
    current: &Published,
) -> Result<Manifest, Failure> {
    let newest = current.manifest.packages.iter().map(|package| package.version).max();
    for sequence in updates.sequences(service)?.into_iter().rev() {
        let manifest = updates.read(service, sequence)?.manifest;
        if manifest.packages.iter().all(|package| Some(package.version) < newest) {
            return Ok(manifest);
        }
    }
    Err("no manifest with an older version was published; sign one with `tegata update sign \
         --allow-downgrade`"
        .into())
}
