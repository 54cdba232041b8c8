use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use tegata_pkcs11::{Address, UriError};

/// A store as the command line names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreUri {
    /// `pem:DIR`
    Pem(PathBuf),
    /// `pkcs12:FILE`
    Pkcs12(PathBuf),
    /// `nss[:DIR]`; the folder [`FIREFOX`] stands for the default profile of Firefox.
    Nss(Option<PathBuf>),
    /// `pkcs11:…`, an address by RFC 7512.
    Pkcs11(Box<Address>),
    /// `keychain`, the login keychain.
    #[cfg(target_os = "macos")]
    Keychain,
    /// `windows[:tpm|:software|:capi]`; without a word the best that works is taken. On Windows
    /// only.
    Windows(Option<WindowsKeys>),
}

/// Where a key in the Windows store lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowsKeys {
    /// In the TPM, through CNG.
    Tpm,
    /// In a file that Windows guards, through CNG.
    Software,
    /// In a file that Windows guards, through CAPI, the predecessor of CNG.
    Capi,
}

impl WindowsKeys {
    const ALL: [Self; 3] = [Self::Tpm, Self::Software, Self::Capi];

    /// The word in a store's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tpm => "tpm",
            Self::Software => "software",
            Self::Capi => "capi",
        }
    }

    /// The place that `word` names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|keys| keys.as_str() == word)
    }
}

/// The folder of `nss:firefox`. One that is really called so is `nss:./firefox`.
pub const FIREFOX: &str = "firefox";

/// Why a text names no store of this build.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreUriError {
    /// A store of another system, or one that this build leaves out.
    #[error("the store `{0}` is not available in this build; use {FORMS}")]
    NotInThisBuild(&'static str),
    /// A PIN in the address of a token.
    #[error("a PIN does not belong into an address")]
    PinInAddress,
    /// An address of a token that is not right.
    #[error(transparent)]
    Pkcs11(UriError),
    /// No store at all.
    #[error("a store is {FORMS}")]
    Unknown,
}

/// The stores of this build.
const FORMS: &str = if cfg!(windows) {
    "windows[:tpm|:software|:capi], pkcs11:URI, pkcs12:FILE or pem:DIR"
} else {
    "nss[:DIR], pkcs11:URI, pkcs12:FILE or pem:DIR"
};

impl FromStr for StoreUri {
    type Err = StoreUriError;

    fn from_str(text: &str) -> Result<Self, StoreUriError> {
        let (kind, place) = match text.split_once(':') {
            Some((kind, place)) => (kind, Some(place).filter(|place| !place.is_empty())),
            None => (text, None),
        };
        match (kind, place) {
            ("pem", Some(place)) => Ok(Self::Pem(place.into())),
            ("pkcs12", Some(place)) => Ok(Self::Pkcs12(place.into())),
            ("nss", place) => Ok(Self::Nss(place.map(PathBuf::from))),
            ("pkcs11", Some(_)) => token(text).map(Self::Pkcs11),
            ("windows", _) if cfg!(not(windows)) => Err(StoreUriError::NotInThisBuild("windows")),
            ("windows", None) => Ok(Self::Windows(None)),
            ("windows", Some(word)) => WindowsKeys::from_word(word)
                .map(|keys| Self::Windows(Some(keys)))
                .ok_or(StoreUriError::Unknown),
            #[cfg(target_os = "macos")]
            ("keychain", None) => Ok(Self::Keychain),
            ("keychain", _) => Err(StoreUriError::NotInThisBuild("keychain")),
            _ => Err(StoreUriError::Unknown),
        }
    }
}

/// The address of a token. How its keys are told apart and how they sign is the store's business.
fn token(text: &str) -> Result<Box<Address>, StoreUriError> {
    let Address { token, object, id, algorithm } = text.parse().map_err(|error| match error {
        UriError::PinValue => StoreUriError::PinInAddress,
        other => StoreUriError::Pkcs11(other),
    })?;
    if id.is_some() || algorithm.is_some() {
        return Err(StoreUriError::Pkcs11(UriError::KeyGiven));
    }
    // A variable of the server's does not open a user's card.
    Ok(Box::new(Address { token: token.without_usual_pin(), object, id, algorithm }))
}

impl fmt::Display for StoreUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pem(place) => write!(f, "pem:{}", place.display()),
            Self::Pkcs12(place) => write!(f, "pkcs12:{}", place.display()),
            Self::Nss(Some(place)) => write!(f, "nss:{}", place.display()),
            Self::Nss(None) => f.write_str("nss"),
            Self::Pkcs11(address) => address.fmt(f),
            #[cfg(target_os = "macos")]
            Self::Keychain => f.write_str("keychain"),
            Self::Windows(Some(keys)) => write!(f, "windows:{}", keys.as_str()),
            Self::Windows(None) => f.write_str("windows"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stores_of_this_build_read_back() {
        for text in [
            "pem:certs",
            "pkcs12:C:\\card.p12",
            "nss",
            "nss:/home/u/.pki/nssdb",
            "nss:firefox",
            "pkcs11:token=card;object=bank?module-path=/usr/lib/opensc-pkcs11.so",
            "pkcs11:?module-path=/usr/lib/opensc-pkcs11.so&pin-source=file:/home/u/pin",
        ] {
            assert_eq!(text.parse::<StoreUri>().unwrap().to_string(), text);
        }
        assert_eq!("nss:".parse(), Ok(StoreUri::Nss(None)));
    }

    #[test]
    fn other_stores_are_named_as_not_available() {
        let keychain = "keychain:x".parse::<StoreUri>();
        assert_eq!(keychain, Err(StoreUriError::NotInThisBuild("keychain")));
        for (text, error) in [
            ("pkcs11:token=x", UriError::Module),
            ("pkcs11:token=x;id=%01?module-path=/x", UriError::KeyGiven),
        ] {
            assert_eq!(text.parse::<StoreUri>(), Err(StoreUriError::Pkcs11(error)), "{text}");
        }
        let with_pin = "pkcs11:token=x?module-path=/x&pin-value=1".parse::<StoreUri>();
        assert_eq!(with_pin, Err(StoreUriError::PinInAddress));
        for text in ["", "pem", "pem:", "pkcs11:", "pkcs12:", "jks:x", "PEM:x"] {
            assert_eq!(text.parse::<StoreUri>(), Err(StoreUriError::Unknown), "{text}");
        }
    }

    #[test]
    #[cfg(windows)]
    fn the_windows_store_takes_a_place_for_the_key() {
        for text in ["windows", "windows:tpm", "windows:software", "windows:capi"] {
            assert_eq!(text.parse::<StoreUri>().unwrap().to_string(), text);
        }
        assert_eq!("windows:".parse(), Ok(StoreUri::Windows(None)));
        assert_eq!("windows:TPM".parse::<StoreUri>(), Err(StoreUriError::Unknown));
    }

    #[test]
    #[cfg(not(windows))]
    fn the_windows_store_is_on_windows_only() {
        for text in ["windows", "windows:tpm"] {
            let refused = text.parse::<StoreUri>();
            assert_eq!(refused, Err(StoreUriError::NotInThisBuild("windows")));
        }
    }
}
