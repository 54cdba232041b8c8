use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use tegata_domain::{Clock, ServiceKey};
use tegata_server::ambient::SystemClock;
use tegata_server::updates::verify;

use super::super::{Failure, output};
use super::KeyArgs;
use super::draft::{Packages, Terms, next_sequence};

#[derive(Args)]
pub(in crate::cli) struct SignArgs {
    /// Service, as TENANT/ISSUER
    #[arg(long)]
    service: ServiceKey,
    #[command(flatten)]
    key: KeyArgs,
    #[command(flatten)]
    packages: Packages,
    #[command(flatten)]
    terms: Terms,
    /// Number of the manifest, higher than every one before [default: the time in seconds]
    #[arg(long)]
    sequence: Option<u64>,
    /// The packages replace newer versions, too
    #[arg(long)]
    allow_downgrade: bool,
    /// New file for the signed manifest
    #[arg(long)]
    out: PathBuf,
    /// Sign this manifest, which another key signed, once more instead: while keys roll
    #[arg(long, value_name = "FILE", conflicts_with_all = ["files", "sequence", "mandatory"])]
    add_to: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &SignArgs) -> Result<(), Failure> {
    let key = args.key.open()?;
    let envelope = match &args.add_to {
        Some(file) => {
            let octets = std::fs::read(file).map_err(|e| format!("{}: {e}", file.display()))?;
            let (mut envelope, _) = verify(&octets)?;
            key.add_to(&mut envelope)?;
            envelope
        }
        None => key.sign(&draft(args, SystemClock.now())?)?,
    };
    let octets = serde_json::to_vec(&envelope)?;
    let (_, manifest) = verify(&octets)?;
    std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&args.out)
        .and_then(|mut file| std::io::Write::write_all(&mut file, &octets))
        .map_err(|error| format!("{}: {error}", args.out.display()))?;
    let out = args.out.display();
    let sentence = format!(
        "{out} is signed: manifest {} of {}, good until {}.\n\nNext, on the server:\n  tegata \
         update publish --manifest {out} --package FILE…",
        manifest.sequence, manifest.service, manifest.expires_at
    );
    let json = serde_json::json!({ "manifest": args.out, "content": manifest });
    output::one(args.json, &json, &sentence)
}

fn draft(args: &SignArgs, now: Timestamp) -> Result<tegata_wire::update::Manifest, Failure> {
    let described = args.packages.describe()?;
    let packages = described.into_iter().map(|(package, _)| package).collect();
    let sequence = args.sequence.unwrap_or_else(|| next_sequence(now, None));
    let mut manifest = args.terms.manifest(args.service.clone(), sequence, now, packages);
    manifest.allow_downgrade = args.allow_downgrade;
    Ok(manifest)
}
