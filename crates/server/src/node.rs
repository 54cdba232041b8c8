//! One server process: its listeners, its jobs, its end.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use axum::extract::Request;
use tegata_registrar::{Actor, Registrar, Service};
use tegata_store::StoreError;
use tegata_wire::api::Bilingual;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::rustls::{self, ServerConfig};
use tower::ServiceExt;

use crate::ambient::{SystemClock, SystemEntropy};
use crate::anchor::{self, AnchorDir, AnchorError, AnchorTrouble};
use crate::api::{self, Api};
use crate::keeper::Keeper;
use crate::limits::{Limits, Rates};
use crate::link::Links;
use crate::listen::{self, BindError};
use crate::post::maildir::Reports;
use crate::post::{MailTrouble, SmtpPost};
use crate::shown::Shown;
use crate::site::{self, SiteService};
use crate::status::{self, Status};
use crate::updates::{self, Updates};
use crate::{admin, jobs};

/// Where a node listens and what it shows there.
pub struct NodeConfig {
    /// Issuing site and application interface, over TLS.
    pub site: SocketAddr,
    /// Status addresses, plain.
    pub status: SocketAddr,
    /// Administration, plain.
    pub admin: SocketAddr,
    /// How often who may ask.
    pub rates: Rates,
    /// Installers that the site offers.
    pub downloads: PathBuf,
    /// Updates of the application.
    pub updates: Updates,
    /// Where mails go; without, they wait.
    pub post: Option<SmtpPost>,
    /// Where reports of undeliverable mails arrive.
    pub reports: Option<Reports>,
    /// Where the anchor lies.
    pub anchor: AnchorDir,
    /// Who follows the database with services and keys.
    pub keeper: Keeper,
    /// What the issuing site shows, as [`Keeper::site_certificate`] gave it.
    pub shown: Arc<Shown>,
}

/// A node whose ports are taken but which does not answer yet.
pub struct Node {
    registrar: Arc<Registrar>,
    limits: Arc<Limits>,
    downloads: PathBuf,
    updates: Updates,
    post: Option<SmtpPost>,
    reports: Option<Reports>,
    anchor: AnchorDir,
    keeper: Keeper,
    shown: Arc<Shown>,
    tls: Arc<ServerConfig>,
    site: TcpListener,
    status: TcpListener,
    admin: TcpListener,
}

/// Why a node cannot start.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// A port is taken.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// Intents could not be settled.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database is not what was anchored, or the anchor cannot be written.
    #[error(transparent)]
    Anchor(#[from] AnchorError),
    /// No TLS.
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
    /// The socket is gone.
    #[error("a listener has no address: {0}")]
    Address(std::io::Error),
}

impl Node {
    /// Takes the ports, settles what a crash left behind, and publishes status that is due.
    ///
    /// # Errors
    /// When a port is taken, or the database or a CA key cannot be used.
    pub async fn prepare(registrar: Arc<Registrar>, config: NodeConfig) -> Result<Self, NodeError> {
        let site = listen::bind(config.site, "the issuing site").await?;
        let status = listen::bind(config.status, "the status addresses").await?;
        let admin = listen::bind(config.admin, "administration").await?;
        Self::prepare_on([site, status, admin], registrar, config).await
    }

    /// Like [`Self::prepare`], on ports for site, status and administration that were taken
    /// before; the addresses of `config` are not looked at.
    ///
    /// # Errors
    /// When the database or a CA key cannot be used.
    pub async fn prepare_on(
        [site, status, admin]: [TcpListener; 3],
        registrar: Arc<Registrar>,
        config: NodeConfig,
    ) -> Result<Self, NodeError> {
        config.anchor.begin(&registrar, Actor::System).await?;
        config.anchor.keep(&registrar)?;
        let voided = registrar.settle().await?;
        if !voided.is_empty() {
            tracing::warn!(
                serials = ?voided,
                "issuances that were cut short are void; their users can simply try again"
            );
        }
        registrar.block_own_keys().await?;
        // What one CA cannot do must not keep the others from their work; `/readyz` tells.
        if let Err(error) = registrar.renew_responders().await {
            tracing::error!(%error, "an OCSP responder is not made");
        }
        if let Err(error) = registrar.publish().await {
            tracing::error!(%error, "status is not published");
        }
        let limits = Arc::new(Limits::new(config.rates));
        let NodeConfig { downloads, updates, post, reports, anchor, keeper, shown, .. } = config;
        let tls = shown.tls()?;
        Ok(Self {
            registrar,
            limits,
            downloads,
            updates,
            post,
            reports,
            anchor,
            keeper,
            shown,
            tls,
            site,
            status,
            admin,
        })
    }

    /// Addresses of site, status and administration.
    ///
    /// # Errors
    /// When a socket is gone.
    pub fn addresses(&self) -> Result<[SocketAddr; 3], NodeError> {
        let address = |listener: &TcpListener| listener.local_addr().map_err(NodeError::Address);
        Ok([address(&self.site)?, address(&self.status)?, address(&self.admin)?])
    }

