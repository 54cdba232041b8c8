//! Delegated OCSP responders: a key in memory and a short certificate for each issuing CA.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;
use tegata_ca::{
    AuthorityError, Holder, KeyError, KeyKind, Placeholder, PrepareError, Profile, Responder,
    Signer, SoftwareKey,
};
use tegata_domain::Validity;
use tegata_store::{AuthorityId, OwnCertificate, StoreError};

use crate::blocklist::block_own_key;
use crate::office::entry;
use crate::{Actor, IssuingCa, Registrar, Service};

/// The responders of this process. The certificate of one cannot be revoked
/// (`id-pkix-ocsp-nocheck`), so it is short unless its profile says otherwise; its key never
/// leaves this process and is gone with it.
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
        let all = keyring.services().flat_map(|service| {
            let service = &**service;
            service.issuing.iter().map(move |ca| (service, ca))
        });
        for (service, ca) in all {
            let fresh = self.responders.of(ca.id).is_some_and(|responder| {
                (responder.validity().not_before..replaced_at(&responder)).contains(&now)
            });
            if fresh || now >= ca.authority.validity().not_after {
                continue;
            }
            match self.make_responder(service, ca).await {
                Ok(()) => made += 1,
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(made), Err)
    }

    /// When the next responder is to be replaced.
    pub fn next_responder(&self) -> Option<Timestamp> {
        let keyring = self.keyring();
        let issuing = keyring.services().flat_map(|service| &service.issuing);
        issuing.filter_map(|ca| Some(replaced_at(&*self.responders.of(ca.id)?))).min()
    }

    async fn make_responder(
        &self,
        service: &Service,
        ca: &IssuingCa,
    ) -> Result<(), ResponderError> {
        let profile = service.profile(Holder::OcspResponder);
        let kind = kind_of_key(ca, profile);
        let key = tokio::task::spawn_blocking(move || SoftwareKey::generate(kind));
        let key = Arc::new(key.await.unwrap_or(Err(KeyError::Generation))?);
        let now = self.now();
        let values = service.settings.values().with(Placeholder::Issuer, ca.name.as_str());
        let filled = profile.fill(&values).map_err(PrepareError::from);
        let (profile, subject) = filled.map_err(AuthorityError::from)?;
        let signed = ca.authority.certify(
            &profile,
            &subject,
            key.public_key(),
            profile.validity(now),
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
                block_own_key(tx, &own.der, &own.purpose, now)?;
                tx.audit(&record)
            })
            .await?;
        self.responders.put(ca.id, ca.authority.responder(&signed.der, key)?);
        tracing::info!(ca = %ca.name, not_after = %signed.validity.not_after, "OCSP responder");
        Ok(())
    }
}

/// Past half its life.
fn replaced_at(responder: &Responder) -> Timestamp {
    let Validity { not_before, not_after } = responder.validity();
    not_after - not_after.duration_since(not_before) / 2
}

/// The kind of a responder's key. Who can read the CA's signatures can read the responder's,
/// unless the profile accepts no such key.
fn kind_of_key(ca: &IssuingCa, profile: &Profile) -> KeyKind {
    let kinds = match tegata_ca::key_kind(ca.authority.signer().public_key()) {
        Some(KeyKind::Rsa(_)) => &[KeyKind::Rsa(2048), KeyKind::Rsa(3072), KeyKind::Rsa(4096)][..],
        Some(KeyKind::Ed25519) => &[KeyKind::Ed25519],
        _ => &[KeyKind::EcP256, KeyKind::EcP384],
    };
    let accepted = kinds.iter().copied().find(|kind| profile.keys().contains(*kind));
    accepted.unwrap_or_else(|| profile.keys().example())
}
