use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tegata_ca::{Addresses, Authority, Holder, Profile, Signer};
use tegata_domain::{CredentialPolicy, Issuer, LifecyclePolicy, ServiceKey};
use tegata_store::{
    AuthorityId, AuthorityRecord, OwnCertificate, ServiceId, Shard, StoreError, View,
};

use crate::{ServiceSettings, SettingsError};

/// An issuing CA or root with its key.
#[derive(Clone, Debug)]
pub struct IssuingCa {
    /// Row number.
    pub id: AuthorityId,
    /// Which CA of record signed it; `None` for a root.
    pub parent: Option<AuthorityId>,
    /// Name, also of its addresses.
    pub name: Issuer,
    /// Certificate and key.
    pub authority: Authority,
    /// Whether a CRL over everything is published beside the shards.
    pub complete_crl: bool,
    /// From when on it issues.
    pub issues_from: Timestamp,
    /// Whether it only publishes status.
    pub retired: bool,
    /// Whether its own certificate is revoked.
    pub revoked: bool,
}

/// A root whose key is kept elsewhere.
#[derive(Clone, Debug)]
pub struct OfflineCa {
    /// Row number.
    pub id: AuthorityId,
    /// Name, also of its addresses.
    pub name: Issuer,
    /// Its certificate, DER.
    pub certificate: Vec<u8>,
}

/// A service with everything that its use cases ask of it, worked out once.
pub struct Service {
    /// Row number.
    pub id: ServiceId,
    /// Tenant and issuer.
    pub key: ServiceKey,
    /// What is particular to it.
    pub settings: ServiceSettings,
    /// Its issuing CAs: newest first, and those that only publish status last.
    pub issuing: Vec<IssuingCa>,
    /// The root's certificate, DER.
    pub root: Vec<u8>,
    /// The root's name.
    pub root_name: Issuer,
    /// Rules of its certificates.
    pub lifecycle: LifecyclePolicy,
    /// Rules of its credentials.
    pub credential: CredentialPolicy,
    /// Zone in which its dates are shown.
    pub time_zone: TimeZone,
    profiles: BTreeMap<Holder, Profile>,
}

/// Why a service cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// It has no issuing CA.
    #[error("service {0} has no issuing CA")]
    NoIssuer(ServiceKey),
    /// Its settings make no sense.
    #[error(transparent)]
    Settings(#[from] SettingsError),
}

impl Service {
    /// Puts a service together.
    ///
    /// # Errors
    /// When it has no issuing CA or its settings make no sense.
    pub fn open(
        id: ServiceId,
        key: ServiceKey,
        settings: ServiceSettings,
        issuing: Vec<IssuingCa>,
        root_name: Issuer,
        root: Vec<u8>,
    ) -> Result<Self, KeyringError> {
        settings.check_values()?;
        if issuing.is_empty() {
            return Err(KeyringError::NoIssuer(key));
        }
        let profiles = Holder::ALL.into_iter().map(|holder| {
            let faults = |faults: Vec<_>| {
                let errors =
                    faults.into_iter().map(|fault| SettingsError::Profile(holder, fault)).collect();
                KeyringError::Settings(SettingsError::Several(errors))
            };
            Ok((holder, settings.profile(holder).map_err(faults)?))
        });
        let profiles = profiles.collect::<Result<_, KeyringError>>()?;
        let time_zone = TimeZone::get(&settings.time_zone).unwrap_or(TimeZone::UTC);
        Ok(Self {
            id,
            key,
            lifecycle: settings.lifecycle(),
            credential: settings.credential(),
            settings,
            issuing,
            root,
            root_name,
            time_zone,
            profiles,
        })
    }

    /// The profile of a holder, without addresses.
    pub(crate) fn profile(&self, holder: Holder) -> &Profile {
        &self.profiles[&holder]
    }

    /// The profile of a holder, for a certificate of `ca` on this shard of its CRL.
    pub(crate) fn profile_on(&self, holder: Holder, ca: &IssuingCa, shard: &Shard) -> Profile {
        let addresses = addresses(&self.settings.status_url, &ca.name, &shard.address);
        self.profile(holder).clone().at(addresses)
    }

    /// The CA that issues at `now`: the newest whose time has come or, before any has, the oldest.
    /// None when all of them are retired or revoked.
    pub fn issuer(&self, now: Timestamp) -> Option<&IssuingCa> {
        let active = || self.issuing.iter().filter(|ca| !ca.retired && !ca.revoked);
        active().find(|ca| ca.issues_from <= now).or_else(|| active().next_back())
    }

    /// The CA that issues or, when none does, the last one that did: for what is shown and for
    /// our own servers.
    pub fn current(&self, now: Timestamp) -> &IssuingCa {
        // `open` saw to it that there is one.
        self.issuer(now).unwrap_or(&self.issuing[0])
    }

    /// The issuing CAs that relying parties are to trust.
    pub fn trusted(&self) -> impl Iterator<Item = &IssuingCa> {
        self.issuing.iter().filter(|ca| !ca.revoked)
    }

