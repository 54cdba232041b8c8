use std::cell::RefCell;
use std::collections::VecDeque;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::{SignedDuration, Timestamp};
use rcgen::{KeyPair, PublicKeyData, SigningKey};
use sha2::{Digest, Sha256};
use tegata_domain::Clock;
use tegata_wire::api::{Bilingual, ServiceInfo};
use tegata_wire::update::{
    Envelope, Form, Manifest, Package, PackageDigest, Platform, Signature, Version, message,
};
use tegata_wire::{Der, Problem, problem};
use tempfile::TempDir;

use crate::Fingerprint;
use crate::brand::Brand;
use crate::issue::Pause;
use crate::proxy::ProxyChoice;
use crate::testing::way_out;
use crate::testing::{Answer, Authority, Request, Server, now};
use crate::transport::Https;
use crate::update::{
    Application, Applied, Decision, Fetched, Offer, Place, Progress, UpdateError, apply, check,
    fetch, later,
};

/// The file that the sample manifest names.
pub(super) const FILE: &str = "tegata-app-0.2.0-linux-x86_64.tar.gz";

/// What stands in the place of the program before an update.
pub(super) const OLD: &str = "#!/bin/sh\necho tegata-app 0.1.0\n";

/// What an update brings.
pub(super) const NEW: &str = "#!/bin/sh\necho tegata-app 0.2.0\n";

/// What the server does with the next request for a package.
pub(super) enum Net {
    /// Sends so many octets of what was asked for and ends the connection.
    Cut(usize),
    /// Sends everything, whatever part was asked for.
    NoRange,
    /// Sends other octets than it was given.
    Instead(Vec<u8>),
    /// Says something else.
    Status(u16),
}

/// What the site has.
struct Offered {
    authority: Authority,
    minimum: String,
    manifest: Option<Vec<u8>>,
    package: Vec<u8>,
    net: VecDeque<Net>,
}

/// A site, a PC, and the keys of the operator.
pub(super) struct World {
    offered: Arc<Mutex<Offered>>,
    server: Server,
    pub(super) keys: [KeyPair; 2],
    pub(super) brand: Brand,
    pub(super) place: Place,
    pub(super) home: TempDir,
    pub(super) version: Version,
    pub(super) clock: Turned,
    waits: Waits,
    pub(super) progress: RefCell<Vec<Progress>>,
    pub(super) cancel: AtomicBool,
}

pub(super) struct Turned(Mutex<Timestamp>);

impl Clock for Turned {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

impl Turned {
    pub(super) fn turn(&self, by: SignedDuration) {
        *self.0.lock().unwrap() += by;
    }
}

#[derive(Default)]
struct Waits(RefCell<Vec<Duration>>);

impl Pause for Waits {
    fn pause(&self, duration: Duration) {
        self.0.borrow_mut().push(duration);
    }
}

pub(super) fn version(text: &str) -> Version {
    text.parse().unwrap()
}

impl World {
    /// A PC with version 0.1.0, and a site that offers nothing yet.
    pub(super) fn new() -> Self {
        let keys = [(); 2].map(|()| KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap());
        let authority = Authority::new();
        let root = Fingerprint::of(&authority.trust().root.0);
        let tls = authority.server("localhost");
        let offered = Arc::new(Mutex::new(Offered {
            authority,
            minimum: "0.1.0".to_owned(),
            manifest: None,
            package: Vec::new(),
            net: VecDeque::new(),
        }));
        let at_hand = offered.clone();
        let server = Server::start(tls, move |request| answer(&at_hand, request));
        let url = format!("https://localhost:{}/issueweb/0001/SB0001002C/", server.port());
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("bin")).unwrap();
        let program = home.path().join("bin/tegata-app");
        executable(&program, OLD);
        let text = |text: &str| Bilingual { ja: text.to_owned(), en: text.to_owned() };
        let brand = Brand {
            site: url.parse().unwrap(),
            root,
            organisation: text("Sample Bank, Ltd."),
            name: text("Sample Lite CMS"),
            help: None,
            key_colour: None,
            update_keys: keys.iter().map(raw).collect(),
        };
        let place = Place {
            program,
            platform: "linux-x86_64".parse().unwrap(),
            form: Form::Tar,
            is_own: true,
        };
        let brand_file = home.path().join("bin/brand.json");
        fs::write(brand_file, brand.to_json().unwrap()).unwrap();
        Self {
            offered,
            server,
            keys,
            brand,
            place,
            home,
            version: version("0.1.0"),
            clock: Turned(Mutex::new(now())),
            waits: Waits::default(),
            progress: RefCell::default(),
            cancel: AtomicBool::new(false),
        }
    }

    /// A site that offers version 0.2.0.
    pub(super) fn with_update() -> Self {
        let world = Self::new();
        world.publish(world.manifest());
        world
    }

