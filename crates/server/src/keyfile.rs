//! Private keys as files: encrypted, readable by their owner alone, never overwritten. In place
//! of a CA key may stand the address of one in a token.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tegata_ca::{CaKey, KeyError, KeyKind, Signer, SoftwareKey};
use tegata_domain::Entropy;
use tegata_token::{KeyUri, TokenError, TokenKey, TokenUri, UriError};
use zeroize::Zeroizing;

/// What opens the key files.
pub struct Passphrase(Zeroizing<Vec<u8>>);

/// Environment variable that holds the passphrase, for systems that hand secrets over that way.
pub const PASSPHRASE_VARIABLE: &str = "TEGATA_CA_PASSPHRASE";

/// Why a key file or the passphrase could not be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The file system said no.
    #[error("{path}: {cause}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// The key could not be made or opened.
    #[error("{path}: {cause}")]
    Key {
        /// Which file.
        path: PathBuf,
        /// Why.
        cause: KeyError,
    },
    /// What stands in place of a key is no address of one.
    #[error("{path}: {cause}")]
    Address {
        /// Which file.
        path: PathBuf,
        /// Why not.
        cause: UriError,
    },
    /// A file that names a driver, which this program will load, and that others may change.
    #[error("{0}: others than its owner may write it; run `chmod 600` on it")]
    Writable(PathBuf),
    /// Key and address side by side.
    #[error("{0} and the .key.uri file beside it both stand for one key; move one of them away")]
    Both(PathBuf),
    /// The token or the key in it.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// Neither file nor variable.
    #[error("no passphrase for the CA keys: put it into {0} or into {PASSPHRASE_VARIABLE}")]
    NoPassphrase(PathBuf),
    /// No file with another passphrase.
    #[error(
        "there is no {0}; make it with `(umask 077; openssl rand -base64 24 > {0})`, or name the one that holds the passphrase"
    )]
    NoOtherPassphrase(PathBuf),
    /// Too short to protect anything.
    #[error("a passphrase for keys must have 8 characters or more")]
    ShortPassphrase,
}

impl Passphrase {
    /// Reads the passphrase from the environment or else from `file`, without its final line
    /// break.
    ///
    /// # Errors
    /// When there is neither, or it has fewer than 8 octets (NIST SP 800-63B §5.1.1.1).
    pub fn read(file: &Path) -> Result<Self, KeyFileError> {
        let octets = match std::env::var_os(PASSPHRASE_VARIABLE) {
            Some(value) => value.into_encoded_bytes(),
            None => fs::read(file).map_err(|cause| match cause.kind() {
                std::io::ErrorKind::NotFound => KeyFileError::NoPassphrase(file.to_owned()),
                _ => KeyFileError::Io { path: file.to_owned(), cause },
            })?,
        };
        Self::of(Zeroizing::new(octets))
    }

    /// Reads another passphrase than that of the CA keys, from `file` alone.
    ///
    /// # Errors
    /// When it cannot be read, or has fewer than 8 octets.
    pub fn read_other(file: &Path) -> Result<Self, KeyFileError> {
        let read = fs::read(file).map_err(|cause| match cause.kind() {
            std::io::ErrorKind::NotFound => KeyFileError::NoOtherPassphrase(file.to_owned()),
            _ => KeyFileError::Io { path: file.to_owned(), cause },
        });
        Self::of(Zeroizing::new(read?))
    }

    fn of(octets: Zeroizing<Vec<u8>>) -> Result<Self, KeyFileError> {
        let trimmed = octets.strip_suffix(b"\n").unwrap_or(&octets);
        let trimmed = trimmed.strip_suffix(b"\r").unwrap_or(trimmed);
        if trimmed.len() < 8 {
            return Err(KeyFileError::ShortPassphrase);
        }
        Ok(Self(Zeroizing::new(trimmed.to_vec())))
    }

    /// Makes a passphrase of 160 bits and writes it to `file`, unless there is one already.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn ensure(file: &Path, entropy: &dyn Entropy) -> Result<(), KeyFileError> {
        if file.exists() || std::env::var_os(PASSPHRASE_VARIABLE).is_some() {
            return Ok(());
        }
        let mut octets = Zeroizing::new([0; 20]);
        entropy.fill(&mut *octets);
        let text = Zeroizing::new(hex::encode(*octets) + "\n");
        write_private(file, text.as_bytes())
    }
}

