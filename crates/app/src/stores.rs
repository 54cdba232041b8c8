use std::path::{Path, PathBuf};

use jiff::Timestamp;
use tegata_agent::Error;
use tegata_agent::brand::{Brand, BrandError};
use tegata_agent::issue::{Outcome, Stopped};
use tegata_agent::receipt::Receipts;
use tegata_agent::schedule::Places;
use tegata_agent::site::Site;
use tegata_agent::store::{self, KeyStore, Options, Pkcs12Form, StoreError, StoreUri};
use tegata_domain::Serial;
use tegata_text::{Lang, Text};
use zeroize::Zeroizing;

use crate::World;
use crate::args::StoreOptions;
use crate::input::{Input, Missing};
use crate::output::Failure;

/// The system's own store, as the command line names it: where its browsers look.
pub(crate) const OWN: &str = if cfg!(windows) {
    "windows"
} else if cfg!(target_os = "macos") {
    "keychain"
} else {
    "nss"
};

/// Whether it is the system's own store, which cannot be mistyped.
pub(crate) fn is_own(uri: &StoreUri) -> bool {
    uri.to_string() == OWN
}

/// The text of `--store-password-file`, if one was given.
pub(crate) fn password(
    file: Option<&Path>,
    world: &World,
) -> Result<Option<Zeroizing<String>>, Failure> {
    file.map(|file| Input(world.text).secret(file)).transpose()
}

/// The password of a file that has one by nature: as given, else asked for.
fn password_for(
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
    let asked = missing.or_ask_secret(None, "--store-password-file", &question);
    missing.check(world.text)?;
    Ok(Some(asked))
}

/// The store that a command names; without a name the system's own.
pub(crate) fn chosen(at: &StoreOptions, text: Text) -> Result<StoreUri, Failure> {
    Input(text).store(at.store.as_deref().unwrap_or(OWN))
}

/// As [`chosen`], with the password of a file that has one.
pub(crate) fn unlocked(
    at: &StoreOptions,
    world: &World,
) -> Result<(StoreUri, Option<Zeroizing<String>>), Failure> {
    let uri = chosen(at, world.text)?;
    let password = password_for(&uri, at.store_password_file.as_deref(), world)?;
    Ok((uri, password))
}

/// The PIN for a token whose keys are used, made or removed: as given, else as its address says
/// where it is, else asked for.
pub(crate) fn pin_of_token(
    uri: &StoreUri,
    given: Option<Zeroizing<String>>,
    world: &World,
) -> Result<Option<Zeroizing<String>>, Failure> {
    match uri {
        StoreUri::Pkcs11(address) if given.is_none() && !address.token.has_pin() => {
            let mut missing = Missing::new(&world.prompt);
            let question = world.text.app_ask_token_pin();
            let pin = missing.or_ask_secret(None, "--store-password-file", &question);
            missing.check(world.text)?;
            Ok(Some(pin))
        }
        _ => Ok(given),
    }
}

/// Writes down what `outcome` told; that it could not be is said, and no failure.
pub(crate) fn keep(site: &Site, outcome: &Outcome, world: &World) {
    if let Some(Err(error)) = receipts().map(|receipts| receipts.keep(site, outcome)) {
        world.output.progress(&world.text.app_receipt_lost(&error.to_string()));
    }
}

