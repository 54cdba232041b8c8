//! A PKCS#12 file (RFC 7292): one key, its certificate and its chain, under a password.

mod encryption;
mod format;

use std::path::PathBuf;
use std::sync::Arc;

use tegata_domain::Entropy;
use zeroize::Zeroizing;

use super::{
    Begun, Bundle, Held, Installed, KeyLocation, KeyStore, Pkcs12Form, Seat, StoreError, prove,
};
use crate::cert::Cert;
use crate::files::{self, Access, Existing};
use crate::key::{FileKey, SeatKey};
use crate::pending::{Pending, TakenUp};
use crate::trust::Trusted;

pub(super) use format::{Contents, encode};

/// Longest file that is read, in octets. Ours have about 4,000.
const MAX_LEN: u64 = 1024 * 1024;

pub(super) struct Pkcs12 {
    file: PathBuf,
    password: Zeroizing<String>,
    form: Pkcs12Form,
    state: Option<PathBuf>,
    begun: Option<(Pending, TakenUp)>,
}

impl Pkcs12 {
    pub(super) fn new(
        file: PathBuf,
        password: Zeroizing<String>,
        form: Pkcs12Form,
        state: Option<PathBuf>,
    ) -> Self {
        Self { file, password, form, state, begun: None }
    }

    fn read(&self) -> Result<Option<Contents>, StoreError> {
        let octets = files::read(&self.file, MAX_LEN).map_err(StoreError::io(&self.file))?;
        octets
            .map(|octets| format::decode(&octets, &self.password))
            .transpose()
            .map_err(|_| StoreError::Unreadable(self.file.clone()))
    }

    /// Refuses to replace a file that holds anything but this seat's certificates of this
    /// service, or that another password guards.
    fn check_free(&self, seat: &Seat<'_>, waiting: &FileKey) -> Result<(), StoreError> {
        let there = match self.read() {
            Ok(None) => return Ok(()),
            Ok(Some(there)) => there,
            Err(StoreError::Unreadable(path)) => return Err(StoreError::Occupied(path)),
            Err(error) => return Err(error),
        };
        let ours = there.keys.iter().all(|key| {
            key.spki() == waiting.spki()
                || there.certificates.iter().any(|old| {
                    old.spki() == key.spki()
                        && old.seat().as_ref() == Some(seat.user)
                        && seat.trusted.intermediates().iter().any(|ca| old.is_signed_by(ca))
                })
        });
        let any = !there.keys.is_empty();
        if any && ours { Ok(()) } else { Err(StoreError::Occupied(self.file.clone())) }
    }
}

impl KeyStore for Pkcs12 {
    fn begin(&mut self, seat: &Seat<'_>) -> Result<Begun<'_>, StoreError> {
        let folder = files::folder_of(&self.file);
        files::make_writable_folder(&folder).map_err(StoreError::io(&folder))?;
        // The folder is the user's own, perhaps a shared or a synchronised one: no place for a
        // key that no password guards, unless there is no other.
        let state = self.state.as_deref();
        let pending = match state.filter(|state| files::make_writable_folder(state).is_ok()) {
            Some(state) => Pending::apart(state, seat, &self.file),
            None => Pending::beside(&folder, seat),
        };
        let taken = pending.take_up(seat.now, seat.entropy)?;
        if let Err(error) = self.check_free(seat, &taken.key) {
            if !taken.resumed {
                pending.clear()?;
            }
            return Err(error);
        }
        let (pending, taken) = self.begun.insert((pending, taken));
        Ok(pending.begun(taken))
    }

    fn install(&mut self, bundle: &Bundle, entropy: &dyn Entropy) -> Result<Installed, StoreError> {
        let (_, taken) = self.begun.as_ref().ok_or(StoreError::Internal("no key was begun"))?;
        let chain = bundle.intermediates.iter().chain([&bundle.root]);
        let certificates: Vec<_> = [&bundle.certificate].into_iter().chain(chain).collect();
        let name = bundle.friendly_name();
        let octets = encode(&taken.key, &certificates, &name, &self.password, self.form, entropy)
            .map_err(|_| StoreError::Internal("the PKCS#12 file could not be made"))?;
        files::write(&self.file, &octets, Access::Private, Existing::Replace)
            .map_err(StoreError::io(&self.file))?;
        Ok(Installed { location: self.file.display().to_string(), key: KeyLocation::File })
    }

    fn read_back(&self, bundle: &Bundle) -> Result<(), StoreError> {
        let there = self.read()?.ok_or(StoreError::NotReadBack("the file is not there"))?;
        let chain = bundle.intermediates.iter().chain([&bundle.root]);
        if !there.certificates.iter().eq([&bundle.certificate].into_iter().chain(chain)) {
            return Err(StoreError::NotReadBack("other certificates are in the file"));
        }
        let [key] = there.keys.as_slice() else {
            return Err(StoreError::NotReadBack("the file does not hold exactly one key"));
        };
        prove(key, &bundle.certificate)
    }

    fn settle(&mut self) -> Result<(), StoreError> {
        self.begun.take().map_or(Ok(()), |(pending, _)| pending.clear())
    }

    fn list(&self) -> Result<Vec<Held>, StoreError> {
        let there = self.read()?.ok_or_else(|| StoreError::Missing(self.file.clone()))?;
        let has_key =
            |certificate: &Cert| there.keys.iter().any(|key| key.spki() == certificate.spki());
        let location = self.file.display().to_string();
        Ok(there
            .certificates
            .iter()
            .filter_map(|certificate| {
                let key = has_key(certificate).then_some(KeyLocation::File);
                Held::of(certificate.clone(), location.clone(), key)
            })
            .collect())
    }

    fn key(&self, held: &Held) -> Result<Arc<dyn SeatKey>, StoreError> {
        let there = self.read()?.ok_or_else(|| StoreError::Missing(self.file.clone()))?;
        let key = there.keys.into_iter().find(|key| key.spki() == held.certificate.spki());
        let key = key.ok_or_else(|| StoreError::Missing(self.file.clone()))?;
        Ok(Arc::new(key))
    }

    fn remove(&mut self, held: &Held) -> Result<(), StoreError> {
        let is_it = |there: &Contents| there.certificates.contains(&held.certificate);
        // The file holds one certificate with its chain: it goes as a whole.
        if self.read()?.as_ref().is_some_and(is_it) {
            files::remove(&self.file).map_err(StoreError::io(&self.file))?;
        }
        Ok(())
    }

    fn trust(&mut self, _: &Trusted) -> Result<String, StoreError> {
        Err(StoreError::Unsupported("pkcs12"))
    }
}
