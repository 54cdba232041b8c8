//! Roots and issuing CAs in the user's stores: added once, noted, and removed again when nothing
//! needs them any more.

use tegata_windows::certs::{Entry, Name, Properties, Store};

use super::super::{StoreError, Untrusted};
use super::refused;
use crate::cert::Cert;

/// The description of every authority that this program added. One that was there before, or
/// that an administrator put there, has another or none and stays.
const NOTE: &str = "Tegata";

/// Adds the root to the trusted ones and the issuing CAs to the intermediate ones, where they
/// are not there yet. For a root Windows asks the user.
pub(super) fn add(root: &Cert, intermediates: &[Cert]) -> Result<(), StoreError> {
    add_one(Name::Root, root)?;
    intermediates.iter().try_for_each(|ca| add_one(Name::Ca, ca))
}

fn add_one(name: Name, authority: &Cert) -> Result<(), StoreError> {
    let store = Store::open(name).map_err(refused)?;
    if store.find(authority.der()).is_some() {
        return Ok(());
    }
    let description = Some(NOTE.to_owned());
    let properties = Properties { description, ..Properties::default() };
    store.add(&Entry { der: authority.der().to_vec(), properties }).map_err(|error| {
        if error.is_cancelled() { StoreError::RootDeclined } else { refused(error) }
    })
}

/// Sees that root and issuing CAs are where they belong.
pub(super) fn check(root: &Cert, intermediates: &[Cert]) -> Result<(), StoreError> {
    let holds = |name, authority: &Cert| {
        let store = Store::open(name).map_err(refused)?;
        Ok::<_, StoreError>(store.find(authority.der()).is_some())
    };
    if !holds(Name::Root, root)? {
        return Err(StoreError::NotReadBack("the root is not among the trusted ones"));
    }
    for ca in intermediates {
        if !holds(Name::Ca, ca)? {
            return Err(StoreError::NotReadBack("an issuing CA is not in its store"));
        }
    }
    Ok(())
}

/// The issuing CAs and the roots, whoever put them there.
pub(super) fn all() -> Result<Vec<Cert>, StoreError> {
    let (cas, roots) = (Authorities::of(Name::Ca)?, Authorities::of(Name::Root)?);
    Ok(cas.all().chain(roots.all()).filter(|one| one.is_authority()).cloned().collect())
}

/// Removes what [`add`] added and no certificate of `seats` leads to.
pub(super) fn remove(seats: &[Cert]) -> Result<Untrusted, StoreError> {
    let (cas, roots) = (Authorities::of(Name::Ca)?, Authorities::of(Name::Root)?);
    let needed: Vec<_> =
        cas.all().filter(|ca| seats.iter().any(|seat| seat.is_signed_by(ca))).collect();
    let mut result = Untrusted::default();
    cas.remove(|ca| needed.contains(&ca), &mut result)?;
    roots.remove(
        |root| {
            needed.iter().any(|ca| ca.is_signed_by(root))
                || seats.iter().any(|seat| seat.is_signed_by(root))
        },
        &mut result,
    )?;
    Ok(result)
}

/// The authorities in a store, and whether each was added by this program.
struct Authorities {
    store: Store,
    found: Vec<(Cert, bool)>,
}

impl Authorities {
    fn of(name: Name) -> Result<Self, StoreError> {
        let store = Store::open(name).map_err(refused)?;
        let found = store.entries().into_iter().filter_map(|entry| {
            let is_noted = entry.properties.description.as_deref() == Some(NOTE);
            Some((Cert::from_der(entry.der).ok()?, is_noted))
        });
        Ok(Self { found: found.collect(), store })
    }

    fn all(&self) -> impl Iterator<Item = &Cert> {
        self.found.iter().map(|(authority, _)| authority)
    }

    fn remove(
        &self,
        is_needed: impl Fn(&Cert) -> bool,
        result: &mut Untrusted,
    ) -> Result<(), StoreError> {
        for (authority, _) in self.found.iter().filter(|(_, is_noted)| *is_noted) {
            let name = authority.common_name().unwrap_or_default();
            if is_needed(authority) {
                result.kept.push(name);
            } else {
                self.store.remove(authority.der()).map_err(refused)?;
                result.removed.push(name);
            }
        }
        Ok(())
    }
}
