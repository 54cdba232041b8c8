//! What every package registers, and what it has run: one place, because systems differ.

/// The URL scheme that the issuing site starts the application with.
pub(super) const SCHEME: &str = "tegata";

/// What renews at login whatever is due, without a window.
pub(super) const RENEW: &str = "renew --all-due --store windows";

/// What takes away what the application added to the PC and no certificate needs.
pub(super) const CLEAR: &str = "clear --store windows";

/// What takes this service's certificates and keys off the PC as well. Without it they stay.
pub(super) const CLEAR_KEYS: &str = "clear --keys --store windows";

/// As [`CLEAR`], where browsers look on Linux.
pub(super) const CLEAR_NSS: &str = "clear --store nss";

/// As [`CLEAR_KEYS`], where browsers look on Linux.
pub(super) const CLEAR_KEYS_NSS: &str = "clear --keys --store nss";
