//! What every package registers, and what it has run: one place, because systems differ.

/// The URL scheme that the issuing site starts the application with.
pub(super) const SCHEME: &str = "tegata";

/// What renews whatever is due after a login, without a window and not on all PCs at once.
pub(super) const RENEW: &str = "renew --all-due --unattended --store windows --spread 4";

/// What has the application renew by itself, for the user who installs it.
pub(super) const SCHEDULE: &str = "schedule --on";

/// What takes that away again.
pub(super) const UNSCHEDULE: &str = "schedule --off";

/// What takes away what the application added to the PC and no certificate needs.
pub(super) const CLEAR: &str = "clear --store windows";

/// What takes this service's certificates and keys off the PC as well. Without it they stay.
pub(super) const CLEAR_KEYS: &str = "clear --keys --store windows";

/// As [`CLEAR`], where browsers look on Linux.
pub(super) const CLEAR_NSS: &str = "clear --store nss";

/// As [`CLEAR_KEYS`], where browsers look on Linux.
pub(super) const CLEAR_KEYS_NSS: &str = "clear --keys --store nss";
