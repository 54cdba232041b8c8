use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use tegata_server::ambient::SystemEntropy;
use tegata_server::keyfile::Passphrase;
use tegata_server::updates::UpdateKey;

use super::super::{Failure, output};

#[derive(Args)]
pub(in crate::cli) struct KeygenArgs {
    /// New file for the private key, readable by its owner alone
    #[arg(long)]
    out: PathBuf,
    /// File with a passphrase, under which the key is encrypted
    #[arg(long)]
    passphrase_file: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &KeygenArgs) -> Result<(), Failure> {
    let passphrase = args.passphrase_file.as_deref().map(Passphrase::read_other).transpose()?;
    let key = UpdateKey::create(&args.out, passphrase.as_ref(), &SystemEntropy)?;
    let public = STANDARD.encode(key.public());
    let out = args.out.display();
    let encrypted = passphrase.is_some();
    let rest = match encrypted {
        true => "",
        false => "\nIt is not encrypted: whoever reads the file can publish updates.",
    };
    let sentence = format!(
        "{out} holds a new update key.{rest}

Installers made with its public half take what it signs:

  tegata service brand --update-key {public} > brand.json"
    );
    let json = serde_json::json!({
        "key": args.out, "public_key": public, "encrypted": encrypted,
    });
    output::one(args.json, &json, &sentence)
}
