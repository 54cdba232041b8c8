use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use der::pem;
use tegata_ca::{KeyError, KeyKind, SignError, SignatureAlgorithm, Signer, SoftwareKey};
use tegata_domain::Entropy;
use tegata_wire::Der;
use tegata_wire::update::{Envelope, Manifest, ManifestError, Signature};

use crate::keyfile::{self, KeyFileError, Passphrase};

/// Octets in front of the public key in the DER of an Ed25519 key (RFC 8410 §4).
const PREFIX_LEN: usize = 12;

/// Label of an unencrypted key (RFC 5958).
const PLAIN: &str = "PRIVATE KEY";

/// A key that signs update manifests.
pub struct UpdateKey {
    key: SoftwareKey,
    public: [u8; 32],
}

/// Why an update key could not be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyTrouble {
    /// The file.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// What is in it.
    #[error("{0}: {1}")]
    Key(PathBuf, KeyError),
    /// It is encrypted and nobody said with what.
    #[error("{0} is encrypted; give --passphrase-file")]
    Encrypted(PathBuf),
    /// Whoever reads it can publish updates.
    #[error("{0}: others than its owner may read it; run `chmod 600` on it")]
    Readable(PathBuf),
    /// Of another kind.
    #[error("{0} is no Ed25519 key; `tegata update keygen` makes one")]
    Kind(PathBuf),
    /// It did not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// What was to be signed makes no sense.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
}

impl UpdateKey {
    /// Makes a key and writes it to a new file, readable by its owner alone, under a passphrase
    /// if there is one.
    ///
    /// # Errors
    /// When there is a file already, or it cannot be written.
    pub fn create(
        path: &Path,
        passphrase: Option<&Passphrase>,
        entropy: &dyn Entropy,
    ) -> Result<Self, KeyTrouble> {
        let wrong = |error| KeyTrouble::Key(path.to_owned(), error);
        if let Some(passphrase) = passphrase {
            let key = keyfile::create(path, KeyKind::Ed25519, passphrase, entropy)?;
            return Self::of(key, path);
        }
        let key = SoftwareKey::generate(KeyKind::Ed25519).map_err(wrong)?;
        let plain = key.to_pkcs8().map_err(wrong)?;
        let text = pem::encode_string(PLAIN, pem::LineEnding::LF, &plain)
            .map_err(|_| wrong(KeyError::Generation))?;
        let text = zeroize::Zeroizing::new(text);
        keyfile::write_private(path, text.as_bytes())?;
        Self::of(key, path)
    }

    /// Opens the key in `path`.
    ///
    /// # Errors
    /// When the file cannot be read, others can read a key without a passphrase, or it is no
    /// Ed25519 key.
    pub fn open(path: &Path, passphrase: Option<&Passphrase>) -> Result<Self, KeyTrouble> {
        let failed = |cause| KeyFileError::Io { path: path.to_owned(), cause };
        let octets = zeroize::Zeroizing::new(fs::read(path).map_err(failed)?);
        let wrong = |error| KeyTrouble::Key(path.to_owned(), error);
        let (label, der) = pem::decode_vec(&octets).map_err(|_| wrong(KeyError::NotAKey))?;
        let der = zeroize::Zeroizing::new(der);
        if label != PLAIN {
            let passphrase = passphrase.ok_or_else(|| KeyTrouble::Encrypted(path.to_owned()))?;
            return Self::of(keyfile::open(path, passphrase)?, path);
        }
        if fs::metadata(path).map_err(failed)?.permissions().mode() & 0o077 != 0 {
            return Err(KeyTrouble::Readable(path.to_owned()));
        }
        Self::of(SoftwareKey::from_pkcs8(&der).map_err(wrong)?, path)
    }

    fn of(key: SoftwareKey, path: &Path) -> Result<Self, KeyTrouble> {
        let kind = || KeyTrouble::Kind(path.to_owned());
        if key.algorithm() != SignatureAlgorithm::Ed25519 {
            return Err(kind());
        }
        let public = key.public_key().get(PREFIX_LEN..).and_then(|raw| raw.try_into().ok());
        Ok(Self { public: public.ok_or_else(kind)?, key })
    }

    /// The public key, 32 octets (RFC 8032), as it stands in a brand.
    pub fn public(&self) -> &[u8; 32] {
        &self.public
    }

    /// Signs a manifest.
    ///
    /// # Errors
    /// When the manifest contradicts itself, or the key does not sign.
    pub fn sign(&self, manifest: &Manifest) -> Result<Envelope, KeyTrouble> {
        let mut envelope = Envelope { signed: Der(manifest.to_octets()?), signatures: Vec::new() };
        self.add_to(&mut envelope)?;
        Ok(envelope)
    }

    /// Signs what others have signed.
    ///
    /// # Errors
    /// When the key does not sign.
    pub fn add_to(&self, envelope: &mut Envelope) -> Result<(), KeyTrouble> {
        let signature = self.key.sign(&envelope.message())?;
        envelope.signatures.retain(|one| one.key.0 != self.public);
        let (key, signature) = (Der(self.public.to_vec()), Der(signature));
        envelope.signatures.push(Signature { key, signature });
        Ok(())
    }
}

/// Reads an envelope whose every signature is good for the key named beside it. Whether the
/// application knows one of these keys only the application can tell.
///
/// # Errors
/// When a signature is not, or what they cover is no manifest.
pub fn verify(octets: &[u8]) -> Result<(Envelope, Manifest), ManifestError> {
    let envelope = Envelope::parse(octets)?;
    let message = envelope.message();
    let is_good =
        |one: &Signature| tegata_ca::verify_ed25519(&one.key.0, &message, &one.signature.0);
    if !envelope.signatures.iter().all(is_good) {
        return Err(ManifestError("a signature does not verify"));
    }
    let manifest = Manifest::parse(&envelope.signed.0)?;
    Ok((envelope, manifest))
}
