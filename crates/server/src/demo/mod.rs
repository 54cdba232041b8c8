//! `tegata demo`: everything on loopback with sample data, in the foreground.

mod banner;
mod mail;
mod sample;
mod seed;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use sha2::{Digest, Sha256};
use tegata_ca::CaKey;
use tegata_domain::{Clock, Entropy};
use tegata_gateway::{Config, Gateway, Identity, Limits};
use tegata_registrar::{Actor, Office, Registrar, ServiceSettings};
use tegata_server::ambient::{SystemClock, SystemEntropy};
use tegata_server::anchor::AnchorDir;
use tegata_server::installation::{DataDir, Foundation};
use tegata_server::keeper::{Keeper, SiteCertificate};
use tegata_server::keyfile::Passphrase;
use tegata_server::limits::Rates;
use tegata_server::listen;
use tegata_server::node::{Node, NodeConfig, stopped};
use tegata_server::post::mark::MarkKey;
use tegata_server::post::signer::{SignerPlace, Signers};
use tegata_server::post::{Composer, PostConfig, SmtpPost, Unsigned};
use tegata_server::shown::Shown;
use tegata_token::TokenUri;
use tokio::net::TcpListener;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::cli::gateway::service_config;
use crate::cli::init::{ca_key, sample_settings};
use crate::cli::serve::{alt_name, stop_on_signal};
use crate::cli::{Failure, output};
use banner::Banner;

/// The file that says a directory is a demo's.
const MARK: &str = "demo";

/// Path under which the sample service is published.
const PATH: &str = "/SAMPLE01/cms";

#[derive(Args)]
#[command(after_help = "A second run on the same directory keeps CA, seats and certificates.
A port of 0 takes any free one. Ctrl-C ends it.")]
pub(crate) struct DemoArgs {
    /// Data directory
    #[arg(long, default_value = "demo-data")]
    dir: PathBuf,
    /// Print one line of JSON when everything is ready
    #[arg(long)]
    json: bool,
    /// Port of issuing site and application interface
    #[arg(long, default_value_t = 8443)]
    site_port: u16,
    /// Port of the gateway
    #[arg(long, default_value_t = 9443)]
    gateway_port: u16,
    /// Port of the status addresses
    #[arg(long, default_value_t = 8080)]
    status_port: u16,
    /// Port of /healthz and /readyz
    #[arg(long, default_value_t = 9190)]
    admin_port: u16,
    /// Port of the mail server that keeps every mail as a file
    #[arg(long, default_value_t = 0)]
    mail_port: u16,
    /// Kind of the root's key; for a new demo
    #[arg(long, default_value_t = CaKey::P384, value_parser = ca_key())]
    root_key: CaKey,
    /// Kind of the issuing CA's key; for a new demo
    #[arg(long, default_value_t = CaKey::P256, value_parser = ca_key())]
    issuing_key: CaKey,
    /// Make and keep the CA keys in this token, a PKCS#11 address (RFC 7512); for a new demo
    #[arg(long, value_name = "URI")]
    token: Option<TokenUri>,
}

