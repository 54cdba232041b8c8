use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use der::pem;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use tegata_ca::Signer;
use tegata_domain::ServiceKey;
use tegata_gateway::{
    Bilingual, Config, FeedConfig, Gateway, Identity, Limits, Reporting, ServiceConfig, Shown,
};
use tegata_registrar::{Service, Words};
use tegata_server::ambient::{SystemClock, SystemEntropy};
use tegata_server::keyfile::{Passphrase, write_private};
use tegata_server::node::stopped;
use tegata_server::pem_files::PemFiles;
use tegata_server::settings::is_host;

use super::serve::{alt_name, stop_on_signal};
use super::{Failure, Scoped, output};

#[derive(Args)]
#[command(
    after_help = "The settings file of a gateway is made, together with its certificate and key, by
  tegata service gateway --dir D --out G --path /SAMPLE01/cms --upstream http://127.0.0.1:3000"
)]
pub(super) struct GatewayArgs {
    /// Settings file of the gateway; relative paths in it count from its directory
    #[arg(long)]
    config: PathBuf,
    /// Print JSON when ready
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct NewGatewayArgs {
    #[command(flatten)]
    scoped: Scoped,
    /// Directory for gateway.toml, certificate and key; must not exist yet
    #[arg(long)]
    out: PathBuf,
    /// Where the gateway will listen
    #[arg(long, default_value = "0.0.0.0:443")]
    listen: SocketAddr,
    /// Path under which the protected service is published
    #[arg(long)]
    path: String,
    /// Origin of the protected service, http://host:port
    #[arg(long)]
    upstream: String,
    /// Address of the issuing site, for the link on refusal pages
    #[arg(long)]
    site: Option<String>,
    /// Host name or IP address of the gateway, for its TLS certificate; can be repeated
    #[arg(long = "name", default_value = "localhost")]
    names: Vec<String>,
}

/// `gateway.toml`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    listen: SocketAddr,
    /// PEM, the gateway's certificate first.
    certificate_file: PathBuf,
    /// PEM, PKCS#8, unencrypted; readable by the gateway alone.
    key_file: PathBuf,
    /// What the gateway learned, kept over a restart.
    state_dir: PathBuf,
    service: Vec<FileService>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileService {
    service: ServiceKey,
    path: String,
    upstream: String,
    feed: String,
    /// Ed25519 public key of the feed, hexadecimal.
    feed_key: String,
    organisation: Words,
    name: Words,
    contact: Words,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    site: Option<String>,
    time_zone: String,
    /// Whether the server is told which certificates were admitted.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    report: bool,
    /// PEM: the certificate, made by `tegata service gateway`, whose key signs reports. Only where
    /// `certificate_file` is another CA's or made for another service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    report_certificate_file: Option<PathBuf>,
    /// PEM: the key of that certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    report_key_file: Option<PathBuf>,
}

fn yes() -> bool {
    true
}

pub(super) async fn run(args: GatewayArgs) -> Result<(), Failure> {
    let text = std::fs::read_to_string(&args.config)
        .map_err(|error| format!("{}: {error}", args.config.display()))?;
    let file: File =
        toml::from_str(&text).map_err(|error| format!("{}: {error}", args.config.display()))?;
    let base = args.config.parent().unwrap_or(Path::new("."));
    let mut files = PemFiles::new(&base.join(file.certificate_file), &base.join(file.key_file));
    let config = Config {
        listen: file.listen,
        identity: identity(&mut files)?,
        state_dir: base.join(file.state_dir),
        services: file
            .service
            .into_iter()
            .map(|service| service.parse(base))
            .collect::<Result<_, _>>()?,
        limits: Limits::default(),
    };
    let gateway = Gateway::bind(config, Arc::new(SystemClock), Arc::new(SystemEntropy)).await?;
    let address = gateway.local_addr();
    let stop = stop_on_signal()?;
    output::one(
        args.json,
        &serde_json::json!({ "listen": address.to_string() }),
        &format!("gateway listening on {address}"),
    )?;
    let shown = gateway.shown();
    tokio::select! {
        () = gateway.serve(stopped(stop)) => {}
        () = follow(files, &shown) => {}
    }
    Ok(())
}

/// How often to look whether somebody replaced the gateway's certificate.
const LOOK: Duration = Duration::from_secs(5);

/// Shows what is put in place of the gateway's certificate, for as long as it runs. Between the
/// writing of one file and of the other they do not fit: then what was shown stays.
async fn follow(mut files: PemFiles, shown: &Shown) {
    loop {
        tokio::time::sleep(LOOK).await;
        let looked = tokio::task::spawn_blocking(move || {
            let found = files.look();
            (files, found)
        });
        let Ok((same, found)) = looked.await else { return std::future::pending().await };
        files = same;
        let replaced = match found {
            Ok(None) => continue,
            Ok(Some(identity)) => shown.replace(identity).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match replaced {
            Ok(()) => tracing::info!("the gateway shows the certificate that was put in place"),
            Err(error) => tracing::warn!(%error, "the gateway's certificate stays as it was"),
        }
    }
}

fn identity(files: &mut PemFiles) -> Result<Identity, Failure> {
    Ok(files.look()?.ok_or("a certificate is read twice")?)
}

impl FileService {
    fn of(service: &Service, feed_key: [u8; 32], path: String, upstream: String) -> Self {
        let settings = &service.settings;
        Self {
            service: service.key.clone(),
            path,
            upstream,
            feed: format!("{}/feed/{}", settings.status_url, service.key),
            feed_key: hex::encode(feed_key),
            organisation: settings.organisation.clone(),
            name: settings.name.clone(),
            contact: settings.help.clone(),
            site: None,
            time_zone: settings.time_zone.clone(),
            report: true,
            report_certificate_file: None,
            report_key_file: None,
        }
    }

    /// Relative paths count from `base`.
    fn parse(self, base: &Path) -> Result<ServiceConfig, Failure> {
        let reporting = self.reporting(base)?;
        let both = |words: Words| Bilingual::new(words.ja, words.en);
        let public_key: [u8; 32] = hex::decode(&self.feed_key)
            .ok()
            .and_then(|octets| octets.try_into().ok())
            .ok_or("feed_key must be 64 hexadecimal digits")?;
        Ok(ServiceConfig {
            key: self.service,
            path: self.path.parse()?,
            upstream: self.upstream.parse().map_err(|_| "upstream must be http://host:port")?,
            organisation: both(self.organisation),
            name: both(self.name),
            contact: both(self.contact),
            site: self.site,
            zone: TimeZone::get(&self.time_zone)?,
            feed: FeedConfig::new(
                self.feed.parse().map_err(|_| "feed must be an http:// address")?,
                public_key,
            ),
            reporting,
        })
    }

    fn reporting(&self, base: &Path) -> Result<Reporting, Failure> {
        match (self.report, &self.report_certificate_file, &self.report_key_file) {
            (false, None, None) => Ok(Reporting::Off),
            (true, None, None) => Ok(Reporting::AsGateway),
            (true, Some(certificate), Some(key)) => {
                let identity =
                    identity(&mut PemFiles::new(&base.join(certificate), &base.join(key)))?;
                Ok(Reporting::As(Arc::new(identity)))
            }
            (false, ..) => Err("report is false, but there is a certificate for reports".into()),
            _ => Err("report_certificate_file and report_key_file belong together".into()),
        }
    }
}

/// What a gateway in this process needs to know of a service.
pub(crate) fn service_config(
    service: &Service,
    feed: &dyn Signer,
    path: &str,
    upstream: SocketAddr,
    site: String,
) -> Result<ServiceConfig, Failure> {
    let upstream = format!("http://{upstream}");
    let mut file = FileService::of(service, raw_ed25519(feed)?, path.to_owned(), upstream);
    file.site = Some(site);
    file.parse(Path::new("."))
}

/// The 32 octets at the end of an Ed25519 subject public key info (RFC 8410 §4).
fn raw_ed25519(feed: &dyn Signer) -> Result<[u8; 32], Failure> {
    let raw = feed.public_key().last_chunk::<32>();
    raw.copied().ok_or_else(|| "the feed key is not Ed25519".into())
}

/// Makes certificate, key and settings of a gateway.
pub(super) async fn new(args: NewGatewayArgs) -> Result<(), Failure> {
    let common = &args.scoped.common;
    let settings = common.settings()?;
    let dir = common.data_dir();
    let office = common.office()?;
    let record = office.choose_service(args.scoped.service.as_ref())?;
    let passphrase = Passphrase::read(&settings.passphrase_file)?;
    let keyring = dir.keyring(&office, &passphrase)?;
    let service = keyring.service(&record.key).ok_or("the service cannot be opened")?;
    if let Some(name) = args.names.iter().find(|name| !is_host(name)) {
        return Err(format!("--name {name:?} is neither a host name nor an IP address").into());
    }
    let mut served =
        FileService::of(service, raw_ed25519(keyring.feed())?, args.path, args.upstream);
    served.site = args.site;
    // What the gateway would refuse is refused before anything is made.
    served.clone().parse(Path::new("."))?.check()?;
    let purpose = format!("gateway-{}", args.names[0]);
    let names = args.names.iter().map(|name| alt_name(name)).collect();
    let (certificate, key) = dir
        .server_certificate(&office, service, &passphrase, &SystemEntropy, &purpose, names)
        .await?;
    let file = File {
        listen: args.listen,
        certificate_file: "gateway.crt.pem".into(),
        key_file: "gateway.key.pem".into(),
        state_dir: "state".into(),
        service: vec![served],
    };
    let text = toml::to_string(&file)?;
    let encode = |label, der: &[u8]| pem::encode_string(label, pem::LineEnding::LF, der);
    let chain = [&certificate.der[..], service.issuer_of(&certificate)]
        .map(|der| encode("CERTIFICATE", der).map_err(|error| error.to_string()));
    let [leaf, issuing] = chain;
    std::fs::create_dir(&args.out).map_err(|error| format!("{}: {error}", args.out.display()))?;
    let key = zeroize::Zeroizing::new(
        encode("PRIVATE KEY", &key.to_pkcs8()?).map_err(|error| error.to_string())?,
    );
    write_private(&args.out.join("gateway.key.pem"), key.as_bytes())?;
    write_private(&args.out.join("gateway.crt.pem"), (leaf? + &issuing?).as_bytes())?;
    write_private(&args.out.join("gateway.toml"), text.as_bytes())?;
    let config = args.out.join("gateway.toml");
    output::one(
        common.json,
        &serde_json::json!({ "config": config }),
        &format!("next: tegata gateway --config {}", config.display()),
    )
}
