use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use tegata_ceremony::EXAMPLE;
use tegata_domain::Clock;
use tegata_server::ambient::{SystemClock, SystemEntropy};
use tegata_server::ceremony::Ready;

use super::output::counted;
use super::spoken::Spoken;
use super::{Failure, output};

#[derive(Args)]
#[command(after_help = "Examples:
  tegata ceremony --example > ceremony.toml
  tegata ceremony --check --file ceremony.toml --out result
  tegata ceremony --file ceremony.toml --out result
Needs no network and no data directory.")]
pub(super) struct CeremonyArgs {
    /// What is to happen, a TOML file
    #[arg(long, required_unless_present = "example")]
    file: Option<PathBuf>,
    /// Directory for everything made; must not exist or be empty
    #[arg(long, required_unless_present = "example")]
    out: Option<PathBuf>,
    /// Only say what is wrong or, when nothing is, what will be made of which keys
    #[arg(long)]
    check: bool,
    /// Print a commented file to begin with
    #[arg(long, conflicts_with_all = ["file", "out", "check", "json"])]
    example: bool,
    /// Print the transcript as JSON and keep it as JSON too
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: CeremonyArgs) -> Result<(), Failure> {
    let (Some(file), Some(out)) = (args.file, args.out) else {
        return output::text(EXAMPLE);
    };
    let ready = Ready::read(&file, &out, SystemClock.now(), &SystemEntropy)?;
    if args.check {
        return check(&ready, args.json);
    }
    let steps = ready.plan().len();
    let mut step = 0;
    let mut tell = |what: &str| {
        step += 1;
        output::progress(&format!("{step}/{steps} {what}"));
    };
    let transcript = ready.carry_out(&SystemEntropy, args.json, &mut tell)?;
    output::progress(&format!("everything is in {}", out.display()));
    output::one(args.json, &transcript, transcript.text().trim_end())
}

/// Says what a ceremony that can begin will make, with the fingerprints to compare before.
fn check(ready: &Ready, json: bool) -> Result<(), Failure> {
    let plan = ready.plan();
    let steps = counted(plan.len() as u64, "thing");
    let mut sentence = format!("the ceremony can begin; it will make {steps}:\n");
    for (i, what) in plan.iter().enumerate() {
        let _ = write!(sentence, "\n  {}. {what}", i + 1);
    }
    let file = Spoken::digest(ready.file_hash());
    let _ = write!(sentence, "\n\nCeremony file\n{}", file.lines("SHA-256"));
    let mut keys = Vec::new();
    for (name, sha256) in ready.keys() {
        let key = Spoken::digest(sha256);
        let _ = write!(sentence, "\n\nKey of {name}\n{}", key.lines("key SHA-256"));
        keys.push(serde_json::json!({
            "name": name, "key_sha256": key.sha256, "key_words": key.words,
        }));
    }
    let value = serde_json::json!({
        "ok": true,
        "steps": plan.len(),
        "will_make": plan,
        "file_sha256": file.sha256,
        "file_words": file.words,
        "keys": keys,
    });
    output::one(json, &value, &sentence)
}
