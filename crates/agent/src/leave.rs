//! The application goes: what it added to the PC goes with it.
//!
//! Without being asked for more it leaves a certificate working: with its key, with the issuing CAs
//! and the root that it leads to, and with what the application goes on with when it is there
//! again: the site that renews it, and the settings. An installer that does not tell an upgrade
//! from an uninstallation so loses nothing. Asked for the keys as well, or where there is no
//! certificate, nothing of the service stays.

use std::io;
use std::path::Path;

use tegata_domain::Serial;

use crate::files;
use crate::inventory::Item;
use crate::pending;
use crate::receipt::Receipts;
use crate::site::Site;
use crate::store::{KeyStore, StoreError, Untrusted};
use crate::unattended;

/// Removes the certificates of `items`, with their keys, and the keys that wait for certificates of
/// the service of `site`; without one those of every service.
///
/// # Errors
/// At the first one that stays.
pub fn keys(
    store: &mut dyn KeyStore,
    items: &[Item],
    receipts: Option<&Receipts>,
    site: Option<&Site>,
) -> Result<Vec<Serial>, StoreError> {
    let mut removed = Vec::new();
    for item in items {
        store.remove(&item.held)?;
        removed.push(item.held.serial);
    }
    store.give_up(site.map(Site::service))?;
    if let Some(receipts) = receipts {
        // Also of those that somebody else removed.
        let all = receipts.all().into_iter();
        let ours = all.filter(|(_, receipt)| site.is_none_or(|site| site.is_at(&receipt.site)));
        for serial in ours.map(|(serial, _)| serial).chain(removed.iter().copied()) {
            receipts.forget(serial).map_err(StoreError::io(Path::new(&serial.to_string())))?;
        }
    }
    Ok(removed)
}

/// Removes the authorities that nothing needs any more. A store that holds none is no error.
///
/// # Errors
/// When the store cannot be changed.
pub fn authorities(store: &mut dyn KeyStore) -> Result<Untrusted, StoreError> {
    match store.untrust() {
        Err(StoreError::CannotUntrust | StoreError::Missing(_)) => Ok(Untrusted::default()),
        other => other,
    }
}

/// Removes the files in `state` in which keys wait for certificates of the service of `site`;
/// without one those of every service.
///
/// # Errors
/// At the first one that stays.
pub fn waiting(state: &Path, site: Option<&Site>) -> Result<(), StoreError> {
    pending::of_service(&state.join("pending"), site.map(Site::service))
        .iter()
        .try_for_each(|file| remove(file))
}

/// Removes the settings in `state`, and what is remembered of updates. While there are receipts of
/// another site's certificates than `site`, its application may be there and work with the same
/// settings: then they stay.
///
/// # Errors
/// When something that shall go cannot be removed.
pub fn settings(state: &Path, receipts: &Receipts, site: Option<&Site>) -> Result<(), StoreError> {
    let is_shared = receipts
        .all()
        .iter()
        .any(|(_, receipt)| site.is_some_and(|site| !site.is_at(&receipt.site)));
    if is_shared {
        return Ok(());
    }
    remove(&state.join("settings.json"))?;
    unattended::files(state).iter().try_for_each(|file| remove(file))?;
    remove_folder(&state.join("updates"))
}

/// Removes the folders of the application that hold nothing any more.
pub fn folders(state: &Path) {
    for folder in [&state.join("certificates"), &state.join("pending"), state] {
        // One that holds something stays.
        let _ = std::fs::remove_dir(folder);
    }
}

fn remove(file: &Path) -> Result<(), StoreError> {
    files::remove(file).map_err(StoreError::io(file))
}

fn remove_folder(folder: &Path) -> Result<(), StoreError> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StoreError::io(folder)(error)),
        _ => Ok(()),
    }
}
