use std::path::{Path, PathBuf};
use std::sync::Arc;

use der::pem::LineEnding;
use jiff::Timestamp;
use tegata_domain::{Entropy, UserId};
use zeroize::Zeroizing;

use super::{Begun, Bundle, Held, Installed, KeyLocation, KeyStore, Seat, StoreError, prove};
use crate::cert::{self, Cert};
use crate::files::{self, Access, Existing};
use crate::key::{FileKey, SeatKey};
use crate::pending::{Pending, TakenUp};
use crate::trust::Trusted;

const ROOT: &str = "root.crt.pem";
const INTERMEDIATES: &str = "intermediates.crt.pem";
const KEY: &str = ".key.pem";
const CERTIFICATE: &str = ".crt.pem";
const CHAIN: &str = ".chain.pem";

/// A folder of PEM files: `{user}.key.pem`, `{user}.crt.pem`, `{user}.chain.pem` (certificate
/// and issuing CAs) and `root.crt.pem`. A certificate that a newer one takes the place of moves
/// to `{user}.{serial}.…` until it is removed: it may be needed until the new one has proved
/// itself.
pub(super) struct Pem {
    folder: PathBuf,
    begun: Option<(Pending, TakenUp)>,
    /// When it was begun: what has expired by then is not kept.
    now: Timestamp,
}

impl Pem {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, begun: None, now: Timestamp::UNIX_EPOCH }
    }

    fn file(&self, user: &UserId, ending: &str) -> PathBuf {
        self.folder.join(format!("{user}{ending}"))
    }

    /// Beginnings of the names under which a certificate may be: its own place, and the one for
    /// those before the newest.
    fn stems(held: &Held) -> [String; 2] {
        [held.user.to_string(), format!("{}.{}", held.user, held.serial)]
    }

    /// The beginning of the name under which this certificate is.
    fn stem(&self, held: &Held) -> Result<Option<String>, StoreError> {
        let wanted = [held.certificate.clone()];
        for stem in Self::stems(held) {
            // What cannot be read is none of ours.
            let there = read_certificates(&self.folder.join(format!("{stem}{CERTIFICATE}")));
            if there.is_ok_and(|there| there == wanted) {
                return Ok(Some(stem));
            }
        }
        Ok(None)
    }

    /// Copies a certificate that is about to be replaced, with its key and chain. The copy of the
    /// certificate comes last: where it is, the rest is too.
    fn keep_older(&self, bundle: &Bundle) -> Result<(), StoreError> {
        let path = self.file(&bundle.user, CERTIFICATE);
        let Ok([older]) = <[Cert; 1]>::try_from(read_certificates(&path)?) else { return Ok(()) };
        let is_live = older.valid_at(self.now) && older.seat().as_ref() == Some(&bundle.user);
        let (Some(serial), true) = (older.serial(), is_live && older != bundle.certificate) else {
            return Ok(());
        };
        // After an interrupted try the new key may be in its place already, and the copy made.
        let key = read_key(&self.file(&bundle.user, KEY))?;
        let Some(key) = key.filter(|key| key.spki() == older.spki()) else { return Ok(()) };
        let to = |ending: &str| self.folder.join(format!("{}.{serial}{ending}", bundle.user));
        let pem = key.to_pem().ok_or(StoreError::Internal("the key has no PEM form"))?;
        files::write(&to(KEY), pem.as_bytes(), Access::Private, Existing::Replace)
            .map_err(StoreError::io(&to(KEY)))?;
        let chain = read_certificates(&self.file(&bundle.user, CHAIN))?;
        write_certificates(&to(CHAIN), &chain)?;
        write_certificates(&to(CERTIFICATE), &[older])
    }

    /// Refuses to replace a key whose certificate this service did not issue to this seat.
    fn check_free(&self, seat: &Seat<'_>, waiting: &FileKey) -> Result<(), StoreError> {
        self.check_root(seat.trusted)?;
        let path = self.file(seat.user, KEY);
        let Some(key) = read_key(&path)? else { return Ok(()) };
        if key.spki() == waiting.spki() {
            return Ok(());
        }
        let ours = read_certificates(&self.file(seat.user, CERTIFICATE))?.iter().any(|old| {
            old.spki() == key.spki()
                && old.seat().as_ref() == Some(seat.user)
                && seat.trusted.intermediates().iter().any(|ca| old.is_signed_by(ca))
        });
        if ours { Ok(()) } else { Err(StoreError::Occupied(path)) }
    }

    fn check_root(&self, trusted: &Trusted) -> Result<(), StoreError> {
        let path = self.folder.join(ROOT);
        let there = read_certificates(&path)?;
        if there.is_empty() || there == [trusted.root().clone()] {
            Ok(())
        } else {
            Err(StoreError::Occupied(path))
        }
    }
}

