//! Delegated OCSP responders: a key in memory and a short certificate for each issuing CA.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use jiff::SignedDuration;
use tegata_ca::{
    AuthorityError, KeyError, KeyKind, Profile, Responder, Signer, SoftwareKey, SubjectName,
};
use tegata_domain::Validity;
use tegata_store::{AuthorityId, OwnCertificate, StoreError};

use crate::office::entry;
use crate::{Actor, IssuingCa, Registrar};

/// How long a responder's certificate lives. It cannot be revoked (`id-pkix-ocsp-nocheck`), so
/// it is short; its key never leaves this process and is gone with it.
const LIFETIME: SignedDuration = SignedDuration::from_hours(14 * 24);

/// How much of it is left when the next one is made.
const RENEWAL: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How far back it begins, for relying parties whose clock is behind.
const BACKDATE: SignedDuration = SignedDuration::from_mins(5);

/// The responders of this process.
#[derive(Default)]
pub(crate) struct Responders(RwLock<HashMap<AuthorityId, Arc<Responder>>>);

/// Why a CA has no responder.
#[derive(Debug, thiserror::Error)]
pub enum ResponderError {
    /// The CA would not.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// No key could be made.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The database could not.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Responders {
    pub(crate) fn of(&self, ca: AuthorityId) -> Option<Arc<Responder>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&ca).cloned()
    }

    fn put(&self, ca: AuthorityId, responder: Responder) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.insert(ca, Arc::new(responder));
    }
}

impl Registrar {
    /// Gives every issuing CA a responder with a new key, where there is none yet or its
    /// certificate is past half its life. Returns how many were made.
    ///
    /// # Errors
    /// The first thing that failed; the responders before it stand, and so do those that were
    /// to be replaced.
    pub async fn renew_responders(&self) -> Result<usize, ResponderError> {
        let (now, mut made, mut failed) = (self.now(), 0, None);
        let keyring = self.keyring();
        for ca in keyring.services().flat_map(|service| &service.issuing) {
            let fresh = self.responders.of(ca.id).is_some_and(|responder| {
                let Validity { not_before, not_after } = responder.validity();
                (not_before..not_after - RENEWAL).contains(&now)
            });
            if fresh || now >= ca.authority.validity().not_after {
                continue;
            }
            match self.make_responder(ca).await {
                Ok(()) => made += 1,
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(made), Err)
    }

    async fn make_responder(&self, ca: &IssuingCa) -> Result<(), ResponderError> {
        // Who can read the CA's signatures can read the responder's.
        let kind = match tegata_ca::key_kind(ca.authority.signer().public_key()) {
            Some(KeyKind::Rsa(_)) => KeyKind::Rsa(2048),
            Some(KeyKind::Ed25519) => KeyKind::Ed25519,
            _ => KeyKind::EcP256,
        };
        let key = tokio::task::spawn_blocking(move || SoftwareKey::generate(kind));
        let key = Arc::new(key.await.unwrap_or(Err(KeyError::Generation))?);
        let now = self.now();
        let now = jiff::Timestamp::from_second(now.as_second()).unwrap_or(now);
        let subject = SubjectName::new(&format!("{} OCSP", ca.name));
        let signed = ca.authority.certify(
            &Profile::ocsp_responder(),
            &subject.map_err(|name| AuthorityError::Prepare(name.into()))?,
            key.public_key(),
            Validity { not_before: now - BACKDATE, not_after: now + LIFETIME },
            &*self.entropy,
        )?;
        let own = OwnCertificate {
            serial: signed.serial,
            authority: ca.id,
            // Nobody asks for the status of a responder.
            shard: 0,
            purpose: "ocsp".to_owned(),
            not_after: signed.validity.not_after,
            der: signed.der.clone(),
        };
        let mut record = entry(now, &Actor::System, "responder.certified", &ca.name);
        record.detail = serde_json::json!({
            "serial": signed.serial, "not_after": signed.validity.not_after,
            "tbs_sha256": hex::encode(signed.tbs_hash),
        });
        self.store
            .write(move |tx| {
                tx.insert_own_certificate(&own)?;
                tx.audit(&record)
            })
            .await?;
        self.responders.put(ca.id, ca.authority.responder(&signed.der, key)?);
        tracing::info!(ca = %ca.name, not_after = %signed.validity.not_after, "OCSP responder");
        Ok(())
    }
}
