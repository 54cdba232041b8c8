//! An NSS database, where Chromium and Firefox look for certificates on Linux.
//!
//! Worked through NSS's own PKCS#11 driver, softoken, which knows the database's locking and its
//! password. The key is made inside the database and marked as one that does not leave it. That
//! mark binds programs that go through PKCS#11; NSS's own `pk12util -o` passes over it, so that
//! whoever has the database and its password has the key ([`KeyLocation::System`]).

mod added;
mod database;
mod places;
mod trusts;
mod vendor;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tegata_domain::{Entropy, ServiceKey};
use tegata_pkcs11::{TokenError, Use};
use zeroize::Zeroizing;

use super::token::{Objects, TakenUp, add_certificate, authority_name, id_of};
use super::waiting::Waiting;
use super::{Begun, Bundle, Held, Installed, KeyLocation, KeyStore, Seat, StoreError, Untrusted};
use crate::cert::Cert;
use crate::files;
use crate::key::{Algorithm, SeatKey};
use crate::pending::Pending;
use crate::trust::Trusted;
use added::{Added, There};
use database::Database;

pub(super) use places::{chromium, firefox, is_firefox};

/// Checks that NSS is there.
pub(super) fn check() -> Result<(), StoreError> {
    database::library().map(drop)
}

pub(super) struct Nss {
    folder: PathBuf,
    password: Option<Zeroizing<String>>,
    state: PathBuf,
    begun: Option<InUse>,
}

/// A key that waits, and its database. The order matters, here and below: sessions close before
/// the database does.
struct InUse {
    taken: TakenUp,
    opened: Opened,
}

/// An open database.
struct Opened {
    objects: Objects,
    database: Arc<Database>,
}

/// A key and the database that it is in.
struct DatabaseKey {
    key: Arc<dyn SeatKey>,
    _database: Arc<Database>,
}

impl SeatKey for DatabaseKey {
    fn spki(&self) -> Vec<u8> {
        self.key.spki()
    }

    fn algorithm(&self) -> Algorithm {
        self.key.algorithm()
    }

    fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        self.key.sign(message)
    }
}

impl Nss {
    pub(super) fn new(
        folder: PathBuf,
        password: Option<Zeroizing<String>>,
        state: PathBuf,
    ) -> Self {
        Self { folder, password, state, begun: None }
    }

    /// What tells this store from others, for the record of a key that waits.
    fn name(&self) -> Result<String, StoreError> {
        let folder = std::path::absolute(&self.folder).map_err(StoreError::io(&self.folder))?;
        Ok(format!("nss:{}", folder.display()))
    }

    fn exists(&self) -> bool {
        self.folder.join("cert9.db").exists()
    }

    /// Opens the database that is there.
    fn opened(&self) -> Result<Opened, StoreError> {
        if !self.exists() {
            return Err(StoreError::Missing(self.folder.clone()));
        }
        let database = Database::open(&self.folder, self.password.as_ref())?;
        let token = database.token(self.password.as_ref());
        let objects = Objects::new(token, self.folder.display().to_string());
        Ok(Opened { objects, database })
    }

    /// Opens the database, made before if there is none.
    fn made(&self) -> Result<Opened, StoreError> {
        if !self.exists() {
            files::make_private_folder(&self.folder).map_err(StoreError::io(&self.folder))?;
            Database::open(&self.folder, self.password.as_ref())?;
        }
        self.opened()
    }
}

impl Opened {
    fn trust(&self, root: &Cert) -> Result<(), StoreError> {
        let token = self.objects.token();
        Ok(token
            .once(|session| trusts::trust(session, root).map_err(|error| token.driver(error)))?)
    }

    /// Writes down which of these are not there yet.
    fn note(&self, folder: &Path, root: &Cert, intermediates: &[Cert]) -> Result<(), StoreError> {
        let token = self.objects.token();
        let there = token
            .once(|session| There::look(session, root).map_err(|error| token.driver(error)))?;
        Added::note(folder, &there, root, intermediates)
    }

    fn untrust(&self, folder: &Path) -> Result<Untrusted, StoreError> {
        let token = self.objects.token();
        let mut added = Added::read(folder)?;
        let removed =
            token.once(|session| added.remove(session).map_err(|error| token.driver(error)));
        // What went before something stayed is noted no more.
        added.write(folder)?;
        Ok(removed?)
    }

    fn check_trusted(&self, root: &Cert) -> Result<(), StoreError> {
        let token = self.objects.token();
        let is_trusted = token.with(|Use { session, .. }| {
            trusts::is_trusted(session, root).map_err(|error| token.driver(error))
        })?;
        if is_trusted {
            Ok(())
        } else {
            Err(StoreError::NotReadBack("the root is not trusted in the database"))
        }
    }

    /// Root and issuing CAs under their own names.
    fn add_authorities(&self, trusted: &Trusted) -> Result<(), StoreError> {
        let token = self.objects.token();
        Ok(token.once(|session| {
            let all = trusted.intermediates().iter().chain([trusted.root()]);
            all.into_iter().try_for_each(|ca| {
                let id = id_of(ca.public_key());
                add_certificate(session, ca, &authority_name(ca), &id)
                    .map(drop)
                    .map_err(|error| token.driver(error))
            })
        })?)
    }
}

