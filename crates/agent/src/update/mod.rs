//! Updates of the application itself: look → decide → download → verify → install → restart.
//!
//! What there is says a manifest that the operator signed with a key which the installer brought
//! along ([`crate::brand::Brand::update_keys`]). The order is fixed by the types:
//!
//! | step | function | needs | makes |
//! |---|---|---|---|
//! | look and decide | [`check`] | [`Application`] | a [`Decision`] with an [`Offer`] in it |
//! | put it off | [`later`] | an [`Offer`] | |
//! | download and verify | [`fetch`] | an [`Offer`] | a [`Fetched`] package |
//! | install | [`apply`] | a [`Fetched`] package | [`Applied`] |
//!
//! An [`Offer`] comes from a manifest whose signature, service, time and sequence number were
//! good, a [`Fetched`] package from an offer and octets of the signed length and SHA-256; and
//! [`apply`] hashes again what it unpacks or hands over, while it does, so that a file exchanged
//! in between is noticed before anything of it runs.
//!
//! Who wants an older version back publishes a new manifest that says so. Against everything
//! else an old manifest is refused by its number ([the memory](self) in the user's folder), and where
//! that memory is gone, by the running version: nothing older is ever installed.

mod apply;
mod download;
mod error;
mod machine;
mod memory;
mod place;
mod progress;
mod run;
mod verify;

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;

use std::path::Path;

use jiff::Timestamp;
use tegata_domain::Clock;
use tegata_text::Lang;
use tegata_wire::api::Bilingual;
use tegata_wire::update::Package;

use crate::brand::Brand;
use crate::issue::Pause;
use crate::transport::Network;
use crate::trust::Trusted;

pub use apply::{Applied, apply, restart};
pub use download::Fetched;
pub use error::UpdateError;
pub use place::Place;
pub use progress::{Progress, Step, megabytes};
pub use run::{check, fetch, later};
pub use tegata_wire::update::{Form, Platform, Version};
pub use verify::Refusal;

/// The running application, and everything outside that an update needs.
#[derive(Clone, Copy)]
pub struct Application<'a> {
    /// Whose installer brought it.
    pub brand: &'a Brand,
    /// Its version.
    pub version: Version,
    /// How it came here.
    pub place: &'a Place,
    /// The user's own folder for downloads and for what is remembered; need not exist yet.
    pub folder: &'a Path,
    /// The way out.
    pub network: &'a dyn Network,
    /// What time it is.
    pub clock: &'a dyn Clock,
    /// How to wait.
    pub pause: &'a dyn Pause,
}

/// What follows from a look.
#[derive(Clone, Debug)]
pub enum Decision {
    /// Nothing to do.
    UpToDate,
    /// There is something new; the person may say *later*.
    Optional(Offer),
    /// There is something new; the person said *later* less than a day ago.
    Postponed(Offer),
    /// The running version must not be used any more.
    Required(Offer),
    /// The running version must not be used any more, and nothing is offered for it here: the
    /// site's pages have the installer.
    TooOld {
        /// The oldest that may be used.
        minimum: Version,
    },
}

impl Decision {
    /// What is offered, whatever the person has to or may do about it.
    pub fn offer(&self) -> Option<&Offer> {
        match self {
            Self::Optional(offer) | Self::Postponed(offer) | Self::Required(offer) => Some(offer),
            Self::UpToDate | Self::TooOld { .. } => None,
        }
    }

    /// As [`Self::offer`], by value.
    pub fn into_offer(self) -> Option<Offer> {
        match self {
            Self::Optional(offer) | Self::Postponed(offer) | Self::Required(offer) => Some(offer),
            Self::UpToDate | Self::TooOld { .. } => None,
        }
    }
}

/// A package of a verified manifest for this PC.
#[derive(Clone, Debug)]
pub struct Offer {
    package: Package,
    sequence: u64,
    expires_at: Timestamp,
    is_required: bool,
    is_downgrade: bool,
    notes: Option<Bilingual>,
    url: String,
    trusted: Trusted,
}

impl Offer {
    /// The version that is offered.
    pub fn version(&self) -> Version {
        self.package.version
    }

    /// Length of the download in octets.
    pub fn length(&self) -> u64 {
        self.package.length
    }

    /// The number of the manifest.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Until when the offer holds.
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// Whether the running version must not be used any more.
    pub fn is_required(&self) -> bool {
        self.is_required
    }

    /// Whether it leads back to an older version, as its manifest allows.
    pub fn is_downgrade(&self) -> bool {
        self.is_downgrade
    }

    /// What is new, in the language of the person.
    pub fn notes(&self, lang: Lang) -> Option<&str> {
        let notes = self.notes.as_ref().map(|notes| match lang {
            Lang::Ja => notes.ja.as_str(),
            Lang::En => notes.en.as_str(),
        });
        notes.filter(|notes| !notes.trim().is_empty())
    }
}
