use std::sync::Arc;

use clap::Args;
use tegata_ca::SubjectAltName;
use tegata_domain::Entropy;
use tegata_registrar::{Accepted, Office, Registrar};
use tegata_server::ambient::{SystemClock, SystemEntropy};
use tegata_server::anchor::AnchorDir;
use tegata_server::built;
use tegata_server::installation::InstallationError;
use tegata_server::keeper::{Keeper, SiteCertificate};
use tegata_server::keyfile::Passphrase;
use tegata_server::node::{Node, NodeConfig};
use tegata_server::post::maildir::{self, Reports};
use tegata_server::post::mark::MarkKey;
use tegata_server::post::signer::Signers;
use tegata_server::post::{Composer, NO_MAIL_SERVER, PostConfig, SmtpPost};
use tegata_server::settings::Settings;
use tegata_server::shown::Shown;
use tokio::sync::watch;
use zeroize::Zeroizing;

use super::{Common, Failure, operator, output};

#[derive(Args)]
#[command(after_help = "Example:
  tegata serve --dir D
Settings: tegata config reference")]
pub(super) struct ServeArgs {
    #[command(flatten)]
    common: Common,
    /// The database was restored from an old copy and there is no newer one: give up every
    /// number that may have been used, and revoke what it does not know
    #[arg(long)]
    accept_rollback: bool,
    /// The audit anchor is lost: begin another one
    #[arg(long, conflicts_with = "accept_rollback")]
    new_anchor: bool,
}

pub(super) async fn run(args: ServeArgs) -> Result<(), Failure> {
    let settings = args.common.settings()?;
    let dir = args.common.data_dir();
    let office = args.common.office_unchecked()?;
    if let Some(wrong) = built::clock_is_behind(office.now()) {
        return Err(wrong.into());
    }
    let _lock = dir.lock()?;
    let anchor = AnchorDir::new(&settings.anchor_dir);
    if args.accept_rollback {
        accept_rollback(&anchor, &office, args.common.json).await?;
    }
    if args.new_anchor {
        anchor.begin_anew(&office, operator()).await?;
    }
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let passphrase = Passphrase::read(&settings.passphrase_file)?;
    let keyring = dir.keyring(&office, &passphrase)?;
    let passphrase = Arc::new(passphrase);
    let keeper = Keeper {
        dir: dir.clone(),
        passphrase: passphrase.clone(),
        entropy: entropy.clone(),
        automatic: settings.automatic_rollover,
        site_names: settings.site_names.iter().map(|name| alt_name(name)).collect(),
    };
    let SiteCertificate { chain, key } = keeper.site_certificate(&office, &keyring).await?;
    let shown = Shown::new(chain, &key)?;
    let service = keyring.services().next().cloned().ok_or(InstallationError::NoService)?;
    let registrar = Registrar::new(office, keyring);
    for (ca, this_update) in registrar.lists_ahead()? {
        tracing::warn!(
            %ca, %this_update,
            "the newest CRL is from the future: the clock of this machine is behind, or was ahead"
        );
    }
    let signers = Signers::new(
        settings.mail_signer.clone(),
        dir.clone(),
        passphrase.clone(),
        entropy.clone(),
        registrar.clone(),
    );
    let mark = Arc::new(MarkKey::of(&dir, &*entropy)?);
    if let Some(trouble) = check_reports(&settings) {
        tracing::warn!("{trouble}");
    }
    let reports = Reports::new(settings.mail_bounces_maildir.clone(), mark.clone());
    let written = post_config(&settings, "");
    let composer = Composer::new(&written, Arc::new(signers), mark, Arc::new(SystemClock))?;
    let config = NodeConfig {
        site: settings.site,
        status: settings.status,
        admin: settings.admin,
        rates: settings.rates,
        downloads: dir.downloads(),
        updates: dir.updates(),
        post: post(&settings, composer)?,
        reports: Some(reports),
        anchor,
        keeper,
        shown,
    };
    let node = Node::prepare(registrar, config).await?;
    let [site, status, admin] = node.addresses()?;
    let host = settings.site_names.first().map_or("localhost", String::as_str);
    let home = format!("https://{host}:{}/issueweb/{}/", site.port(), service.key);
    let json = serde_json::json!({
        "site": home,
        "status": format!("http://{status}"),
        "admin": format!("http://{admin}"),
    });
    output::one(args.common.json, &json, &format!("serving {home} and http://{status}"))?;
    node.run(stop_on_signal()?).await;
    Ok(())
}