impl KeyStore for Pem {
    fn begin(&mut self, seat: &Seat<'_>) -> Result<Begun<'_>, StoreError> {
        files::make_private_folder(&self.folder).map_err(StoreError::io(&self.folder))?;
        let pending = Pending::beside(&self.folder, seat);
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

    fn install(&mut self, bundle: &Bundle, _: &dyn Entropy) -> Result<Installed, StoreError> {
        let (_, taken) = self.begun.as_ref().ok_or(StoreError::Internal("no key was begun"))?;
        let key = taken.key.to_pem().ok_or(StoreError::Internal("the key has no PEM form"))?;
        self.keep_older(bundle)?;
        let path = self.file(&bundle.user, KEY);
        files::write(&path, key.as_bytes(), Access::Private, Existing::Replace)
            .map_err(StoreError::io(&path))?;
        let leaf = std::slice::from_ref(&bundle.certificate);
        let chain: Vec<_> = leaf.iter().chain(&bundle.intermediates).cloned().collect();
        write_certificates(&self.folder.join(ROOT), std::slice::from_ref(&bundle.root))?;
        write_certificates(&self.file(&bundle.user, CHAIN), &chain)?;
        // The certificate comes last: where it is, the rest is too.
        let path = self.file(&bundle.user, CERTIFICATE);
        write_certificates(&path, leaf)?;
        Ok(Installed { location: path.display().to_string(), key: KeyLocation::File })
    }

    fn read_back(&self, bundle: &Bundle) -> Result<(), StoreError> {
        let expected = |ending: &str, certificates: &[&Cert]| {
            let there = read_certificates(&self.file(&bundle.user, ending))?;
            if there.iter().eq(certificates.iter().copied()) {
                Ok(())
            } else {
                Err(StoreError::NotReadBack("another certificate is in the file"))
            }
        };
        let mut chain = vec![&bundle.certificate];
        expected(CERTIFICATE, &chain)?;
        chain.extend(&bundle.intermediates);
        expected(CHAIN, &chain)?;
        if read_certificates(&self.folder.join(ROOT))? != [bundle.root.clone()] {
            return Err(StoreError::NotReadBack("another root is in the file"));
        }
        let key = read_key(&self.file(&bundle.user, KEY))?
            .ok_or(StoreError::NotReadBack("the key is not in the file"))?;
        prove(&key, &bundle.certificate)
    }

    fn settle(&mut self) -> Result<(), StoreError> {
        self.begun.take().map_or(Ok(()), |(pending, _)| pending.clear())
    }

    fn list(&self) -> Result<Vec<Held>, StoreError> {
        let entries = match std::fs::read_dir(&self.folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(StoreError::Missing(self.folder.clone()));
            }
            other => other.map_err(StoreError::io(&self.folder))?,
        };
        let mut names: Vec<_> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| name.ends_with(CERTIFICATE))
            .collect();
        names.sort();
        let mut held = Vec::<Held>::new();
        for name in names {
            let path = self.folder.join(&name);
            // Files of other programs are passed over, not complained about.
            let certificates = read_certificates(&path).unwrap_or_default();
            let Ok([certificate]) = <[Cert; 1]>::try_from(certificates) else { continue };
            let key = path.with_file_name(name.replace(CERTIFICATE, KEY));
            let key = read_key(&key).ok().flatten();
            let key = key.filter(|key| key.spki() == certificate.spki());
            let location = path.display().to_string();
            let key = key.map(|_| KeyLocation::File);
            // In its old place and its new one after an interrupted try: the one with the key.
            let twice = held.iter().position(|known| known.certificate == certificate);
            match (Held::of(certificate, location, key), twice) {
                (Some(found), Some(at)) if held[at].key.is_none() => held[at] = found,
                (Some(found), None) => held.push(found),
                _ => {}
            }
        }
        Ok(held)
    }

