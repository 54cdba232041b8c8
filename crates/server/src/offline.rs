//! An installation whose root is offline: it makes a request, and waits for the certificate.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tegata_ca::{
    AskError, Authority, CaCertificate, CaKey, KeyKind, NameError, SubjectName,
    certification_request,
};
use tegata_domain::{Clock, Entropy, Issuer, ServiceKey};
use tegata_registrar::{Actor, Office, ServiceSettings};
use tegata_token::{TokenKey, TokenUri};

use crate::installation::{DataDir, InstallationError};
use crate::keyfile::{self, Home, KeyFileError, Passphrase, write_private};

/// An installation to be, without its root.
#[derive(Clone, Debug)]
pub struct Branching {
    /// Tenant and name of the issuing CA.
    pub key: ServiceKey,
    /// Name of the root, which exists elsewhere or will.
    pub root_name: Issuer,
    /// Country of the issuing CA's name.
    pub country: String,
    /// Kind of the issuing CA's key.
    pub issuing_key: CaKey,
    /// The token that makes and keeps it; without, a file.
    pub issuing_token: Option<TokenUri>,
    /// What is particular to the service.
    pub settings: ServiceSettings,
}

/// What is kept until the certificate comes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiting {
    /// Tenant and name of the issuing CA.
    pub key: ServiceKey,
    /// Name of the root.
    pub root_name: Issuer,
    /// What is particular to the service.
    pub settings: ServiceSettings,
}

/// Why a request was not made or a certificate not taken.
#[derive(Debug, thiserror::Error)]
pub enum OfflineError {
    /// The data directory, a key, the database.
    #[error(transparent)]
    Installation(#[from] InstallationError),
    /// The request.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// No request was made here.
    #[error("{0} waits for no certificate; `tegata init --offline-root` makes a request")]
    NotWaiting(PathBuf),
    /// What was kept cannot be read.
    #[error("{0}: {1}")]
    Kept(PathBuf, serde_json::Error),
    /// What is wrong with the certificates.
    #[error("{}", .0.join("\n"))]
    Refused(Vec<String>),
}

impl From<KeyFileError> for OfflineError {
    fn from(error: KeyFileError) -> Self {
        Self::Installation(error.into())
    }
}

impl From<NameError> for OfflineError {
    fn from(error: NameError) -> Self {
        Self::Installation(error.into())
    }
}

impl DataDir {
    /// Makes the issuing CA's key and a request for its certificate, and waits for the answer of
    /// an offline root. Returns where the request is.
    ///
    /// # Errors
    /// When keys exist already, names are not fit for certificates, or the disk says no.
    pub fn ask(
        &self,
        branching: &Branching,
        passphrase: &Passphrase,
        entropy: &dyn Entropy,
    ) -> Result<PathBuf, OfflineError> {
        self.begin(&branching.settings, &branching.root_name, &branching.key.issuer)?;
        let name = &branching.key.issuer;
        let subject = SubjectName::new(name.as_str())?
            .organisation(&branching.settings.organisation.en)?
            .country(&branching.country)?;
        let home = match &branching.issuing_token {
            None => Home::File(passphrase),
            Some(uri) => {
                TokenKey::check_free(uri, name.as_str()).map_err(KeyFileError::from)?;
                Home::Token { uri, label: name.as_str() }
            }
        };
        let key = keyfile::create_for_ca(&self.key(name), branching.issuing_key, home, entropy)?;
        keyfile::create(&self.key("feed"), KeyKind::Ed25519, passphrase, entropy)?;
        let request = certification_request(&*key, &subject)?;
        let pem =
            der::pem::encode_string("CERTIFICATE REQUEST", der::pem::LineEnding::LF, &request)
                .map_err(|_| AskError::from(der::Error::from(der::ErrorKind::Failed)))?;
        let path = self.request(name);
        write_private(&path, pem.as_bytes())?;
        let waiting = Waiting {
            key: branching.key.clone(),
            root_name: branching.root_name.clone(),
            settings: branching.settings.clone(),
        };
        let kept = self.waiting();
        let text = serde_json::to_vec_pretty(&waiting)
            .map_err(|error| OfflineError::Kept(kept.clone(), error))?;
        // Last: with it the request is whole.
        write_private(&kept, &text)?;
        Ok(path)
    }