async fn accept_rollback(anchor: &AnchorDir, office: &Office, json: bool) -> Result<(), Failure> {
    let accepted = anchor.accept(office, operator()).await?;
    let Accepted { lost_entries, renewed, unaccounted, ended, unknown_authorities } = &accepted;
    let mut sentence = format!(
        "rollback accepted: {lost_entries} entries of the audit log are lost; {} certificates are \
         revoked or on hold again, {} that this database does not know are revoked",
        renewed.len(),
        unaccounted.len()
    );
    if !ended.is_empty() {
        sentence += &format!("; these CAs are revoked or retired again: {}", ended.join(", "));
    }
    if !unknown_authorities.is_empty() {
        let names = unknown_authorities.join(", ");
        sentence += &format!("; these CAs are in the anchor but not in the database: {names}");
    }
    output::one(json, &serde_json::json!({ "rollback_accepted": accepted }), &sentence)
}

/// The mail server, when its address is there.
fn post(settings: &Settings, composer: Composer) -> Result<Option<SmtpPost>, Failure> {
    let Some(url) = mail_url(settings)? else {
        tracing::warn!("{NO_MAIL_SERVER}");
        return Ok(None);
    };
    Ok(Some(SmtpPost::new(&post_config(settings, &url), composer)?))
}

/// Whether mails could be sent by these settings, as far as can be told without doing it.
pub(super) fn check_mail(settings: &Settings) -> Result<(), Failure> {
    match mail_url(settings)? {
        Some(url) => Ok(post_config(settings, &url).check()?),
        None => Ok(()),
    }
}

/// That there is no mail server by these settings, if so.
pub(super) fn check_server(settings: &Settings) -> Option<&'static str> {
    matches!(mail_url(settings), Ok(None)).then_some(NO_MAIL_SERVER)
}

/// Why no reports of undeliverable mails are read by these settings, if none are.
pub(super) fn check_reports(settings: &Settings) -> Option<String> {
    maildir::unreadable(&settings.mail_bounces_maildir, settings.mail_bounces_maildir_is_set)
}

/// The address of the mail server, when it is there. It may hold a password.
fn mail_url(settings: &Settings) -> Result<Option<Zeroizing<String>>, Failure> {
    match std::fs::read_to_string(&settings.mail_url_file) {
        Ok(url) => Ok(Some(Zeroizing::new(Zeroizing::new(url).trim().to_owned()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{}: {error}", settings.mail_url_file.display()).into()),
    }
}

/// How mails leave by these settings.
fn post_config<'a>(settings: &'a Settings, url: &'a str) -> PostConfig<'a> {
    PostConfig {
        url,
        authorities: settings.mail_authorities.as_deref(),
        from: &settings.mail_from,
        bounces_to: settings.mail_bounces_to.as_deref(),
        unsigned: settings.mail_unsigned,
    }
}

/// A host name or IP address as it stands in a certificate.
pub(crate) fn alt_name(name: &str) -> SubjectAltName {
    name.parse().map_or_else(|_| SubjectAltName::Dns(name.to_owned()), SubjectAltName::Ip)
}

/// A flag that SIGINT and SIGTERM raise.
pub(crate) fn stop_on_signal() -> Result<watch::Receiver<bool>, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let (raise, stop) = watch::channel(false);
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        raise.send_replace(true);
        // Dropping the sender is a stop as well.
    });
    Ok(stop)
}
