//! A whole office on a temporary disk, with a clock that is turned by hand.
#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod pc;

use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use tegata_ca::{Authority, KeyKind, Signer, SoftwareKey, SubjectName};
use tegata_domain::{CertificateState, Clock, Entropy, InitialPassword, Serial, UserId, Validity};
use tegata_registrar::{
    Actor, Cost, Delivery, EnrollError, Enrollment, Issuance, IssuingCa, Keyring, Letter, Office,
    Passwords, Post, Profiles, Reference, Registrar, Service, ServiceSettings, StatusChange,
    Target, Words,
};
use tegata_store::{CertificateRecord, Store, StoreError, View};
use tegata_text::Lang;

#[allow(unused_imports, reason = "each test file uses its own part")]
pub(crate) use pc::Pc;

pub(crate) struct HandClock(AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

impl HandClock {
    pub(crate) fn set(&self, at: Timestamp) {
        self.0.store(at.as_second(), Ordering::SeqCst);
    }

    pub(crate) fn turn(&self, by: SignedDuration) {
        self.0.fetch_add(by.as_secs(), Ordering::SeqCst);
    }
}

/// SplitMix64 from a fixed seed: different each time it is asked, the same in each run.
pub(crate) struct Seeded(AtomicU64);

impl Entropy for Seeded {
    fn fill(&self, octets: &mut [u8]) {
        for chunk in octets.chunks_mut(8) {
            let mut z = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(z ^ (z >> 31)).to_be_bytes()[..chunk.len()]);
        }
    }
}

/// A key that can be told to fail, as hardware does when its token is pulled.
pub(crate) struct Pullable {
    key: SoftwareKey,
    pub(crate) pulled: Mutex<bool>,
    /// What happens while the next signature is made: between the two commits.
    meanwhile: Mutex<Option<Meanwhile>>,
}

type Meanwhile = Box<dyn FnOnce() + Send>;

impl Pullable {
    /// While the next signature is made, `happening` happens, to its end.
    pub(crate) fn meanwhile<F: Future<Output = ()> + Send + 'static>(&self, happening: F) {
        let happen = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(happening);
        };
        // A runtime does not block on another on the same thread.
        let happen = move || std::thread::spawn(happen).join().unwrap();
        *self.meanwhile.lock().unwrap() = Some(Box::new(happen));
    }
}

impl Signer for Pullable {
    fn algorithm(&self) -> tegata_ca::SignatureAlgorithm {
        self.key.algorithm()
    }

