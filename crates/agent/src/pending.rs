use std::fs;
use std::io;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use tegata_domain::{Entropy, ServiceKey};
use zeroize::Zeroizing;

use crate::files::{self, Access, Existing};
use crate::key::FileKey;
use crate::store::{Begun, Seat, StoreError};

/// How long a key waits for its certificate: as long as the server answers a repeated request
/// with the same certificate (24 hours). After that a new key is made.
const WAITS: SignedDuration = SignedDuration::from_hours(24);

/// Longest file that is read as a waiting key, in octets.
const MAX_LEN: u64 = 4096;

/// What waits in the file: a key itself, or the name of one that a system keeps.
pub(crate) trait Waits: Sized {
    /// How the file's name ends.
    const ENDING: &'static str;

    /// What is written down; `None` when it has no such form.
    fn to_file(&self) -> Option<Zeroizing<Vec<u8>>>;

    /// Reads what was written down; `None` when it is something else.
    fn from_file(octets: &[u8]) -> Option<Self>;

    /// Removes what the file only names: it is not taken up any more.
    fn give_up(&self) -> Result<(), StoreError>;
}

/// The file in which a key waits for its certificate.
///
/// It is written before the request leaves, so that after a crash or a lost reply the next try
/// sends the same key and gets the same certificate. It is removed when the certificate has been
/// installed and read back, or when there will never be one.
pub(crate) struct Pending<K = FileKey> {
    path: PathBuf,
    waits: PhantomData<K>,
}

/// A key taken up or made.
pub(crate) struct TakenUp<K = FileKey> {
    pub(crate) key: K,
    /// Whether it waited from an earlier try.
    pub(crate) resumed: bool,
}

impl<K: Waits> Pending<K> {
    fn at(path: PathBuf) -> Self {
        Self { path, waits: PhantomData }
    }

    /// The file for a seat in `folder`, where keys for other places wait as well: it belongs to
    /// this site and to `target`, the one name of the place where the certificate goes.
    pub(crate) fn among(folder: &Path, seat: &Seat<'_>, target: &[u8]) -> Self {
        let mut digest = Sha256::new();
        digest.update(seat.site.to_string());
        digest.update([0]);
        digest.update(target);
        let digest = digest.finalize();
        let tag: String = digest.iter().take(8).map(|octet| format!("{octet:02x}")).collect();
        Self::at(folder.join(format!("{}-{tag}{}", name(seat), K::ENDING)))
    }

