//! Who keeps a running server's services and keys as the database says: new CAs, retired ones,
//! changed settings, and the rollover when it is due.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tegata_ca::CaKey;
use tegata_domain::{Entropy, Issuer, ServiceKey};
use tegata_registrar::{Actor, LEAD, Registrar, Service};
use tegata_store::{AuthorityId, StoreError, View};
use tokio::sync::watch;

use crate::installation::{DataDir, InstallationError, KeyHome, Rollover};
use crate::keyfile::Passphrase;

/// How often to look whether a rollover is due.
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
    /// Keeps for as long as it runs. `renewed` is told after every change.
    pub async fn run(
        self,
        registrar: Arc<Registrar>,
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
            if self.follow(&registrar, &mut following).await {
                renewed();
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
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use jiff::SignedDuration;
    use tegata_domain::Clock;
    use tegata_registrar::ServiceSettings;

    use super::*;
    use crate::ambient::SystemEntropy;
    use crate::installation::Foundation;

    struct HandClock(AtomicI64);

    impl Clock for HandClock {
        fn now(&self) -> Timestamp {
            Timestamp::from_second(self.0.load(Ordering::SeqCst)).unwrap()
        }
    }

    impl HandClock {
        fn turn(&self, days: i64) {
            self.0.fetch_add(SignedDuration::from_hours(24 * days).as_secs(), Ordering::SeqCst);
        }
    }

    const SETTINGS: &str = r#"{
        "organisation": {"ja": "サンプル銀行", "en": "Sample Bank, Ltd."},
        "name": {"ja": "サンプル", "en": "Sample"},
        "help": {"ja": "窓口", "en": "Desk"},
        "service_url": "https://x/cms",
        "status_url": "http://x",
        "time_zone": "Asia/Tokyo",
        "user_id_example": "A"
    }"#;

    fn names(registrar: &Registrar) -> Vec<String> {
        registrar.authorities().unwrap().iter().map(|ca| ca.name.to_string()).collect()
    }

    /// Ten years of an issuing CA with certificates of a year: the next one comes by itself in
    /// the ninth, once, and issues after a week.
    #[tokio::test]
    async fn a_new_issuing_ca_comes_by_itself_in_time() {
        let home = tempfile::tempdir().unwrap();
        let dir = DataDir::new(home.path());
        let clock = Arc::new(HandClock(AtomicI64::new(1_800_000_000)));
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        dir.create().unwrap();
        Passphrase::ensure(&dir.passphrase(), &*entropy).unwrap();
        let passphrase = Arc::new(Passphrase::read(&dir.passphrase()).unwrap());
        let foundation = Foundation {
            key: "0001/SB0001002C".parse().unwrap(),
            root_name: "SB0001001C".parse().unwrap(),
            country: "JP".to_owned(),
            root_key: CaKey::P384,
            root_token: None,
            issuing_key: CaKey::P256,
            issuing_token: None,
            settings: ServiceSettings::from_json(SETTINGS).unwrap(),
        };
        let office =
            dir.found(&foundation, &passphrase, clock.clone(), entropy.clone()).await.unwrap();
        let keyring = dir.keyring(&office, &passphrase).unwrap();
        let registrar = Registrar::new(office, keyring);
        let keeper = |automatic| Keeper {
            dir: dir.clone(),
            passphrase: passphrase.clone(),
            entropy: entropy.clone(),
            automatic,
        };
        // 3,650 days less 365 and 60, and 37 ahead of that.
        clock.turn(3_187);
        keeper(true).roll_over(&registrar).await;
        assert_eq!(names(&registrar), ["SB0001001C", "SB0001002C"], "not due yet");
        clock.turn(2);
        keeper(false).roll_over(&registrar).await;
        assert_eq!(names(&registrar).len(), 2, "only said");
        keeper(true).roll_over(&registrar).await;
        assert_eq!(names(&registrar), ["SB0001001C", "SB0001002C", "SB0001003C"]);
        assert!(keeper(true).reload(&registrar).await);
        keeper(true).roll_over(&registrar).await;
        assert_eq!(names(&registrar).len(), 3, "once");
        let current = |registrar: &Registrar| {
            let keyring = registrar.keyring();
            let service = keyring.service(&foundation.key).unwrap();
            service.current(registrar.now()).name.to_string()
        };
        assert_eq!(current(&registrar), "SB0001002C");
        clock.turn(7);
        assert_eq!(current(&registrar), "SB0001003C");
    }
}
