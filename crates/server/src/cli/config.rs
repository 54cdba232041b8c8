use clap::Subcommand;
use tegata_server::settings;

use super::{Common, Failure, output};

#[derive(Subcommand)]
pub(super) enum ConfigCommand {
    /// Say everything that is wrong with the settings
    Check(Common),
    /// Print the settings reference
    Reference,
}

pub(super) fn run(command: ConfigCommand) -> Result<(), Failure> {
    match command {
        ConfigCommand::Check(common) => {
            common.settings()?;
            output::one(
                common.json,
                &serde_json::json!({ "ok": true }),
                "the settings are in order",
            )
        }
        ConfigCommand::Reference => {
            output::text(&settings::reference());
            Ok(())
        }
    }
}
