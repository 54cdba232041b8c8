use tegata_domain::{Credential, CredentialError, CredentialPolicy, InitialPassword, UserId};
use tegata_store::{CredentialRecord, ServiceId, StoreError};

use crate::office::entry;
use crate::{Actor, NewSeat, Office, TargetError};

/// Why a credential could not be reset or unlocked.
#[derive(Debug, thiserror::Error)]
pub enum ResetError {
    /// There is no such seat.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// Not in a state that allows it.
    #[error("{0}; only a locked one can be unlocked")]
    State(#[from] CredentialError),
    /// The database could not.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Office {
    /// Gives a seat a new credential with a new password. The old one, in whatever state, is
    /// gone; certificates stay until one is issued with the new credential.
    ///
    /// # Errors
    /// When there is no such seat.
    pub async fn reset(
        &self,
        actor: Actor,
        service: ServiceId,
        user_id: UserId,
        policy: CredentialPolicy,
    ) -> Result<NewSeat, ResetError> {
        let now = self.clock.now();
        let password = InitialPassword::random(&*self.entropy);
        let hash = self.passwords.hash(&password, &*self.entropy);
        self.store
            .write(move |tx| {
                let seat = tx
                    .seat(service, &user_id)?
                    .ok_or_else(|| TargetError::unknown("user ID", &user_id))?;
                let credential = Credential::new(now, &policy);
                tx.put_credential(seat.id, &CredentialRecord { hash, credential })?;
                tx.audit(&entry(now, &actor, "credential.reset", &user_id))?;
                Ok(NewSeat { user_id, password })
            })
            .await
    }

    /// Makes a locked credential work again with the same password.
    ///
    /// # Errors
    /// When there is no such seat or its credential is not locked.
    pub async fn unlock(
        &self,
        actor: Actor,
        service: ServiceId,
        user_id: UserId,
    ) -> Result<(), ResetError> {
        let now = self.clock.now();
        self.store
            .write(move |tx| {
                let seat = tx
                    .seat(service, &user_id)?
                    .ok_or_else(|| TargetError::unknown("user ID", &user_id))?;
                let record = tx
                    .credential(seat.id)?
                    .ok_or_else(|| TargetError::unknown("initial password of", &user_id))?;
                tx.set_credential(seat.id, &record.credential.unlock()?)?;
                tx.audit(&entry(now, &actor, "credential.unlocked", &user_id))?;
                Ok(())
            })
            .await
    }
}
