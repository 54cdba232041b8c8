//! Where keys and certificates live.

#[cfg(target_os = "macos")]
mod keychain;
#[cfg(target_os = "linux")]
mod nss;
mod pem;
mod pkcs11;
mod pkcs12;
#[cfg(test)]
mod tests;
mod token;
mod uri;
mod waiting;
#[cfg(windows)]
mod windows;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use tegata_domain::{Entropy, Serial, ServiceKey, UserId};
use tegata_pkcs11::TokenError;
use zeroize::Zeroizing;

use crate::cert::Cert;
use crate::key::SeatKey;
use crate::site::Site;
use crate::trust::Trusted;

pub(crate) use token::explain as explain_token;
pub use uri::{FIREFOX, StoreUri, StoreUriError, WindowsKeys};

/// A place for keys and certificates: a folder, a file, a system's store, a token.
///
/// The order of calls for an issuance is `begin`, `install`, `read_back`, `settle`.
pub trait KeyStore {
    /// Checks that the store can take the seat's certificate, then takes up the key that waits
    /// from an unfinished try or makes one. The key outlives a crash from here on.
    ///
    /// # Errors
    /// Above all [`StoreError::Occupied`], before anything is sent and the password spent.
    fn begin(&mut self, seat: &Seat<'_>) -> Result<Begun<'_>, StoreError>;

    /// Puts the certificate, its chain and its root beside the key begun.
    ///
    /// # Errors
    /// When the store does not take them. It may be called again.
    fn install(&mut self, bundle: &Bundle, entropy: &dyn Entropy) -> Result<Installed, StoreError>;

    /// Opens the store afresh, compares what is there octet for octet, and has the key sign.
    ///
    /// # Errors
    /// When something is not as it was put in.
    fn read_back(&self, bundle: &Bundle) -> Result<(), StoreError>;

    /// Forgets the key that waits: its certificate is installed, or there will never be one.
    ///
    /// # Errors
    /// When it cannot be removed.
    fn settle(&mut self) -> Result<(), StoreError>;

    /// The certificates of Tegata's form in the store.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn list(&self) -> Result<Vec<Held>, StoreError>;

    /// The key of a certificate that [`KeyStore::list`] gave, to sign with.
    ///
    /// # Errors
    /// When the key is not there, or the store hands none out.
    fn key(&self, held: &Held) -> Result<Arc<dyn SeatKey>, StoreError>;

    /// Removes a certificate that [`KeyStore::list`] gave, and its key. Chain and root stay:
    /// other certificates of the service lead to them.
    ///
    /// # Errors
    /// When the store keeps them. A certificate that is gone already is no error.
    fn remove(&mut self, held: &Held) -> Result<(), StoreError>;

    /// Removes the keys that wait for certificates of this service, of all services without one.
    /// A store whose keys wait in files of their own has nothing to do: they go with the files.
    ///
    /// # Errors
    /// When the store keeps them.
    fn give_up(&mut self, _service: Option<&ServiceKey>) -> Result<(), StoreError> {
        Ok(())
    }

    /// Installs root and issuing CA certificates only, and says where.
    ///
    /// # Errors
    /// [`StoreError::Unsupported`] for stores that hold no roots.
    fn trust(&mut self, trusted: &Trusted) -> Result<String, StoreError>;

    /// Whether what reads this store trusts the root and knows the issuing CAs.
    ///
    /// # Errors
    /// [`StoreError::Unsupported`] for stores that hold no roots, or when it cannot be read.
    fn trusts(&self, _trusted: &Trusted) -> Result<bool, StoreError> {
        Err(StoreError::Unsupported("roots"))
    }

    /// The root and issuing CA certificates that the store holds, whoever put them there: by them
    /// it is told whose a certificate is.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn authorities(&self) -> Result<Vec<Cert>, StoreError>;

    /// Removes the root and issuing CA certificates that this program added to the store, but
    /// for those to which a certificate of Tegata's form in it leads.
    ///
    /// # Errors
    /// [`StoreError::CannotUntrust`] for stores that do not remember which ones those are.
    fn untrust(&mut self) -> Result<Untrusted, StoreError> {
        Err(StoreError::CannotUntrust)
    }
}

/// What became of the authorities that this program had added to a store, by common names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Untrusted {
    /// They are gone.
    pub removed: Vec<String>,
    /// They stay: a certificate in the store leads to them.
    pub kept: Vec<String>,
}

