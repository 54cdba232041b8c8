use std::path::{Path, PathBuf};

use tegata_agent::receipt::Receipts;
use tegata_agent::store::{self, KeyStore, Options, Pkcs12Form, StoreUri};
use tegata_text::Text;
use zeroize::Zeroizing;

use crate::World;
use crate::input::{Input, Missing};
use crate::output::Failure;

/// The text of `--store-password-file`, if one was given.
pub(crate) fn password(
    file: Option<&Path>,
    world: &World,
) -> Result<Option<Zeroizing<String>>, Failure> {
    file.map(|file| Input(world.text).secret(file)).transpose()
}

/// The password of a store that is there already: from the file, or asked for where there is no
/// store without one.
pub(crate) fn password_of(
    uri: &StoreUri,
    file: Option<&Path>,
    world: &World,
) -> Result<Option<Zeroizing<String>>, Failure> {
    let given = password(file, world)?;
    if given.is_some() || !matches!(uri, StoreUri::Pkcs12(_)) {
        return Ok(given);
    }
    let mut missing = Missing::new(&world.prompt);
    let question = world.text.app_ask_store_password();
    let password = missing.or_ask_secret(None, "--store-password-file", &question);
    missing.check(world.text)?;
    Ok(Some(password))
}

/// Opens a store with the user's own folders.
pub(crate) fn open(
    uri: &StoreUri,
    password: Option<Zeroizing<String>>,
    form: Pkcs12Form,
    world: &World,
) -> Result<Box<dyn KeyStore>, Failure> {
    let state = state_folder().map(|folder| folder.join("pending"));
    let options = Options { password, form, home: home(), state };
    store::open(uri, options).map_err(|error| Failure::of(error, world.text))
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

/// The stores of this build, for the help.
pub(crate) fn help(text: Text) -> String {
    if cfg!(windows) { text.app_help_stores_windows() } else { text.app_help_stores() }
}

/// Where the language comes from in this build, for the help.
pub(crate) fn help_lang(text: Text) -> String {
    if cfg!(windows) { text.app_help_lang_windows() } else { text.app_help_lang() }
}

/// Which store to name instead of a wrong one.
pub(crate) fn which(text: Text) -> String {
    if cfg!(windows) { text.app_bad_store_do_windows() } else { text.app_bad_store_do() }
}

/// The question for a store.
pub(crate) fn question(text: Text) -> String {
    if cfg!(windows) { text.app_ask_store_windows() } else { text.app_ask_store() }
}
