//! The command line. Each file is one noun; `main` is the only caller.

mod audit;
mod backup;
mod blocklist;
mod branch;
mod brand;
mod ca;
mod ceremony;
mod certificate;
mod company;
mod company_closing;
mod config;
mod confirm;
pub(crate) mod gateway;
mod import;
pub(crate) mod init;
mod installer;
mod mail;
mod mail_template;
pub(crate) mod output;
mod profile;
mod rollover;
pub(crate) mod serve;
mod service;
mod service_settings;
mod simulate;
mod spoken;
mod status;
mod subscriber;
mod update;
mod zone;

use std::io::IsTerminal;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use clap::{Args, Parser, Subcommand};
use tegata_domain::ServiceKey;
use tegata_registrar::{Actor, Office};
use tegata_server::ambient::{SystemClock, SystemEntropy};
use tegata_server::anchor::AnchorDir;
use tegata_server::installation::{DataDir, InstallationError};
use tegata_server::settings::{Settings, SettingsErrors};

use crate::demo;

#[derive(Parser)]
#[command(
    name = "tegata",
    version,
    about = "Client certificates for the PCs of an organisation's customers",
    after_help = "Examples:
  tegata demo                                  everything on loopback with sample data
  tegata subscriber add --dir D --company CMSM950-006 --count 10
  tegata certificate list --dir D --expiring-within 60d
  tegata certificate revoke CMSM950-006-401 --dir D --reason keyCompromise
  tegata ceremony --example                    a key ceremony's file, to begin with

Exit codes: 0 done, 1 failed, 2 usage; `tegata status` and `tegata simulate` have one more."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve everything on loopback with sample data, in the foreground
    Demo(demo::DemoArgs),
    /// Make a new installation: root and issuing CA, the first service
    Init(Box<init::InitArgs>),
    /// Serve the issuing site, the application interface and the status addresses
    Serve(serve::ServeArgs),
    /// Run the mTLS gateway in front of protected services
    Gateway(gateway::GatewayArgs),
    /// Check settings, or print their reference
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Services of this installation
    #[command(subcommand)]
    Service(service::ServiceCommand),
    /// Profiles: what the certificates of a service say
    #[command(subcommand)]
    Profile(profile::ProfileCommand),
    /// Branches
    #[command(subcommand)]
    Branch(branch::BranchCommand),
    /// Companies
    #[command(subcommand)]
    Company(company::CompanyCommand),
    /// Subscribers: one seat, one user ID, one PC
    #[command(subcommand)]
    Subscriber(subscriber::SubscriberCommand),
    /// How the services stand, and what needs attention
    Status(status::StatusArgs),
    /// Certificates
    #[command(subcommand)]
    Certificate(certificate::CertificateCommand),
    /// CAs of this installation: roll over, import, retire, revoke; certificates and CRLs of an
    /// offline root
    #[command(subcommand)]
    Ca(ca::CaCommand),
    /// Carry out a key ceremony, offline, from one file
    Ceremony(ceremony::CeremonyArgs),
    /// Keys that are never certified
    #[command(subcommand)]
    Blocklist(blocklist::BlocklistCommand),
    /// Mails that wait, were sent, or could not be delivered
    #[command(subcommand)]
    Mail(mail::MailCommand),
    /// The audit log
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Updates of the issuing application
    #[command(subcommand)]
    Update(update::UpdateCommand),
    /// Copy the installation as it is now, while it runs
    Backup(backup::BackupArgs),
    /// Watch a year go by: a copy of the data lives through it, the original is only read
    Simulate(simulate::SimulateArgs),
    /// Put a backup in place
    Restore(backup::RestoreArgs),
}

/// Where the installation is, and how to answer.
#[derive(Args, Clone)]
pub(crate) struct Common {
    /// Data directory
    #[arg(long, env = "TEGATA_DIR", default_value = ".")]
    pub(crate) dir: PathBuf,
    /// Settings file [default: tegata.toml in the data directory]
    #[arg(long)]
    pub(crate) config: Option<PathBuf>,
    /// Print JSON instead of a table
    #[arg(long)]
    pub(crate) json: bool,
}

/// [`Common`], and which service is meant.
#[derive(Args, Clone)]
pub(crate) struct Scoped {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Service, as TENANT/ISSUER; may be left out when there is only one
    #[arg(long)]
    pub(crate) service: Option<ServiceKey>,
}

/// The installation that this command opened.
static OPENED: OnceLock<(Office, Common)> = OnceLock::new();

/// What is logged unless `TEGATA_LOG` says otherwise. The PKCS#11 library counts every mechanism of
/// a token that it has no name for as an error.
const LOG: &str = "warn,tegata=info,cryptoki::mechanism=off";

/// What `tegata simulate` logs instead: what its server says is told as events.
const SIMULATED_LOG: &str = "off";

/// What ends a command: a sentence for people.
pub(crate) type Failure = Box<dyn std::error::Error>;

/// A failure of which standard output holds the JSON already.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Told(pub(crate) String);

/// `tegata status` found so many things that somebody should look at, and has said which.
#[derive(Debug, thiserror::Error)]
#[error("{}", things(*.0, "needs attention", "need attention"))]
pub(crate) struct NeedsAttention(pub(crate) usize);

/// The command line leaves something out that it must say.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) &'static str);

/// In the simulated time so many things would have gone wrong, and were said.
#[derive(Debug, thiserror::Error)]
#[error("{}", things(*.0, "would have gone wrong", "would have gone wrong"))]
pub(crate) struct WouldGoWrong(pub(crate) usize);