/// Whose key is wanted.
pub struct Seat<'a> {
    /// The user ID.
    pub user: &'a UserId,
    /// The issuing site.
    pub site: &'a Site,
    /// Its believed certificates.
    pub trusted: &'a Trusted,
    /// The present moment.
    pub now: Timestamp,
    /// Where a new key comes from.
    pub entropy: &'a dyn Entropy,
}

/// A key ready to be certified.
pub struct Begun<'a> {
    /// The key.
    pub key: &'a dyn SeatKey,
    /// Whether it waited from an unfinished try.
    pub resumed: bool,
    /// Where it waits for its certificate, as a person finds it.
    pub waits_in: String,
}

/// A certificate with all that leads to it.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// The seat.
    pub user: UserId,
    /// The serial number.
    pub serial: Serial,
    /// The certificate.
    pub certificate: Cert,
    /// Issuing CAs from the certificate's issuer upwards, without the root.
    pub intermediates: Vec<Cert>,
    /// The believed root.
    pub root: Cert,
    /// The service's time zone, in which a person sees the certificate's dates.
    pub zone: TimeZone,
}

impl Bundle {
    /// The name under which stores with names show it: `CMSM950-006-401 (until 2027-02-16)`. The
    /// last day is that of the service's time zone, as on its pages and in its mails.
    pub fn friendly_name(&self) -> String {
        let until = self.certificate.not_after().to_zoned(self.zone.clone()).date();
        format!("{} (until {until})", self.user)
    }
}

/// Where something was put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// A path, or a store with a name in it.
    pub location: String,
    /// Where the key is.
    pub key: KeyLocation,
}

/// What guards a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyLocation {
    /// A file.
    File,
    /// A key store of the system or the browser.
    System,
    /// A TPM, card or token that does not let it out.
    Hardware,
}

/// A certificate found in a store.
#[derive(Clone, Debug)]
pub struct Held {
    /// The certificate.
    pub certificate: Cert,
    /// The seat it names.
    pub user: UserId,
    /// Its serial number.
    pub serial: Serial,
    /// Where it was found, and where its key is; `None` when the key is not in the store.
    pub location: String,
    /// Where its key is; `None` when the key is not in this store.
    pub key: Option<KeyLocation>,
}

impl Held {
    /// `certificate` when it is of Tegata's form.
    pub(crate) fn of(
        certificate: Cert,
        location: String,
        key: Option<KeyLocation>,
    ) -> Option<Self> {
        let (user, serial) = (certificate.seat()?, certificate.serial()?);
        Some(Self { certificate, user, serial, location, key })
    }
}

/// The form of a PKCS#12 file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pkcs12Form {
    /// AES-256 and SHA-256.
    #[default]
    Modern,
    /// Triple DES and SHA-1, for readers from before about 2018.
    Legacy,
}

/// How a store is opened.
#[derive(Default)]
pub struct Options {
    /// Password of the store.
    pub password: Option<Zeroizing<String>>,
    /// Form of a PKCS#12 file.
    pub form: Pkcs12Form,
    /// The user's home folder, for the default NSS store.
    pub home: Option<PathBuf>,
    /// A folder of the user for state, where keys wait whose store is no folder of our own.
    pub state: Option<PathBuf>,
}

/// Opens a store. Nothing is touched yet.
///
/// # Errors
/// When its place is not known, or a program that it works with is not there.
pub fn open(uri: &StoreUri, options: Options) -> Result<Box<dyn KeyStore>, StoreError> {
    Ok(match uri {
        StoreUri::Pem(folder) => Box::new(pem::Pem::new(folder.clone())),
        StoreUri::Pkcs12(file) => {
            let password = options.password.ok_or(StoreError::PasswordNeeded)?;
            Box::new(pkcs12::Pkcs12::new(file.clone(), password, options.form, options.state))
        }
        #[cfg(target_os = "linux")]
        StoreUri::Nss(folder) => {
            nss::check()?;
            let folder = database(folder.as_deref(), options.home.as_deref())?;
            let state = options.state.unwrap_or_else(|| folder.clone());
            Box::new(nss::Nss::new(folder, options.password, state))
        }
        #[cfg(not(target_os = "linux"))]
        StoreUri::Nss(_) => return Err(StoreError::Unsupported("nss")),
        StoreUri::Pkcs11(address) => {
            let state = options.state.ok_or(NO_STATE)?;
            Box::new(pkcs11::Pkcs11::new((**address).clone(), options.password, state)?)
        }
        #[cfg(target_os = "macos")]
        StoreUri::Keychain => Box::new(keychain::Keychain::new(options.state.ok_or(NO_STATE)?)),
        #[cfg(windows)]
        StoreUri::Windows(keys) => {
            Box::new(windows::Windows::new(*keys, options.state.ok_or(NO_STATE)?))
        }
        #[cfg(not(windows))]
        StoreUri::Windows(_) => return Err(StoreError::Internal("there is one on Windows only")),
    })
}