/// Makes a key and writes it to `path`.
///
/// # Errors
/// When there is a file already, or it cannot be written.
pub fn create(
    path: &Path,
    kind: KeyKind,
    passphrase: &Passphrase,
    entropy: &dyn Entropy,
) -> Result<SoftwareKey, KeyFileError> {
    let failed = |cause| KeyFileError::Key { path: path.to_owned(), cause };
    let key = SoftwareKey::generate(kind).map_err(failed)?;
    let pem = key.to_encrypted_pem(&passphrase.0, entropy).map_err(failed)?;
    write_private(path, pem.as_bytes())?;
    Ok(key)
}

/// Writes a key that was made elsewhere to `path`.
///
/// # Errors
/// When there is a file already, or it cannot be written.
pub fn adopt(
    path: &Path,
    key: &SoftwareKey,
    passphrase: &Passphrase,
    entropy: &dyn Entropy,
) -> Result<(), KeyFileError> {
    let failed = |cause| KeyFileError::Key { path: path.to_owned(), cause };
    let pem = key.to_encrypted_pem(&passphrase.0, entropy).map_err(failed)?;
    write_private(path, pem.as_bytes())
}

/// Writes the address of a key in a token beside `path`.
///
/// # Errors
/// When there is a file already, or it cannot be written.
pub fn adopt_address(path: &Path, uri: &KeyUri) -> Result<(), KeyFileError> {
    write_private(&address_beside(path), format!("{uri}\n").as_bytes())
}

/// Takes back what [`adopt`] or [`adopt_address`] wrote a moment ago, since nothing came of it.
///
/// # Errors
/// When the file system says no.
pub fn discard(path: &Path) -> Result<(), KeyFileError> {
    for file in [path.to_owned(), address_beside(path)] {
        match fs::remove_file(&file) {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
                return Err(KeyFileError::Io { path: file, cause });
            }
            _ => {}
        }
    }
    Ok(())
}

/// Opens the key in `path`.
///
/// # Errors
/// When the file cannot be read or the passphrase is another's.
pub fn open(path: &Path, passphrase: &Passphrase) -> Result<SoftwareKey, KeyFileError> {
    let text = fs::read_to_string(path)
        .map_err(|cause| KeyFileError::Io { path: path.to_owned(), cause })?;
    SoftwareKey::from_encrypted_pem(&text, &passphrase.0)
        .map_err(|cause| KeyFileError::Key { path: path.to_owned(), cause })
}

/// Where a new CA key lives.
#[derive(Clone, Copy)]
pub enum Home<'a> {
    /// In its file, encrypted.
    File(&'a Passphrase),
    /// In a token, under this label.
    Token {
        /// Which token.
        uri: &'a TokenUri,
        /// The label.
        label: &'a str,
    },
}

/// Makes a CA key: in a file at `path`, or in a token with its address in the file beside.
///
/// # Errors
/// When there is a file already, it cannot be written, or the token cannot.
pub fn create_for_ca(
    path: &Path,
    choice: CaKey,
    home: Home<'_>,
    entropy: &dyn Entropy,
) -> Result<Arc<dyn Signer>, KeyFileError> {
    let (token, label) = match home {
        Home::File(passphrase) => {
            let failed = |cause| KeyFileError::Key { path: path.to_owned(), cause };
            let key = SoftwareKey::generate_for_ca(choice).map_err(failed)?;
            let pem = key.to_encrypted_pem(&passphrase.0, entropy).map_err(failed)?;
            write_private(path, pem.as_bytes())?;
            return Ok(Arc::new(key));
        }
        Home::Token { uri, label } => (uri, label),
    };
    // The file first: a key whose address cannot be written down would be lost in its token.
    let file = address_beside(path);
    let address = format!("{}\n", KeyUri::labelled(token, label, choice.algorithm()));
    write_private(&file, address.as_bytes())?;
    let made = TokenKey::create(token, label, choice, entropy);
    if made.is_err() {
        let _ = fs::remove_file(&file);
    }
    Ok(Arc::new(made?))
}

