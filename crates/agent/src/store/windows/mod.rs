//! The certificate stores of the Windows user: what Edge, Chrome and Windows itself look into.
//!
//! | module | what it is |
//! |---|---|
//! | [`place`] | which provider makes the key: TPM, software, CAPI |
//! | [`key`] | a key that Windows keeps, and its signatures |
//! | [`waiting`] | what is written down of a key before it is made |
//! | [`authorities`] | root and issuing CAs |

mod authorities;
mod key;
mod place;
#[cfg(test)]
mod tests;
mod waiting;

use std::path::PathBuf;
use std::sync::Arc;

use tegata_domain::{Entropy, ServiceKey};
use tegata_windows::Refused;
use tegata_windows::certs::{Entry, Name, Properties, Store};

use super::{
    Begun, Bundle, Held, Installed, KeyStore, Seat, StoreError, Untrusted, WindowsKeys, prove,
};
use crate::cert::Cert;
use crate::files;
use crate::key::SeatKey;
use crate::pending::{self, Pending};
use crate::trust::Trusted;
use key::SystemKey;
use place::Place;
use waiting::WaitingKey;

/// The user's own certificates, as tools of Windows name the store.
const MY: &str = "CurrentUser\\My";
/// The trusted roots.
const ROOT: &str = "CurrentUser\\Root";

pub(super) struct Windows {
    asked: Option<WindowsKeys>,
    state: PathBuf,
    begun: Option<(Pending<WaitingKey>, SystemKey)>,
}

impl Windows {
    pub(super) fn new(asked: Option<WindowsKeys>, state: PathBuf) -> Self {
        Self { asked, state, begun: None }
    }

    /// The key that waits, where it is there and signs; else a new one, its name written down
    /// before it is made. What waits is taken up wherever it lives: its certificate may have
    /// been issued, and there is none for another key.
    fn taken_up(
        &self,
        pending: &Pending<WaitingKey>,
        seat: &Seat<'_>,
    ) -> Result<(SystemKey, bool), StoreError> {
        let take_up = || {
            pending.take_up_or(seat.now, || {
                Ok(WaitingKey::new(Place::choose(self.asked)?, seat.user, seat.entropy))
            })
        };
        let mut taken = take_up()?;
        if taken.resumed {
            match SystemKey::find(&taken.key.name()).map_err(refused)? {
                Some(key) if key.works() => return Ok((key, true)),
                // The try ended before there was a key, or something broke it.
                _ => {
                    waiting::discard(&taken.key.name())?;
                    pending.clear()?;
                    taken = take_up()?;
                }
            }
        }
        let made = make(&taken.key);
        if made.is_err() {
            pending.clear()?;
        }
        Ok((made?, false))
    }
}

fn make(waiting: &WaitingKey) -> Result<SystemKey, StoreError> {
    let name = waiting.name();
    drop(name.create(waiting.place.kind).map_err(refused)?);
    // Looked for afresh: what counts is what was kept.
    let key = SystemKey::find(&name).map_err(refused)?.filter(SystemKey::works);
    key.ok_or_else(|| {
        let _ = name.delete();
        StoreError::Internal("the new key does not sign")
    })
}

