use std::fs::{self, OpenOptions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use clap::Subcommand;
use tegata_server::keyfile::{PASSPHRASE_VARIABLE, Passphrase};
use tegata_server::settings::{self, Settings};

use super::serve::{check_mail, check_reports, check_server};
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
            let (settings, mut wrong) = Settings::examine(common.config.as_deref(), &common.dir)?;
            if !common.dir.is_dir() {
                wrong.push(format!("{} is no directory", common.dir.display()));
            }
            wrong.extend(passphrase_trouble(&settings.passphrase_file));
            if let Err(error) = check_writable(&settings.anchor_dir) {
                wrong.push(format!("audit.anchor_dir: {error}"));
            }
            if let Err(error) = check_mail(&settings) {
                wrong.push(format!("mail: {error}"));
            }
            if !wrong.is_empty() {
                return Err(wrong.join("\n").into());
            }
            // The mail server may make it with the first report.
            let reports = check_reports(&settings);
            let server = check_server(&settings).map(str::to_owned);
            let warnings: Vec<String> = server.into_iter().chain(reports).collect();
            output::one(
                common.json,
                &serde_json::json!({ "ok": true, "warnings": warnings }),
                &format!("the settings are in order{}", output::warned(&warnings)),
            )
        }
        ConfigCommand::Reference => output::text(&settings::reference()),
    }
}

/// What is wrong with the passphrase and its file.
fn passphrase_trouble(file: &Path) -> Vec<String> {
    let mut wrong = Vec::new();
    if let Err(error) = Passphrase::read(file) {
        wrong.push(format!("keys.passphrase_file: {error}"));
    }
    let mode = fs::metadata(file).map_or(0, |found| found.permissions().mode());
    if std::env::var_os(PASSPHRASE_VARIABLE).is_none() && mode & 0o077 != 0 {
        wrong.push(format!(
            "keys.passphrase_file: others than its owner may read {}; run `chmod 600` on it",
            file.display()
        ));
    }
    wrong
}

/// Whether files can be made in a directory, or it in the nearest one that is there.
fn check_writable(dir: &Path) -> Result<(), Failure> {
    let there = dir.ancestors().find(|above| above.exists()).unwrap_or(Path::new("."));
    let failed = |error| format!("{} cannot be written: {error}", there.display());
    let probe = there.join(format!(".tegata-check-{}", std::process::id()));
    OpenOptions::new().write(true).create_new(true).open(&probe).map_err(failed)?;
    fs::remove_file(&probe).map_err(failed)?;
    Ok(())
}
