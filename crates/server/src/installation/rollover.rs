//! A new issuing CA beside those that an installation has.

use std::sync::Arc;

use jiff::Timestamp;
use tegata_ca::{CaKey, Signer, SubjectName};
use tegata_domain::{Entropy, Issuer};
use tegata_registrar::{Actor, KeyringError, NewIssuingCa, Registrar, Service};
use tegata_store::{AuthorityRecord, StoreError};
use tegata_token::{TokenKey, TokenUri};

use super::{DataDir, ISSUING_LIFETIME, InstallationError};
use crate::hierarchy::{NamedRoot, Setting};
use crate::keyfile::{self, Home, KeyFileError, Passphrase};

/// What a new issuing CA is to be.
#[derive(Clone, Debug)]
pub struct Rollover {
    /// Its name; counted up from the last one's when `None`.
    pub name: Option<Issuer>,
    /// Kind of its key.
    pub key: CaKey,
    /// Where its key is made and kept.
    pub home: KeyHome,
    /// From when on it issues.
    pub issues_from: Timestamp,
}

/// Where the key of a new issuing CA is made and kept.
#[derive(Clone, Debug)]
pub enum KeyHome {
    /// Where the present CA's is: in its token, or in a file.
    AsBefore,
    /// In this token.
    Token(TokenUri),
    /// In a file, also when the present one is in a token.
    File,
}

/// A new issuing CA before its key is made.
pub(super) struct Plan {
    pub(super) name: Issuer,
    pub(super) subject: SubjectName,
    pub(super) root: AuthorityRecord,
    token: Option<TokenUri>,
}

impl Plan {
    pub(super) fn of(
        dir: &DataDir,
        registrar: &Registrar,
        service: &Service,
        order: &Rollover,
    ) -> Result<Self, InstallationError> {
        let now = registrar.now();
        let authorities = registrar.authorities()?;
        let current = service.current(now);
        let root = authorities
            .iter()
            .find(|root| Some(root.id) == current.parent)
            .ok_or_else(|| KeyringError::NoIssuer(service.key.clone()))?;
        if let Some(waiting) = service.issuing.iter().find(|ca| !ca.retired && ca.issues_from > now)
        {
            return Err(InstallationError::RolloverUnderWay(
                waiting.name.clone(),
                waiting.issues_from,
            ));
        }
        let taken: Vec<Issuer> = authorities.iter().map(|ca| ca.name.clone()).collect();
        let name = match &order.name {
            Some(name) if taken.contains(name) => {
                return Err(StoreError::Exists { what: "CA", name: name.to_string() }.into());
            }
            Some(name) => name.clone(),
            None => service.next_ca_name(now, &taken).ok_or(InstallationError::NoName)?,
        };
        let token = match &order.home {
            KeyHome::AsBefore => keyfile::token_of(&dir.key(&current.name))?,
            KeyHome::Token(token) => Some(token.clone()),
            KeyHome::File => None,
        };
        if let Some(token) = &token {
            TokenKey::check_free(token, name.as_str()).map_err(KeyFileError::from)?;
        }
        let subject = current.authority.renamed(name.as_str())?;
        Ok(Self { name, subject, root: root.clone(), token })
    }

    pub(super) fn make_key(
        &self,
        dir: &DataDir,
        order: &Rollover,
        passphrase: &Passphrase,
        entropy: &dyn Entropy,
    ) -> Result<Arc<dyn Signer>, InstallationError> {
        let home = match &self.token {
            None => Home::File(passphrase),
            Some(uri) => Home::Token { uri, label: self.name.as_str() },
        };
        Ok(keyfile::create_for_ca(&dir.key(&self.name), order.key, home, entropy)?)
    }
}

impl DataDir {
    /// Makes a new issuing CA for a service under the root of its present one, and records it.
    /// Returns its name.
    ///
    /// # Errors
    /// When the root's key is not here, the root ends too soon, another one waits already, or
    /// the disk says no.
    pub async fn roll_over(
        &self,
        registrar: &Registrar,
        service: &Service,
        order: &Rollover,
        passphrase: &Passphrase,
        entropy: &dyn Entropy,
        actor: Actor,
    ) -> Result<Issuer, InstallationError> {
        let (now, keyring) = (registrar.now(), registrar.keyring());
        let plan = Plan::of(self, registrar, service, order)?;
        let root = keyring
            .roots()
            .iter()
            .find(|root| root.id == plan.root.id)
            .ok_or_else(|| InstallationError::RootElsewhere(plan.root.name.clone()))?;
        let left = root.authority.validity().not_after.duration_since(now);
        let key = plan.make_key(self, order, passphrase, entropy)?;
        let made = Setting { now, entropy }.issuing(
            &NamedRoot { name: &root.name, authority: &root.authority },
            &service.settings.status_url,
            (&plan.name, &plan.subject),
            key.public_key(),
            ISSUING_LIFETIME.min(left),
        )?;
        let new = NewIssuingCa {
            service: service.id,
            parent: root.id,
            name: plan.name.clone(),
            certificate: made.der,
            issues_from: order.issues_from,
        };
        registrar.add_issuing_ca(actor, new).await?;
        Ok(plan.name)
    }
}
