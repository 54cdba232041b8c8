//! A new issuing CA beside those that an installation has.

use jiff::Timestamp;
use tegata_ca::CaKey;
use tegata_domain::{Entropy, Issuer};
use tegata_registrar::{Actor, KeyringError, NewIssuingCa, Registrar, Service};
use tegata_store::StoreError;
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
    /// The token that makes and keeps it; without, a file.
    pub token: Option<TokenUri>,
    /// From when on it issues.
    pub issues_from: Timestamp,
}

impl DataDir {
    /// Makes a new issuing CA for a service under the root of its present one, and records it.
    /// Returns its name.
    ///
    /// # Errors
    /// When the root's key is not here, the root ends too soon, or the disk says no.
    pub async fn roll_over(
        &self,
        registrar: &Registrar,
        service: &Service,
        order: &Rollover,
        passphrase: &Passphrase,
        entropy: &dyn Entropy,
        actor: Actor,
    ) -> Result<Issuer, InstallationError> {
        let now = registrar.now();
        let authorities = registrar.authorities()?;
        let current = service.current(now);
        let parent = authorities
            .iter()
            .find(|ca| ca.id == current.id)
            .and_then(|ca| authorities.iter().find(|root| Some(root.id) == ca.parent))
            .ok_or_else(|| KeyringError::NoIssuer(service.key.clone()))?;
        let keyring = registrar.keyring();
        let root = keyring
            .roots()
            .iter()
            .find(|root| root.id == parent.id)
            .ok_or_else(|| InstallationError::RootElsewhere(parent.name.clone()))?;
        let taken: Vec<Issuer> = authorities.iter().map(|ca| ca.name.clone()).collect();
        let name = match &order.name {
            Some(name) if taken.contains(name) => {
                return Err(StoreError::Exists { what: "CA", name: name.to_string() }.into());
            }
            Some(name) => name.clone(),
            None => service.next_ca_name(&taken).ok_or(InstallationError::NoName)?,
        };
        let lifetime =
            ISSUING_LIFETIME.min(root.authority.validity().not_after.duration_since(now));
        let subject = current.authority.renamed(name.as_str())?;
        let home = match &order.token {
            None => Home::File(passphrase),
            Some(uri) => {
                TokenKey::check_free(uri, name.as_str()).map_err(KeyFileError::from)?;
                Home::Token { uri, label: name.as_str() }
            }
        };
        let key = keyfile::create_for_ca(&self.key(&name), order.key, home, entropy)?;
        let made = Setting { now, entropy }.issuing(
            &NamedRoot { name: &root.name, authority: &root.authority },
            &service.settings.status_url,
            (&name, &subject),
            key.public_key(),
            lifetime,
        )?;
        let new = NewIssuingCa {
            service: service.id,
            parent: root.id,
            name: name.clone(),
            certificate: made.der,
            issues_from: order.issues_from,
        };
        registrar.add_issuing_ca(actor, new).await?;
        Ok(name)
    }
}
