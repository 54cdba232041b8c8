//! A seat that is given up, and one that is taken up again.

use jiff::Timestamp;
use tegata_domain::{ClosingError, CredentialPolicy, Reason, SeatState, Serial, UserId};
use tegata_store::{SeatRecord, ServiceId, StoreError, Tx};

use crate::office::entry;
use crate::status::{Remark, revoke_standing};
use crate::target::seat;
use crate::{Actor, NewSeat, Office, TargetError};

/// Why a seat or company could not be closed or opened again.
#[derive(Debug, thiserror::Error)]
pub enum CloseError {
    /// There is no such thing.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// It is not in a state that allows it.
    #[error("{name}: {why}")]
    State {
        /// What was named.
        name: String,
        /// Why.
        why: ClosingError,
    },
    /// The database could not.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl CloseError {
    pub(crate) fn state(name: impl ToString, why: ClosingError) -> Self {
        Self::State { name: name.to_string(), why }
    }
}

/// What went with a seat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedSeat {
    /// User ID.
    pub user_id: UserId,
    /// Its certificates that stood, revoked now.
    pub revoked: Vec<Serial>,
    /// Whether it had a credential.
    pub credential: bool,
    /// How many mails waited for it.
    pub mails: usize,
}

impl Office {
    /// Closes a seat: its certificates are revoked (cessationOfOperation), its credential is
    /// withdrawn, no mail goes to it any more, and no change of its address can be confirmed.
    ///
    /// # Errors
    /// When there is no such seat, or it is closed.
    pub async fn close_seat(
        &self,
        actor: Actor,
        service: ServiceId,
        user_id: UserId,
    ) -> Result<ClosedSeat, CloseError> {
        let now = self.clock.now();
        self.store
            .write(move |tx| {
                let seat = seat(**tx, service, &user_id)?;
                seat.state.close().map_err(|why| CloseError::state(&user_id, why))?;
                Ok(close(tx, &actor, &seat, &Remark::default(), now)?)
            })
            .await
    }

    /// Opens a closed seat again, with a new credential. What was revoked stays revoked.
    ///
    /// # Errors
    /// When there is no such seat, it is open, or its company is closed.
    pub async fn reopen_seat(
        &self,
        actor: Actor,
        service: ServiceId,
        user_id: UserId,
        policy: CredentialPolicy,
    ) -> Result<NewSeat, CloseError> {
        let now = self.clock.now();
        let (password, record) = self.new_credential(&policy);
        self.store
            .write(move |tx| {
                let seat = seat(**tx, service, &user_id)?;
                let company = tx.company_state(seat.company)?;
                let open =
                    seat.state.reopen(company).map_err(|why| CloseError::state(&user_id, why))?;
                tx.set_seat_state(seat.id, open)?;
                tx.put_credential(seat.id, &record)?;
                tx.audit(&entry(now, &actor, "seat.reopened", &user_id))?;
                Ok(NewSeat { user_id, password })
            })
            .await
    }
}

/// Closes an open seat.
pub(crate) fn close(
    tx: &mut Tx<'_>,
    actor: &Actor,
    seat: &SeatRecord,
    remark: &Remark,
    now: Timestamp,
) -> Result<ClosedSeat, StoreError> {
    tx.set_seat_state(seat.id, SeatState::Closed)?;
    // An issuance between its two commits finds its credential gone, and gives up.
    let credential = tx.withdraw_credential(seat.id)?;
    tx.settle_email(seat.id)?;
    let mails = tx.drop_mails_of(seat.id, "the seat was closed", now)?;
    let remark =
        Remark { because: Some(remark.because.unwrap_or("seat closed")), ..remark.clone() };
    let reason = (Reason::CessationOfOperation, &remark);
    let revoked = revoke_standing(tx, actor, seat, reason, now)?;
    let mut entry = entry(now, actor, "seat.closed", &seat.user_id);
    entry.detail = serde_json::json!({
        "revoked": revoked, "credential": credential, "mails": mails, "order": remark.order,
    });
    tx.audit(&entry)?;
    Ok(ClosedSeat { user_id: seat.user_id.clone(), revoked, credential, mails })
}