impl KeyStore for Windows {
    fn begin(&mut self, seat: &Seat<'_>) -> Result<Begun<'_>, StoreError> {
        Store::open(Name::My).map_err(refused)?;
        files::make_private_folder(&self.state).map_err(StoreError::io(&self.state))?;
        let pending = Pending::among(&self.state, seat, MY.as_bytes());
        let (key, resumed) = self.taken_up(&pending, seat)?;
        let (_, key) = self.begun.insert((pending, key));
        let waits_in = format!("{}: {}", key.name().provider, key.name().container);
        Ok(Begun { key, resumed, waits_in })
    }

    fn install(&mut self, bundle: &Bundle, _: &dyn Entropy) -> Result<Installed, StoreError> {
        let (_, key) = self.begun.as_ref().ok_or(StoreError::Internal("no key was begun"))?;
        authorities::add(&bundle.root, &bundle.intermediates)?;
        // The certificate comes last: where it is, the rest is too.
        let friendly_name = bundle.friendly_name();
        let location = location(Some(&friendly_name));
        let properties = Properties {
            friendly_name: Some(friendly_name),
            key: Some(key.name().clone()),
            ..Properties::default()
        };
        let entry = Entry { der: bundle.certificate.der().to_vec(), properties };
        Store::open(Name::My).and_then(|store| store.add(&entry)).map_err(refused)?;
        Ok(Installed { location, key: key.location() })
    }

    fn read_back(&self, bundle: &Bundle) -> Result<(), StoreError> {
        authorities::check(&bundle.root, &bundle.intermediates)?;
        let store = Store::open(Name::My).map_err(refused)?;
        let entry = store
            .find(bundle.certificate.der())
            .ok_or(StoreError::NotReadBack("the certificate is not in the store"))?;
        if entry.properties.friendly_name != Some(bundle.friendly_name()) {
            return Err(StoreError::NotReadBack("the certificate has another name"));
        }
        let key = key_of(&entry, &bundle.certificate)?
            .ok_or(StoreError::NotReadBack("the certificate has no key"))?;
        prove(&key, &bundle.certificate)
    }

    fn settle(&mut self) -> Result<(), StoreError> {
        let Some((pending, key)) = self.begun.take() else { return Ok(()) };
        waiting::discard(key.name())?;
        pending.clear()
    }

    fn list(&self) -> Result<Vec<Held>, StoreError> {
        let mut held = Vec::new();
        for (entry, certificate) in seats(&Store::open(Name::My).map_err(refused)?) {
            // A provider that does not answer, such as that of a card that is not there, has
            // no key to offer now.
            let key = key_of(&entry, &certificate).ok().flatten().map(|key| key.location());
            let location = location(entry.properties.friendly_name.as_deref());
            held.extend(Held::of(certificate, location, key));
        }
        Ok(held)
    }

    fn authorities(&self) -> Result<Vec<Cert>, StoreError> {
        authorities::all()
    }

    fn key(&self, held: &Held) -> Result<Arc<dyn SeatKey>, StoreError> {
        let store = Store::open(Name::My).map_err(refused)?;
        let entry = store.find(held.certificate.der());
        let key = match &entry {
            Some(entry) => key_of(entry, &held.certificate)?,
            None => None,
        };
        Ok(Arc::new(key.ok_or(StoreError::NotReadBack("the key is not in the store"))?))
    }

    fn remove(&mut self, held: &Held) -> Result<(), StoreError> {
        let store = Store::open(Name::My).map_err(refused)?;
        let Some(entry) = store.find(held.certificate.der()) else { return Ok(()) };
        let key = key_of(&entry, &held.certificate)?;
        // The key first: a certificate without one is still listed and can be removed again,
        // a key without its certificate would lie there for ever.
        if let Some(key) = key
            && !is_used_by_another(&store, &entry)
        {
            key.name().delete().map_err(refused)?;
        }
        store.remove(&entry.der).map_err(refused)
    }

    fn give_up(&mut self, service: Option<&ServiceKey>) -> Result<(), StoreError> {
        pending::give_up_all::<WaitingKey>(&self.state, service)
    }

    fn trust(&mut self, trusted: &Trusted) -> Result<String, StoreError> {
        authorities::add(trusted.root(), trusted.intermediates())?;
        authorities::check(trusted.root(), trusted.intermediates())?;
        Ok(ROOT.to_owned())
    }

    fn trusts(&self, trusted: &Trusted) -> Result<bool, StoreError> {
        match authorities::check(trusted.root(), trusted.intermediates()) {
            Ok(()) => Ok(true),
            Err(StoreError::NotReadBack(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn untrust(&mut self) -> Result<Untrusted, StoreError> {
        let store = Store::open(Name::My).map_err(refused)?;
        let seats: Vec<_> = seats(&store).map(|(_, certificate)| certificate).collect();
        authorities::remove(&seats)
    }
}

/// The certificates of Tegata's form in a store.
fn seats(store: &Store) -> impl Iterator<Item = (Entry, Cert)> {
    store.entries().into_iter().filter_map(|entry| {
        let certificate = Cert::from_der(entry.der.as_slice()).ok()?;
        certificate.seat()?;
        Some((entry, certificate))
    })
}

/// The key named beside a certificate, when it is there and is the certificate's.
fn key_of(entry: &Entry, certificate: &Cert) -> Result<Option<SystemKey>, StoreError> {
    let Some(name) = &entry.properties.key else { return Ok(None) };
    let key = SystemKey::find(name).map_err(refused)?;
    Ok(key.filter(|key| key.spki() == certificate.spki()))
}

fn is_used_by_another(store: &Store, entry: &Entry) -> bool {
    let others = store.entries().into_iter().filter(|other| other.der != entry.der);
    others.into_iter().any(|other| other.properties.key == entry.properties.key)
}

/// Where a certificate is found.
fn location(friendly_name: Option<&str>) -> String {
    format!("{MY}: {}", friendly_name.unwrap_or("-"))
}

fn refused(refused: Refused) -> StoreError {
    StoreError::System(refused.to_string())
}