/// What the site said of the certificate that it did not renew yet: from when it does. The list
/// and the window then show that without asking again.
pub(crate) fn learn(serial: Serial, stopped: &Stopped) {
    if let Error::Refused(problem) = &stopped.error
        && let Some(from) = problem.renewable_from
    {
        // Where it cannot be written the refusal itself says the date.
        let _ = receipts().map(|receipts| receipts.learn(serial, from));
    }
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
    let mut stores = vec![OWN.to_owned()];
    if OWN == "nss" {
        stores.extend(home().into_iter().flat_map(|home| firefox_profiles(&home)));
    }
    stores
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

/// Why nothing of a store can be shown. That the system's own is not there yet is nobody's mistake.
pub(crate) fn not_listed(error: StoreError, uri: &StoreUri, text: Text) -> Failure {
    let title = match &error {
        StoreError::Missing(path) if is_own(uri) => {
            text.app_own_store_missing(&path.display().to_string(), OWN)
        }
        _ => return Failure::of(error, text),
    };
    let mut failure = Failure::of(error, text);
    (failure.explanation.title, failure.explanation.detail) = (title, text.app_own_store_do());
    failure
}

/// A new file at home for what the doctor found.
pub(crate) fn report_file(now: Timestamp) -> Option<PathBuf> {
    Some(home()?.join(format!("tegata-{}.txt", now.strftime("%Y%m%d-%H%M%S"))))
}

/// Where the window's settings are kept.
pub(crate) fn settings_file() -> Option<PathBuf> {
    Some(state_folder()?.join("settings.json"))
}

/// The service that this program was installed for; `None` for one that was not installed for any.
///
/// A brand that cannot be read is a failure: a program that does not know for whom it works has
/// nothing to offer and nothing to remove.
pub(crate) fn brand(text: Text) -> Result<Option<Brand>, Failure> {
    let found = std::env::current_exe()
        .map_err(BrandError::from)
        .and_then(|program| Brand::beside(program.parent().unwrap_or(Path::new("."))));
    found.map_err(|error| {
        let title = text.window_failed_brand(&error.to_string());
        Failure::usage("bad_brand", title, text.window_failed_brand_do())
    })
}

/// Whom the users of this installation call, in the language of `text`, where its installer says
/// so. Told beside an error, so that another one about the brand would not help.
pub(crate) fn help_desk(text: Text) -> Option<String> {
    let help = brand(text).ok()??.help?;
    let said = if text.lang() == Lang::Ja { help.ja } else { help.en };
    Some(said.to_string())
}

/// The site and the fingerprint of its root: as given, else those of the brand. A fingerprint
/// that was given counts in any case. A brand that cannot be read is a failure.
pub(crate) fn site_or_brand(
    site: Option<String>,
    root_sha256: Option<String>,
    text: Text,
) -> Result<(Option<String>, Option<String>), Failure> {
    if site.is_some() {
        return Ok((site, root_sha256));
    }
    let Some(brand) = brand(text)? else { return Ok((site, root_sha256)) };
    let root = root_sha256.unwrap_or_else(|| brand.root.to_string());
    Ok((Some(brand.site.to_string()), Some(root)))
}

/// Where receipts are kept, when the system names a place for a user's state.
pub(crate) fn receipts() -> Option<Receipts> {
    state_folder().map(|folder| Receipts::at(folder.join("certificates")))
}

/// Forgets the receipt of a certificate that was removed.
pub(crate) fn forget(serial: Serial) {
    // One that stays says nothing of a certificate that is not there.
    let _ = receipts().map(|receipts| receipts.forget(serial));
}

/// The user's own folder.
pub(crate) fn home() -> Option<PathBuf> {
    folder_named(if cfg!(windows) { "USERPROFILE" } else { "HOME" })
}

/// `$XDG_STATE_HOME/tegata`, by default `~/.local/state/tegata`; `%LOCALAPPDATA%\tegata`.
pub(crate) fn state_folder() -> Option<PathBuf> {
    let state = if cfg!(windows) {
        folder_named("LOCALAPPDATA")
    } else {
        folder_named("XDG_STATE_HOME").or_else(|| Some(home()?.join(".local").join("state")))
    };
    Some(state?.join("tegata"))
}

/// Where updates keep their files.
pub(crate) fn updates_folder() -> Option<PathBuf> {
    Some(state_folder()?.join("updates"))
}

/// Where a Windows user's own programs and data are.
pub(crate) fn local_data() -> Option<PathBuf> {
    folder_named("LOCALAPPDATA").filter(|_| cfg!(windows))
}

fn folder_named(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute())
}

/// Where this user's schedule is.
pub(crate) fn places() -> Option<Places> {
    let home = home()?;
    let config = match cfg!(target_os = "linux") {
        true => folder_named("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config")),
        false => home,
    };
    let named = |variable: &str| std::env::var(variable).ok().filter(|name| !name.is_empty());
    let user = named("USERDOMAIN").zip(named("USERNAME"));
    let user = user.map(|(domain, name)| format!("{domain}\\{name}"));
    Some(Places { config, runtime: folder_named("XDG_RUNTIME_DIR"), user })
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