/// Runs until SIGINT or SIGTERM.
pub(crate) async fn run(args: DemoArgs) -> Result<(), Failure> {
    let stop = stop_on_signal()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    // Every port is taken before anything is made, so that a taken one leaves nothing behind.
    let (sample, sink, taken, ports) = ports(&args).await?;
    let dir = DataDir::new(&std::path::absolute(&args.dir)?);
    refuse_foreign(&dir)?;
    dir.create()?;
    let _lock = dir.lock()?;
    std::fs::write(dir.path().join(MARK), "")?;
    Passphrase::ensure(&dir.passphrase(), &*entropy)?;
    let passphrase = Passphrase::read(&dir.passphrase())?;
    let settings = ServiceSettings {
        site_url: format!("https://127.0.0.1:{}", ports.site),
        ..sample_settings(
            format!("https://127.0.0.1:{}{PATH}", ports.gateway),
            format!("http://127.0.0.1:{}", ports.status),
        )
    };
    let json = args.json;
    let office = open(&dir, settings, args, &passphrase, clock.clone(), entropy.clone()).await?;
    let keyring = dir.keyring(&office, &passphrase)?;
    let service = keyring.services().next().cloned().ok_or("the installation has no service")?;
    let seat = seed::first_seat(&office, &dir, &service).await?;
    seed::installers(&dir);

    let names = vec![alt_name("127.0.0.1")];
    let passphrase = Arc::new(passphrase);
    let keeper = Keeper {
        dir: dir.clone(),
        passphrase: passphrase.clone(),
        entropy: entropy.clone(),
        automatic: true,
        site_names: names.clone(),
    };
    let SiteCertificate { chain, key } = keeper.site_certificate(&office, &keyring).await?;
    let shown = Shown::new(chain, &key)?;
    let (own, key) =
        dir.server_certificate(&office, &service, &passphrase, &*entropy, "gateway", names).await?;
    let chain = [own.der.clone(), service.issuer_of(&own).to_vec()];
    let site_url = format!("https://127.0.0.1:{}/issueweb/{}/", ports.site, service.key);
    let gateway_config = Config {
        listen: loopback(ports.gateway),
        identity: Identity {
            chain: chain.map(CertificateDer::from).to_vec(),
            key: PrivateKeyDer::try_from(key.to_pkcs8()?.to_vec())?,
        },
        state_dir: dir.path().join("gateway"),
        services: vec![service_config(
            &service,
            keyring.feed(),
            PATH,
            sample.local_addr()?,
            site_url.clone(),
        )?],
        limits: Limits::default(),
    };
    let mail_dir = dir.path().join("mail");
    std::fs::create_dir_all(&mail_dir)?;
    let smtp_url = format!("smtp://{}", sink.local_addr()?);
    let banner = Banner {
        site: site_url,
        gateway: format!("https://127.0.0.1:{}", ports.gateway),
        status: format!("http://127.0.0.1:{}", ports.status),
        admin: format!("http://127.0.0.1:{}", ports.admin),
        root_pem: dir.root_pem(),
        root_sha256: hex::encode(Sha256::digest(&service.root)),
        seat,
        service_url: service.settings.service_url.clone(),
        data_dir: dir.path().to_owned(),
        mail_dir: mail_dir.clone(),
        smtp: smtp_url.clone(),
    };
    let registrar = Registrar::new(office, keyring);
    let mark = Arc::new(MarkKey::of(&dir, &*entropy)?);
    let signers = Signers::new(
        SignerPlace::Own,
        dir.clone(),
        passphrase.clone(),
        entropy.clone(),
        registrar.clone(),
    );
    let post_config = PostConfig {
        url: &smtp_url,
        authorities: None,
        from: "noreply@sample-bank.example",
        bounces_to: None,
        unsigned: Unsigned::Never,
    };
    let composer = Composer::new(&post_config, Arc::new(signers), mark, clock.clone())?;
    let node_config = NodeConfig {
        site: loopback(ports.site),
        status: loopback(ports.status),
        admin: loopback(ports.admin),
        rates: Rates::default(),
        downloads: dir.downloads(),
        updates: dir.updates(),
        anchor: AnchorDir::new(&dir.path().join("anchor")),
        keeper,
        shown,
        post: Some(SmtpPost::new(&post_config, composer)?),
        // A mail sink sends nothing back.
        reports: None,
    };
    let [site, gateway_listener, status, admin] = taken;
    let node = Node::prepare_on([site, status, admin], registrar, node_config).await?;
    let gateway = Gateway::on(gateway_listener, gateway_config, clock, entropy).await?;
    let mut ready = gateway.ready();
    let sample_page =
        sample::router(service.settings.organisation.clone(), service.settings.name.clone());
    let announce = async {
        if ready.wait_for(|ready| *ready).await.is_ok() {
            banner.print(json)?;
        }
        Ok::<_, Failure>(())
    };
    let (announced, ..) = tokio::join!(
        announce,
        node.run(stop.clone()),
        gateway.serve(stopped(stop.clone())),
        listen::serve(sample, None, sample_page, stopped(stop.clone())),
        async {
            tokio::select! {
                () = mail::serve(sink, mail_dir) => {}
                () = stopped(stop) => {}
            }
        },
    );
    announced
}

/// A demo follows its ports with the service's addresses and resets a password: never in an
/// installation that is not its own.
fn refuse_foreign(dir: &DataDir) -> Result<(), Failure> {
    if !dir.path().join(MARK).exists() && dir.is_founded()? {
        let dir = dir.path().display();
        return Err(
            format!("{dir} holds an installation that is not a demo; use another --dir").into()
        );
    }
    Ok(())
}

struct Ports {
    site: u16,
    gateway: u16,
    status: u16,
    admin: u16,
}

/// Takes every port, and keeps it: what is free now may not be a moment later.
async fn ports(
    args: &DemoArgs,
) -> Result<(TcpListener, TcpListener, [TcpListener; 4], Ports), Failure> {
    let site = listen::bind(loopback(args.site_port), "the issuing site (--site-port)").await?;
    let gateway = listen::bind(loopback(args.gateway_port), "the gateway (--gateway-port)").await?;
    let status =
        listen::bind(loopback(args.status_port), "the status addresses (--status-port)").await?;
    let admin = listen::bind(loopback(args.admin_port), "administration (--admin-port)").await?;
    let sample = listen::bind(loopback(0), "the sample service").await?;
    let sink = listen::bind(loopback(args.mail_port), "the mail sink (--mail-port)").await?;
    let port = |listener: &TcpListener| listener.local_addr().map(|address| address.port());
    let ports = Ports {
        site: port(&site)?,
        gateway: port(&gateway)?,
        status: port(&status)?,
        admin: port(&admin)?,
    };
    Ok((sample, sink, [site, gateway, status, admin], ports))
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// Opens the installation, or makes it with sample data. Addresses follow today's ports.
async fn open(
    dir: &DataDir,
    settings: ServiceSettings,
    args: DemoArgs,
    passphrase: &Passphrase,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
) -> Result<Office, Failure> {
    if dir.is_founded()? {
        let office = dir.office(clock, entropy)?;
        let service = office.choose_service(None)?;
        if ServiceSettings::on_record(&service.settings)? != settings {
            office
                .change_settings(Actor::Operator("demo".to_owned()), service.id, &settings)
                .await?;
        }
        return Ok(office);
    }
    let foundation = Foundation {
        key: "0001/SB0001002C".parse()?,
        root_name: "SB0001001C".parse()?,
        country: "JP".to_owned(),
        root_key: args.root_key,
        root_token: args.token.clone(),
        issuing_key: args.issuing_key,
        issuing_token: args.token,
        settings,
    };
    Ok(dir.found(&foundation, passphrase, clock, entropy).await?)
}
