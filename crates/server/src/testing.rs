//! An installation for tests: on a disk, with a clock that is turned by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tegata_ca::{CaKey, KeyKind, SoftwareKey, SubjectName, certification_request};
use tegata_domain::{Clock, Entropy, Serial, ServiceKey, UserId};
use tegata_registrar::{
    Actor, Cost, Enrollment, Office, Passwords, Registrar, Service, ServiceSettings,
};
use tegata_store::Store;
use tegata_text::Lang;
use tokio_rustls::rustls::pki_types::UnixTime;
use tokio_rustls::rustls::time_provider::TimeProvider;

use crate::ambient::SystemEntropy;
use crate::installation::{DataDir, Foundation};
use crate::keyfile::Passphrase;

#[derive(Debug)]
pub(crate) struct HandClock(AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

impl TimeProvider for HandClock {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = self.now().as_second().unsigned_abs();
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

impl HandClock {
    pub(crate) fn turn(&self, by: SignedDuration) {
        self.0.fetch_add(by.as_secs(), Ordering::SeqCst);
    }
}

const SETTINGS: &str = r#"{
    "organisation": {"ja": "サンプル銀行", "en": "Sample Bank, Ltd."},
    "name": {"ja": "サンプル", "en": "Sample"},
    "help": {"ja": "窓口", "en": "Desk"},
    "service_url": "https://x/cms",
    "status_url": "http://x",
    "site_url": "https://cert.example",
    "time_zone": "Asia/Tokyo",
    "user_id_example": "A"
}"#;

/// An installation that serves.
pub(crate) struct Installed {
    pub(crate) clock: Arc<HandClock>,
    pub(crate) registrar: Arc<Registrar>,
    pub(crate) key: ServiceKey,
    pub(crate) dir: DataDir,
    pub(crate) passphrase: Arc<Passphrase>,
    _home: tempfile::TempDir,
}

impl Installed {
    pub(crate) async fn new() -> Self {
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
        drop(dir.found(&foundation, &passphrase, clock.clone(), entropy.clone()).await.unwrap());
        let store = Arc::new(Store::open_volatile(&dir.database()).unwrap());
        let least = Passwords::new(Cost { memory: 64, passes: 1 }, 2);
        let office = Office::new(store, clock.clone(), entropy, least);
        let keyring = dir.keyring(&office, &passphrase).unwrap();
        let registrar = Registrar::new(office, keyring);
        Self { clock, registrar, key: foundation.key, dir, passphrase, _home: home }
    }
}

/// A certificate and what its holder has.
pub(crate) struct Holder {
    pub(crate) user_id: UserId,
    pub(crate) serial: Serial,
    pub(crate) not_after: Timestamp,
    /// DER.
    pub(crate) certificate: Vec<u8>,
    pub(crate) key: SoftwareKey,
}

impl Installed {
    pub(crate) fn service(&self) -> Arc<Service> {
        self.registrar.keyring().service(&self.key).unwrap().clone()
    }

    /// Seats of a new company, each with its certificate.
    pub(crate) async fn holders<const N: usize>(&self) -> [Holder; N] {
        let (registrar, service) = (&self.registrar, self.service());
        let (actor, id) = (|| Actor::Operator("test".to_owned()), service.id);
        registrar.add_branch(actor(), id, "950".parse().unwrap(), "Head".into()).await.unwrap();
        let branch = registrar.branch(id, &"950".parse().unwrap()).unwrap();
        let code = "CMSM950-006";
        let added = registrar.add_company(actor(), branch, code.parse().unwrap(), "Sample".into());
        added.await.unwrap();
        let company = registrar.company(id, &code.parse().unwrap()).unwrap();
        let seats = registrar.add_seats(actor(), company, N as u16, service.credential);
        let mut holders = Vec::new();
        for seat in seats.await.unwrap() {
            let key = SoftwareKey::generate(KeyKind::EcP256).unwrap();
            let enrollment = Enrollment {
                user_id: seat.user_id.to_string(),
                password: seat.password.reveal(),
                email: "taro@example.co.jp".parse().unwrap(),
                request: request(&key),
                lang: Lang::En,
                unattended: false,
            };
            let reference = registrar.reference();
            let issued = registrar.enroll(&service, enrollment, &reference).await.unwrap();
            holders.push(Holder {
                user_id: issued.user_id,
                serial: issued.serial,
                not_after: issued.validity.not_after,
                certificate: issued.certificate,
                key,
            });
        }
        holders.try_into().ok().unwrap()
    }

    pub(crate) fn turn_to(&self, at: Timestamp) {
        self.clock.turn(at.duration_since(self.registrar.now()));
    }
}

/// A PKCS#10 request for `key`.
pub(crate) fn request(key: &SoftwareKey) -> Vec<u8> {
    certification_request(key, &SubjectName::new("x").unwrap()).unwrap()
}
