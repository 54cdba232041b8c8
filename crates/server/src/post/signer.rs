//! Which certificate and key sign the mails of a service, opened when they are first needed.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tegata_ca::{KeyError, KeyKind, MailSigner, MailSignerError, Signer, SoftwareKey, stand_in};
use tegata_domain::{Entropy, ServiceKey};
use tegata_registrar::{OwnMailSignerError, Registrar, Service};
use tegata_store::StoreError;
use tegata_token::{KeyUri, TokenError, TokenKey};
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use crate::installation::DataDir;
use crate::keyfile::{self, KeyFileError, Passphrase};

/// Where certificate and key are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignerPlace {
    /// Made by the service itself from its profile `mail_signer`.
    Own,
    /// In a PKCS#12 file, which this file's passphrase opens.
    Pkcs12 {
        /// The file.
        file: PathBuf,
        /// The file with its passphrase.
        passphrase: PathBuf,
    },
    /// The key in a token, the chain in a file in PEM.
    Token {
        /// Address of the key.
        key: KeyUri,
        /// The file, the key's own certificate first.
        chain: PathBuf,
    },
}

/// Why nothing is signed now.
#[derive(Debug, thiserror::Error)]
pub enum SignerError {
    /// There is no such service any more.
    #[error("there is no service {0}")]
    Service(ServiceKey),
    /// A file.
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
    /// Not what it must be.
    #[error("{0}: not a PKCS#12 file with a key and certificates that this passphrase opens")]
    Pkcs12(PathBuf),
    /// No certificates in it.
    #[error("{0}: no certificates in PEM")]
    Chain(PathBuf),
    /// Of a kind that is not used here.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The file of the service's own key.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// The token.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The key is given up; a new one is made once it is gone.
    #[error("{0}; move {1} away, and a new key and certificate are made")]
    Revoked(OwnMailSignerError, PathBuf),
    /// The service's own certificate.
    #[error(transparent)]
    Own(#[from] OwnMailSignerError),
    /// What is wrong with the certificate, or the key is away.
    #[error(transparent)]
    Signer(#[from] MailSignerError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The task that asked the token is gone.
    #[error("the signature was cut short")]
    CutShort,
}

/// The signers of every service.
pub struct Signers {
    place: SignerPlace,
    /// Whether a key that is worth nothing takes the place of one from outside.
    stands_in: bool,
    dir: DataDir,
    passphrase: Arc<Passphrase>,
    entropy: Arc<dyn Entropy>,
    registrar: Arc<Registrar>,
    /// By service; one for all when it is not of their own.
    open: Mutex<HashMap<Option<ServiceKey>, Arc<MailSigner>>>,
}

impl Signers {
    /// Signers that are opened when they are first needed.
    pub fn new(
        place: SignerPlace,
        dir: DataDir,
        passphrase: Arc<Passphrase>,
        entropy: Arc<dyn Entropy>,
        registrar: Arc<Registrar>,
    ) -> Self {
        let (stands_in, open) = (false, Mutex::default());
        Self { place, stands_in, dir, passphrase, entropy, registrar, open }
    }

    /// The same for a simulation: a signer from outside lends its certificate and how long it is
    /// good, but not its key.
    pub fn standing_in(self) -> Self {
        Self { stands_in: true, ..self }
    }

    /// Signs a part of a mail of this service from `sender`; answers the name of the hash and
    /// the signature.
    ///
    /// # Errors
    /// Why it cannot be signed now.
    pub async fn sign(
        &self,
        service: &ServiceKey,
        sender: &str,
        part: Arc<Vec<u8>>,
    ) -> Result<(&'static str, Vec<u8>), SignerError> {
        let signer = self.signer(service, sender).await?;
        let now = self.registrar.now();
        let (task, waits) = (signer.clone(), signer.may_wait());
        let signed = if waits {
            tokio::task::spawn_blocking(move || task.sign(&part, now))
                .await
                .map_err(|_| SignerError::CutShort)?
        } else {
            signer.sign(&part, now)
        };
        match signed {
            Ok(signature) => Ok((signer.micalg(), signature)),
            Err(error) => {
                // Opened anew next time: the token may be in again, or another key in its place.
                self.open.lock().await.clear();
                Err(error.into())
            }
        }
    }

    async fn signer(&self, key: &ServiceKey, sender: &str) -> Result<Arc<MailSigner>, SignerError> {
        let keyring = self.registrar.keyring();
        let service = keyring.service(key).ok_or_else(|| SignerError::Service(key.clone()))?;
        let name = matches!(self.place, SignerPlace::Own).then(|| key.clone());
        let mut open = self.open.lock().await;
        if let Some(signer) = open.get(&name) {
            let stands = match self.place {
                SignerPlace::Own => self.registrar.keeps_mail_signer(service, signer)?,
                _ => true,
            };
            if stands && signer.check(sender, self.registrar.now()).is_ok() {
                return Ok(signer.clone());
            }
            open.remove(&name);
        }
        let signer = match &self.place {
            SignerPlace::Own => self.own(service, sender).await?,
            place => {
                let (place, stands_in) = (place.clone(), self.stands_in);
                let opened = tokio::task::spawn_blocking(move || match stands_in {
                    true => stand_in_for(&place),
                    false => from_outside(&place),
                });
                opened.await.map_err(|_| SignerError::CutShort)??
            }
        };
        signer.check(sender, self.registrar.now())?;
        let signer = Arc::new(signer);
        open.insert(name, signer.clone());
        Ok(signer)
    }

    async fn own(&self, service: &Service, sender: &str) -> Result<MailSigner, SignerError> {
        let path = own_key(&self.dir, &service.key);
        let (kind, file) = (service.mail_key_kind(), path.clone());
        let (passphrase, entropy) = (self.passphrase.clone(), self.entropy.clone());
        let key = tokio::task::spawn_blocking(move || -> Result<Arc<dyn Signer>, KeyFileError> {
            if !keyfile::exists(&file) {
                keyfile::create(&file, kind, &passphrase, &*entropy)?;
            }
            keyfile::open_for_ca(&file, &passphrase)
        });
        let key = key.await.map_err(|_| SignerError::CutShort)??;
        self.registrar.own_mail_signer(service, sender, key).await.map_err(|error| match error {
            OwnMailSignerError::Revoked { .. } => SignerError::Revoked(error, path),
            error => error.into(),
        })
    }
}

/// The file of the key with which a service signs mails, where it is its own.
pub(crate) fn own_key(dir: &DataDir, service: &ServiceKey) -> PathBuf {
    dir.key(format_args!("mail-{}", service.to_string().replace('/', "-")))
}

/// A signer that was made elsewhere.
fn from_outside(place: &SignerPlace) -> Result<MailSigner, SignerError> {
    match place {
        SignerPlace::Token { key, chain } => {
            let chain = pem(chain)?;
            Ok(MailSigner::open(&chain, Arc::new(TokenKey::open(key.clone())?))?)
        }
        SignerPlace::Pkcs12 { file, passphrase } => {
            let (chain, key) = pkcs12(file, passphrase)?;
            Ok(MailSigner::open(&chain, Arc::new(key))?)
        }
        // Not from outside; `Signers::own` makes it.
        SignerPlace::Own => Err(SignerError::CutShort),
    }
}

/// One that is good for as long as a signer that was made elsewhere, with a key of its own.
fn stand_in_for(place: &SignerPlace) -> Result<MailSigner, SignerError> {
    let mut chain = match place {
        SignerPlace::Token { chain, .. } => pem(chain)?,
        SignerPlace::Pkcs12 { file, passphrase } => pkcs12(file, passphrase)?.0,
        SignerPlace::Own => return Err(SignerError::CutShort),
    };
    let key = SoftwareKey::generate(KeyKind::EcP256)?;
    let own = chain.first_mut().ok_or(MailSignerError::NotACertificate)?;
    *own = stand_in(own, key.public_key()).ok_or(MailSignerError::NotACertificate)?;
    Ok(MailSigner::open(&chain, Arc::new(key))?)
}

/// Chain and key in a PKCS#12 file.
fn pkcs12(file: &Path, passphrase: &Path) -> Result<(Vec<Vec<u8>>, SoftwareKey), SignerError> {
    let wrong = || SignerError::Pkcs12(file.to_owned());
    let octets = Zeroizing::new(read(file)?);
    let secret = Zeroizing::new(String::from_utf8(read(passphrase)?).map_err(|_| wrong())?);
    let secret = secret.trim_end_matches(['\r', '\n']);
    let store = p12_keystore::KeyStore::from_pkcs12(&octets, secret).map_err(|_| wrong())?;
    let (_, held) = store.private_key_chain().ok_or_else(wrong)?;
    let chain = held.chain().iter().map(|one| one.as_der().to_vec()).collect();
    Ok((chain, SoftwareKey::from_pkcs8(held.key())?))
}

/// The certificates of a file.
fn pem(file: &Path) -> Result<Vec<Vec<u8>>, SignerError> {
    certificates(&read(file)?).ok_or_else(|| SignerError::Chain(file.to_owned()))
}

fn read(path: &Path) -> Result<Vec<u8>, SignerError> {
    std::fs::read(path).map_err(|error| SignerError::File(path.to_owned(), error))
}

fn certificates(pem: &[u8]) -> Option<Vec<Vec<u8>>> {
    let all = CertificateDer::pem_slice_iter(pem).map(|one| one.map(|der| der.to_vec()));
    all.collect::<Result<Vec<_>, _>>().ok().filter(|all| !all.is_empty())
}