    /// A manifest of version 0.2.0, number 7, of an hour ago and for a month.
    pub(super) fn manifest(&self) -> Manifest {
        let package = self.tar(NEW);
        let manifest = Manifest {
            service: "0001/SB0001002C".parse().unwrap(),
            sequence: 7,
            issued_at: now() - SignedDuration::from_hours(1),
            expires_at: now() + SignedDuration::from_hours(30 * 24),
            minimum_version: None,
            mandatory: false,
            allow_downgrade: false,
            notes: None,
            packages: vec![entry(&package)],
        };
        self.offered.lock().unwrap().package = package;
        manifest
    }

    /// Has the site offer these octets as the package, and describes them.
    pub(super) fn describe(&self, manifest: &mut Manifest, package: Vec<u8>) {
        manifest.packages[0].length = package.len() as u64;
        manifest.packages[0].sha256 = digest(&package);
        self.offered.lock().unwrap().package = package;
    }

    /// Signs with the first key and publishes.
    pub(super) fn publish(&self, manifest: Manifest) {
        self.publish_octets(self.signed(&manifest, &[&self.keys[0]]));
    }

    pub(super) fn publish_octets(&self, octets: Vec<u8>) {
        self.offered.lock().unwrap().manifest = Some(octets);
    }

    /// An envelope around a manifest, which may contradict itself.
    pub(super) fn signed(&self, manifest: &Manifest, keys: &[&KeyPair]) -> Vec<u8> {
        enveloped(&serde_json::to_vec(manifest).unwrap(), keys)
    }

    pub(super) fn wants(&self, minimum: &str) {
        self.offered.lock().unwrap().minimum = minimum.to_owned();
    }

    pub(super) fn net(&self, next: impl IntoIterator<Item = Net>) {
        self.offered.lock().unwrap().net.extend(next);
    }

    /// The octets that the site offers.
    pub(super) fn package(&self) -> Vec<u8> {
        self.offered.lock().unwrap().package.clone()
    }

    /// A package with this program and the brand of this service.
    pub(super) fn tar(&self, program: &str) -> Vec<u8> {
        let brand = self.brand.to_json().unwrap();
        tar(&[
            ("tegata-app-0.2.0/tegata-app", program.as_bytes()),
            ("tegata-app-0.2.0/brand.json", &brand),
        ])
    }

    fn with<T>(&self, use_it: impl FnOnce(&Application<'_>) -> T) -> T {
        use_it(&Application {
            brand: &self.brand,
            version: self.version,
            place: &self.place,
            folder: &self.folder(),
            network: &Https::new("0.1.0", "en", way_out(ProxyChoice::None)),
            clock: &self.clock,
            pause: &self.waits,
        })
    }

    pub(super) fn check(&self) -> Result<Decision, UpdateError> {
        self.with(|application| {
            check(application, &mut |step| self.progress.borrow_mut().push(step))
        })
    }

    /// What is offered; there has to be something.
    pub(super) fn offer(&self) -> Offer {
        self.check().unwrap().into_offer().expect("an offer")
    }

    pub(super) fn later(&self, offer: &Offer) {
        self.with(|application| later(application, offer)).unwrap();
    }

    pub(super) fn fetch(&self, offer: &Offer) -> Result<Fetched, UpdateError> {
        let mut heard = |step| self.progress.borrow_mut().push(step);
        self.with(|application| fetch(application, offer, &mut heard, &self.cancel))
    }

    pub(super) fn apply(&self, fetched: Fetched) -> Result<Applied, UpdateError> {
        self.with(|application| apply(application, fetched))
    }

    /// All of it.
    pub(super) fn update(&self) -> Result<Applied, UpdateError> {
        self.apply(self.fetch(&self.offer())?)
    }

    /// Where updates keep their files.
    pub(super) fn folder(&self) -> PathBuf {
        self.home.path().join("state/updates")
    }

    pub(super) fn memory(&self) -> PathBuf {
        self.folder().join("0001-SB0001002C.json")
    }

    /// The unfinished download of the offered package.
    pub(super) fn part(&self) -> PathBuf {
        self.folder().join(format!("{}.part", digest(&self.package())))
    }

    /// The program as it stands now.
    pub(super) fn program(&self) -> String {
        fs::read_to_string(&self.place.program).unwrap()
    }

    /// The names in the folder of the program, sorted.
    pub(super) fn beside(&self) -> Vec<String> {
        names(&self.home.path().join("bin"))
    }

    /// Every request for a package, with its `Range`.
    pub(super) fn asked(&self) -> Vec<Option<String>> {
        let requests = self.server.requests();
        let downloads = requests.iter().filter(|request| request.path.contains("/download/"));
        let range = |request: &Request| {
            let line = request.headers.lines().find_map(|line| line.strip_prefix("range: "));
            line.map(str::to_owned)
        };
        downloads.map(range).collect()
    }

    pub(super) fn waits(&self) -> usize {
        self.waits.0.borrow().len()
    }
}

pub(super) fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

pub(super) fn raw(key: &KeyPair) -> [u8; 32] {
    key.der_bytes().try_into().unwrap()
}

pub(super) fn enveloped(signed: &[u8], keys: &[&KeyPair]) -> Vec<u8> {
    let sign = |key: &&KeyPair| Signature {
        key: Der(raw(key).to_vec()),
        signature: Der(key.sign(&message(signed)).unwrap()),
    };
    let envelope =
        Envelope { signed: Der(signed.to_vec()), signatures: keys.iter().map(sign).collect() };
    serde_json::to_vec(&envelope).unwrap()
}

pub(super) fn digest(octets: &[u8]) -> PackageDigest {
    PackageDigest(Sha256::digest(octets).into())
}

fn entry(package: &[u8]) -> Package {
    Package {
        platform: "linux-x86_64".parse::<Platform>().unwrap(),
        form: Form::Tar,
        version: version("0.2.0"),
        file: FILE.parse().unwrap(),
        length: package.len() as u64,
        sha256: digest(package),
    }
}

/// A gzipped tar of regular files.
pub(super) fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, path, *content).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