    fn public_key(&self) -> &[u8] {
        self.key.public_key()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, tegata_ca::SignError> {
        if *self.pulled.lock().unwrap() {
            return Err(tegata_ca::SignError("the token was removed".to_owned()));
        }
        if let Some(happen) = self.meanwhile.lock().unwrap().take() {
            happen();
        }
        self.key.sign(message)
    }
}

pub(crate) struct World {
    pub(crate) registrar: Arc<Registrar>,
    pub(crate) service: Arc<Service>,
    pub(crate) clock: Arc<HandClock>,
    pub(crate) issuing_key: Arc<Pullable>,
    pub(crate) database: PathBuf,
    pub(crate) seats: Vec<(UserId, InitialPassword)>,
    pki: Pki,
    pub(crate) entropy: Arc<Seeded>,
    _dir: tempfile::TempDir,
}

struct Pki {
    founded: tegata_registrar::Founded,
    root: Authority,
    issuing: Authority,
    feed: Arc<SoftwareKey>,
}

fn office(database: &std::path::Path, clock: &Arc<HandClock>, entropy: &Arc<Seeded>) -> Office {
    // Only a loss of power would tell the difference.
    let store = Arc::new(Store::open_volatile(database).unwrap());
    let passwords = Passwords::new(Cost { memory: 64, passes: 1 }, 2);
    Office::new(store, clock.clone(), entropy.clone(), passwords)
}

fn open(office: Office, settings: ServiceSettings, pki: &Pki) -> (Arc<Registrar>, Arc<Service>) {
    let key: tegata_domain::ServiceKey = "0001/SB0001002C".parse().unwrap();
    let root_name: tegata_domain::Issuer = "SB0001001C".parse().unwrap();
    let ca =
        |id, name: &tegata_domain::Issuer, authority: &Authority, complete_crl: bool| IssuingCa {
            id,
            parent: (!complete_crl).then_some(pki.founded.root),
            name: name.clone(),
            authority: authority.clone(),
            complete_crl,
            issues_from: Timestamp::UNIX_EPOCH,
            retired: false,
            revoked: false,
        };
    let service = Service::open(
        pki.founded.service,
        key.clone(),
        settings,
        vec![ca(pki.founded.issuing, &key.issuer, &pki.issuing, false)],
        root_name.clone(),
        pki.root.certificate().to_vec(),
    )
    .unwrap();
    let roots = vec![ca(pki.founded.root, &root_name, &pki.root, true)];
    let keyring = Keyring::new(vec![service], roots, pki.feed.clone());
    let registrar = Registrar::new(office, keyring);
    let service = registrar.keyring().service(&key).unwrap().clone();
    (registrar, service)
}

pub(crate) fn settings() -> ServiceSettings {
    let words = |ja: &str, en: &str| Words { ja: ja.to_owned(), en: en.to_owned() };
    ServiceSettings {
        organisation: words("株式会社サンプル銀行", "Sample Bank, Ltd."),
        name: words("サンプルLite CMS", "Sample Lite CMS"),
        help: words("ヘルプデスク", "Help desk"),
        service_url: "https://gateway.example/SAMPLE01/cms".to_owned(),
        status_url: "http://status.example".to_owned(),
        site_url: "https://cert.example".to_owned(),
        time_zone: "Asia/Tokyo".to_owned(),
        user_id_example: "CMSM950-006-401".to_owned(),
        lifetime_days: 365,
        renewal_window_days: 60,
        lapse_notice_days: 14,
        language: "ja".to_owned(),
        digest_at: "09:00".to_owned(),
        reminder_days: vec![30, 7],
        retire_after_days: 7,
        max_failures: 5,
        credential_days: 90,
        crl_shard_size: 65_536,
        profiles: Profiles::default(),
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(settings()).await
    }

    pub(crate) async fn with(settings: ServiceSettings) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let database = dir.path().join("tegata.db");
        let start: Timestamp = "2026-11-23T03:00:00Z".parse().unwrap();
        let clock = Arc::new(HandClock(AtomicI64::new(start.as_second())));
        let entropy = Arc::new(Seeded(AtomicU64::new(42)));
        let office = office(&database, &clock, &entropy);
        let years = |count: i64| Validity {
            not_before: start,
            not_after: start + SignedDuration::from_hours(24 * 365 * count),
        };
        let name =
            |cn: &str| SubjectName::new(cn).unwrap().organisation("Sample Bank, Ltd.").unwrap();
        let root_key = Arc::new(SoftwareKey::generate(KeyKind::EcP384).unwrap());
        let root = Authority::root(&name("SB0001001C"), root_key, years(20), &*entropy).unwrap();
        let issuing_key = Arc::new(Pullable {
            key: SoftwareKey::generate(KeyKind::EcP256).unwrap(),
            pulled: Mutex::new(false),
            meanwhile: Mutex::default(),
        });
        let root_name = "SB0001001C".parse().unwrap();
        let signed = root
            .certify(
                &Office::issuing_profile(&settings.status_url, &root_name),
                &name("SB0001002C"),
                issuing_key.public_key(),
                years(10),
                &*entropy,
            )
            .unwrap();
        let issuing = Authority::open(signed.der, issuing_key.clone()).unwrap();
        let key: tegata_domain::ServiceKey = "0001/SB0001002C".parse().unwrap();
        let credential = settings.credential();
        let operator = || Actor::Operator("test".to_owned());
        let founded =
            office.found(operator(), &key, &settings, (&root_name, &root), &issuing).await.unwrap();
        office
            .add_branch(operator(), founded.service, "950".parse().unwrap(), "Head".to_owned())
            .await
            .unwrap();
        let branch = office.branch(founded.service, &"950".parse().unwrap()).unwrap();
        let company: tegata_domain::CompanyCode = "CMSM950-006".parse().unwrap();
        office
            .add_company(operator(), branch, company.clone(), "Sample Trading".to_owned())
            .await
            .unwrap();
        let company = office.company(founded.service, &company).unwrap();
        let seats = office.add_seats(operator(), company, 3, credential).await.unwrap();
        let pki = Pki {
            founded,
            root,
            issuing,
            feed: Arc::new(SoftwareKey::generate(KeyKind::Ed25519).unwrap()),
        };
        let (registrar, service) = open(office, settings, &pki);
        Self {
            registrar,
            service,
            clock,
            issuing_key,
            database,
            seats: seats.into_iter().map(|seat| (seat.user_id, seat.password)).collect(),
            pki,
            entropy,
            _dir: dir,
        }
    }

    /// The same installation started again, with other settings.
    pub(crate) fn reopened(self, settings: ServiceSettings) -> Self {
        let office = office(&self.database, &self.clock, &self.entropy);
        let (registrar, service) = open(office, settings, &self.pki);
        Self { registrar, service, ..self }
    }

    /// Another node on the same database.
    pub(crate) fn node(&self) -> Arc<Registrar> {
        let office = office(&self.database, &self.clock, &self.entropy);
        open(office, self.service.settings.clone(), &self.pki).0
    }

    /// A copy of the database as it is now.
    pub(crate) fn copy(&self) -> PathBuf {
        // Another name each time: nothing is written over.
        let copy = (1..)
            .map(|number| self.database.with_extension(format!("copy{number}")))
            .find(|copy| !copy.exists())
            .unwrap();
        self.registrar.store().copy_to(&copy).unwrap();
        copy
    }