    /// Takes the certificate that an offline root made for the request, and records the service.
    ///
    /// # Errors
    /// Everything that is wrong with the certificates, or when the database refuses.
    pub async fn install(
        &self,
        actor: Actor,
        (root, certificate): (&CaCertificate, &CaCertificate),
        passphrase: &Passphrase,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Waiting, OfflineError> {
        if self.is_founded()? {
            return Err(InstallationError::Founded(self.path().to_owned()).into());
        }
        let kept = self.waiting();
        let text = fs::read(&kept).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => OfflineError::NotWaiting(self.path().to_owned()),
            _ => InstallationError::Io(kept.clone(), error).into(),
        })?;
        let waiting: Waiting = serde_json::from_slice(&text)
            .map_err(|error| OfflineError::Kept(kept.clone(), error))?;
        let name = &waiting.key.issuer;
        let wrong = judge(root, certificate, &waiting, clock.now());
        if !wrong.is_empty() {
            return Err(OfflineError::Refused(wrong));
        }
        let key = keyfile::open_for_ca(&self.key(name), passphrase)?;
        Authority::open(certificate.der().to_vec(), key)
            .map_err(|error| InstallationError::Authority(name.clone(), error))?;
        self.write_root_pem(root.der())?;
        self.found_with(actor, &waiting, root.der(), certificate.der(), clock, entropy).await?;
        for done in [kept, self.request(name)] {
            fs::remove_file(&done).map_err(|error| InstallationError::Io(done, error))?;
        }
        Ok(waiting)
    }

    /// The request that was made for this CA.
    fn request(&self, name: &Issuer) -> PathBuf {
        self.path().join(format!("{name}.csr"))
    }
}

/// Everything that is wrong with a root and what it certified, for an installation that waits.
fn judge(
    root: &CaCertificate,
    certificate: &CaCertificate,
    waiting: &Waiting,
    now: jiff::Timestamp,
) -> Vec<String> {
    let root_name = &waiting.root_name;
    let validity = root.validity();
    let rules = [
        (root.is_self_signed(), "--root is not self-signed: it is no root".to_owned()),
        (
            root.is_named(root_name.as_str()),
            format!("--root is {}, not {root_name}", root.subject()),
        ),
        (
            root.path_length() != Some(0),
            "--root may have no CA below it (its path length is 0)".to_owned(),
        ),
        (
            (validity.not_before..=validity.not_after).contains(&now),
            format!("--root is valid from {} to {}", validity.not_before, validity.not_after),
        ),
    ];
    let mut wrong: Vec<String> =
        rules.into_iter().filter(|(holds, _)| !holds).map(|(_, what)| what).collect();
    let (name, settings) = (&waiting.key.issuer, &waiting.settings);
    wrong.extend(judge_issuing(root, certificate, (root_name, name, settings), now));
    wrong
}

/// Everything that is wrong with an issuing CA's certificate under this root.
pub(crate) fn judge_issuing(
    root: &CaCertificate,
    certificate: &CaCertificate,
    (root_name, name, settings): (&Issuer, &Issuer, &ServiceSettings),
    now: jiff::Timestamp,
) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut rule = |holds: bool, what: String| {
        if !holds {
            wrong.push(what);
        }
    };
    let validity = certificate.validity();
    rule(root.is_issuer_of(certificate), "--certificate was not made by the root".to_owned());
    rule(
        certificate.is_named(name.as_str()),
        format!("--certificate is {}, not {name}", certificate.subject()),
    );
    rule(
        certificate.has_usual_identifier(),
        "--certificate: its subject key identifier is not SHA-1 of its key (RFC 5280 §4.2.1.2, \
         method 1)"
            .to_owned(),
    );
    rule(
        (validity.not_before..=validity.not_after).contains(&now),
        format!("--certificate is valid from {} to {}", validity.not_before, validity.not_after),
    );
    rule(
        certificate.path_length() == Some(0),
        "--certificate: its path length is not 0: it could make further CAs".to_owned(),
    );
    let list = Office::issuing_addresses(&settings.status_url, root_name).crl;
    rule(
        certificate.names_crl(&list),
        format!("--certificate does not name {list} as the place of the root's CRL"),
    );
    let reach = settings.lifecycle().reach();
    let ends = validity.not_after;
    rule(
        reach <= ends.duration_since(now),
        format!(
            "--certificate ends on {ends}: too short for one lifetime and the renewal window, {} \
             days",
            reach.as_hours() / 24
        ),
    );
    wrong
}
