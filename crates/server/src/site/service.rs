use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tegata_domain::{Issuer, ServiceKey, Tenant};
use tegata_text::Lang;
use tegata_wire::api::Bilingual;

use super::installer::Shelf;
use super::root;
use crate::installation::installers;
use crate::link::Links;

/// One service as its issuing site shows it.
#[derive(Clone, Debug)]
pub struct SiteService {
    /// Tenant number, as in the address.
    pub tenant: Tenant,
    /// Name of the service's first issuing CA, as in the address.
    pub issuer: Issuer,
    /// The organisation that offers the service.
    pub organisation: Bilingual,
    /// The service's own name.
    pub name: Bilingual,
    /// Name of the root CA, which is its file's name in the zip.
    pub root_name: Issuer,
    /// The root certificate, DER.
    pub root_der: Vec<u8>,
    /// Name and certificate (DER) of every issuing CA, newest first.
    pub intermediates: Vec<(Issuer, Vec<u8>)>,
    /// Whom to call. Plain text, line breaks are kept.
    pub help: Bilingual,
    /// Address of the protected service behind the gateway.
    pub service_url: String,
    /// Days before expiry from which renewal is possible.
    pub renewal_days: u16,
    /// Folder of what all services offer; `{tenant}/{issuer}` in it holds what this one offers.
    /// May be missing or empty; the pages then say so.
    pub downloads: PathBuf,
}

/// A service with what is made of it once.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) service: SiteService,
    pub(super) root_sha256: [u8; 32],
    pub(super) root_zip: root::Archive,
    pub(super) shelf: Shelf,
}

impl Site {
    fn new(service: SiteService) -> Self {
        Self {
            root_sha256: Sha256::digest(&service.root_der).into(),
            root_zip: root::Archive::of(&service),
            shelf: Shelf::new([
                installers(&service.downloads, &service.tenant, &service.issuer),
                service.downloads.clone(),
            ]),
            service,
        }
    }

    /// Its place in addresses.
    pub(super) fn key(&self) -> ServiceKey {
        let SiteService { tenant, issuer, .. } = &self.service;
        ServiceKey { tenant: tenant.clone(), issuer: issuer.clone() }
    }

    /// The path of the first page.
    pub(super) fn home(&self) -> String {
        self.at("")
    }

    /// The path of a page below the first.
    pub(super) fn at(&self, page: &str) -> String {
        format!("/issueweb/{}/{}/{page}", self.service.tenant, self.service.issuer)
    }

    pub(super) fn name(&self, lang: Lang) -> &str {
        pick(&self.service.name, lang)
    }

    pub(super) fn organisation(&self, lang: Lang) -> &str {
        pick(&self.service.organisation, lang)
    }

    pub(super) fn help(&self, lang: Lang) -> &str {
        pick(&self.service.help, lang)
    }
}

fn pick(text: &Bilingual, lang: Lang) -> &str {
    match lang {
        Lang::Ja => &text.ja,
        Lang::En => &text.en,
    }
}

/// Every service, by its place in the address.
#[derive(Debug)]
pub(super) struct Sites {
    sites: BTreeMap<ServiceKey, Arc<Site>>,
    pub(super) links: Arc<Links>,
}

impl Sites {
    pub(super) fn new(services: Vec<SiteService>, links: Arc<Links>) -> Self {
        let sites = services.into_iter().map(Site::new).map(Arc::new);
        Self { sites: sites.map(|site| (site.key(), site)).collect(), links }
    }

    /// The service of an address, whose letters people type in any case.
    pub(super) fn find(&self, tenant: &str, issuer: &str) -> Option<Arc<Site>> {
        let key = ServiceKey { tenant: tenant.parse().ok()?, issuer: issuer.parse().ok()? };
        self.sites.get(&key).cloned()
    }

    /// The service that a path lies in, or the only one there is.
    pub(super) fn around(&self, path: &str) -> Option<Arc<Site>> {
        let mut parts = path.strip_prefix("/issueweb/").unwrap_or_default().split('/');
        self.find(parts.next()?, parts.next().unwrap_or_default()).or_else(|| self.only())
    }

    /// The only service, when there is only one.
    pub(super) fn only(&self) -> Option<Arc<Site>> {
        match self.sites.len() {
            1 => self.sites.values().next().cloned(),
            _ => None,
        }
    }
}