    fn key(&self, held: &Held) -> Result<Arc<dyn SeatKey>, StoreError> {
        let keys = Self::stems(held).map(|stem| self.folder.join(format!("{stem}{KEY}")));
        let found = keys.iter().find_map(|path| {
            let key = read_key(path).ok().flatten();
            key.filter(|key| key.spki() == held.certificate.spki())
        });
        let [path, _] = keys;
        Ok(Arc::new(found.ok_or(StoreError::Missing(path))?))
    }

    fn remove(&mut self, held: &Held) -> Result<(), StoreError> {
        while let Some(stem) = self.stem(held)? {
            let path = |ending: &str| self.folder.join(format!("{stem}{ending}"));
            let remove = |path: PathBuf| files::remove(&path).map_err(StoreError::io(&path));
            let key = read_key(&path(KEY)).ok().flatten();
            if key.is_some_and(|key| key.spki() == held.certificate.spki()) {
                remove(path(KEY))?;
            }
            remove(path(CHAIN))?;
            // The certificate goes last: while it is there, so is what is left to remove.
            remove(path(CERTIFICATE))?;
        }
        Ok(())
    }

    fn trust(&mut self, trusted: &Trusted) -> Result<String, StoreError> {
        files::make_private_folder(&self.folder).map_err(StoreError::io(&self.folder))?;
        self.check_root(trusted)?;
        write_certificates(&self.folder.join(INTERMEDIATES), trusted.intermediates())?;
        let path = self.folder.join(ROOT);
        write_certificates(&path, std::slice::from_ref(trusted.root()))?;
        Ok(path.display().to_string())
    }

    fn authorities(&self) -> Result<Vec<Cert>, StoreError> {
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let files = entries.map(|entry| entry.path()).filter(|path| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            name == ROOT || name == INTERMEDIATES || name.ends_with(CHAIN)
        });
        // Files of other programs are passed over.
        let all = files.flat_map(|path| read_certificates(&path).unwrap_or_default());
        Ok(all.filter(Cert::is_authority).collect())
    }

    fn trusts(&self, trusted: &Trusted) -> Result<bool, StoreError> {
        Ok(read_certificates(&self.folder.join(ROOT))? == [trusted.root().clone()])
    }
}

/// The key in a file; `None` when there is no file, [`StoreError::Occupied`] when it holds a
/// key that is not ours (another algorithm or form).
fn read_key(path: &Path) -> Result<Option<FileKey>, StoreError> {
    let Some(octets) = files::read(path, 64 * 1024).map_err(StoreError::io(path))? else {
        return Ok(None);
    };
    let octets = Zeroizing::new(octets);
    let key = std::str::from_utf8(&octets).ok().and_then(FileKey::from_pem);
    key.map(Some).ok_or_else(|| StoreError::Occupied(path.to_owned()))
}

fn read_certificates(path: &Path) -> Result<Vec<Cert>, StoreError> {
    let limit = 32 * cert::MAX_LEN as u64;
    let Some(octets) = files::read(path, limit).map_err(StoreError::io(path))? else {
        return Ok(Vec::new());
    };
    certificates_of_pem(&octets).ok_or_else(|| StoreError::Unreadable(path.to_owned()))
}

/// Every certificate of a PEM text; `None` when a part of it is none.
pub(super) fn certificates_of_pem(pem: &[u8]) -> Option<Vec<Cert>> {
    use rustls::pki_types::pem::PemObject;
    rustls::pki_types::CertificateDer::pem_slice_iter(pem)
        .map(|der| Cert::from_der(der.ok()?.to_vec()).ok())
        .collect()
}

fn write_certificates(path: &Path, certificates: &[Cert]) -> Result<(), StoreError> {
    let mut pem = String::new();
    for certificate in certificates {
        pem.push_str(&to_pem(certificate)?);
    }
    files::write(path, pem.as_bytes(), Access::Public, Existing::Replace)
        .map_err(StoreError::io(path))
}

fn to_pem(certificate: &Cert) -> Result<String, StoreError> {
    der::pem::encode_string("CERTIFICATE", LineEnding::LF, certificate.der())
        .map_err(|_| StoreError::Internal("a certificate has no PEM form"))
}
