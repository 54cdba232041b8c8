use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use cryptoki::context::Pkcs11;
use cryptoki::error::Error;
use cryptoki::object::{Attribute, AttributeType};
use cryptoki::session::UserType;
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use tegata_pkcs11::{Module, Token, TokenError, TokenUri};
use zeroize::Zeroizing;

use super::super::StoreError;
use super::vendor::{self, NEW_SLOT, NSS};

/// NSS's PKCS#11 driver.
const LIBRARY: &str = "libsoftokn3.so";

/// Where distributions keep it: Debian and Ubuntu, Fedora, Arch; then the browser's own.
const FOLDERS: [&str; 9] = [
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu/nss",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu/nss",
    "/usr/lib64",
    "/lib64",
    "/usr/lib",
    "/usr/lib/firefox-esr",
    "/usr/lib/firefox",
];

/// The slot without a database, from which others are opened (`NETSCAPE_SLOT_ID`).
const GENERIC_SLOT: u64 = 1;

/// Slots for databases that a program opens: `SFTK_MIN_USER_SLOT_ID` and after.
const SLOTS: std::ops::RangeInclusive<u8> = 4..=100;

/// Slots of this process that are taken.
static TAKEN: Mutex<BTreeSet<u8>> = Mutex::new(BTreeSet::new());

/// Where the driver is.
pub(super) fn library() -> Result<PathBuf, StoreError> {
    library_in(FOLDERS.map(Path::new).as_slice())
}

fn library_in(folders: &[&Path]) -> Result<PathBuf, StoreError> {
    let mut files = folders.iter().map(|folder| folder.join(LIBRARY));
    files.find(|file| file.exists()).ok_or(StoreError::SoftokenMissing)
}

/// A database that softoken has open in a slot of its own.
pub(super) struct Database {
    module: Arc<Module>,
    library: PathBuf,
    slot: SlotNumber,
}

impl Database {
    /// Opens the database in `folder`. Without one there, makes one with `password` or, when
    /// that is none, with the empty one that browsers ask nobody for.
    pub(super) fn open(
        folder: &Path,
        password: Option<&Zeroizing<String>>,
    ) -> Result<Arc<Self>, StoreError> {
        let place = plain(folder).ok_or_else(|| StoreError::Folder(folder.to_owned()))?;
        let library = library()?;
        let module = Module::open_with(&library, tegata_softoken::arguments())?;
        let slot = SlotNumber::take()?;
        let database = Arc::new(Self { module, library, slot });
        let name = database.name();
        let configuration = format!("configdir='sql:{place}' tokenDescription='{name}'");
        let refused = |_| StoreError::Unreadable(folder.to_owned());
        database.configure(&configuration).map_err(refused)?;
        database
            .module
            .alone(|context| database.set_password_once(context, password))
            .map_err(|cause| TokenError::Driver { token: name, cause })?;
        Ok(database)
    }

    /// The database as a token. Drop it before the database.
    pub(super) fn token(&self, password: Option<&Zeroizing<String>>) -> Arc<Token> {
        let uri = TokenUri::of_module(self.library.clone()).labelled(self.name());
        let uri = match password {
            Some(password) => uri.with_pin(password.clone()),
            None => uri.without_usual_pin(),
        };
        self.module.passing_token(uri)
    }

    fn name(&self) -> String {
        format!("tegata-{}", self.slot.0)
    }

    /// A database that was just made has no password yet, not even an empty one.
    fn set_password_once(
        &self,
        context: &Pkcs11,
        password: Option<&Zeroizing<String>>,
    ) -> Result<(), Error> {
        let slot = slot(context, self.slot.0.into())?;
        if context.get_token_info(slot)?.user_pin_initialized() {
            return Ok(());
        }
        let session = context.open_rw_session(slot)?;
        session.login(UserType::So, Some(&AuthPin::from("")))?;
        let password = password.map(|password| password.as_str()).unwrap_or_default();
        session.init_pin(&AuthPin::from(password))?;
        session.logout()
    }

    /// Opens the slot with another configuration; what was open in it is closed.
    fn configure(&self, configuration: &str) -> Result<(), Error> {
        let specification = format!("tokens=[{:#x}=<{configuration}>]\0", self.slot.0);
        self.module.alone(|context| {
            let session = context.open_ro_session(slot(context, GENERIC_SLOT)?)?;
            let specification = Attribute::VendorDefined((
                AttributeType::VendorDefined(NSS + vendor::MODULE_SPECIFICATION),
                specification.into_bytes(),
            ));
            // The object stands for the slot; there is nothing to keep of it.
            session.create_object(&[vendor::class(NEW_SLOT), specification]).map(drop)
        })
    }
}

/// Closes the files.
impl Drop for Database {
    fn drop(&mut self) {
        // Softoken has no way to take a slot away that works in every version; one without a
        // database is as good. Where that fails the files stay open until the slot's next use.
        let _ = self.configure("configdir='' flags=noCertDB,noKeyDB");
    }
}

fn slot(context: &Pkcs11, number: u64) -> Result<Slot, Error> {
    let slots = context.get_all_slots()?;
    slots.into_iter().find(|slot| slot.id() == number).ok_or(Error::InvalidValue)
}

/// A slot of this process, given back when it is dropped.
struct SlotNumber(u8);

impl SlotNumber {
    fn take() -> Result<Self, StoreError> {
        let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        let free = SLOTS.into_iter().find(|number| taken.insert(*number));
        free.map(Self).ok_or(StoreError::Internal("too many databases are open"))
    }
}

impl Drop for SlotNumber {
    fn drop(&mut self) {
        TAKEN.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.0);
    }
}

/// The folder as it may stand between single quotes within two kinds of brackets.
fn plain(folder: &Path) -> Option<&str> {
    let special = |c: char| c.is_control() || r#"'"\<>[]{}()"#.contains(c);
    folder.to_str().filter(|path| !path.contains(special))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_is_found_or_named() {
        assert!(library().unwrap().ends_with(LIBRARY));
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(library_in(&[folder.path()]), Err(StoreError::SoftokenMissing)));
        let file = folder.path().join(LIBRARY);
        std::fs::write(&file, "").unwrap();
        let found = library_in(&[Path::new("/nowhere"), folder.path()]).unwrap();
        assert_eq!(found, file);
    }

    #[test]
    fn a_folder_that_would_change_the_configuration_is_refused() {
        for path in ["/home/o'neil", "/a>b", "/a]b", "/a\\b", "/a\nb"] {
            assert_eq!(plain(Path::new(path)), None, "{path}");
        }
        assert_eq!(plain(Path::new("/home/u v/日本")), Some("/home/u v/日本"));
    }
}
