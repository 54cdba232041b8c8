//! What a report of an undeliverable mail is recognised by: the mail's number with a code that
//! only this installation can make, so that nobody marks mails that he did not receive.

use std::path::Path;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use tegata_domain::Entropy;
use zeroize::Zeroizing;

use crate::installation::DataDir;
use crate::keyfile::{KeyFileError, write_private};

/// Octets of a code: nobody guesses 80 bits by sending mails.
const LENGTH: usize = 10;

/// The key of the codes.
pub struct MarkKey(hmac::Key);

impl MarkKey {
    /// The key of an installation, made when there is none.
    ///
    /// # Errors
    /// When its file can be neither read nor written.
    pub fn of(dir: &DataDir, entropy: &dyn Entropy) -> Result<Self, KeyFileError> {
        Self::ensure(&dir.path().join("secrets/mail-mark"), entropy)
    }

    fn ensure(path: &Path, entropy: &dyn Entropy) -> Result<Self, KeyFileError> {
        let failed = |cause| KeyFileError::Io { path: path.to_owned(), cause };
        if !path.exists() {
            let mut octets = Zeroizing::new([0; 32]);
            entropy.fill(&mut *octets);
            write_private(path, Zeroizing::new(hex::encode(*octets) + "\n").as_bytes())?;
        }
        let text = Zeroizing::new(std::fs::read_to_string(path).map_err(failed)?);
        let octets = hex::decode(text.trim()).ok().map(Zeroizing::new);
        let octets = octets.filter(|octets| octets.len() >= 32).ok_or_else(|| {
            failed(std::io::Error::other("not 32 octets in hexadecimal; move the file away"))
        })?;
        Ok(Self::new(&octets))
    }

    /// A key of these octets.
    pub fn new(octets: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, octets))
    }

    /// The code of a mail, hexadecimal.
    pub fn code(&self, number: u64) -> String {
        hex::encode(self.octets(number))
    }

    /// Whether `code` is that of this mail.
    pub fn verifies(&self, number: u64, code: &str) -> bool {
        hex::decode(code)
            .is_ok_and(|code| verify_slices_are_equal(&code, &self.octets(number)).is_ok())
    }

    fn octets(&self, number: u64) -> [u8; LENGTH] {
        let tag = hmac::sign(&self.0, format!("tegata mail {number}").as_bytes());
        let mut octets = [0; LENGTH];
        octets.copy_from_slice(&tag.as_ref()[..LENGTH]);
        octets
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ambient::SystemEntropy;

    #[test]
    fn a_code_is_good_for_its_mail_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("mark");
        let key = MarkKey::ensure(&path, &SystemEntropy).unwrap();
        let code = key.code(7);
        assert!(MarkKey::ensure(&path, &SystemEntropy).unwrap().verifies(7, &code), "kept");
        assert!(!key.verifies(8, &code));
        assert!(!key.verifies(7, &code[..18]) && !key.verifies(7, "") && !key.verifies(7, "é"));
        assert!(!MarkKey::new(&[1; 32]).verifies(7, &code));
        std::fs::write(&path, "short").unwrap();
        assert!(MarkKey::ensure(&path, &SystemEntropy).is_err());
    }
}
