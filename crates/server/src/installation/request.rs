//! Another issuing CA under a root whose key is elsewhere: a request, and the certificate that
//! comes back.

use std::fs;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tegata_ca::{Authority, CaCertificate, certification_request};
use tegata_domain::{Entropy, Issuer};
use tegata_registrar::{Actor, NewIssuingCa, Registrar, Service};
use tegata_store::StoreError;

use super::rollover::Plan;
use super::{DataDir, InstallationError, Rollover};
use crate::keyfile::{self, Passphrase, write_private};
use crate::offline::OfflineError;

/// What is kept until the certificate comes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    service: String,
    root: Issuer,
    name: Issuer,
    issues_from: Timestamp,
}

impl DataDir {
    /// Makes the key of another issuing CA and a request for its certificate. Returns its name
    /// and where the request is.
    ///
    /// # Errors
    /// When the name is taken, a rollover is under way, or the disk says no.
    pub fn request_ca(
        &self,
        registrar: &Registrar,
        service: &Service,
        order: &Rollover,
        passphrase: &Passphrase,
        entropy: &dyn Entropy,
    ) -> Result<(Issuer, PathBuf), OfflineError> {
        let plan = Plan::of(self, registrar, service, order)?;
        let name = plan.name.clone();
        let (kept, request) = (self.asked(&name), self.path().join(format!("{name}.csr")));
        let key = plan.make_key(self, order, passphrase, entropy)?;
        let der = certification_request(&*key, &plan.subject)?;
        let pem = der::pem::encode_string("CERTIFICATE REQUEST", der::pem::LineEnding::LF, &der)
            .map_err(|_| tegata_ca::AskError::from(der::Error::from(der::ErrorKind::Failed)))?;
        write_private(&request, pem.as_bytes())?;
        let asked = Asked {
            service: service.key.to_string(),
            root: plan.root.name,
            name: name.clone(),
            issues_from: order.issues_from,
        };
        let text = serde_json::to_vec_pretty(&asked)
            .map_err(|error| OfflineError::Kept(kept.clone(), error))?;
        write_private(&kept, &text)?;
        Ok((name, request))
    }

    /// Takes the certificate that an offline root made for such a request. Returns the CA's name
    /// and from when on it issues; `None` when no request of this name waits.
    ///
    /// # Errors
    /// Everything that is wrong with the certificate, or when the database refuses.
    pub async fn install_ca(
        &self,
        registrar: &Registrar,
        certificate: &CaCertificate,
        passphrase: &Passphrase,
        actor: Actor,
    ) -> Result<Option<(Issuer, Timestamp)>, OfflineError> {
        let Some(asked) = self.waiting_for(certificate)? else { return Ok(None) };
        let (keyring, authorities) = (registrar.keyring(), registrar.authorities().map_err(store)?);
        let service = keyring.services().find(|service| service.key.to_string() == asked.service);
        let root = authorities.iter().find(|ca| ca.name == asked.root && ca.service.is_none());
        let (Some(service), Some(root)) = (service, root) else {
            return Err(OfflineError::NotWaiting(self.path().to_owned()));
        };
        let issuer = CaCertificate::parse(&root.certificate)
            .map_err(|error| OfflineError::Refused(vec![error.to_string()]))?;
        let now = registrar.now();
        let wrong = crate::offline::judge_issuing(
            &issuer,
            certificate,
            (&asked.root, &asked.name, &service.settings),
            now,
        );
        if !wrong.is_empty() {
            return Err(OfflineError::Refused(wrong));
        }
        let key = keyfile::open_for_ca(&self.key(&asked.name), passphrase)?;
        Authority::open(certificate.der().to_vec(), key)
            .map_err(|error| InstallationError::Authority(asked.name.clone(), error))?;
        // What was to issue while the certificate was on its way issues now.
        let issues_from = asked.issues_from.max(now);
        let new = NewIssuingCa {
            service: service.id,
            parent: root.id,
            name: asked.name.clone(),
            certificate: certificate.der().to_vec(),
            issues_from,
        };
        registrar.add_issuing_ca(actor, new).await.map_err(store)?;
        for done in [self.asked(&asked.name), self.path().join(format!("{}.csr", asked.name))] {
            fs::remove_file(&done).map_err(|error| InstallationError::Io(done, error))?;
        }
        Ok(Some((asked.name, issues_from)))
    }

    fn asked(&self, name: &Issuer) -> PathBuf {
        self.path().join(format!("waiting-{name}.json"))
    }

    /// The request that this certificate answers, by its common name.
    fn waiting_for(&self, certificate: &CaCertificate) -> Result<Option<Asked>, OfflineError> {
        let failed = |error| InstallationError::Io(self.path().to_owned(), error);
        for entry in fs::read_dir(self.path()).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if !(name.starts_with("waiting-") && name.ends_with(".json")) {
                continue;
            }
            let text = fs::read(&path).map_err(failed)?;
            let asked: Asked = serde_json::from_slice(&text)
                .map_err(|error| OfflineError::Kept(path.clone(), error))?;
            if certificate.is_named(asked.name.as_str()) {
                return Ok(Some(asked));
            }
        }
        Ok(None)
    }
}

fn store(error: StoreError) -> OfflineError {
    OfflineError::Installation(error.into())
}