/// The token of the key whose address stands beside `path`; `None` for a key in a file.
///
/// # Errors
/// When the address cannot be read.
pub fn token_of(path: &Path) -> Result<Option<TokenUri>, KeyFileError> {
    let file = address_beside(path);
    match fs::read_to_string(&file) {
        Ok(text) => {
            let uri: KeyUri =
                text.parse().map_err(|cause| KeyFileError::Address { path: file, cause })?;
            Ok(Some(uri.token().clone()))
        }
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(KeyFileError::Io { path: file, cause }),
    }
}

/// Whether a CA key stands at `path`, or beside it the address of one.
pub fn exists(path: &Path) -> bool {
    path.exists() || address_beside(path).exists()
}

/// Opens the CA key in the file `path`, or the one in a token whose address stands beside it.
///
/// # Errors
/// When neither can be used, or both are there.
pub fn open_for_ca(path: &Path, passphrase: &Passphrase) -> Result<Arc<dyn Signer>, KeyFileError> {
    let file = address_beside(path);
    let failed = |cause| KeyFileError::Io { path: file.clone(), cause };
    match (path.exists(), file.exists()) {
        (true, true) => return Err(KeyFileError::Both(path.to_owned())),
        (_, false) => return Ok(Arc::new(open(path, passphrase)?)),
        (false, true) => {}
    }
    if fs::metadata(&file).map_err(failed)?.permissions().mode() & 0o022 != 0 {
        return Err(KeyFileError::Writable(file));
    }
    let text = fs::read_to_string(&file).map_err(failed)?;
    let uri: KeyUri =
        text.parse().map_err(|cause| KeyFileError::Address { path: file.clone(), cause })?;
    Ok(Arc::new(TokenKey::open(uri)?))
}

/// `NAME.key.uri` beside `NAME.key.pem`.
fn address_beside(path: &Path) -> PathBuf {
    path.with_extension("uri")
}

/// Writes a new file that only its owner can read, and waits until it is on the disk.
///
/// # Errors
/// When there is a file already, or it cannot be written.
pub fn write_private(path: &Path, octets: &[u8]) -> Result<(), KeyFileError> {
    let failed = |cause| KeyFileError::Io { path: path.to_owned(), cause };
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    file.write_all(octets).and_then(|()| file.sync_all()).map_err(failed)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::ambient::SystemEntropy;

    #[test]
    fn key_files_are_private_and_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ca.key.pem");
        let passphrase = Passphrase(Zeroizing::new(b"correct horse".to_vec()));
        create(&path, KeyKind::EcP256, &passphrase, &SystemEntropy).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(open(&path, &passphrase).is_ok());
        let again = create(&path, KeyKind::EcP256, &passphrase, &SystemEntropy);
        assert!(matches!(again, Err(KeyFileError::Io { .. })));
        let wrong = Passphrase(Zeroizing::new(b"wrong horse".to_vec()));
        let error = open(&path, &wrong).unwrap_err().to_string();
        assert!(error.ends_with("the passphrase does not open this key"), "{error}");
        assert!(!error.contains("wrong horse"));
    }

    #[test]
    fn an_address_in_place_of_a_key_is_read_with_care() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ca.key.pem");
        let uri = dir.path().join("ca.key.uri");
        let passphrase = Passphrase(Zeroizing::new(b"correct horse".to_vec()));
        let opened = || open_for_ca(&path, &passphrase).err().unwrap();
        assert!(matches!(opened(), KeyFileError::Io { .. }));
        write_private(&uri, b"pkcs11:token=t;object=o?module-path=/no/driver.so\n").unwrap();
        assert!(exists(&path));
        assert!(matches!(opened(), KeyFileError::Token(TokenError::Module { .. })));
        fs::set_permissions(&uri, fs::Permissions::from_mode(0o620)).unwrap();
        assert!(matches!(opened(), KeyFileError::Writable(_)));
        fs::remove_file(&uri).unwrap();
        write_private(&uri, b"pkcs11:token=t;object=o?module-path=/d&pin-value=1").unwrap();
        assert!(matches!(opened(), KeyFileError::Address { cause: UriError::PinValue, .. }));
        create(&path, KeyKind::EcP256, &passphrase, &SystemEntropy).unwrap();
        assert!(matches!(opened(), KeyFileError::Both(_)));
    }
}