const NO_STATE: StoreError = StoreError::Internal("the folder for state is not known");

/// The folder of an NSS database.
#[cfg(target_os = "linux")]
fn database(named: Option<&Path>, home: Option<&Path>) -> Result<PathBuf, StoreError> {
    let home = home.ok_or(StoreError::Internal("the home folder is not known"));
    match named {
        Some(folder) if folder == Path::new(FIREFOX) => nss::firefox(home?),
        Some(folder) => Ok(folder.to_owned()),
        None => home.map(nss::chromium),
    }
}

/// Whether this store is Firefox's own. It reads its database when it starts: if it is open, it
/// must be started anew before it offers a new certificate.
pub fn is_firefox(uri: &StoreUri) -> bool {
    match uri {
        #[cfg(target_os = "linux")]
        StoreUri::Nss(Some(folder)) => folder == Path::new(FIREFOX) || nss::is_firefox(folder),
        _ => false,
    }
}

/// Why a store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The system said no.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// To what.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// There is no such store.
    #[error("{} does not exist", .0.display())]
    Missing(PathBuf),
    /// Another key or certificate stands where ours should go.
    #[error("{} holds something else", .0.display())]
    Occupied(PathBuf),
    /// Other users can write in the folder, and could put a key of theirs in the place of ours.
    #[error("others can write in {}", .0.display())]
    OpenToOthers(PathBuf),
    /// Not the expected form, or another password.
    #[error("{} cannot be read", .0.display())]
    Unreadable(PathBuf),
    /// NSS, which works with the browsers' databases, is not installed.
    #[error("libsoftokn3 is not installed")]
    SoftokenMissing,
    /// A folder that NSS cannot be told of.
    #[error("{} has characters in its name that NSS does not take", .0.display())]
    Folder(PathBuf),
    /// The token, or the driver of it.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The keychain of macOS said no.
    #[error("keychain: {0}")]
    Keychain(String),
    /// The store wants a password and none was given.
    #[error("a password is needed")]
    PasswordNeeded,
    /// The system's own store did not do what was asked of it.
    #[error("{0}")]
    System(String),
    /// A new key cannot live where it should: a provider is not there, or does not do all that a
    /// key has to do.
    #[error("no key can be made there: {0}")]
    NoPlaceForKey(String),
    /// The user answered no when the system asked whether the root is to be trusted.
    #[error("the root was not taken into the trusted ones")]
    RootDeclined,
    /// The store does not remember which authorities this program added.
    #[error("authorities are not removed from this store")]
    CannotUntrust,
    /// What is in the store is not what was put in.
    #[error("{0}")]
    NotReadBack(&'static str),
    /// The store cannot do this.
    #[error("{0}")]
    Unsupported(&'static str),
    /// Something that should not happen.
    #[error("{0}")]
    Internal(&'static str),
}

impl StoreError {
    /// For `map_err` on an operation on `path`.
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }
}

/// Proves that a key belongs to a certificate: it signs, and the certificate verifies.
fn prove(key: &dyn SeatKey, certificate: &Cert) -> Result<(), StoreError> {
    const MESSAGE: &[u8] = b"tegata: this key answers for its certificate";
    let signature = key.sign(MESSAGE).ok_or(StoreError::NotReadBack("the key does not sign"))?;
    if certificate.verifies(key.algorithm(), MESSAGE, &signature) {
        Ok(())
    } else {
        Err(StoreError::NotReadBack("the key does not belong to the certificate"))
    }
}
