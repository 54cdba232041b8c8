//! What the system says of its user.

/// The language in which the system speaks to the user, such as `ja-JP` (BCP 47), where that is
/// a setting of its own and not an environment variable: on Windows.
pub fn language() -> Option<String> {
    #[cfg(windows)]
    {
        tegata_windows::language::of_user()
    }
    #[cfg(not(windows))]
    {
        None
    }
}