pub(super) fn executable(path: &Path, content: &str) {
    let mut file = fs::File::create(path).unwrap();
    file.write_all(content.as_bytes()).unwrap();
    file.set_permissions(fs::Permissions::from_mode(0o755)).unwrap();
}

fn answer(offered: &Mutex<Offered>, request: &Request) -> Answer {
    let mut offered = offered.lock().unwrap();
    match request.path.as_str() {
        "/api/v1/0001/sb0001002c/trust" => json(&offered.authority.trust()),
        "/api/v1/0001/sb0001002c/service" => json(&service(&offered.minimum)),
        "/api/v1/0001/sb0001002c/update" => match &offered.manifest {
            Some(octets) => {
                Answer::Whole(200, "content-type: application/json\r\n".to_owned(), octets.clone())
            }
            None => {
                let problem = Problem::new("no_update", 404, "No.".into(), "".into(), "R".into());
                let headers = format!("content-type: {}\r\n", problem::CONTENT_TYPE);
                Answer::Whole(404, headers, serde_json::to_vec(&problem).unwrap())
            }
        },
        path if path.ends_with(&format!("/download/{FILE}")) => {
            let net = offered.net.pop_front();
            package(&offered.package, net, request)
        }
        _ => Answer::Whole(404, String::new(), Vec::new()),
    }
}

fn package(octets: &[u8], net: Option<Net>, request: &Request) -> Answer {
    let range = request.headers.lines().find_map(|line| line.strip_prefix("range: bytes="));
    let from: usize = range.map_or(0, |range| range.trim_end_matches('-').parse().unwrap());
    let octets = match &net {
        Some(Net::Instead(other)) => other.as_slice(),
        _ => octets,
    };
    let (status, headers, body) = match (&net, from) {
        (Some(Net::Status(status)), _) => return Answer::Whole(*status, String::new(), Vec::new()),
        (Some(Net::NoRange), _) | (_, 0) => (200, String::new(), octets),
        _ if from >= octets.len() => {
            return Answer::Whole(416, String::new(), Vec::new());
        }
        _ => {
            let of = octets.len();
            (206, format!("content-range: bytes {from}-{}/{of}\r\n", of - 1), &octets[from..])
        }
    };
    match net {
        Some(Net::Cut(count)) => {
            let body = body[..count.min(body.len())].to_vec();
            let promised = octets.len() - from;
            Answer::Short { status, headers, promised, body, stays: false }
        }
        _ => Answer::Whole(status, headers, body.to_vec()),
    }
}

fn service(minimum: &str) -> ServiceInfo {
    let text = |text: &str| Bilingual { ja: text.to_owned(), en: text.to_owned() };
    ServiceInfo {
        tenant: "0001".to_owned(),
        issuer: "SB0001002C".to_owned(),
        organisation: text("Sample Bank, Ltd."),
        name: text("Sample Lite CMS"),
        service_url: "https://gateway.example.jp/SAMPLE01/cms".to_owned(),
        time_zone: "Asia/Tokyo".to_owned(),
        user_id_example: "CMSM950-006-401".to_owned(),
        minimum_app_version: minimum.to_owned(),
    }
}

fn json(value: &impl serde::Serialize) -> Answer {
    let headers = "content-type: application/json\r\n".to_owned();
    Answer::Whole(200, headers, serde_json::to_vec(value).unwrap())
}
