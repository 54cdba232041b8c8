use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// A store as the command line names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreUri {
    /// `pem:DIR`
    Pem(PathBuf),
    /// `pkcs12:FILE`
    Pkcs12(PathBuf),
    /// `nss[:DIR]`
    Nss(Option<PathBuf>),
}

/// Why a text names no store of this build.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreUriError {
    /// A store of another system, or one that this build leaves out.
    #[error(
        "the store `{0}` is not available in this build; use nss[:DIR], pkcs12:FILE or pem:DIR"
    )]
    NotInThisBuild(&'static str),
    /// No store at all.
    #[error("a store is nss[:DIR], pkcs12:FILE or pem:DIR")]
    Unknown,
}

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
            ("windows", _) => Err(StoreUriError::NotInThisBuild("windows")),
            ("pkcs11", _) => Err(StoreUriError::NotInThisBuild("pkcs11")),
            ("keychain", _) => Err(StoreUriError::NotInThisBuild("keychain")),
            _ => Err(StoreUriError::Unknown),
        }
    }
}

impl fmt::Display for StoreUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pem(place) => write!(f, "pem:{}", place.display()),
            Self::Pkcs12(place) => write!(f, "pkcs12:{}", place.display()),
            Self::Nss(Some(place)) => write!(f, "nss:{}", place.display()),
            Self::Nss(None) => f.write_str("nss"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stores_of_this_build_read_back() {
        for text in ["pem:certs", "pkcs12:C:\\card.p12", "nss", "nss:/home/u/.pki/nssdb"] {
            assert_eq!(text.parse::<StoreUri>().unwrap().to_string(), text);
        }
        assert_eq!("nss:".parse(), Ok(StoreUri::Nss(None)));
    }

    #[test]
    fn other_stores_are_named_as_not_available() {
        for (text, name) in
            [("windows", "windows"), ("pkcs11:token=x", "pkcs11"), ("keychain", "keychain")]
        {
            assert_eq!(text.parse::<StoreUri>(), Err(StoreUriError::NotInThisBuild(name)));
        }
        for text in ["", "pem", "pem:", "pkcs12:", "jks:x", "PEM:x"] {
            assert_eq!(text.parse::<StoreUri>(), Err(StoreUriError::Unknown), "{text}");
        }
    }
}