    /// Takes up what waits, or writes down what `make` gives. What has waited too long, or lay
    /// open to others, is given up.
    pub(crate) fn take_up_or(
        &self,
        now: Timestamp,
        make: impl FnOnce() -> Result<K, StoreError>,
    ) -> Result<TakenUp<K>, StoreError> {
        let io = || StoreError::io(&self.path);
        let folder = files::folder_of(&self.path);
        if files::is_open_to_others(&folder).map_err(StoreError::io(&folder))? {
            return Err(StoreError::OpenToOthers(folder));
        }
        match self.look(now).map_err(io())? {
            Found::Key(key) => return Ok(TakenUp { key, resumed: true }),
            Found::Stale(key) => {
                key.give_up()?;
                files::remove(&self.path).map_err(io())?;
            }
            Found::Unfit => files::remove(&self.path).map_err(io())?,
            Found::Nothing => {}
        }
        let key = make()?;
        let octets = key.to_file().ok_or(StoreError::Internal("the key has no form in a file"))?;
        match files::write(&self.path, &octets, Access::Private, Existing::Keep) {
            Ok(()) => Ok(TakenUp { key, resumed: false }),
            // Another process was faster, or what stands there is none of ours.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if let Found::Key(key) = self.look(now).map_err(io())? {
                    return Ok(TakenUp { key, resumed: true });
                }
                files::write(&self.path, &octets, Access::Private, Existing::Replace)
                    .map_err(io())?;
                Ok(TakenUp { key, resumed: false })
            }
            Err(error) => Err(io()(error)),
        }
    }

    /// The key that waits here and may still be taken up, for a store that keeps it elsewhere.
    #[cfg(target_os = "linux")]
    pub(crate) fn left(&self, now: Timestamp) -> Result<Option<K>, StoreError> {
        match self.look(now).map_err(StoreError::io(&self.path))? {
            Found::Key(key) => Ok(Some(key)),
            Found::Nothing | Found::Stale(_) | Found::Unfit => Ok(None),
        }
    }

    /// Forgets the key: its certificate is where it belongs, or will never be.
    pub(crate) fn clear(&self) -> Result<(), StoreError> {
        files::remove(&self.path).map_err(StoreError::io(&self.path))
    }

    /// What is here. Age, owner and contents are those of one open file: nobody can put another
    /// in its place between the look and the use.
    fn look(&self, now: Timestamp) -> io::Result<Found<K>> {
        let file = match files::open_private(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
            // A file that others can read or that others made may hold a key that others know, or
            // name one that is none of ours.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                return Ok(Found::Unfit);
            }
            other => other?,
        };
        let written = Timestamp::try_from(file.metadata()?.modified()?).unwrap_or(Timestamp::MIN);
        let octets = Zeroizing::new(files::read_open(file, MAX_LEN)?);
        Ok(match K::from_file(&octets) {
            Some(key) if now.duration_since(written) >= WAITS => Found::Stale(key),
            Some(key) => Found::Key(key),
            None => Found::Unfit,
        })
    }

    #[cfg(windows)]
    fn waiting(&self) -> io::Result<Option<K>> {
        let Some(octets) = files::read(&self.path, MAX_LEN)? else { return Ok(None) };
        Ok(K::from_file(&Zeroizing::new(octets)))
    }
}

/// What is found where a key may wait.
enum Found<K> {
    /// No file.
    Nothing,
    /// A key that may be taken up.
    Key(K),
    /// A key that has waited too long.
    Stale(K),
    /// No key, or one that lay open to others.
    Unfit,
}

impl Pending {
    /// The file for a seat in `folder`, where its certificate goes, too.
    pub(crate) fn beside(folder: &Path, seat: &Seat<'_>) -> Self {
        Self::at(folder.join(format!("{}{}", name(seat), FileKey::ENDING)))
    }

    /// The file for a seat in `folder`, apart from `target`, where its certificate goes.
    pub(crate) fn apart(folder: &Path, seat: &Seat<'_>, target: &Path) -> Self {
        Self::among(folder, seat, absolute(target).as_os_str().as_encoded_bytes())
    }

    /// Takes up the key that waits, or makes one and writes it down.
    pub(crate) fn take_up(
        &self,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<TakenUp, StoreError> {
        self.take_up_or(now, || Ok(FileKey::random(entropy)))
    }

    /// What a store hands out of a key taken up from here.
    pub(crate) fn begun<'a>(&'a self, taken: &'a TakenUp) -> Begun<'a> {
        Begun { key: &taken.key, resumed: taken.resumed, waits_in: self.path.display().to_string() }
    }
}

/// The key itself, as PKCS#8 PEM.
impl Waits for FileKey {
    const ENDING: &'static str = ".pending.key.pem";

    fn to_file(&self) -> Option<Zeroizing<Vec<u8>>> {
        Some(Zeroizing::new(self.to_pem()?.as_bytes().to_vec()))
    }

    fn from_file(octets: &[u8]) -> Option<Self> {
        Self::from_pem(std::str::from_utf8(octets).ok()?)
    }

