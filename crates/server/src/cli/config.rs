use clap::Subcommand;
use tegata_server::keyfile::Passphrase;
use tegata_server::settings;

use super::serve::post;
use super::{Common, Failure, output};

#[derive(Subcommand)]
pub(super) enum ConfigCommand {
    /// Say everything that is wrong with the settings
    #[command(after_help = "Example:
  tegata config check --dir D")]
    Check(Common),
    /// Print the settings reference
    Reference,
}

pub(super) fn run(command: ConfigCommand) -> Result<(), Failure> {
    match command {
        ConfigCommand::Check(common) => {
            let settings = common.settings()?;
            let mut wrong = Vec::new();
            if !common.dir.is_dir() {
                wrong.push(format!("{} is no directory", common.dir.display()));
            }
            if let Err(error) = Passphrase::read(&settings.passphrase_file) {
                wrong.push(format!("keys.passphrase_file: {error}"));
            }
            if let Err(error) = post(&settings) {
                wrong.push(format!("mail.url_file: {error}"));
            }
            if !wrong.is_empty() {
                return Err(wrong.join("\n").into());
            }
            output::one(
                common.json,
                &serde_json::json!({ "ok": true }),
                "the settings are in order",
            )
        }
        ConfigCommand::Reference => output::text(&settings::reference()),
    }
}
