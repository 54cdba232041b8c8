//! A PKCS#12 file (RFC 7292): one key, its certificate and its chain, under a password.
//!
//! A file that a newer certificate takes the place of moves to `{name}.{serial}.p12` beside it
//! until its certificate is removed: it may be needed until the new one has proved itself.

mod encryption;
mod format;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use tegata_domain::{Entropy, Serial};
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
    /// When it was begun: what has expired by then is not kept.
    now: Timestamp,
}

impl Pkcs12 {
    pub(super) fn new(
        file: PathBuf,
        password: Zeroizing<String>,
        form: Pkcs12Form,
        state: Option<PathBuf>,
    ) -> Self {
        Self { file, password, form, state, begun: None, now: Timestamp::UNIX_EPOCH }
    }

    fn read(&self) -> Result<Option<Contents>, StoreError> {
        self.read_file(&self.file)
    }

    fn read_file(&self, file: &Path) -> Result<Option<Contents>, StoreError> {
        let octets = files::read(file, MAX_LEN).map_err(StoreError::io(file))?;
        octets
            .map(|octets| format::decode(&octets, &self.password))
            .transpose()
            .map_err(|_| StoreError::Unreadable(file.to_owned()))
    }

    /// The name of the file without its ending, and the ending.
    fn name(&self) -> (String, String) {
        let text = |part: Option<&std::ffi::OsStr>| {
            part.unwrap_or_default().to_string_lossy().into_owned()
        };
        (text(self.file.file_stem()), text(self.file.extension()))
    }

    /// Where the file of an older certificate is kept.
    fn older(&self, serial: Serial) -> PathBuf {
        let (stem, ending) = self.name();
        let dot = if ending.is_empty() { "" } else { "." };
        self.file.with_file_name(format!("{stem}.{serial}{dot}{ending}"))
    }

    /// The file and those of older certificates that this password opens, the newest first.
    fn all(&self) -> Result<Vec<(PathBuf, Contents)>, StoreError> {
        let mut all: Vec<_> =
            self.read()?.into_iter().map(|there| (self.file.clone(), there)).collect();
        let (stem, ending) = self.name();
        let is_older = |name: &str| {
            let serial = name.strip_prefix(&stem).and_then(|rest| rest.strip_prefix('.'));
            let serial = serial.and_then(|rest| rest.strip_suffix(&ending));
            serial.is_some_and(|rest| rest.trim_end_matches('.').parse::<Serial>().is_ok())
        };
        let folder = files::folder_of(&self.file);
        let entries = std::fs::read_dir(&folder).into_iter().flatten();
        let mut names: Vec<_> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| is_older(name))
            .collect();
        names.sort();
        for name in names {
            let path = folder.join(name);
            // Under another password it is none of this store.
            if let Ok(Some(there)) = self.read_file(&path) {
                all.push((path, there));
            }
        }
        Ok(all)
    }

    /// Copies the file that is about to be replaced, if its certificate still counts.
    fn keep_older(&self, bundle: &Bundle) -> Result<(), StoreError> {
        let Some(there) = self.read()? else { return Ok(()) };
        let older = there.certificates.iter().find(|older| {
            older.seat().as_ref() == Some(&bundle.user)
                && older.valid_at(self.now)
                && **older != bundle.certificate
        });
        let Some(serial) = older.and_then(Cert::serial) else { return Ok(()) };
        let octets = files::read(&self.file, MAX_LEN).map_err(StoreError::io(&self.file))?;
        let path = self.older(serial);
        files::write(&path, &octets.unwrap_or_default(), Access::Private, Existing::Replace)
            .map_err(StoreError::io(&path))
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
        self.now = seat.now;
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
        self.keep_older(bundle)?;
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
        let all = self.all()?;
        if all.is_empty() {
            return Err(StoreError::Missing(self.file.clone()));
        }
        let mut held = Vec::<Held>::new();
        for (path, there) in all {
            for certificate in &there.certificates {
                let has_key = there.keys.iter().any(|key| key.spki() == certificate.spki());
                let key = has_key.then_some(KeyLocation::File);
                // A copy whose replacement was interrupted is there twice.
                if !held.iter().any(|known| known.certificate == *certificate) {
                    let location = path.display().to_string();
                    held.extend(Held::of(certificate.clone(), location, key));
                }
            }
        }
        Ok(held)
    }

    fn authorities(&self) -> Result<Vec<Cert>, StoreError> {
        let all = self.all()?.into_iter().flat_map(|(_, there)| there.certificates);
        Ok(all.filter(Cert::is_authority).collect())
    }

    fn key(&self, held: &Held) -> Result<Arc<dyn SeatKey>, StoreError> {
        let keys = self.all()?.into_iter().flat_map(|(_, there)| there.keys);
        let key = keys.into_iter().find(|key| key.spki() == held.certificate.spki());
        Ok(Arc::new(key.ok_or_else(|| StoreError::Missing(self.file.clone()))?))
    }

    fn remove(&mut self, held: &Held) -> Result<(), StoreError> {
        for (path, there) in self.all()? {
            // A file holds one certificate with its chain: it goes as a whole.
            if there.certificates.contains(&held.certificate) {
                files::remove(&path).map_err(StoreError::io(&path))?;
            }
        }
        Ok(())
    }

    fn trust(&mut self, _: &Trusted) -> Result<String, StoreError> {
        Err(StoreError::Unsupported("pkcs12"))
    }
}
