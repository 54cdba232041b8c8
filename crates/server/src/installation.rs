//! The data directory: database, keys, and what else an installation keeps.

mod foundation;
mod request;
mod rollover;
mod servers;

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tegata_ca::{Authority, AuthorityError, KeyError, KeyKind, NameError};
use tegata_domain::{Clock, Entropy, Issuer, ServiceKey, Tenant};
use tegata_registrar::{
    Actor, CertifyError, Cost, IssuingCa, Keyring, KeyringError, Office, OfflineCa, Passwords,
    Service, ServiceSettings, SettingsError,
};
use tegata_store::{Store, StoreError, View};
use tegata_token::{TokenKey, TokenUri};

use crate::hierarchy::{HierarchyError, NamedRoot, Setting};
use crate::keyfile::{self, Home, KeyFileError, Passphrase};
use crate::offline::Waiting;
use crate::updates::Updates;

pub use foundation::Foundation;
pub use rollover::{KeyHome, Rollover};

/// Lifetime of a root.
const ROOT_LIFETIME: SignedDuration = SignedDuration::from_hours(20 * 365 * 24);
/// Lifetime of an issuing CA.
const ISSUING_LIFETIME: SignedDuration = SignedDuration::from_hours(10 * 365 * 24);

/// A data directory.
#[derive(Clone, Debug)]
pub struct DataDir(PathBuf);

