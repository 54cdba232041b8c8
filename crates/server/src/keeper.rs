//! Who keeps a running server's services and keys as the database says: new CAs, retired ones,
//! changed settings, the rollover when it is due, and the site's own certificate before it ends.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tegata_ca::{CaKey, SubjectAltName};
use tegata_domain::{Entropy, Issuer, ServiceKey};
use tegata_registrar::{Actor, Keyring, LEAD, Office, Registrar, Service};
use tegata_store::{AuthorityId, OwnCertificate, StoreError, View};
use tokio::sync::watch;
use zeroize::Zeroizing;

use crate::installation::{DataDir, InstallationError, KeyHome, Rollover};
use crate::keyfile::Passphrase;
use crate::shown::Shown;

/// What the certificate of the issuing site is for, as it stands on record.
pub const SITE: &str = "site";

/// How often to look whether a rollover is due, or the end of the site's certificate is near.
const LOOK: Duration = Duration::from_secs(3_600);

/// How soon to try again what could not be opened.
const AGAIN: Duration = Duration::from_secs(1);

/// What it takes to open keys and to make a new CA.
pub struct Keeper {
    /// The data directory.
    pub dir: DataDir,
    /// What opens the key files.
    pub passphrase: Arc<Passphrase>,
    /// For keys and serial numbers.
    pub entropy: Arc<dyn Entropy>,
    /// Whether a new issuing CA is made when it is due and the root's key is at hand.
    pub automatic: bool,
    /// Host names and addresses of the issuing site, for its certificate.
    pub site_names: Vec<SubjectAltName>,
}

/// What the issuing site shows.
pub struct SiteCertificate {
    /// The certificate and its issuer's, DER.
    pub chain: Vec<Vec<u8>>,
    /// Its key, PKCS#8.
    pub key: Zeroizing<Vec<u8>>,
}

/// A rollover that is due, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueRollover {
    /// Whose.
    pub service: ServiceKey,
    /// Until when the present CA gives full lifetimes.
    pub until: Timestamp,
    /// The new CA, or why there is none.
    pub made: Result<Issuer, String>,
}

/// How far a keeper has followed the database.
#[derive(Debug)]
pub struct Following {
    seen: Option<Seen>,
    behind: bool,
}

impl Following {
    /// Keys and services are those of the database now.
    pub fn begin(registrar: &Registrar) -> Self {
        Self { seen: seen(registrar).ok(), behind: false }
    }
}

/// What of the database a keyring is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    authorities: Vec<(AuthorityId, Timestamp, bool, Option<Timestamp>)>,
    services: Vec<String>,
}

impl Keeper {
    /// Keeps for as long as it runs. `renewed` is told after every change of services and keys.
    pub async fn run(
        self,
        registrar: Arc<Registrar>,
        shown: Arc<Shown>,
        mut changed: watch::Receiver<i64>,
        renewed: impl Fn(),
    ) {
        let mut following = Following::begin(&registrar);
        let mut look = tokio::time::interval(LOOK);
        loop {
            let by_time = tokio::select! {
                _ = look.tick() => true,
                // What cannot be opened now may be there in a moment.
                () = tokio::time::sleep(AGAIN), if following.behind => false,
                news = changed.changed() => match news {
                    Ok(()) => false,
                    Err(_) => return,
                },
            };
            if by_time {
                self.roll_over(&registrar).await;
            }
            let followed = self.follow(&registrar, &mut following).await;
            if followed {
                renewed();
            }
            if by_time || followed {
                let renewed = self.renew_site(&registrar, Some(&shown)).await;
                if let Err(error) = renewed {
                    tracing::error!(%error, "the issuing site's certificate is not renewed");
                }
            }
        }
    }

    /// Goes on with the services and keys of the database when they are others now. Returns
    /// whether they are.
    pub async fn follow(&self, registrar: &Registrar, following: &mut Following) -> bool {
        match self::seen(registrar) {
            Ok(now) if following.seen.as_ref() != Some(&now) => {
                following.behind = !self.reload(registrar).await;
                if !following.behind {
                    following.seen = Some(now);
                }
                true
            }
            Ok(_) => false,
            Err(error) => {
                tracing::error!(%error, "cannot read the database");
                false
            }
        }
    }

    /// The certificate of the issuing site as it is to be now: the one on record, or a new one when
    /// its end is near, it or its CA is revoked, or the site has other names.
    ///
    /// # Errors
    /// When a new one is needed and cannot be made.
    pub async fn site_certificate(
        &self,
        office: &Office,
        keyring: &Keyring,
    ) -> Result<SiteCertificate, InstallationError> {
        let service = keyring.services().next().ok_or(InstallationError::NoService)?;
        let names = self.site_names.clone();
        let (own, key) = self
            .dir
            .server_certificate(office, service, &self.passphrase, &*self.entropy, SITE, names)
            .await?;
        let issuer = service.issuer_of(&own).to_vec();
        let key = key.to_pkcs8()?;
        Ok(SiteCertificate { chain: vec![own.der, issuer], key })
    }