    /// Answers until `stop` changes, then lets running requests end.
    pub async fn run(self, stop: watch::Receiver<bool>) {
        let (changed, watching) = watch::channel(0);
        let publishing = jobs::publish(self.registrar.clone(), self.limits.clone(), changed);
        let (registrar, news) = (self.registrar.clone(), watching.clone());
        let anchoring_news = watching.clone();
        let mail_trouble =
            self.post.as_ref().map_or_else(MailTrouble::without_server, SmtpPost::trouble);
        let mailing = async {
            match self.post {
                Some(post) => jobs::mail(registrar, post, news).await,
                None => std::future::pending().await,
            }
        };
        let reminding = jobs::remind(self.registrar.clone());
        let retiring = jobs::retire(self.registrar.clone(), watching.clone());
        let registrar = self.registrar.clone();
        let taking_back = async {
            match self.reports {
                Some(reports) => jobs::reports(registrar, reports).await,
                None => std::future::pending().await,
            }
        };
        let stop_jobs = stopped(stop.clone());
        let links = Arc::new(Links::new(Arc::new(SystemClock), Arc::new(SystemEntropy)));
        let site = || {
            let api = Api {
                registrar: self.registrar.clone(),
                limits: self.limits.clone(),
                updates: self.updates.clone(),
                links: links.clone(),
            };
            site_router(api, &self.downloads)
        };
        let watching_updates = updates::watch(&self.registrar, &self.updates);
        let pages = Pages::new(site());
        let shown = self.shown.clone();
        let keeping = self.keeper.run(self.registrar.clone(), shown, watching.clone(), || {
            pages.replace(site());
        });
        let (distrust, shown) = watch::channel(None);
        let status = status::router(Status::new(self.registrar.clone(), watching, distrust));
        let trouble = AnchorTrouble::default();
        let anchoring = anchor::keep(
            self.anchor.clone(),
            self.registrar.clone(),
            trouble.clone(),
            anchoring_news,
            shown,
        );
        let admin = admin::router(self.registrar.clone(), trouble, mail_trouble);
        let (anchor, registrar) = (self.anchor, self.registrar.clone());
        tokio::join!(
            async {
                // Dropping the jobs ends every wait for news.
                tokio::select! {
                    () = publishing => {}
                    () = mailing => {}
                    () = reminding => {}
                    () = retiring => {}
                    () = taking_back => {}
                    () = anchoring => {}
                    () = keeping => {}
                    () = watching_updates => {}
                    () = stop_jobs => {}
                }
            },
            listen::serve(self.site, Some(self.tls), pages.router(), stopped(stop.clone())),
            listen::serve(self.status, None, status, stopped(stop.clone())),
            listen::serve(self.admin, None, admin, stopped(stop)),
        );
        // What the last requests changed is anchored as well.
        let kept = tokio::task::spawn_blocking(move || anchor.keep(&registrar)).await;
        if let Ok(Err(error)) = kept {
            tracing::error!(%error, "the anchor is not kept");
        }
    }
}

/// Resolves when the flag is raised or its owner is gone.
pub async fn stopped(mut stop: watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// The pages as they are now: when a service or a CA changes, new requests get new ones.
#[derive(Clone)]
struct Pages(Arc<RwLock<Router>>);

impl Pages {
    fn new(router: Router) -> Self {
        Self(Arc::new(RwLock::new(router)))
    }

    fn replace(&self, router: Router) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = router;
    }

    fn router(&self) -> Router {
        let pages = self.clone();
        Router::new().fallback(move |request: Request| {
            let router = pages.0.read().unwrap_or_else(PoisonError::into_inner).clone();
            router.oneshot(request)
        })
    }
}

fn site_router(api: Api, downloads: &Path) -> Router {
    let services = api
        .registrar
        .keyring()
        .services()
        .map(|service| site_service(service, downloads.to_owned()))
        .collect();
    let desk = site::Desk { registrar: api.registrar.clone(), limits: api.limits.clone() };
    site::router(services, api.links.clone(), Some(desk)).nest("/api/v1", api::router(api))
}

fn site_service(service: &Service, downloads: PathBuf) -> SiteService {
    let settings = &service.settings;
    let both =
        |words: &tegata_registrar::Words| Bilingual { ja: words.ja.clone(), en: words.en.clone() };
    SiteService {
        tenant: service.key.tenant.clone(),
        issuer: service.key.issuer.clone(),
        organisation: both(&settings.organisation),
        name: both(&settings.name),
        root_name: service.root_name.clone(),
        root_der: service.root.clone(),
        intermediates: service
            .handed_out()
            .map(|ca| (ca.name.clone(), ca.authority.certificate().to_vec()))
            .collect(),
        help: both(&settings.help),
        service_url: settings.service_url.clone(),
        renewal_days: settings.renewal_window_days,
        downloads,
    }
}