/// Why an installation cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InstallationError {
    /// There is no database.
    #[error("{0} holds no installation; `tegata init --dir {0}` makes one")]
    Missing(PathBuf),
    /// There may be one, but whoever asks must not read it.
    #[error("{0}: permission denied; run as the owner of {1}")]
    Denied(PathBuf, PathBuf),
    /// It waits for the certificate of an offline root.
    #[error(
        "{0} waits for the certificate of its issuing CA: have the root sign the .csr file there, \
         then run `tegata ca install`"
    )]
    Waiting(PathBuf),
    /// The root's key is not here.
    #[error(
        "the key of {0} is not here: have its ceremony sign a request (`tegata ca request`), then \
         run `tegata ca install`"
    )]
    RootElsewhere(Issuer),
    /// One was made already.
    #[error("{0} is made already and issues from {1}; there is nothing to roll over to before")]
    RolloverUnderWay(Issuer, Timestamp),
    /// No name could be counted up.
    #[error("no name for the new CA follows from the old one's; give --name")]
    NoName,
    /// Another server runs here.
    #[error("another tegata serve or demo runs on {0}; stop it first")]
    InUse(PathBuf),
    /// There is an installation already.
    #[error("{0} holds an installation already")]
    Founded(PathBuf),
    /// Keys without their database.
    #[error(
        "{0} holds keys but there is no installation around them: restore its database; if they \
         were left by a first start that was cut short, move them away"
    )]
    OrphanedKeys(PathBuf),
    /// Root and issuing CA must be told apart.
    #[error("root and issuing CA need different names; both are {0}")]
    SameName(Issuer),
    /// The file system said no.
    #[error("{0}: {1}")]
    Io(PathBuf, std::io::Error),
    /// A key file or the passphrase.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A CA certificate.
    #[error("{0}: {1}")]
    Authority(Issuer, AuthorityError),
    /// Root or issuing CA could not be made.
    #[error(transparent)]
    Hierarchy(#[from] HierarchyError),
    /// A service.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// A service's settings.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A name for a certificate.
    #[error(transparent)]
    Name(#[from] NameError),
    /// There is nothing to serve.
    #[error("the installation has no service")]
    NoService,
    /// A key cannot be written.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A server certificate.
    #[error(transparent)]
    Certify(#[from] CertifyError),
}

/// The folder of one service's installers below that of all downloads.
pub(crate) fn installers(downloads: &Path, tenant: &Tenant, issuer: &Issuer) -> PathBuf {
    downloads.join(tenant.as_str()).join(issuer.as_str())
}

impl DataDir {
    /// The directory at `path`, which need not exist yet.
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.0.join("tegata.db")
    }

    /// Where the passphrase of the keys is, unless the settings say otherwise.
    pub fn passphrase(&self) -> PathBuf {
        self.0.join("secrets/ca-passphrase")
    }

    /// What the site offers for download, to the users of every service.
    pub fn downloads(&self) -> PathBuf {
        self.0.join("downloads")
    }

    /// Updates of the application.
    pub fn updates(&self) -> Updates {
        Updates::of(&self.0, &self.downloads())
    }

    /// Installers that the site offers to the users of one service.
    pub fn installers(&self, service: &ServiceKey) -> PathBuf {
        installers(&self.downloads(), &service.tenant, &service.issuer)
    }

    /// The file of a private key.
    pub fn key(&self, name: impl std::fmt::Display) -> PathBuf {
        self.0.join(format!("keys/{name}.key.pem"))
    }

    /// Whether there is an installation: a database with a service. One without was left by an
    /// attempt that was cut short.
    ///
    /// # Errors
    /// When there is a database that cannot be read.
    pub fn is_founded(&self) -> Result<bool, InstallationError> {
        let database = self.database();
        match File::open(&database).map_err(|error| (error.kind(), error)) {
            Ok(_) => {}
            Err((ErrorKind::NotFound | ErrorKind::NotADirectory, _)) => return Ok(false),
            Err((ErrorKind::PermissionDenied, _)) => {
                return Err(InstallationError::Denied(database, self.0.clone()));
            }
            Err((_, error)) => return Err(InstallationError::Io(database, error)),
        }
        let store = Store::open(&database)?;
        Ok(!store.read(|view: View<'_>| view.services())?.is_empty())
    }

    /// Makes the directories, readable by their owner alone.
    ///
    /// # Errors
    /// When the file system says no.
    pub fn create(&self) -> Result<(), InstallationError> {
        for dir in ["", "keys", "secrets", "downloads"] {
            let path = self.0.join(dir);
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&path)
                .map_err(|error| InstallationError::Io(path, error))?;
        }
        Ok(())
    }

    /// Takes the directory for one server process, for as long as the file lives: two would each
    /// settle the other's intents. Administration commands do not ask for it.
    ///
    /// # Errors
    /// When another server has it, or the file system says no.
    pub fn lock(&self) -> Result<File, InstallationError> {
        let path = self.0.join("lock");
        let failed = |error| InstallationError::Io(path.clone(), error);
        let file = File::create(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(InstallationError::InUse(self.0.clone())),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// Opens the database for use cases that need no CA key.
    ///
    /// # Errors
    /// When there is no installation or its database cannot be opened.
    pub fn office(
        &self,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Office, InstallationError> {
        if !self.is_founded()? {
            let path = self.0.clone();
            return Err(match self.waiting().exists() {
                true => InstallationError::Waiting(path),
                false => InstallationError::Missing(path),
            });
        }
        self.office_anew(clock, entropy)
    }

    fn office_anew(
        &self,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Office, InstallationError> {
        let parallel = std::thread::available_parallelism().map_or(1, usize::from);
        let store = Arc::new(Store::open(&self.database())?);
        Ok(Office::new(store, clock, entropy, Passwords::new(Cost::default(), parallel)))
    }

    /// As [`DataDir::found_by`], by this program itself.
    ///
    /// # Errors
    /// Likewise.
    pub async fn found(
        &self,
        foundation: &Foundation,
        passphrase: &Passphrase,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Office, InstallationError> {
        self.found_by(Actor::System, foundation, passphrase, clock, entropy).await
    }

    /// Makes root, issuing CA and feed key and records the service.
    ///
    /// # Errors
    /// When keys exist already, names are not fit for certificates, or the disk says no.
    pub async fn found_by(
        &self,
        actor: Actor,
        foundation: &Foundation,
        passphrase: &Passphrase,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Office, InstallationError> {
        self.begin(&foundation.settings, &foundation.root_name, &foundation.key.issuer)?;
        let root_subject = foundation.subject(&foundation.root_name)?;
        let issuing_subject = foundation.subject(&foundation.key.issuer)?;
        // Before anything is made: what a token would refuse must not leave half a hierarchy.
        for (token, name) in foundation.tokens() {
            TokenKey::check_free(token, name.as_str()).map_err(KeyFileError::from)?;
        }
        let new_key = |name: &Issuer, choice, token: &Option<TokenUri>| {
            let home = match token {
                None => Home::File(passphrase),
                Some(uri) => Home::Token { uri, label: name.as_str() },
            };
            keyfile::create_for_ca(&self.key(name), choice, home, &*entropy)
        };
        let setting = Setting { now: clock.now(), entropy: &*entropy };
        let (root_name, name) = (&foundation.root_name, &foundation.key.issuer);
        let root_key = new_key(root_name, foundation.root_key, &foundation.root_token)?;
        let root = setting.root(root_name, &root_subject, root_key, ROOT_LIFETIME)?;
        let issuing_key = new_key(name, foundation.issuing_key, &foundation.issuing_token)?;
        let issuing = setting.issuing(
            &NamedRoot { name: root_name, authority: &root },
            &foundation.settings.status_url,
            (name, &issuing_subject),
            issuing_key.public_key(),
            ISSUING_LIFETIME,
        )?;
        let issuing = Authority::open(issuing.der, issuing_key)
            .map_err(|error| InstallationError::Authority(name.clone(), error))?;
        keyfile::create(&self.key("feed"), KeyKind::Ed25519, passphrase, &*entropy)?;
        let office = self.office_anew(clock, entropy)?;
        let named = (&foundation.root_name, &root);
        office.found(actor, &foundation.key, &foundation.settings, named, &issuing).await?;
        self.write_root_pem(root.certificate())?;
        Ok(office)
    }

    /// Makes the directories for a new installation, and refuses where there is one or one may
    /// have been.
    pub(crate) fn begin(
        &self,
        settings: &ServiceSettings,
        root: &Issuer,
        issuing: &Issuer,
    ) -> Result<(), InstallationError> {
        settings.check()?;
        if root == issuing {
            return Err(InstallationError::SameName(root.clone()));
        }
        if self.is_founded()? {
            return Err(InstallationError::Founded(self.0.clone()));
        }
        if self.waiting().exists() {
            return Err(InstallationError::Waiting(self.0.clone()));
        }
        self.create()?;
        self.refuse_orphaned_keys()
    }

    /// Records a service whose keys are safe and whose root is elsewhere.
    pub(crate) async fn found_with(
        &self,
        actor: Actor,
        waiting: &Waiting,
        root: &[u8],
        issuing: &[u8],
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<(), InstallationError> {
        let office = self.office_anew(clock, entropy)?;
        let root = (&waiting.root_name, root);
        office.found_with(actor, &waiting.key, &waiting.settings, root, issuing).await?;
        Ok(())
    }

    /// What is kept until the certificate of an offline root comes.
    pub(crate) fn waiting(&self) -> PathBuf {
        self.0.join("waiting.json")
    }

    /// Whether the key of this CA is here, in a file or by its address in a token.
    pub fn has_ca_key(&self, name: &Issuer) -> bool {
        keyfile::exists(&self.key(name))
    }

    /// Where the root certificate is, in PEM, for browsers and curl.
    pub fn root_pem(&self) -> PathBuf {
        self.0.join("root.pem")
    }

    pub(crate) fn write_root_pem(&self, root: &[u8]) -> Result<(), InstallationError> {
        let path = self.root_pem();
        let text = der::pem::encode_string("CERTIFICATE", der::pem::LineEnding::LF, root);
        let text = text.map_err(|error| std::io::Error::other(error.to_string()));
        text.and_then(|text| fs::write(&path, text))
            .map_err(|error| InstallationError::Io(path, error))
    }

    /// Refuses to found where keys are: they may be all that is left of an installation.
    fn refuse_orphaned_keys(&self) -> Result<(), InstallationError> {
        let keys = self.0.join("keys");
        let mut entries =
            fs::read_dir(&keys).map_err(|error| InstallationError::Io(keys.clone(), error))?;
        match entries.next() {
            None => Ok(()),
            Some(_) => Err(InstallationError::OrphanedKeys(keys)),
        }
    }

    /// Opens every key that is at hand and puts the services together.
    ///
    /// # Errors
    /// When a key of an issuing CA or the feed cannot be opened, or a service makes no sense.
    pub fn keyring(
        &self,
        office: &Office,
        passphrase: &Passphrase,
    ) -> Result<Keyring, InstallationError> {
        let (services, authorities) = office
            .store()
            .read(|view: View<'_>| Ok::<_, StoreError>((view.services()?, view.authorities()?)))?;
        let open = |record: &tegata_store::AuthorityRecord| {
            let key = keyfile::open_for_ca(&self.key(&record.name), passphrase)?;
            let authority = Authority::open(record.certificate.clone(), key)
                .map_err(|error| InstallationError::Authority(record.name.clone(), error))?;
            Ok::<_, InstallationError>(IssuingCa {
                id: record.id,
                parent: record.parent,
                name: record.name.clone(),
                authority,
                complete_crl: record.complete_crl,
                issues_from: record.issues_from,
                retired: record.retired_at.is_some(),
                revoked: record.revoked_at.is_some(),
            })
        };
        let (mut roots, mut offline) = (Vec::new(), Vec::new());
        for record in authorities.iter().filter(|record| record.service.is_none()) {
            // A root whose key is kept elsewhere still has a certificate to show.
            if self.has_ca_key(&record.name) {
                roots.push(open(record)?);
            } else {
                offline.push(OfflineCa {
                    id: record.id,
                    name: record.name.clone(),
                    certificate: record.certificate.clone(),
                });
            }
        }
        let mut opened = Vec::new();
        for service in services {
            let mut issuing = authorities
                .iter()
                .rev()
                .filter(|record| record.service == Some(service.id))
                .filter_map(|record| match open(record) {
                    // Of a CA that is revoked the key may have been moved away, and should be:
                    // it must not keep all the others from being opened.
                    Err(error) if record.revoked_at.is_some() => {
                        tracing::warn!(ca = %record.name, %error, "the key of a revoked CA");
                        None
                    }
                    opened => Some(opened),
                })
                .collect::<Result<Vec<_>, _>>()?;
            issuing.sort_by_key(|ca| ca.retired);
            let parent = authorities
                .iter()
                .find(|record| issuing.first().is_some_and(|first| first.id == record.id))
                .and_then(|record| record.parent);
            let root = authorities
                .iter()
                .find(|record| Some(record.id) == parent)
                .ok_or_else(|| KeyringError::NoIssuer(service.key.clone()))?;
            opened.push(Service::open(
                service.id,
                service.key,
                ServiceSettings::on_record(&service.settings)?,
                issuing,
                root.name.clone(),
                root.certificate.clone(),
            )?);
        }
        let feed = keyfile::open(&self.key("feed"), passphrase)?;
        Ok(Keyring::new(opened, roots, Arc::new(feed)).with_offline(offline))
    }
}
