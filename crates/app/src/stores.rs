use std::path::{Path, PathBuf};

use tegata_agent::receipt::Receipts;
use tegata_agent::store::{self, KeyStore, Options, Pkcs12Form, StoreError, StoreUri};
use zeroize::Zeroizing;

use crate::World;
use crate::input::Input;
use crate::output::Failure;

/// The text of `--store-password-file`, if one was given.
pub(crate) fn password(
    file: Option<&Path>,
    world: &World,
) -> Result<Option<Zeroizing<String>>, Failure> {
    file.map(|file| Input(world.text).secret(file)).transpose()
}

/// Opens a store with the user's own folders.
pub(crate) fn open(
    uri: &StoreUri,
    password: Option<Zeroizing<String>>,
    form: Pkcs12Form,
    world: &World,
) -> Result<Box<dyn KeyStore>, Failure> {
    opened(uri, password, form).map_err(|error| Failure::of(error, world.text))
}

/// [`open`] with the error as it is.
pub(crate) fn opened(
    uri: &StoreUri,
    password: Option<Zeroizing<String>>,
    form: Pkcs12Form,
) -> Result<Box<dyn KeyStore>, StoreError> {
    let state = state_folder().map(|folder| folder.join("pending"));
    store::open(uri, Options { password, form, home: home(), state })
}

/// The stores that the window offers, the system's own first: as the command line names them.
pub(crate) fn choices() -> Vec<String> {
    if cfg!(windows) {
        vec!["windows".to_owned()]
    } else if cfg!(target_os = "macos") {
        vec!["keychain".to_owned()]
    } else {
        let mut stores = vec!["nss".to_owned()];
        stores.extend(home().into_iter().flat_map(|home| firefox_profiles(&home)));
        stores
    }
}

/// Profiles of Firefox, each with a certificate database of its own, sorted by name.
fn firefox_profiles(home: &Path) -> Vec<String> {
    let folders = std::fs::read_dir(home.join(".mozilla").join("firefox"));
    let folders = folders.into_iter().flatten().flatten().map(|entry| entry.path());
    let profiles = folders.filter(|folder| folder.join("cert9.db").is_file());
    let mut stores: Vec<_> = profiles
        .filter_map(|folder| folder.to_str().map(|folder| format!("nss:{folder}")))
        .collect();
    stores.sort();
    stores
}

/// Where the window's settings are kept.
pub(crate) fn settings_file() -> Option<PathBuf> {
    Some(state_folder()?.join("settings.json"))
}

/// Where receipts are kept, when the system names a place for a user's state.
pub(crate) fn receipts() -> Option<Receipts> {
    state_folder().map(|folder| Receipts::at(folder.join("certificates")))
}

fn home() -> Option<PathBuf> {
    folder_named(if cfg!(windows) { "USERPROFILE" } else { "HOME" })
}

/// `$XDG_STATE_HOME/tegata`, by default `~/.local/state/tegata`; `%LOCALAPPDATA%\tegata`.
fn state_folder() -> Option<PathBuf> {
    let state = if cfg!(windows) {
        folder_named("LOCALAPPDATA")
    } else {
        folder_named("XDG_STATE_HOME").or_else(|| Some(home()?.join(".local").join("state")))
    };
    Some(state?.join("tegata"))
}

fn folder_named(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute())
}
