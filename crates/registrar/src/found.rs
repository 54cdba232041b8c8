use jiff::Timestamp;
use sha2::{Digest, Sha256};
use tegata_ca::{
    Addresses, Authority, AuthorityError, Holder, Placeholder, PrepareError, Profile,
    SubjectAltName, Values, serial_of, tbs_hash_of,
};
use tegata_domain::{Issuer, ServiceKey};
use tegata_store::{
    AuditEntry, AuthorityId, NewAuthority, OwnCertificate, Placement, ServiceId, StoreError, View,
};

use crate::blocklist::block_own_key;
use crate::keyring::{addresses, crl_address};
use crate::office::entry;
use crate::{Actor, Office, Service, ServiceSettings};

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
        Profile::issuing(Self::issuing_addresses(status_url, root_name))
    }

    /// Where status and certificate of the root `root_name` are found.
    pub fn issuing_addresses(status_url: &str, root_name: &Issuer) -> Addresses {
        // A root answers for its few certificates by CRL alone.
        let crl = crl_address(status_url, root_name, 0);
        Addresses { ocsp: None, ..addresses(status_url, root_name, &crl) }
    }

    /// Records a service with its root and issuing CA, whose keys are safe already.
    ///
    /// # Errors
    /// When one of the names is taken.
    pub async fn found(
        &self,
        actor: Actor,
        key: &ServiceKey,
        settings: &ServiceSettings,
        root: (&Issuer, &Authority),
        issuing: &Authority,
    ) -> Result<Founded, StoreError> {
        let root = (root.0, root.1.certificate());
        self.found_with(actor, key, settings, root, issuing.certificate()).await
    }

    /// Records a service with its root and issuing CA, of which only the certificates are at
    /// hand, DER.
    ///
    /// # Errors
    /// When one of the names is taken.
    pub async fn found_with(
        &self,
        actor: Actor,
        key: &ServiceKey,
        settings: &ServiceSettings,
        root: (&Issuer, &[u8]),
        issuing: &[u8],
    ) -> Result<Founded, StoreError> {
        let now = self.clock.now();
        let json =
            settings.to_json().map_err(|_| StoreError::Corrupt("settings without a JSON form"))?;
        let (key, root_name) = (key.clone(), root.0.clone());
        let (root, issuing) = (root.1.to_vec(), issuing.to_vec());
        self.store
            .write(move |tx| {
                let service = tx.insert_service(&key, &json)?;
                block_own_key(tx, &root, root_name.as_str(), now)?;
                block_own_key(tx, &issuing, key.issuer.as_str(), now)?;
                let root_id = tx.insert_authority(&NewAuthority {
                    service: None,
                    parent: None,
                    name: &root_name,
                    certificate: &root,
                    complete_crl: true,
                    issues_from: now,
                })?;
                let issuing_id = tx.insert_authority(&NewAuthority {
                    service: Some(service),
                    parent: Some(root_id),
                    name: &key.issuer,
                    certificate: &issuing,
                    // For relying parties that want one file, whatever a certificate says.
                    complete_crl: true,
                    issues_from: now,
                })?;
                tx.audit(&authority_created(now, &actor, &root_name, &root))?;
                tx.audit(&authority_created(now, &actor, &key.issuer, &issuing))?;
                tx.audit(&entry(now, &actor, "service.created", &key))?;
                Ok(Founded { service, root: root_id, issuing: issuing_id })
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
        let new = settings.clone();
        self.store
            .write(move |tx| {
                let old = tx.services()?.into_iter().find(|one| one.id == service);
                let old = old.ok_or(StoreError::Corrupt("a service that is not there"))?;
                tx.update_service(service, &json)?;
                let mut entry = entry(now, &actor, "service.changed", &old.key);
                let old = ServiceSettings::on_record(&old.settings).ok();
                entry.detail = serde_json::json!({
                    "sha256": hex::encode(Sha256::digest(&json)),
                    "changed": differing(old.as_ref(), &new),
                });
                Ok(tx.audit(&entry)?)
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
        let values = service.settings.values().with(Placeholder::Purpose, purpose);
        let named = |profile: Profile| profile.named(names);
        self.certify_own(service, Holder::Server, purpose, named, &values, public_key).await
    }

    /// Makes and records a certificate of our own under the CA that issues now.
    pub(crate) async fn certify_own(
        &self,
        service: &Service,
        holder: Holder,
        purpose: &str,
        named: impl FnOnce(Profile) -> Profile,
        values: &Values,
        public_key: &[u8],
    ) -> Result<OwnCertificate, CertifyError> {
        let now = self.now();
        let ca = service.current(now);
        let shard = self.store.read(|view: View<'_>| service.open_shard(view, ca))?;
        let profile = named(service.profile_on(holder, ca, &shard));
        let filled = profile.fill(values).map_err(PrepareError::from);
        let (profile, subject) = filled.map_err(AuthorityError::from)?;
        let signed = ca.authority.certify(
            &profile,
            &subject,
            public_key,
            profile.validity(now),
            &*self.entropy,
        )?;
        let own = OwnCertificate {
            serial: signed.serial,
            authority: ca.id,
            shard: shard.number,
            purpose: purpose.to_owned(),
            not_after: signed.validity.not_after,
            der: signed.der,
        };
        let (row, action) = (own.clone(), format!("{}_certificate.issued", holder.name()));
        self.store
            .write(move |tx| {
                tx.insert_own_certificate(&row)?;
                tx.fill_shard(row.authority, &shard, row.not_after)?;
                block_own_key(tx, &row.der, &row.purpose, now)?;
                let mut entry = entry(now, &Actor::System, &action, row.serial);
                entry.detail = serde_json::json!({
                    "purpose": row.purpose, "tbs_sha256": hex::encode(signed.tbs_hash),
                });
                tx.audit(&entry)
            })
            .await?;
        Ok(own)
    }
}

/// The entry of a new CA of record.
pub(crate) fn authority_created(
    now: Timestamp,
    actor: &Actor,
    name: &Issuer,
    certificate: &[u8],
) -> AuditEntry {
    let mut entry = entry(now, actor, "authority.created", name);
    entry.detail = serde_json::json!({
        "serial": serial_of(certificate),
        "sha256": hex::encode(Sha256::digest(certificate)),
        "tbs_sha256": tbs_hash_of(certificate).map(hex::encode),
    });
    entry
}

/// The names of the settings that differ, all of them when the old ones cannot be read.
fn differing(old: Option<&ServiceSettings>, new: &ServiceSettings) -> Vec<String> {
    let fields = |settings: &ServiceSettings| match serde_json::to_value(settings) {
        Ok(serde_json::Value::Object(fields)) => fields,
        _ => serde_json::Map::new(),
    };
    let (old, new) = (old.map(fields).unwrap_or_default(), fields(new));
    let mut names: Vec<String> = old.keys().chain(new.keys()).cloned().collect();
    names.sort();
    names.dedup();
    names.retain(|name| old.get(name) != new.get(name));
    names
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
