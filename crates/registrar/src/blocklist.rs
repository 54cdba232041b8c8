//! Keys that are never certified: compromised ones, lists of weak ones, our own.

mod list;

use jiff::Timestamp;
use tegata_ca::public_key_of;
use tegata_domain::KeyHash;
use tegata_store::{BlockedKey, CertificateRecord, StoreError, Tx, View};

pub use list::{Fingerprint, KeyListError};

use crate::office::entry;
use crate::{Actor, Office};

/// Fingerprints to a transaction: lists have hundreds of thousands, and other writers wait meanwhile.
const CHUNK: usize = 20_000;

/// Most characters of a reason.
const MAX_REASON: usize = 200;

/// How the sources of our own keys begin.
pub const OWN_KEY: &str = "own key of ";

/// Why keys could not be blocked.
#[derive(Debug, thiserror::Error)]
pub enum BlockError {
    /// Neither digits nor a file with keys.
    #[error(transparent)]
    List(#[from] KeyListError),
    /// A reason is kept for good and read by auditors.
    #[error("a reason has 1 to {MAX_REASON} characters, none of them control characters")]
    Reason,
    /// The database could not.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Office {
    /// Blocks every key of a list for good; `reason` stays beside each. Returns how many
    /// fingerprints were not blocked before. There is no way back.
    ///
    /// # Errors
    /// When the list or the reason makes no sense, or the database refuses.
    pub async fn block_keys(
        &self,
        actor: Actor,
        list: Vec<Fingerprint>,
        reason: &str,
    ) -> Result<usize, BlockError> {
        let length = reason.trim().chars().count();
        if !(1..=MAX_REASON).contains(&length) || reason.chars().any(char::is_control) {
            return Err(BlockError::Reason);
        }
        let (now, mut added) = (self.clock.now(), 0);
        for chunk in list.chunks(CHUNK) {
            let (chunk, source) = (chunk.to_vec(), reason.trim().to_owned());
            let actor = actor.clone();
            added += self
                .store
                .write(move |tx| {
                    let mut added = 0;
                    for fingerprint in &chunk {
                        added += usize::from(tx.block_key(fingerprint.octets(), now, &source)?);
                    }
                    // A list is named by its source, one key by itself.
                    let object = match &chunk[..] {
                        [one] => one.to_string(),
                        many => format!("{} fingerprints", many.len()),
                    };
                    let mut entry = entry(now, &actor, "key.blocked", object);
                    entry.detail = serde_json::json!({ "reason": source, "new": added });
                    tx.audit(&entry)?;
                    Ok::<_, StoreError>(added)
                })
                .await?;
        }
        Ok(added)
    }

    /// The certificates on one of these keys that are live or on hold: blocking a key does not
    /// revoke them.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn standing_on(&self, list: &[Fingerprint]) -> Result<Vec<CertificateRecord>, StoreError> {
        let now = self.clock.now();
        self.store.read(|view: View<'_>| {
            let mut found = Vec::new();
            for fingerprint in list {
                // Of another length, it is no SHA-256 of a whole key.
                let Ok(octets) = fingerprint.octets().try_into() else { continue };
                found.extend(view.standing_on_key(KeyHash(octets), now)?);
            }
            Ok(found)
        })
    }

    /// The entry that blocks one of these fingerprints.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn blocked(&self, list: &[Fingerprint]) -> Result<Option<BlockedKey>, StoreError> {
        let octets: Vec<Vec<u8>> = list.iter().map(|one| one.octets().to_vec()).collect();
        self.store.read(|view: View<'_>| view.blocked_key(&octets))
    }

    /// Blocks the keys of our own CAs, servers and responders, of which subscribers know the public half
    /// and, should one ever get the private half, nobody must get a certificate. Run once at
    /// start, before anything is issued; what is made later is blocked as it is recorded.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub async fn block_own_keys(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.store
            .write(move |tx| {
                for authority in tx.authorities()? {
                    block_own_key(tx, &authority.certificate, authority.name.as_str(), now)?;
                }
                for (purpose, certificate) in tx.own_certificates()? {
                    block_own_key(tx, &certificate, &purpose, now)?;
                }
                Ok(())
            })
            .await
    }
}

/// Blocks the key of one certificate of our own.
pub(crate) fn block_own_key(
    tx: &mut Tx<'_>,
    certificate: &[u8],
    name: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    block_key_of(tx, certificate, &format!("{OWN_KEY}{name}"), now)
}

/// Blocks the key of a certificate that was revoked because of it.
pub(crate) fn block_compromised_key(
    tx: &mut Tx<'_>,
    old: &CertificateRecord,
    now: Timestamp,
) -> Result<(), StoreError> {
    let source = format!("keyCompromise of {}", old.certificate.serial);
    // An intent has a key but no certificate.
    match &old.der {
        Some(der) => block_key_of(tx, der, &source, now),
        // What moved in by a list has no key that we know.
        None if old.key_hash == KeyHash([0; 32]) => Ok(()),
        None => tx.block_key(&old.key_hash.0, now, &source).map(drop),
    }
}

/// Whether the key of a certificate that is to be one of our own is blocked: ours already, or
/// known to be bad.
pub(crate) fn own_key_is_blocked(tx: &Tx<'_>, certificate: &[u8]) -> Result<bool, StoreError> {
    let spki = public_key_of(certificate)
        .ok_or(StoreError::Corrupt("a certificate of ours that cannot be read"))?;
    let list: Vec<_> = Fingerprint::of_key(&spki).iter().map(|one| one.octets().to_vec()).collect();
    Ok(tx.blocked_key(&list)?.is_some())
}

fn block_key_of(
    tx: &mut Tx<'_>,
    certificate: &[u8],
    source: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let spki = public_key_of(certificate)
        .ok_or(StoreError::Corrupt("a certificate of ours that cannot be read"))?;
    for fingerprint in Fingerprint::of_key(&spki) {
        tx.block_key(fingerprint.octets(), now, source)?;
    }
    Ok(())
}
