//! `tegata update`: what the application on the users' PCs is to be replaced with.

mod draft;
mod keygen;
mod publish;
mod rollback;
mod show;
mod sign;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use tegata_server::keyfile::Passphrase;
use tegata_server::updates::{KeyTrouble, UpdateKey};

use super::Failure;

#[derive(Subcommand)]
pub(super) enum UpdateCommand {
    /// Make a key that signs updates; its public half goes into the installers
    #[command(after_help = "Example:
  (umask 077; openssl rand -base64 24 > update.passphrase)
  tegata update keygen --out update.key.pem --passphrase-file update.passphrase
Then, for every installer: tegata service brand --update-key KEY > brand.json
The key may live on another machine than the server: see `tegata update sign`.")]
    Keygen(keygen::KeygenArgs),
    /// Sign a manifest on the machine that has the key, without the installation
    #[command(after_help = "Example:
  tegata update sign --service 0001/SB0001002C --key update.key.pem --out manifest.json \\
    --package tegata_installer_SB0001002C-0.2.0.msi --minimum-version 0.1.0
Then, on the server: tegata update publish --manifest manifest.json --package …")]
    Sign(Box<sign::SignArgs>),
    /// Publish an update: packages and the signed manifest that names them
    #[command(after_help = "Examples:
  tegata update publish --dir D --key update.key.pem --package tegata_installer_SB0001002C-0.2.0.msi
  tegata update publish --dir D --key update.key.pem --minimum-version 0.1.2 \\
    --package windows-x86=old.msi --version 0.2.0 --expires-in 60d \\
    --notes-ja '更新の手順を短くしました。' --notes-en 'Renewal takes fewer steps.'
  tegata update publish --dir D --manifest manifest.json --package …     signed elsewhere
A running server takes it at once.")]
    Publish(Box<publish::PublishArgs>),
    /// Show the update that is published, and what should be done about it
    #[command(after_help = "Example:
  tegata update show --dir D")]
    Show(show::ShowArgs),
    /// Go back to the packages of an earlier manifest, by a new one
    #[command(after_help = "Examples:
  tegata update rollback --dir D --key update.key.pem --mandatory
  tegata update rollback --dir D --key update.key.pem --to 1795392000")]
    Rollback(Box<rollback::RollbackArgs>),
}

/// The key that signs.
#[derive(Args)]
struct KeyArgs {
    /// File of the update key
    #[arg(long)]
    key: PathBuf,
    /// File with the passphrase of the key
    #[arg(long)]
    passphrase_file: Option<PathBuf>,
}

impl KeyArgs {
    fn open(&self) -> Result<UpdateKey, Failure> {
        let passphrase = self.passphrase_file.as_deref().map(Passphrase::read_other).transpose();
        let passphrase = passphrase.map_err(KeyTrouble::from)?;
        Ok(UpdateKey::open(&self.key, passphrase.as_ref())?)
    }
}

pub(super) async fn run(command: UpdateCommand) -> Result<(), Failure> {
    match command {
        UpdateCommand::Keygen(args) => keygen::run(&args),
        UpdateCommand::Sign(args) => sign::run(&args),
        UpdateCommand::Publish(args) => publish::run(*args).await,
        UpdateCommand::Show(args) => show::run(&args),
        UpdateCommand::Rollback(args) => rollback::run(*args).await,
    }
}
