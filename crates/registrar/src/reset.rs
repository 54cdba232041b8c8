use tegata_domain::{Credential, CredentialPolicy, InitialPassword, SeatState, UserId};
use tegata_store::{CredentialRecord, SeatRecord, ServiceId, StoreError, Tx};

use crate::office::entry;
use crate::target::seat;
use crate::{Actor, NewSeat, Office, TargetError};

/// Why a seat got no new credential.
#[derive(Debug, thiserror::Error)]
pub enum ResetError {
    /// There is no such seat.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The seat was given up.
    #[error("{0} is closed; open it again with `tegata subscriber reopen {0}`")]
    Closed(UserId),
    /// The database could not.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Office {
    /// Gives a seat a new credential with a new password. The old one, in whatever state, is
    /// gone; certificates stay until one is issued with the new credential.
    ///
    /// # Errors
    /// When there is no such seat, or it is closed.
    pub async fn reset(
        &self,
        actor: Actor,
        service: ServiceId,
        user_id: UserId,
        policy: CredentialPolicy,
    ) -> Result<NewSeat, ResetError> {
        let now = self.clock.now();
        let (password, record) = self.new_credential(&policy);
        self.store
            .write(move |tx| {
                let seat = open_seat(tx, service, &user_id)?;
                tx.put_credential(seat.id, &record)?;
                tx.audit(&entry(now, &actor, "credential.reset", &user_id))?;
                Ok(NewSeat { user_id, password })
            })
            .await
    }

    /// Makes a password and what is kept of it. Takes tens of milliseconds.
    pub(crate) fn new_credential(
        &self,
        policy: &CredentialPolicy,
    ) -> (InitialPassword, CredentialRecord) {
        let password = InitialPassword::random(&*self.entropy);
        let hash = self.passwords.hash(&password, &*self.entropy);
        let credential = Credential::new(self.clock.now(), policy);
        (password, CredentialRecord { hash, credential })
    }
}

/// The seat of a user ID, which must be open.
pub(crate) fn open_seat(
    tx: &Tx<'_>,
    service: ServiceId,
    user_id: &UserId,
) -> Result<SeatRecord, ResetError> {
    let seat = seat(**tx, service, user_id)?;
    match seat.state {
        SeatState::Open => Ok(seat),
        SeatState::Closed => Err(ResetError::Closed(seat.user_id)),
    }
}
