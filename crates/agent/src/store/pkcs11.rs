//! A PKCS#11 token: a card, a USB token, whatever its maker's driver opens.

use std::path::PathBuf;
use std::sync::Arc;

use tegata_domain::{Entropy, ServiceKey};
use tegata_pkcs11::{Address, Module};
use zeroize::Zeroizing;

use super::token::{Objects, TakenUp};
use super::waiting::Waiting;
use super::{Begun, Bundle, Held, Installed, KeyLocation, KeyStore, Seat, StoreError};
use crate::cert::Cert;
use crate::files;
use crate::key::SeatKey;
use crate::trust::Trusted;

pub(super) struct Pkcs11 {
    objects: Objects,
    /// What tells this store from others, for the record of a key that waits.
    name: String,
    /// The name of what is put in, and the only one that is listed.
    label: Option<String>,
    state: PathBuf,
    begun: Option<TakenUp>,
}

impl Pkcs11 {
    pub(super) fn new(
        address: Address,
        password: Option<Zeroizing<String>>,
        state: PathBuf,
    ) -> Result<Self, StoreError> {
        let token = match password {
            Some(pin) => address.token.with_pin(pin),
            None => address.token,
        };
        let place = token.identity_text();
        let name = format!("{place}?module-path={}", token.module().display());
        let token = Module::open(token.module())?.passing_token(token);
        let objects = Objects::new(token, place);
        Ok(Self { objects, name, label: address.object, state, begun: None })
    }

    /// Where keys of this token are.
    fn key_location(&self) -> Result<KeyLocation, StoreError> {
        let is_hardware = self.objects.token().is_hardware()?;
        Ok(if is_hardware { KeyLocation::Hardware } else { KeyLocation::System })
    }
}

impl KeyStore for Pkcs11 {
    fn begin(&mut self, seat: &Seat<'_>) -> Result<Begun<'_>, StoreError> {
        files::make_private_folder(&self.state).map_err(StoreError::io(&self.state))?;
        let waiting = Waiting::of(&self.state, seat, &self.name);
        let taken = self.objects.take_up(waiting, seat)?;
        Ok(self.objects.begun(self.begun.insert(taken)))
    }

    fn install(&mut self, bundle: &Bundle, _: &dyn Entropy) -> Result<Installed, StoreError> {
        let taken = self.begun.as_ref().ok_or(StoreError::Internal("no key was begun"))?;
        let name = self.label.clone().unwrap_or_else(|| bundle.friendly_name());
        let name = self.objects.install(taken, bundle, &name)?;
        Ok(Installed { location: self.objects.location(&name), key: self.key_location()? })
    }

    fn read_back(&self, bundle: &Bundle) -> Result<(), StoreError> {
        self.objects.read_back(bundle)
    }

    fn settle(&mut self) -> Result<(), StoreError> {
        self.begun.take().map_or(Ok(()), |taken| self.objects.settle(&taken))
    }

    fn list(&self) -> Result<Vec<Held>, StoreError> {
        let mut held = self.objects.list(self.key_location()?)?;
        if let Some(label) = &self.label {
            let wanted = self.objects.location(label);
            held.retain(|held| held.location == wanted);
        }
        Ok(held)
    }

    fn authorities(&self) -> Result<Vec<Cert>, StoreError> {
        self.objects.authorities()
    }

    fn key(&self, held: &Held) -> Result<Arc<dyn SeatKey>, StoreError> {
        self.objects.key(&held.certificate)
    }

    fn remove(&mut self, held: &Held) -> Result<(), StoreError> {
        self.objects.remove(&held.certificate)
    }

    fn give_up(&mut self, service: Option<&ServiceKey>) -> Result<(), StoreError> {
        self.objects.give_up(Waiting::all(&self.state, service, &self.name)?)
    }

    fn trust(&mut self, _: &Trusted) -> Result<String, StoreError> {
        Err(StoreError::Unsupported("pkcs11"))
    }
}
