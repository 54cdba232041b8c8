//! What every package registers, and what it has run: one place, because systems differ.

/// The URL scheme that the issuing site starts the application with.
pub(super) const SCHEME: &str = "tegata";

/// What renews at login whatever is due, without a window.
pub(super) const RENEW: &str = "renew --all-due --store windows";

/// What takes this service's certificates and keys off the PC. Without it they stay.
pub(super) const REMOVE: &str = "remove --all --yes --store windows";

/// The same where browsers have databases of their own.
pub(super) const REMOVE_NSS: &str = "remove --all --yes --store nss";