    /// The same installation started on another database.
    pub(crate) fn on_database(self, database: &std::path::Path) -> Self {
        let settings = self.service.settings.clone();
        Self { database: database.to_owned(), ..self }.reopened(settings)
    }

    /// Tries to issue for the first seat with this request.
    pub(crate) async fn enroll(&self, request: &[u8]) -> Result<Issuance, EnrollError> {
        let (user_id, password) = &self.seats[0];
        self.enroll_as(user_id.as_str(), &password.reveal(), request).await
    }

    pub(crate) async fn enroll_as(
        &self,
        user_id: &str,
        password: &str,
        request: &[u8],
    ) -> Result<Issuance, EnrollError> {
        self.enroll_in(Lang::Ja, user_id, password, request).await
    }

    pub(crate) async fn enroll_in(
        &self,
        lang: Lang,
        user_id: &str,
        password: &str,
        request: &[u8],
    ) -> Result<Issuance, EnrollError> {
        let enrollment = Enrollment {
            user_id: user_id.to_owned(),
            password: password.to_owned(),
            email: "taro@example.co.jp".parse().unwrap(),
            request: request.to_vec(),
            lang,
            unattended: false,
        };
        self.registrar.enroll(&self.service, enrollment, &self.reference()).await
    }

    pub(crate) fn reference(&self) -> Reference {
        self.registrar.reference()
    }

    pub(crate) fn certificates(&self) -> Vec<CertificateRecord> {
        let filter = tegata_store::CertificateFilter::default();
        self.read(|view| view.certificates(self.service.id, &filter))
    }

    pub(crate) fn read<T>(&self, query: impl FnOnce(View<'_>) -> Result<T, StoreError>) -> T {
        self.registrar.store().read(query).unwrap()
    }

    pub(crate) fn turn_to(&self, at: Timestamp) {
        self.clock.turn(at.duration_since(self.registrar.now()));
    }

    pub(crate) fn state(&self, serial: Serial) -> CertificateState {
        self.read(|view| view.certificate(serial)).unwrap().certificate.state
    }

    /// When a certificate ends.
    pub(crate) fn ends(&self, serial: Serial) -> Timestamp {
        self.read(|view| view.certificate(serial)).unwrap().certificate.validity.not_after
    }

    /// The operator changes the status of one certificate.
    pub(crate) async fn change(&self, serial: Serial, change: StatusChange) {
        let actor = Actor::Operator("test".to_owned());
        let target = Target::Serial(serial);
        self.registrar.change_status(actor, self.service.id, target, change).await.unwrap();
    }

    /// What the audit log says, as `action object`.
    pub(crate) fn audit(&self) -> Vec<String> {
        let entries = self.read(|view| view.audit_entries(0, 10_000));
        entries.into_iter().map(|(_, entry)| entry.action).collect()
    }
}

/// Certificates of a root and an issuing CA that are not ours.
pub(crate) fn foreign_ca(now: Timestamp) -> [Vec<u8>; 2] {
    let entropy = Seeded(AtomicU64::new(7));
    let years = |count: i64| Validity {
        not_before: now,
        not_after: now + SignedDuration::from_hours(24 * 365 * count),
    };
    let name = |cn: &str| SubjectName::new(cn).unwrap().organisation("Old Bank").unwrap();
    let root_key = Arc::new(SoftwareKey::generate(KeyKind::EcP384).unwrap());
    let root = Authority::root(&name("OLDROOT"), root_key, years(20), &entropy).unwrap();
    let key = SoftwareKey::generate(KeyKind::EcP256).unwrap();
    let profile = Office::issuing_profile("http://status.example", &"OLDROOT".parse().unwrap());
    let signed =
        root.certify(&profile, &name("OLDCA"), key.public_key(), years(10), &entropy).unwrap();
    [root.certificate().to_vec(), signed.der]
}

/// A mail server that answers what it was told and keeps what it got.
pub(crate) struct MailServer {
    pub(crate) answer: Mutex<Delivery>,
    received: Mutex<Vec<Letter>>,
}

impl MailServer {
    pub(crate) fn new(answer: Delivery) -> Self {
        Self { answer: Mutex::new(answer), received: Mutex::default() }
    }

    pub(crate) fn received(&self) -> Vec<Letter> {
        std::mem::take(&mut self.received.lock().unwrap())
    }
}

impl Post for MailServer {
    async fn deliver(&self, letter: Letter) -> Delivery {
        self.received.lock().unwrap().push(letter);
        self.answer.lock().unwrap().clone()
    }
}

/// A PKCS#10 request on a new P-256 key.
pub(crate) fn request() -> Vec<u8> {
    let key = rcgen::KeyPair::generate().unwrap();
    let parameters = rcgen::CertificateParams::new(vec!["evil.example".to_owned()]).unwrap();
    parameters.serialize_request(&key).unwrap().der().to_vec()
}
