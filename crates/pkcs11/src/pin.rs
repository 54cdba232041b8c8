use std::fmt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::TokenError;

/// Environment variable that holds the PIN when the address names no source.
pub const PIN_VARIABLE: &str = "TEGATA_TOKEN_PIN";

/// Where a PIN is. It is read at each login, so that a corrected file helps without a restart.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum PinSource {
    File(PathBuf),
    Variable(String),
    /// Somebody just gave it.
    Given(Zeroizing<String>),
    Nowhere,
}

impl Default for PinSource {
    fn default() -> Self {
        Self::Variable(PIN_VARIABLE.to_owned())
    }
}

impl PinSource {
    /// `file:/PATH` (RFC 8089 §2), an absolute path, or `env:NAME`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if let Some(name) = text.strip_prefix("env:") {
            let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_';
            return (!name.is_empty() && name.chars().all(allowed))
                .then(|| Self::Variable(name.to_owned()));
        }
        let path = text.strip_prefix("file:").unwrap_or(text);
        // An empty host between two slashes; any other host is another machine.
        let path = path.strip_prefix("//").unwrap_or(path);
        let rest = path.strip_prefix('/')?.trim_start_matches('/');
        Some(Self::File(Path::new("/").join(rest)))
    }

    /// Reads the PIN of `token`, without its final line break.
    pub(crate) fn read(&self, token: &str) -> Result<Zeroizing<String>, TokenError> {
        let text = match self {
            Self::Given(pin) => pin.clone(),
            Self::Nowhere => return Err(TokenError::PinNeeded(token.to_owned())),
            Self::File(path) => Zeroizing::new(
                std::fs::read_to_string(path)
                    .map_err(|cause| TokenError::PinFile { path: path.clone(), cause })?,
            ),
            Self::Variable(name) => Zeroizing::new(
                std::env::var(name).map_err(|_| TokenError::NoPin { variable: name.clone() })?,
            ),
        };
        let pin = text.trim_end_matches(['\r', '\n']);
        if pin.is_empty() {
            return Err(TokenError::EmptyPin(self.to_string()));
        }
        Ok(Zeroizing::new(pin.to_owned()))
    }
}

impl fmt::Display for PinSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Variable(name) => write!(f, "env:{name}"),
            Self::Given(_) => f.write_str("what was given"),
            Self::Nowhere => f.write_str("nowhere"),
        }
    }
}

/// Without the PIN.
impl fmt::Debug for PinSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PinSource({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_ends_at_its_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pin");
        let source = PinSource::parse(path.to_str().unwrap()).unwrap();
        assert!(matches!(source.read("t"), Err(TokenError::PinFile { .. })));
        std::fs::write(&path, "12 34\r\n").unwrap();
        assert_eq!(source.read("t").unwrap().as_str(), "12 34");
        std::fs::write(&path, "\n").unwrap();
        assert!(matches!(source.read("t"), Err(TokenError::EmptyPin(_))));
        let unset = PinSource::parse("env:TEGATA_NO_SUCH_PIN").unwrap();
        assert!(matches!(unset.read("t"), Err(TokenError::NoPin { .. })));
    }
}