    /// Those of them that stand under the service's root: what PCs get to know. Others came in
    /// from elsewhere, and with their own root at their time.
    pub fn handed_out(&self) -> impl Iterator<Item = &IssuingCa> {
        self.trusted().filter(|ca| ca.parent == self.issuing[0].parent)
    }

    /// The certificate of the CA that issued one of our own.
    pub fn issuer_of(&self, own: &OwnCertificate) -> &[u8] {
        let issuer = self.issuing.iter().find(|ca| ca.id == own.authority);
        issuer.unwrap_or(&self.issuing[0]).authority.certificate()
    }

    /// The shard that takes the next certificate: the last one, until it is full or the
    /// service's addresses have changed.
    pub(crate) fn open_shard(&self, view: View<'_>, ca: &IssuingCa) -> Result<Shard, StoreError> {
        let url = &self.settings.status_url;
        let number = match view.last_shard(ca.id)? {
            None => 1,
            Some((last, issued)) => {
                let same = last.address == crl_address(url, &ca.name, last.number);
                if same && issued < self.settings.crl_shard_size {
                    return Ok(last);
                }
                last.number + 1
            }
        };
        Ok(Shard { number, address: crl_address(url, &ca.name, number) })
    }
}

/// Where status and certificate of the CA `name` are found, for a certificate on this CRL.
pub(crate) fn addresses(status_url: &str, name: &Issuer, crl: &str) -> Addresses {
    Addresses {
        crl: crl.to_owned(),
        ocsp: Some(format!("{status_url}/ocsp/{name}")),
        issuer: format!("{status_url}/aia/{name}.cer"),
    }
}

/// Where the full CRL of a shard is; 0 is the one over everything.
pub(crate) fn crl_address(status_url: &str, name: &Issuer, shard: u32) -> String {
    match shard {
        0 => format!("{status_url}/crl/{name}.crl"),
        shard => format!("{status_url}/crl/{name}/{shard}.crl"),
    }
}

/// Where the newest delta to the full CRL at `address` is.
pub(crate) fn delta_address(address: &str) -> String {
    format!("{}/delta.crl", address.strip_suffix(".crl").unwrap_or(address))
}

/// Every service with its keys, the roots whose keys are at hand, and the key that signs the
/// revocation feed.
pub struct Keyring {
    services: BTreeMap<ServiceKey, Arc<Service>>,
    roots: Vec<IssuingCa>,
    offline: Vec<OfflineCa>,
    feed: Arc<dyn Signer>,
}

impl Keyring {
    /// Puts a keyring together.
    pub fn new(services: Vec<Service>, roots: Vec<IssuingCa>, feed: Arc<dyn Signer>) -> Self {
        let services =
            services.into_iter().map(|service| (service.key.clone(), Arc::new(service))).collect();
        Self { services, roots, offline: Vec::new(), feed }
    }

    /// The same keys, with what `records` says of their CAs now: what is revoked must not wait
    /// until every key can be opened again.
    ///
    /// # Errors
    /// When a service makes no sense, as never after it was opened once.
    pub fn remarked(&self, records: &[AuthorityRecord]) -> Result<Self, KeyringError> {
        let marked = |ca: &IssuingCa| match records.iter().find(|record| record.id == ca.id) {
            Some(record) => IssuingCa {
                retired: record.retired_at.is_some(),
                revoked: record.revoked_at.is_some(),
                ..ca.clone()
            },
            None => ca.clone(),
        };
        let services = self.services.values().map(|service| {
            let mut issuing: Vec<IssuingCa> = service.issuing.iter().map(marked).collect();
            issuing.sort_by_key(|ca| ca.retired);
            Service::open(
                service.id,
                service.key.clone(),
                service.settings.clone(),
                issuing,
                service.root_name.clone(),
                service.root.clone(),
            )
        });
        let services = services.collect::<Result<Vec<_>, _>>()?;
        Ok(Self::new(services, self.roots.clone(), self.feed.clone())
            .with_offline(self.offline.clone()))
    }

    /// With roots whose keys are kept elsewhere.
    pub fn with_offline(self, offline: Vec<OfflineCa>) -> Self {
        Self { offline, ..self }
    }

    /// The roots whose keys are kept elsewhere.
    pub fn offline(&self) -> &[OfflineCa] {
        &self.offline
    }

    /// The service of this name.
    pub fn service(&self, key: &ServiceKey) -> Option<&Arc<Service>> {
        self.services.get(key)
    }

    /// Every service.
    pub fn services(&self) -> impl Iterator<Item = &Arc<Service>> {
        self.services.values()
    }

    /// The roots whose keys are at hand.
    pub fn roots(&self) -> &[IssuingCa] {
        &self.roots
    }

    /// Every CA whose key is at hand: roots and issuing CAs.
    pub fn authorities(&self) -> impl Iterator<Item = &IssuingCa> {
        self.roots.iter().chain(self.services.values().flat_map(|service| &service.issuing))
    }

    /// The key that signs the revocation feed.
    pub fn feed(&self) -> &dyn Signer {
        &*self.feed
    }
}