fn things(count: usize, one: &str, more: &str) -> String {
    if count == 1 { format!("1 thing {one}") } else { format!("{count} things {more}") }
}

impl Common {
    pub(crate) fn data_dir(&self) -> DataDir {
        DataDir::new(&self.dir)
    }

    pub(crate) fn settings(&self) -> Result<Settings, SettingsErrors> {
        Settings::read(self.config.as_deref(), &self.dir)
    }

    /// The installation, unless its database is older than its anchor: what is written then would
    /// only stand in the way of what is lost.
    pub(crate) fn office(&self) -> Result<Office, Failure> {
        let office = self.office_unchecked()?;
        AnchorDir::new(&self.settings()?.anchor_dir).check(&office)?;
        let _ = OPENED.set((office.clone(), self.clone()));
        Ok(office)
    }

    /// The installation that was just made, its anchor begun.
    pub(crate) async fn new_office(&self) -> Result<Office, Failure> {
        let office = self.office()?;
        AnchorDir::new(&self.settings()?.anchor_dir).begin(&office, operator()).await?;
        Ok(office)
    }

    /// The installation, whatever its anchor says.
    pub(crate) fn office_unchecked(&self) -> Result<Office, InstallationError> {
        self.data_dir().office(Arc::new(SystemClock), Arc::new(SystemEntropy))
    }
}

/// Who runs this command, for the audit log: the owner of this process as the system knows
/// them, not what a variable says. Root may have come through sudo, which tells from where.
pub(crate) fn operator() -> Actor {
    let uid = std::fs::metadata("/proc/self").map(|metadata| metadata.uid());
    let login = uid.ok().map(|uid| {
        let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let name = accounts.lines().find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            (fields.nth(1)? == uid.to_string()).then(|| name.to_owned())
        });
        let name = name.unwrap_or_else(|| format!("uid {uid}"));
        match std::env::var("SUDO_USER") {
            Ok(before) if uid == 0 => format!("{name} (sudo {before})"),
            _ => name,
        }
    });
    Actor::Operator(login.unwrap_or_else(|| "unknown".to_owned()))
}

/// Parses the command line, runs the command, and says what went wrong.
pub(crate) fn run() -> ExitCode {
    let cli = Cli::parse();
    let log = if matches!(cli.command, Command::Simulate(_)) { SIMULATED_LOG } else { LOG };
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("TEGATA_LOG")
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(log)),
        )
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    // Connections are files: as many as the system allows this process. What it refuses, stays.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    let outcome = runtime.block_on(dispatch(cli.command));
    anchor();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&*error),
    }
}

/// What a command did counts as done; that its anchor could not be written is for the log.
fn anchor() {
    let Some((office, common)) = OPENED.get() else { return };
    let Ok(settings) = common.settings() else { return };
    if let Err(error) = AnchorDir::new(&settings.anchor_dir).keep(office) {
        tracing::warn!(%error, "the anchor is not kept");
    }
}

async fn dispatch(command: Command) -> Result<(), Failure> {
    match command {
        Command::Demo(args) => demo::run(args).await,
        Command::Init(args) => init::run(*args).await,
        Command::Serve(args) => serve::run(args).await,
        Command::Gateway(args) => gateway::run(args).await,
        Command::Config(command) => config::run(command),
        Command::Service(command) => service::run(command).await,
        Command::Profile(command) => profile::run(command),
        Command::Branch(command) => branch::run(command).await,
        Command::Company(command) => company::run(command).await,
        Command::Subscriber(command) => subscriber::run(command).await,
        Command::Status(args) => status::run(&args),
        Command::Certificate(command) => certificate::run(command).await,
        Command::Ca(command) => ca::run(command).await,
        Command::Ceremony(args) => ceremony::run(args),
        Command::Blocklist(command) => blocklist::run(command).await,
        Command::Mail(command) => mail::run(command).await,
        Command::Audit(command) => audit::run(command),
        Command::Update(command) => update::run(command).await,
        Command::Backup(args) => backup::backup(&args),
        Command::Simulate(args) => simulate::run(args).await,
        Command::Restore(args) => backup::restore(&args),
    }
}

fn failed(error: &(dyn std::error::Error + 'static)) -> ExitCode {
    if error.is::<NeedsAttention>() || error.is::<WouldGoWrong>() {
        return ExitCode::from(3);
    }
    let json = !error.is::<Told>() && std::env::args_os().any(|argument| argument == "--json");
    output::error(json, &error.to_string());
    if error.is::<Usage>() { ExitCode::from(2) } else { ExitCode::FAILURE }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    /// The terminal of a pipe is 100 columns wide; what is longer breaks, at a worse place.
    #[test]
    fn help_texts_break_where_they_are_written_or_by_themselves() {
        let mut cli = Cli::command();
        for (name, halves) in [
            ("status", &["within\n30 days\n", "days\n(both"][..]),
            ("simulate", &["\ncrl,\n", "\noriginal\n"]),
            ("init", &["--token\n"]),
        ] {
            let command = cli.find_subcommand_mut(name).unwrap();
            let help = command.clone().term_width(100).render_long_help().to_string();
            for half in halves {
                assert!(!help.contains(half), "{half:?} in {help}");
            }
        }
    }

    #[test]
    fn one_thing_is_one_thing() {
        assert_eq!(NeedsAttention(1).to_string(), "1 thing needs attention");
        assert_eq!(NeedsAttention(2).to_string(), "2 things need attention");
        assert_eq!(WouldGoWrong(1).to_string(), "1 thing would have gone wrong");
    }
}