    fn give_up(&self) -> Result<(), StoreError> {
        // It goes with its file.
        Ok(())
    }
}

/// Gives up what waits in `folder` for certificates of this service, of all services without one,
/// and forgets it.
///
/// # Errors
/// When something stays. What is no key of this kind is only forgotten.
#[cfg(windows)]
pub(crate) fn give_up_all<K: Waits>(
    folder: &Path,
    service: Option<&ServiceKey>,
) -> Result<(), StoreError> {
    for path in of_service(folder, service) {
        if !path.to_string_lossy().ends_with(K::ENDING) {
            continue;
        }
        let pending = Pending::<K>::at(path);
        if let Some(key) = pending.waiting().map_err(StoreError::io(&pending.path))? {
            key.give_up()?;
        }
        pending.clear()?;
    }
    Ok(())
}

/// The files in `folder` in which keys wait for certificates of this service, or of all.
pub(crate) fn of_service(folder: &Path, service: Option<&ServiceKey>) -> Vec<PathBuf> {
    files_of(folder, service, &[".pending.json", ".pending.key.pem"])
}

/// The files in `folder` that belong to this service, or to any, and end in one of `endings`.
pub(crate) fn files_of(
    folder: &Path,
    service: Option<&ServiceKey>,
    endings: &[&str],
) -> Vec<PathBuf> {
    let beginning = service.map(beginning).unwrap_or_default();
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = files.map(|file| (file.file_name(), file.path()));
    let ours = names.filter(|(name, _)| {
        name.to_str().is_some_and(|name| {
            let is_one = endings.iter().any(|ending| name.ends_with(ending));
            is_one && name.starts_with(&beginning)
        })
    });
    ours.map(|(_, path)| path).collect()
}

fn beginning(service: &ServiceKey) -> String {
    format!("{}-{}-", service.tenant, service.issuer)
}

fn name(seat: &Seat<'_>) -> String {
    format!("{}{}", beginning(seat.site.service()), seat.user)
}

/// The one name of a place, from whichever folder it was named.
fn absolute(place: &Path) -> PathBuf {
    let folder = fs::canonicalize(files::folder_of(place)).ok();
    let joined = folder.zip(place.file_name()).map(|(folder, name)| folder.join(name));
    joined.or_else(|| std::path::absolute(place).ok()).unwrap_or_else(|| place.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SeatKey;
    use crate::testing::{Authority, Counter, now};
    use crate::trust::{Judged, judge};

    const SITE: &str = "https://issue.example.jp/issueweb/0001/SB0001002C/";

    fn of_seat<T>(site: &str, user: &str, use_it: impl FnOnce(&Seat<'_>) -> T) -> T {
        let Judged::Unconfirmed(trust) = judge(&Authority::new().trust(), None, now()).unwrap()
        else {
            panic!("nothing was compared")
        };
        use_it(&Seat {
            user: &user.parse().unwrap(),
            site: &site.parse().unwrap(),
            trusted: &trust.confirm(),
            now: now(),
            entropy: &Counter::new(1),
        })
    }

    fn pending(folder: &Path) -> Pending {
        of_seat(SITE, "CMSM950-006-401", |seat| Pending::beside(folder, seat))
    }

    #[test]
    fn keys_of_different_sites_users_and_targets_wait_in_different_files() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("card.p12");
        let path = |site: &str, user: &str, target: &Path| {
            of_seat(site, user, |seat| Pending::apart(folder.path(), seat, target).path)
        };
        let first = path(SITE, "CMSM950-006-401", &file);
        let name = first.file_name().unwrap().to_str().unwrap();
        assert!(name.starts_with("0001-SB0001002C-CMSM950-006-401-"), "{name}");
        assert!(name.ends_with(".pending.key.pem"), "{name}");
        let detour = folder.path().join(".").join("card.p12");
        assert_eq!(path(SITE, "CMSM950-006-401", &detour), first);
        let other_site = SITE.replace("issue.", "test.");
        assert_ne!(path(&other_site, "CMSM950-006-401", &file), first);
        assert_ne!(path(SITE, "CMSM950-006-402", &file), first);
        assert_ne!(path(SITE, "CMSM950-006-401", &folder.path().join("b.p12")), first);
    }

    fn written(pending: &Pending) -> Timestamp {
        fs::metadata(&pending.path).unwrap().modified().unwrap().try_into().unwrap()
    }

    #[test]
    fn the_same_key_is_taken_up_until_it_is_cleared() {
        let folder = tempfile::tempdir().unwrap();
        let pending = pending(folder.path());
        let entropy = Counter::new(1);
        let first = pending.take_up(Timestamp::UNIX_EPOCH, &entropy).unwrap();
        assert!(!first.resumed);
        let second = pending.take_up(Timestamp::UNIX_EPOCH, &entropy).unwrap();
        assert!(second.resumed);
        assert_eq!(first.key.spki(), second.key.spki());
        pending.clear().unwrap();
        pending.clear().unwrap();
        let third = pending.take_up(Timestamp::UNIX_EPOCH, &entropy).unwrap();
        assert!(!third.resumed);
        assert_ne!(third.key.spki(), first.key.spki());
    }

    #[test]
    fn a_key_is_given_up_after_exactly_a_day() {
        let folder = tempfile::tempdir().unwrap();
        let pending = pending(folder.path());
        let entropy = Counter::new(1);
        let first = pending.take_up(Timestamp::UNIX_EPOCH, &entropy).unwrap();
        let day = written(&pending) + WAITS;
        let second = SignedDuration::from_secs(1);
        assert!(pending.take_up(day - second, &entropy).unwrap().resumed);
        let renewed = pending.take_up(day, &entropy).unwrap();
        assert!(!renewed.resumed);
        assert_ne!(renewed.key.spki(), first.key.spki());
    }

    #[test]
    fn a_damaged_file_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let pending = pending(folder.path());
        fs::write(&pending.path, "cut sho").unwrap();
        let taken = pending.take_up(Timestamp::UNIX_EPOCH, &Counter::new(1)).unwrap();
        assert!(!taken.resumed);
        assert!(pending.take_up(Timestamp::UNIX_EPOCH, &Counter::new(2)).unwrap().resumed);
    }

    /// Plants a key as somebody else would; answers its public half.
    #[cfg(unix)]
    fn plant(path: &Path) -> Vec<u8> {
        let planted = FileKey::random(&Counter::new(66));
        fs::write(path, planted.to_pem().unwrap().as_bytes()).unwrap();
        planted.spki()
    }

    #[cfg(unix)]
    fn allow(path: &Path, mode: u32) {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    #[cfg(unix)]
    fn a_folder_in_which_others_write_takes_no_key() {
        let folder = tempfile::tempdir().unwrap();
        for mode in [0o1777, 0o777, 0o702] {
            allow(folder.path(), mode);
            let pending = pending(folder.path());
            let taken = pending.take_up(Timestamp::UNIX_EPOCH, &Counter::new(1));
            assert!(matches!(taken, Err(StoreError::OpenToOthers(_))), "{mode:o}");
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{mode:o}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_key_planted_while_one_is_made_is_not_taken_up() {
        let folder = tempfile::tempdir().unwrap();
        let pending = pending(folder.path());
        let theirs = folder.path().join("theirs");
        let ways: [&dyn Fn() -> Vec<u8>; 3] = [
            &|| {
                let key = plant(&pending.path);
                allow(&pending.path, 0o644);
                key
            },
            &|| {
                let key = plant(&theirs);
                allow(&theirs, 0o600);
                std::os::unix::fs::symlink(&theirs, &pending.path).unwrap();
                key
            },
            &|| {
                let key = plant(&theirs);
                fs::hard_link(&theirs, &pending.path).unwrap();
                key
            },
        ];
        for plant in ways {
            let mut planted = Vec::new();
            let taken = pending.take_up_or(Timestamp::UNIX_EPOCH, || {
                planted = plant();
                Ok(FileKey::random(&Counter::new(1)))
            });
            let taken = taken.unwrap();
            assert!(!taken.resumed);
            assert_ne!(taken.key.spki(), planted);
            pending.clear().unwrap();
        }
    }
}
