//! Updates of the application: the manifests that an operator publishes, and the packages that
//! they name.
//!
//! Manifests stand as `updates/{tenant}-{issuer}/{sequence}.json` in the data directory, the one
//! with the highest number is served, the others are the history from which a rollback takes its
//! packages. Packages stand among the downloads of the site. Nothing here holds an update key:
//! manifests may be signed on another machine.

mod key;
mod package;
mod shelf;
#[cfg(test)]
mod tests;

pub use key::{KeyTrouble, UpdateKey, verify};
pub use package::{NewPackage, PackageError};
pub use shelf::{Published, ShelfError, Updates};

use std::time::Duration;

use jiff::SignedDuration;
use tegata_domain::ServiceKey;
use tegata_registrar::Registrar;

/// How long before its end a manifest is warned about: time enough to find who has the key.
pub const WARNING: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How often the manifests are looked at.
const LOOK: Duration = Duration::from_secs(3_600);

/// Warns in the log about manifests that end soon or have ended, for as long as it runs.
pub async fn watch(registrar: &Registrar, updates: &Updates) {
    let mut look = tokio::time::interval(LOOK);
    loop {
        look.tick().await;
        let keyring = registrar.keyring();
        for service in keyring.services() {
            warn(&service.key, registrar, updates).await;
        }
    }
}

async fn warn(service: &ServiceKey, registrar: &Registrar, updates: &Updates) {
    match updates.current(service).await {
        Ok(None) => {}
        Ok(Some(published)) => {
            for trouble in updates.troubles(&published, registrar.now()) {
                tracing::warn!(%service, "{trouble}");
            }
        }
        Err(error) => tracing::warn!(%service, %error, "the update manifest cannot be read"),
    }
}
