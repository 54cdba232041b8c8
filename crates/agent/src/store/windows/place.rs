//! Which of the providers of Windows makes the next key.
//!
//! A provider that opens need not work: it opens without a TPM, too. So each is probed with a
//! key that is thrown away, and the first one that does all that a key has to do is taken.

use std::sync::atomic::{AtomicU32, Ordering};

use tegata_windows::key::{KeyName, Kind, SOFTWARE_PROVIDER, TPM_PROVIDER};

use super::super::{KeyLocation, StoreError, WindowsKeys};
use super::key::SystemKey;
use super::refused;

/// A provider with a kind of key that it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) keys: WindowsKeys,
    pub(super) kind: Kind,
}

/// Best first. ECDSA before RSA: some TPMs cannot do the RSA signatures of TLS 1.3, and
/// browsers use ECDSA on all of them. CAPI knows no ECDSA.
const PLACES: [Place; 4] = [
    Place { keys: WindowsKeys::Tpm, kind: Kind::P256 },
    Place { keys: WindowsKeys::Software, kind: Kind::P256 },
    Place { keys: WindowsKeys::Software, kind: Kind::Rsa2048 },
    Place { keys: WindowsKeys::Capi, kind: Kind::Rsa2048 },
];

impl Place {
    /// The first that works, of all or of those with keys as asked for.
    pub(super) fn choose(asked: Option<WindowsKeys>) -> Result<Self, StoreError> {
        let mut why = None;
        for place in PLACES.iter().filter(|place| asked.is_none_or(|keys| keys == place.keys)) {
            match place.probe() {
                Ok(()) => return Ok(*place),
                Err(error) => why = Some(error),
            }
        }
        let why = why.map_or_else(String::new, |error| error.to_string());
        Err(StoreError::NoPlaceForKey(why))
    }

    /// Where the key of this name is.
    pub(super) fn key(self, container: &str) -> KeyName {
        match self.keys {
            WindowsKeys::Tpm => KeyName::cng(TPM_PROVIDER, container),
            WindowsKeys::Software => KeyName::cng(SOFTWARE_PROVIDER, container),
            WindowsKeys::Capi => KeyName::capi(container),
        }
    }

    /// Makes a key, finds it again, has it sign, sees that it does not come out and that it goes
    /// away.
    fn probe(self) -> Result<(), StoreError> {
        // Names come again: what a crash leaves is replaced by the next probe of its name.
        static PROBES: AtomicU32 = AtomicU32::new(0);
        let number = PROBES.fetch_add(1, Ordering::Relaxed);
        let name = self.key(&format!("tegata-probe-{}-{number}", std::process::id()));
        name.delete().map_err(refused)?;
        let tried = self.try_out(&name);
        let gone = name.delete().and_then(|()| name.open());
        tried?;
        match gone.map_err(refused)? {
            Some(_) => Err(StoreError::Internal("a key cannot be removed")),
            None => Ok(()),
        }
    }

    fn try_out(self, name: &KeyName) -> Result<(), StoreError> {
        drop(name.create(self.kind).map_err(refused)?);
        let Some(key) = SystemKey::find(name).map_err(refused)? else {
            return Err(StoreError::Internal("a key is not kept"));
        };
        if !key.works() {
            return Err(StoreError::Internal("a key does not sign"));
        }
        if self.keys == WindowsKeys::Tpm && key.location() != KeyLocation::Hardware {
            return Err(StoreError::Internal("there is no TPM"));
        }
        match name.open().map_err(refused)? {
            Some(key) if key.is_exportable() => Err(StoreError::Internal("a key can be taken out")),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_chosen_works() {
        let place = Place::choose(None).unwrap();
        let name = place.key(&format!("tegata-test-place-{}", std::process::id()));
        drop(name.create(place.kind).unwrap());
        let key = SystemKey::find(&name).unwrap().unwrap();
        assert!(key.works());
        name.delete().unwrap();
        assert!(!key.works(), "a key that is gone does not sign");
    }

    /// Wine has no TPM, and keeps no key of CNG: neither may be taken for a place of keys.
    #[test]
    fn a_provider_that_only_opens_is_not_taken() {
        let is_wine = std::env::var_os("WINEPREFIX").is_some();
        if is_wine {
            assert!(Place::choose(Some(WindowsKeys::Tpm)).is_err());
            assert!(Place::choose(Some(WindowsKeys::Software)).is_err());
            assert_eq!(Place::choose(None).unwrap().keys, WindowsKeys::Capi);
        }
    }
}
