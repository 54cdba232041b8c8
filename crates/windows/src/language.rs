//! The language in which Windows speaks to the user.

use windows_sys::Win32::Globalization::{GetUserDefaultUILanguage, LCIDToLocaleName};

use crate::wide;

/// `LOCALE_NAME_MAX_LENGTH` of `winnls.h`: longest name of a locale with its zero.
const MAX_LEN: usize = 85;

/// The tag of the user's display language, such as `ja-JP` (BCP 47); `None` when Windows has no
/// name for it.
pub fn of_user() -> Option<String> {
    let mut name = [0; MAX_LEN];
    // SAFETY: it takes nothing and returns a number.
    let id = unsafe { GetUserDefaultUILanguage() };
    // SAFETY: it writes at most as many units as `name` has, and says how many.
    let len = unsafe { LCIDToLocaleName(u32::from(id), name.as_mut_ptr(), MAX_LEN as i32, 0) };
    (len > 0).then(|| wide::narrow(&name)).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_users_language_has_a_tag() {
        let tag = super::of_user().unwrap();
        assert!(tag.split('-').next().is_some_and(|part| (2..=3).contains(&part.len())), "{tag}");
    }
}
