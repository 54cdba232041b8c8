//! Reissue: a new credential for a seat that has, or had, a certificate. What happens to that one
//! depends on what happened to its key.

use jiff::Timestamp;
use tegata_domain::{CredentialPolicy, Reissue, Serial, UserId, standing};
use tegata_store::ServiceId;

use crate::office::entry;
use crate::reset::open_seat;
use crate::status::{Remark, StatusChange, revoke_standing, tell};
use crate::{Actor, NewSeat, Office, ResetError};

/// A new credential, and what becomes of the certificates that the seat has.
#[derive(Debug)]
pub struct Reissued {
    /// User ID and initial password, shown once.
    pub seat: NewSeat,
    /// First moment at which the password no longer works unused.
    pub lapses_at: Timestamp,
    /// Still good; revoked by the issuance with this credential, and not before.
    pub standing: Vec<Serial>,
    /// Revoked with this very decision.
    pub revoked: Vec<Serial>,
}

impl Office {
    /// Gives a seat a new credential. The certificates that it has stay good until one is issued
    /// with it, and are revoked by that issuance; or, when the key was lost or stolen, are revoked
    /// here, before anything new exists.
    ///
    /// # Errors
    /// When there is no such seat, or it is closed.
    pub async fn reissue(
        &self,
        actor: Actor,
        service: ServiceId,
        user_id: UserId,
        policy: CredentialPolicy,
        what: Reissue,
    ) -> Result<Reissued, ResetError> {
        let now = self.clock.now();
        let (password, record) = self.new_credential(&policy);
        let lapses_at = record.credential.lapses_at;
        self.store
            .write(move |tx| {
                let seat = open_seat(tx, service, &user_id)?;
                let revoked = match what.at_once() {
                    Some(reason) => {
                        let remark = Remark { because: Some("reissue"), ..Remark::default() };
                        let gone = revoke_standing(tx, &actor, &seat, (reason, &remark), now)?;
                        if !gone.is_empty() {
                            tell(tx, service, &user_id, StatusChange::Revoke(reason), now)?;
                        }
                        gone
                    }
                    None => Vec::new(),
                };
                let left: Vec<_> =
                    tx.certificates_of_seat(seat.id)?.iter().map(|c| c.certificate).collect();
                let standing: Vec<Serial> = standing(&left, now).map(|c| c.serial).collect();
                tx.put_credential(seat.id, &record)?;
                let mut entry = entry(now, &actor, "credential.reissued", &user_id);
                entry.detail = serde_json::json!({ "replaces": standing, "revoked": revoked });
                tx.audit(&entry)?;
                Ok(Reissued { seat: NewSeat { user_id, password }, lapses_at, standing, revoked })
            })
            .await
    }
}
