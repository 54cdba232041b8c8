//! What is written down of a key before it is made.
//!
//! The name comes first and the key second, so that no crash leaves a key that nobody knows of.

use serde::{Deserialize, Serialize};
use tegata_domain::{Entropy, UserId};
use tegata_windows::certs::{Name, Store};
use tegata_windows::key::{KeyName, Kind};
use zeroize::Zeroizing;

use super::super::{StoreError, WindowsKeys};
use super::place::Place;
use super::refused;
use crate::pending::Waits;

/// How every name of a key of ours begins.
const PREFIX: &str = "tegata-";

/// The key that waits for its certificate, by name. There is nothing of the key itself in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WaitingKey {
    pub(super) place: Place,
    container: String,
}

/// Its form in a file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    keys: String,
    kind: String,
    container: String,
    target: String,
}

/// The store for which it waits.
const TARGET: &str = super::MY;

impl WaitingKey {
    /// A name that was never given before.
    pub(super) fn new(place: Place, user: &UserId, entropy: &dyn Entropy) -> Self {
        let mut octets = [0; 8];
        entropy.fill(&mut octets);
        let number: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
        Self { place, container: format!("{PREFIX}{user}-{number}") }
    }

    /// Where the key is.
    pub(super) fn name(&self) -> KeyName {
        self.place.key(&self.container)
    }
}

impl Waits for WaitingKey {
    const ENDING: &'static str = ".pending.json";

    fn to_file(&self) -> Option<Zeroizing<Vec<u8>>> {
        let kind = match self.place.kind {
            Kind::P256 => "p256",
            Kind::Rsa2048 => "rsa2048",
        };
        let file = File {
            keys: self.place.keys.as_str().to_owned(),
            kind: kind.to_owned(),
            container: self.container.clone(),
            target: TARGET.to_owned(),
        };
        serde_json::to_vec(&file).ok().map(Zeroizing::new)
    }

    fn from_file(octets: &[u8]) -> Option<Self> {
        let file: File = serde_json::from_slice(octets).ok()?;
        let kind = match file.kind.as_str() {
            "p256" => Kind::P256,
            "rsa2048" => Kind::Rsa2048,
            _ => return None,
        };
        let keys = WindowsKeys::from_word(&file.keys)?;
        // Whatever else a file names is not ours to take up or to remove.
        let is_ours = file.container.starts_with(PREFIX) && file.target == TARGET;
        is_ours.then_some(Self { place: Place { keys, kind }, container: file.container })
    }

    fn give_up(&self) -> Result<(), StoreError> {
        discard(&self.name())
    }
}

/// Removes a key, unless a certificate in the user's store needs it.
pub(super) fn discard(name: &KeyName) -> Result<(), StoreError> {
    if is_used(&Store::open(Name::My).map_err(refused)?, name) {
        return Ok(());
    }
    name.delete().map_err(refused)
}

/// Whether a certificate in `store` needs the key.
pub(super) fn is_used(store: &Store, name: &KeyName) -> bool {
    let is_it = |key: &KeyName| key.container == name.container && key.provider == name.provider;
    store.entries().iter().any(|entry| entry.properties.key.as_ref().is_some_and(is_it))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Counter;

    #[test]
    fn the_name_of_a_key_reads_back_and_no_other_does() {
        let user = "CMSM950-006-401".parse().unwrap();
        for (keys, kind) in [
            (WindowsKeys::Tpm, Kind::P256),
            (WindowsKeys::Software, Kind::Rsa2048),
            (WindowsKeys::Capi, Kind::Rsa2048),
        ] {
            let key = WaitingKey::new(Place { keys, kind }, &user, &Counter::new(1));
            let octets = key.to_file().unwrap();
            assert_eq!(WaitingKey::from_file(&octets), Some(key));
            let text = std::str::from_utf8(&octets).unwrap();
            for (from, to) in
                [("tegata-CMSM", "CMSM"), ("\\\\My", "\\\\Root"), ("p256", "p384"), ("}", "")]
            {
                let other = text.replace(from, to);
                assert!(other == text || WaitingKey::from_file(other.as_bytes()).is_none());
            }
        }
        assert_eq!(WaitingKey::from_file(b"cut sho"), None);
    }
}