    /// The certificate of the issuing site that is on record; `None` when another is to be made.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn site_on_record(
        &self,
        office: &Office,
        keyring: &Keyring,
    ) -> Result<Option<OwnCertificate>, InstallationError> {
        let service = keyring.services().next().ok_or(InstallationError::NoService)?;
        self.dir.server_certificate_on_record(office, service, SITE, &self.site_names)
    }

    /// Makes the site's certificate anew when it is time, and shows it where one is shown.
    ///
    /// # Errors
    /// When it is needed and cannot be made.
    pub async fn renew_site(
        &self,
        registrar: &Registrar,
        shown: Option<&Shown>,
    ) -> Result<(), InstallationError> {
        // Nothing is signed for a database that is not to be believed.
        if registrar.distrusted().is_some() {
            return Ok(());
        }
        let keyring = registrar.keyring();
        let on_record = self.site_on_record(registrar, &keyring)?;
        if on_record.is_some_and(|own| shown.is_none_or(|shown| shown.is(&own.der))) {
            return Ok(());
        }
        let SiteCertificate { chain, key } = self.site_certificate(registrar, &keyring).await?;
        match shown.map(|shown| shown.replace(chain, &key)) {
            None => {}
            Some(Ok(())) => tracing::info!("the issuing site shows a new certificate"),
            Some(Err(error)) => tracing::error!(%error, "the issuing site's certificate stays"),
        }
        Ok(())
    }

    async fn reload(&self, registrar: &Registrar) -> bool {
        let marked = registrar
            .authorities()
            .map_err(InstallationError::from)
            .and_then(|records| Ok(registrar.keyring().remarked(&records)?));
        match marked {
            Ok(keyring) => registrar.replace_keyring(keyring),
            Err(error) => tracing::error!(%error, "CAs stay as they were"),
        }
        match self.dir.keyring(registrar, &self.passphrase) {
            Ok(keyring) => {
                registrar.replace_keyring(keyring);
                registrar.set_behind(None);
                tracing::info!("services and CAs are those of the database again");
                if let Err(error) = registrar.renew_responders().await {
                    tracing::error!(%error, "an OCSP responder is not made");
                }
                if let Err(error) = registrar.publish().await {
                    tracing::error!(%error, "status is not published");
                }
                true
            }
            Err(error) => {
                tracing::error!(%error, "services and CAs are not those of the database");
                registrar.set_behind(Some(format!(
                    "services and CAs are not those of the database: {error}"
                )));
                false
            }
        }
    }

    /// Makes the new issuing CA of every service for which one is due, where that is automatic.
    pub async fn roll_over(&self, registrar: &Registrar) -> Vec<DueRollover> {
        let (now, keyring, mut all) = (registrar.now(), registrar.keyring(), Vec::new());
        for service in keyring.services().filter(|service| service.rollover_is_due(now)) {
            let until = service.full_until(now);
            let made = self.roll_over_one(registrar, service, now).await;
            match &made {
                Ok(name) => tracing::info!(service = %service.key, ca = %name, "a new issuing CA"),
                Err(error) => tracing::warn!(service = %service.key, %until, %error,
                    "the issuing CA gets too short for full lifetimes: tegata ca rollover, or ca \
                     request where the root is offline"),
            }
            all.push(DueRollover { service: service.key.clone(), until, made });
        }
        all
    }

    async fn roll_over_one(
        &self,
        registrar: &Registrar,
        service: &Service,
        now: Timestamp,
    ) -> Result<Issuer, String> {
        if !self.automatic {
            return Err("new issuing CAs are not made by themselves here".to_owned());
        }
        let key = CaKey::like(service.current(now).authority.signer());
        let order = Rollover { name: None, key, home: KeyHome::AsBefore, issues_from: now + LEAD };
        let (passphrase, entropy) = (&self.passphrase, &*self.entropy);
        let made =
            self.dir.roll_over(registrar, service, &order, passphrase, entropy, Actor::System);
        made.await.map_err(|error| error.to_string())
    }
}

fn seen(registrar: &Registrar) -> Result<Seen, StoreError> {
    registrar.store().read(|view: View<'_>| {
        let authorities = view.authorities()?.into_iter();
        Ok(Seen {
            authorities: authorities
                .map(|ca| (ca.id, ca.issues_from, ca.retired_at.is_some(), ca.revoked_at))
                .collect(),
            services: view.services()?.into_iter().map(|service| service.settings).collect(),
        })
    })
}

#[cfg(test)]
mod tests;
