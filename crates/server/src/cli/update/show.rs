use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use serde::Serialize;
use tegata_wire::update::Manifest;

use super::super::{Failure, Scoped, output};

#[derive(Args)]
pub(in crate::cli) struct ShowArgs {
    #[command(flatten)]
    scoped: Scoped,
}

#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    manifest: &'a Manifest,
    /// Public keys that signed it.
    keys: Vec<String>,
    /// Every number that was published, in order.
    published: Vec<u64>,
    warnings: Vec<String>,
}

pub(super) fn run(args: &ShowArgs) -> Result<(), Failure> {
    let common = &args.scoped.common;
    let office = common.office()?;
    let service = office.choose_service(args.scoped.service.as_ref())?.key;
    let updates = common.data_dir().updates();
    let Some(current) = updates.current_now(&service)? else {
        let sentence = format!("no update is published for {service}");
        return output::one(common.json, &serde_json::json!({ "sequence": null }), &sentence);
    };
    let manifest = &current.manifest;
    let signatures = current.envelope.signatures.iter();
    let keys: Vec<_> = signatures.map(|one| STANDARD.encode(&one.key.0)).collect();
    let warnings = updates.troubles(&current, office.now());
    let mut text = format!(
        "update manifest {} of {service}\n\n  signed    {}\n  ends      {}\n  keys      {}",
        manifest.sequence,
        manifest.issued_at,
        manifest.expires_at,
        keys.join("\n            ")
    );
    if let Some(minimum) = manifest.minimum_version {
        let _ = write!(text, "\n  minimum   {minimum}");
    }
    if manifest.mandatory {
        text += "\n  mandatory: nothing else may be used";
    }
    if manifest.allow_downgrade {
        text += "\n  leads back from newer versions, too";
    }
    for package in &manifest.packages {
        let _ = write!(
            text,
            "\n\n  {} {}\n  {}\n  {} octets, SHA-256 {}",
            package.platform, package.version, package.file, package.length, package.sha256
        );
    }
    text += &output::warned(&warnings);
    let published = updates.sequences(&service)?;
    output::one(common.json, &Shown { manifest, keys, published, warnings }, &text)
}
