use std::fmt;
use std::io;

use windows_sys::Win32::Foundation::{
    CRYPT_E_NOT_FOUND, ERROR_CANCELLED, NTE_BAD_KEYSET, NTE_KEYSET_NOT_DEF, NTE_NO_KEY,
    NTE_NOT_FOUND,
};
use windows_sys::core::{BOOL, HRESULT};

/// A call that Windows did not carry out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The function called.
    pub call: &'static str,
    /// Its error: of Win32, or an `HRESULT`.
    pub code: u32,
}

impl Refused {
    /// The error of the call that was made last by this thread.
    pub(crate) fn last(call: &'static str) -> Self {
        let code = io::Error::last_os_error().raw_os_error().unwrap_or_default();
        Self { call, code: code.cast_unsigned() }
    }

    /// What could not be read in an answer.
    pub(crate) fn unreadable(call: &'static str) -> Self {
        const NTE_BAD_DATA: HRESULT = windows_sys::Win32::Foundation::NTE_BAD_DATA;
        Self { call, code: NTE_BAD_DATA.cast_unsigned() }
    }

    /// For calls that return a `BOOL`.
    pub(crate) fn unless(done: BOOL, call: &'static str) -> Result<(), Self> {
        if done == 0 { Err(Self::last(call)) } else { Ok(()) }
    }

    /// For calls that return a status; negative ones are errors.
    pub(crate) fn by(status: HRESULT, call: &'static str) -> Result<(), Self> {
        if status < 0 { Err(Self { call, code: status.cast_unsigned() }) } else { Ok(()) }
    }

    /// Whether what was asked for is not there.
    pub fn is_missing(self) -> bool {
        let codes =
            [CRYPT_E_NOT_FOUND, NTE_BAD_KEYSET, NTE_KEYSET_NOT_DEF, NTE_NO_KEY, NTE_NOT_FOUND];
        codes.map(HRESULT::cast_unsigned).contains(&self.code)
    }

    /// Whether a person pressed *no* or *cancel* when Windows asked.
    pub fn is_cancelled(self) -> bool {
        // As an `HRESULT` it stands in the facility of Win32, 7.
        self.code == ERROR_CANCELLED || self.code == (0x8007_0000 | ERROR_CANCELLED)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The number as manuals and search engines have it; Windows has no text for many.
        write!(f, "{}: 0x{:08X}", self.call, self.code)
    }
}

impl std::error::Error for Refused {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cancelled_question_is_told_from_a_failure() {
        let of = |code| Refused { call: "CertAddCertificateContextToStore", code };
        assert!(of(1223).is_cancelled());
        assert!(of(0x8007_04C7).is_cancelled());
        assert!(!of(5).is_cancelled());
        assert!(of(0x8009_0016).is_missing());
        assert!(!of(0x8009_0029).is_missing());
        assert_eq!(of(5).to_string(), "CertAddCertificateContextToStore: 0x00000005");
    }
}
