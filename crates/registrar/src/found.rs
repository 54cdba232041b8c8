use tegata_ca::{Authority, AuthorityError, Holder, Placeholder, Profile, SubjectAltName};
use tegata_domain::{Issuer, ServiceKey};
use tegata_store::{AuthorityId, OwnCertificate, Placement, ServiceId, StoreError, View};

use crate::blocklist::block_own_key;
use crate::keyring::addresses;
use crate::office::entry;
use crate::{Actor, IssuingCa, Office, Service, ServiceSettings};

/// What founding a service recorded.
#[derive(Clone, Copy, Debug)]
pub struct Founded {
    /// The service.
    pub service: ServiceId,
    /// Its root.
    pub root: AuthorityId,
    /// Its issuing CA.
    pub issuing: AuthorityId,
}

impl Office {
    /// Profile of an issuing CA under the root `root_name`.
    pub fn issuing_profile(status_url: &str, root_name: &Issuer) -> Profile {
        // A root answers for its few certificates by CRL alone.
        let addresses = tegata_ca::Addresses { ocsp: None, ..addresses(status_url, root_name) };
        Profile::issuing(addresses)
    }

    /// Records a service with its root and issuing CA, whose keys are safe already.
    ///
    /// # Errors
    /// When one of the names is taken.
    pub async fn found(
        &self,
        key: &ServiceKey,
        settings: &ServiceSettings,
        root: (&Issuer, &Authority),
        issuing: &Authority,
    ) -> Result<Founded, StoreError> {
        let now = self.clock.now();
        let json =
            settings.to_json().map_err(|_| StoreError::Corrupt("settings without a JSON form"))?;
        let (key, root_name) = (key.clone(), root.0.clone());
        let (root, issuing) = (root.1.certificate().to_vec(), issuing.certificate().to_vec());
        self.store
            .write(move |tx| {
                let service = tx.insert_service(&key, &json)?;
                block_own_key(tx, &root, root_name.as_str(), now)?;
                block_own_key(tx, &issuing, key.issuer.as_str(), now)?;
                let root = tx.insert_authority(None, &root_name, &root)?;
                let issuing = tx.insert_authority(Some(service), &key.issuer, &issuing)?;
                for (action, object) in [
                    ("authority.created", root_name.to_string()),
                    ("authority.created", key.issuer.to_string()),
                    ("service.created", key.to_string()),
                ] {
                    tx.audit(&entry(now, &Actor::System, action, object))?;
                }
                Ok(Founded { service, root, issuing })
            })
            .await
    }

    /// Changes the settings of a service. Certificates issued before keep what they say.
    ///
    /// # Errors
    /// When the settings make no sense or the database refuses.
    pub async fn change_settings(
        &self,
        actor: Actor,
        service: ServiceId,
        settings: &ServiceSettings,
    ) -> Result<(), ChangeError> {
        settings.check()?;
        self.check_companies(service, settings)?;
        let (now, json) = (self.clock.now(), settings.to_json()?);
        self.store
            .write(move |tx| {
                tx.update_service(service, &json)?;
                Ok(tx.audit(&entry(now, &actor, "service.changed", "settings"))?)
            })
            .await
    }

    /// Whether every company that there is can stand in the certificates of its seats.
    fn check_companies(
        &self,
        service: ServiceId,
        settings: &ServiceSettings,
    ) -> Result<(), ChangeError> {
        let Ok(profile) = settings.profile(Holder::Client) else { return Ok(()) };
        let placements: Vec<Placement> = self.store.read(|view: View<'_>| {
            let companies = view.companies(service)?;
            let placements = companies.iter().map(|one| view.placement(service, one.id));
            placements.filter_map(Result::transpose).collect::<Result<_, StoreError>>()
        })?;
        let unfit: Vec<String> = placements
            .into_iter()
            .filter_map(|placement| {
                let code = placement.company_code.clone();
                let error = profile.fill(&settings.client_values(placement)).err()?;
                Some(format!("company {code}: {error}"))
            })
            .collect();
        if unfit.is_empty() { Ok(()) } else { Err(ChangeError::Companies(unfit)) }
    }

    /// Makes and records a TLS server certificate for one of this system's own servers.
    ///
    /// # Errors
    /// When a name is not fit for a certificate, the key cannot be used, or the database refuses.
    pub async fn certify_server(
        &self,
        service: &Service,
        purpose: &str,
        names: Vec<SubjectAltName>,
        public_key: &[u8],
    ) -> Result<OwnCertificate, CertifyError> {
        let values = service.values().with(Placeholder::Purpose, purpose);
        let profile = service.profile(Holder::Server).named(names).fill(&values);
        let (profile, subject) = profile.map_err(|error| AuthorityError::Prepare(error.into()))?;
        let IssuingCa { id, authority, .. } = service.current();
        let signed = authority.certify(
            &profile,
            &subject,
            public_key,
            profile.validity(self.clock.now()),
            &*self.entropy,
        )?;
        let own = OwnCertificate {
            serial: signed.serial,
            authority: *id,
            purpose: purpose.to_owned(),
            not_after: signed.validity.not_after,
            der: signed.der,
        };
        let (row, now) = (own.clone(), self.clock.now());
        self.store
            .write(move |tx| {
                tx.insert_own_certificate(&row)?;
                block_own_key(tx, &row.der, &row.purpose, now)?;
                let mut entry = entry(now, &Actor::System, "server_certificate.issued", row.serial);
                entry.detail = serde_json::json!({ "purpose": row.purpose });
                tx.audit(&entry)
            })
            .await?;
        Ok(own)
    }
}

/// Why settings could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// Companies whose names do not fit the subject.
    #[error("the subject does not fit companies that there are:\n{}", .0.join("\n"))]
    Companies(Vec<String>),
    /// They make no sense.
    #[error(transparent)]
    Settings(#[from] crate::SettingsError),
    /// The database could not.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a server certificate could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CertifyError {
    /// The CA would not.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// The database could not.
    #[error(transparent)]
    Store(#[from] StoreError),
}
