use jiff::Timestamp;
use tegata_domain::{CredentialState, UserId};
use tegata_store::{ServiceId, StoreError};

use crate::office::entry;
use crate::reset::open_seat;
use crate::{Actor, Office, ResetError, TargetError};

/// Why a credential could not be unlocked.
#[derive(Debug, thiserror::Error)]
pub enum UnlockError {
    /// There is no such seat, or it is closed.
    #[error(transparent)]
    Seat(#[from] ResetError),
    /// Nothing to unlock.
    #[error("the initial password of {user_id} is not locked: {state}")]
    NotLocked {
        /// Whose.
        user_id: UserId,
        /// How it stands, and what would help.
        state: &'static str,
    },
    /// Unlocking would not help.
    #[error(
        "the initial password of {user_id} lapsed at {at:.0}; unlocking does not help: give out \
         a new one with `tegata subscriber reset {user_id}`"
    )]
    Lapsed {
        /// Whose.
        user_id: UserId,
        /// When.
        at: Timestamp,
    },
}

impl From<StoreError> for UnlockError {
    fn from(error: StoreError) -> Self {
        Self::Seat(error.into())
    }
}

/// A credential that can be used again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unlocked {
    /// Whose.
    pub user_id: UserId,
    /// First moment at which the password no longer works unused.
    pub lapses_at: Timestamp,
}

impl Office {
    /// Makes a locked credential work again with the same password.
    ///
    /// # Errors
    /// When there is no such seat, or its credential is not locked or has lapsed meanwhile.
    pub async fn unlock(
        &self,
        actor: Actor,
        service: ServiceId,
        user_id: UserId,
    ) -> Result<Unlocked, UnlockError> {
        let now = self.clock.now();
        self.store
            .write(move |tx| {
                let seat = open_seat(tx, service, &user_id)?;
                let record = tx
                    .credential(seat.id)?
                    .ok_or_else(|| TargetError::unknown("initial password of", &user_id))
                    .map_err(ResetError::from)?;
                let lapses_at = record.credential.lapses_at;
                if record.credential.has_lapsed(now) {
                    return Err(UnlockError::Lapsed { user_id, at: lapses_at });
                }
                let Ok(unlocked) = record.credential.unlock() else {
                    let state = match record.credential.state {
                        CredentialState::Consumed { .. } => {
                            "it was used for an issuance; `tegata subscriber reissue` gives out \
                             a new one"
                        }
                        _ => "it works as it is",
                    };
                    return Err(UnlockError::NotLocked { user_id, state });
                };
                tx.set_credential(seat.id, &unlocked)?;
                tx.audit(&entry(now, &actor, "credential.unlocked", &user_id))?;
                Ok(Unlocked { user_id, lapses_at })
            })
            .await
    }
}
