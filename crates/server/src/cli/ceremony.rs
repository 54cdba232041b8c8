use std::path::PathBuf;

use clap::Args;
use tegata_ceremony::EXAMPLE;
use tegata_domain::Clock;
use tegata_server::ambient::{SystemClock, SystemEntropy};
use tegata_server::ceremony::Ready;

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
    /// Only say what is wrong
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
    let steps = ready.steps();
    if args.check {
        return output::one(
            args.json,
            &serde_json::json!({ "ok": true, "steps": steps }),
            &format!("the ceremony can begin; it will make {steps} things"),
        );
    }
    let mut step = 0;
    let mut tell = |what: &str| {
        step += 1;
        output::progress(&format!("{step}/{steps} {what}"));
    };
    let transcript = ready.carry_out(&SystemEntropy, args.json, &mut tell)?;
    output::progress(&format!("everything is in {}", out.display()));
    output::one(args.json, &transcript, transcript.text().trim_end())
}
