use clap::Subcommand;
use serde::Serialize;
use tegata_registrar::ServiceSettings;
use tegata_store::View;

use super::brand::{self, BrandArgs};
use super::gateway::{self, NewGatewayArgs};
use super::installer::{self, InstallerCommand};
use super::mail_template::{self, MailTemplateCommand, PreviewArgs};
use super::{Common, Failure, Scoped, operator, output, service_settings};

#[derive(Subcommand)]
pub(super) enum ServiceCommand {
    /// List the services
    #[command(after_help = "Example:
  tegata service list --dir D")]
    List(Common),
    /// Show the settings of a service
    #[command(after_help = "Example:
  tegata service show --dir D > service.json")]
    Show(Scoped),
    /// Change the settings of a service; certificates issued before keep what they say
    #[command(after_help = "Example:
  tegata service show --dir D > service.json      and edit it
  tegata service change --dir D --service-settings service.json
A running server takes the change at once.")]
    Change {
        /// All settings of the service, a JSON file as `show` prints it
        #[arg(long)]
        service_settings: std::path::PathBuf,
        #[command(flatten)]
        scoped: Scoped,
    },
    /// Texts of mails in the service's own words
    #[command(subcommand)]
    MailTemplate(MailTemplateCommand),
    /// Show every mail with sample values, as it would be sent
    #[command(after_help = "Examples:
  tegata service mail-preview --dir D
  tegata service mail-preview --dir D --kind reminder --lang ja
  tegata service mail-preview --dir D --out mails")]
    MailPreview(PreviewArgs),
    /// Make certificate, key and settings for a gateway on another machine
    #[command(after_help = "Example:
  tegata service gateway --dir D --out gateway --path /SAMPLE01/cms --upstream http://127.0.0.1:3000")]
    Gateway(NewGatewayArgs),
    /// Print what installers have to know of the service, for `make package`
    #[command(after_help = "Example:
  tegata service brand --dir D --site https://cms.example.jp > brand.json")]
    Brand(BrandArgs),
    /// Installers that the issuing site offers
    #[command(subcommand)]
    Installer(InstallerCommand),
}

#[derive(Serialize)]
struct Changed {
    #[serde(flatten)]
    settings: ServiceSettings,
    warnings: Vec<String>,
}

pub(super) async fn run(command: ServiceCommand) -> Result<(), Failure> {
    match command {
        ServiceCommand::List(common) => {
            let office = common.office()?;
            let services = office.store().read(|view: View<'_>| view.services())?;
            let rows = services
                .iter()
                .map(|service| {
                    let settings = ServiceSettings::on_record(&service.settings)?;
                    Ok(serde_json::json!({
                        "service": service.key.to_string(),
                        "name": settings.name.en,
                        "organisation": settings.organisation.en,
                    }))
                })
                .collect::<Result<Vec<_>, Failure>>()?;
            output::list(common.json, &rows, &["SERVICE", "NAME", "ORGANISATION"], |row| {
                ["service", "name", "organisation"].map(|key| text(&row[key])).to_vec()
            })
        }
        ServiceCommand::Show(scoped) => {
            let office = scoped.common.office()?;
            let service = office.choose_service(scoped.service.as_ref())?;
            let settings = ServiceSettings::on_record(&service.settings)?;
            output::one(scoped.common.json, &settings, &serde_json::to_string_pretty(&settings)?)
        }
        ServiceCommand::Change { service_settings: file, scoped } => {
            let office = scoped.common.office()?;
            let service = office.choose_service(scoped.service.as_ref())?;
            let settings = service_settings::read(&file)?;
            office.change_settings(operator(), service.id, &settings).await?;
            let warnings = office.settings_warnings(service.id, &settings)?;
            let sentence = format!(
                "service {} changed; a running server takes it at once{}",
                service.key,
                output::warned(&warnings)
            );
            let changed = Changed { settings, warnings };
            output::one(scoped.common.json, &changed, &sentence)
        }
        ServiceCommand::MailTemplate(command) => mail_template::run(command).await,
        ServiceCommand::MailPreview(args) => mail_template::preview(&args),
        ServiceCommand::Gateway(args) => gateway::new(args).await,
        ServiceCommand::Brand(args) => brand::run(&args),
        ServiceCommand::Installer(command) => installer::run(command).await,
    }
}

/// The text of a JSON string.
fn text(value: &serde_json::Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
