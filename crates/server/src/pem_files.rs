//! A certificate and its key in files of their own: whoever replaces them need not restart anything.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};
use tegata_gateway::Identity;
use zeroize::Zeroizing;

/// The two files, and what stood in them when they were last looked at.
pub struct PemFiles {
    certificate: PathBuf,
    key: PathBuf,
    seen: Option<[u8; 32]>,
}

/// Why the files hold no certificate with its key.
#[derive(Debug, thiserror::Error)]
pub enum PemFilesError {
    /// The file system said no.
    #[error("{0}: {1}")]
    Io(PathBuf, io::Error),
    /// Not what it should be.
    #[error("{0}: {1}")]
    Pem(PathBuf, pem::Error),
}

impl PemFiles {
    /// The certificate, leaf first, and the key, unencrypted, in these files, PEM.
    pub fn new(certificate: &Path, key: &Path) -> Self {
        Self { certificate: certificate.to_owned(), key: key.to_owned(), seen: None }
    }

    /// What stands in the files, or `None` when that is what it was the last time. A fault that
    /// stays is told once.
    ///
    /// # Errors
    /// When a file cannot be read or is not what it should be.
    pub fn look(&mut self) -> Result<Option<Identity>, PemFilesError> {
        let read = |path: &PathBuf| {
            let octets = fs::read(path).map(Zeroizing::new);
            octets.map_err(|error| PemFilesError::Io(path.clone(), error))
        };
        let both = read(&self.certificate).and_then(|one| Ok((one, read(&self.key)?)));
        let digest = match &both {
            Ok((certificate, key)) => {
                let digest = Sha256::new_with_prefix(Sha256::digest(&**certificate));
                digest.chain_update(&**key).finalize().into()
            }
            Err(error) => Sha256::digest(error.to_string()).into(),
        };
        if self.seen.replace(digest) == Some(digest) {
            return Ok(None);
        }
        let (certificate, key) = both?;
        let chain = CertificateDer::pem_slice_iter(&certificate).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|error| PemFilesError::Pem(self.certificate.clone(), error))?;
        let key = PrivateKeyDer::from_pem_slice(&key)
            .map_err(|error| PemFilesError::Pem(self.key.clone(), error))?;
        Ok(Some(Identity { chain, key }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changed_is_given_and_a_fault_is_told_once() {
        let dir = tempfile::tempdir().unwrap();
        let (certificate, key) = (dir.path().join("crt.pem"), dir.path().join("key.pem"));
        let mut files = PemFiles::new(&certificate, &key);
        assert!(matches!(files.look(), Err(PemFilesError::Io(path, _)) if path == certificate));
        assert!(files.look().unwrap().is_none());
        let one = rcgen::generate_simple_self_signed(vec!["a".to_owned()]).unwrap();
        fs::write(&certificate, one.cert.pem()).unwrap();
        assert!(matches!(files.look(), Err(PemFilesError::Io(path, _)) if path == key));
        fs::write(&key, one.signing_key.serialize_pem()).unwrap();
        let given = files.look().unwrap().unwrap();
        assert_eq!(given.chain, [one.cert.der().clone()]);
        assert!(files.look().unwrap().is_none());
        fs::write(&key, "torn").unwrap();
        assert!(matches!(files.look(), Err(PemFilesError::Pem(path, _)) if path == key));
        assert!(files.look().unwrap().is_none());
        fs::write(&key, one.signing_key.serialize_pem()).unwrap();
        assert!(files.look().unwrap().is_some());
    }
}