impl KeyStore for Nss {
    fn begin(&mut self, seat: &Seat<'_>) -> Result<Begun<'_>, StoreError> {
        let opened = self.made().map_err(of_database)?;
        files::make_private_folder(&self.state).map_err(StoreError::io(&self.state))?;
        let waiting = Waiting::of(&self.state, seat, &self.name()?);
        // Versions before this one let the key wait in a file.
        let former = Pending::apart(&self.state, seat, &self.folder);
        let taken = match former.left(seat.now)? {
            Some(key) => opened.objects.adopt(waiting, seat, &key),
            None => opened.objects.take_up(waiting, seat),
        };
        let taken = taken.map_err(of_database)?;
        former.clear()?;
        let InUse { taken, opened } = self.begun.insert(InUse { taken, opened });
        Ok(opened.objects.begun(taken))
    }

    fn install(&mut self, bundle: &Bundle, _: &dyn Entropy) -> Result<Installed, StoreError> {
        let InUse { taken, opened } =
            self.begun.as_ref().ok_or(StoreError::Internal("no key was begun"))?;
        let name = bundle.friendly_name();
        let noted = opened.note(&self.folder, &bundle.root, &bundle.intermediates);
        noted.map_err(of_database)?;
        let name = opened.objects.install(taken, bundle, &name).map_err(of_database)?;
        opened.trust(&bundle.root).map_err(of_database)?;
        Ok(Installed { location: opened.objects.location(&name), key: KeyLocation::System })
    }

    fn read_back(&self, bundle: &Bundle) -> Result<(), StoreError> {
        let opened = self.opened().map_err(of_database)?;
        opened.objects.read_back(bundle).map_err(of_database)?;
        opened.check_trusted(&bundle.root).map_err(of_database)
    }

    fn settle(&mut self) -> Result<(), StoreError> {
        let Some(begun) = self.begun.take() else { return Ok(()) };
        begun.opened.objects.settle(&begun.taken).map_err(of_database)
    }

    fn list(&self) -> Result<Vec<Held>, StoreError> {
        self.opened()?.objects.list(KeyLocation::System).map_err(of_database)
    }

    fn authorities(&self) -> Result<Vec<Cert>, StoreError> {
        self.opened()?.objects.authorities().map_err(of_database)
    }

    fn key(&self, held: &Held) -> Result<Arc<dyn SeatKey>, StoreError> {
        let opened = self.opened()?;
        let key = opened.objects.key(&held.certificate).map_err(of_database)?;
        Ok(Arc::new(DatabaseKey { key, _database: Arc::clone(&opened.database) }))
    }

    fn remove(&mut self, held: &Held) -> Result<(), StoreError> {
        match self.opened() {
            // Where there is no database there is no certificate.
            Err(StoreError::Missing(_)) => Ok(()),
            other => other?.objects.remove(&held.certificate).map_err(of_database),
        }
    }

    fn give_up(&mut self, service: Option<&ServiceKey>) -> Result<(), StoreError> {
        let waiting = Waiting::all(&self.state, service, &self.name()?)?;
        match self.opened() {
            _ if waiting.is_empty() => Ok(()),
            // The keys went with the database.
            Err(StoreError::Missing(_)) => waiting.iter().try_for_each(|(file, _)| file.clear()),
            other => other?.objects.give_up(waiting).map_err(of_database),
        }
    }

    fn trust(&mut self, trusted: &Trusted) -> Result<String, StoreError> {
        let opened = self.made().map_err(of_database)?;
        let noted = opened.note(&self.folder, trusted.root(), trusted.intermediates());
        noted.map_err(of_database)?;
        opened.add_authorities(trusted).map_err(of_database)?;
        opened.trust(trusted.root()).map_err(of_database)?;
        opened.check_trusted(trusted.root()).map_err(of_database)?;
        Ok(self.folder.display().to_string())
    }

    fn trusts(&self, trusted: &Trusted) -> Result<bool, StoreError> {
        if !self.exists() {
            return Ok(false);
        }
        match self.opened()?.check_trusted(trusted.root()) {
            Ok(()) => Ok(true),
            Err(StoreError::NotReadBack(_)) => Ok(false),
            Err(error) => Err(of_database(error)),
        }
    }

    fn untrust(&mut self) -> Result<Untrusted, StoreError> {
        self.opened()?.untrust(&self.folder).map_err(of_database)
    }
}

/// A database has a password, not a PIN, and it does not lock.
fn of_database(error: StoreError) -> StoreError {
    match error {
        StoreError::Token(
            TokenError::PinWrong { .. } | TokenError::PinNeeded(_) | TokenError::EmptyPin(_),
        ) => StoreError::PasswordNeeded,
        other => other,
    }
}

/// Whether every private key in a database is marked as one that does not leave it.
#[cfg(test)]
pub(super) fn keeps_its_keys(folder: &std::path::Path) -> bool {
    use cryptoki::object::{Attribute, ObjectClass};
    let opened = Nss::new(folder.to_owned(), None, folder.to_owned()).opened().unwrap();
    let token = opened.objects.token();
    token
        .with(|Use { session, .. }| {
            let keys = session.find_objects(&[Attribute::Class(ObjectClass::PRIVATE_KEY)]).unwrap();
            let exposed = |key| tegata_pkcs11::pair::exposed(session, key).unwrap();
            Ok(!keys.is_empty() && keys.into_iter().all(|key| exposed(key).is_none()))
        })
        .unwrap()
}
