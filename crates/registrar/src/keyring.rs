use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use tegata_ca::{Addresses, Authority, Holder, Placeholder, Profile, Signer, Values};
use tegata_domain::{CredentialPolicy, Issuer, LifecyclePolicy, ServiceKey};
use tegata_store::{AuthorityId, ServiceId};

use crate::{ServiceSettings, SettingsError};

/// An issuing CA or root with its key.
#[derive(Clone, Debug)]
pub struct IssuingCa {
    /// Row number.
    pub id: AuthorityId,
    /// Name, also of its addresses.
    pub name: Issuer,
    /// Certificate and key.
    pub authority: Authority,
}

/// A service with everything that its use cases ask of it, worked out once.
pub struct Service {
    /// Row number.
    pub id: ServiceId,
    /// Tenant and issuer.
    pub key: ServiceKey,
    /// What is particular to it.
    pub settings: ServiceSettings,
    /// Its issuing CAs, the one that issues first.
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

    /// The profile of a holder, with the addresses of the CA that issues now.
    pub fn profile(&self, holder: Holder) -> Profile {
        let profile = self.profiles[&holder].clone();
        profile.at(addresses(&self.settings.status_url, &self.current().name))
    }

    /// What placeholders that are the same in every certificate of the service become.
    pub(crate) fn values(&self) -> Values {
        self.settings.values().with(Placeholder::Issuer, self.current().name.as_str())
    }

    /// The CA that issues now. [`Service::open`] saw to it that there is one.
    pub(crate) fn current(&self) -> &IssuingCa {
        &self.issuing[0]
    }
}

/// Where status and certificate of the CA `name` are found.
pub(crate) fn addresses(status_url: &str, name: &Issuer) -> Addresses {
    Addresses {
        crl: format!("{status_url}/crl/{name}.crl"),
        ocsp: Some(format!("{status_url}/ocsp/{name}")),
        issuer: format!("{status_url}/aia/{name}.cer"),
    }
}

/// Every service with its keys, the roots whose keys are at hand, and the key that signs the
/// revocation feed.
pub struct Keyring {
    services: BTreeMap<ServiceKey, Arc<Service>>,
    roots: Vec<IssuingCa>,
    feed: Arc<dyn Signer>,
}

impl Keyring {
    /// Puts a keyring together.
    pub fn new(services: Vec<Service>, roots: Vec<IssuingCa>, feed: Arc<dyn Signer>) -> Self {
        let services =
            services.into_iter().map(|service| (service.key.clone(), Arc::new(service))).collect();
        Self { services, roots, feed }
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
