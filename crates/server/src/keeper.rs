//! Who keeps a running server's services and keys as the database says: new CAs, retired ones,
//! changed settings, and the rollover when it is due.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tegata_ca::CaKey;
use tegata_domain::Entropy;
use tegata_registrar::{Actor, LEAD, Registrar};
use tegata_store::{AuthorityId, StoreError, View};
use tokio::sync::watch;

use crate::installation::{DataDir, Rollover};
use crate::keyfile::Passphrase;

/// How often to look whether a rollover is due.
const LOOK: Duration = Duration::from_secs(3_600);

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
}

/// What of the database a keyring is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    authorities: Vec<(AuthorityId, Timestamp, bool, Option<Timestamp>)>,
    services: Vec<String>,
}

impl Keeper {
    /// Keeps for as long as it runs. `renewed` is told after every change.
    pub async fn run(
        self,
        registrar: Arc<Registrar>,
        mut changed: watch::Receiver<i64>,
        renewed: impl Fn(),
    ) {
        let mut seen = seen(&registrar).ok();
        let mut look = tokio::time::interval(LOOK);
        loop {
            let by_time = tokio::select! {
                _ = look.tick() => true,
                news = changed.changed() => match news {
                    Ok(()) => false,
                    Err(_) => return,
                },
            };
            if by_time {
                self.roll_over(&registrar).await;
            }
            match self::seen(&registrar) {
                Ok(now) if seen.as_ref() != Some(&now) => {
                    // What cannot be opened now is tried again with the next change.
                    if self.reload(&registrar).await {
                        renewed();
                        seen = Some(now);
                    }
                }
                Ok(_) => {}
                Err(error) => tracing::error!(%error, "cannot read the database"),
            }
        }
    }

    async fn reload(&self, registrar: &Registrar) -> bool {
        match self.dir.keyring(registrar, &self.passphrase) {
            Ok(keyring) => {
                registrar.replace_keyring(keyring);
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
                tracing::error!(%error, "services and CAs stay as they were");
                false
            }
        }
    }

    async fn roll_over(&self, registrar: &Registrar) {
        let (now, keyring) = (registrar.now(), registrar.keyring());
        for service in keyring.services().filter(|service| service.rollover_is_due(now)) {
            let until = service.full_until(now);
            if !self.automatic {
                tracing::warn!(service = %service.key, %until,
                    "the issuing CA gets too short for full lifetimes: tegata ca rollover");
                continue;
            }
            let key = CaKey::like(service.current(now).authority.signer());
            let order = Rollover { name: None, key, token: None, issues_from: now + LEAD };
            let made = self
                .dir
                .roll_over(
                    registrar,
                    service,
                    &order,
                    &self.passphrase,
                    &*self.entropy,
                    Actor::System,
                )
                .await;
            match made {
                Ok(name) => tracing::info!(service = %service.key, ca = %name, "a new issuing CA"),
                Err(error) => tracing::warn!(service = %service.key, %until, %error,
                    "no new issuing CA could be made: tegata ca rollover"),
            }
        }
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
