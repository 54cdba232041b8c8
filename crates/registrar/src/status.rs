use jiff::Timestamp;
use tegata_domain::{Certificate, CertificateError, CertificateState, Reason, Serial, UserId};
use tegata_store::{CertificateRecord, ServiceId, StatusAnnouncement, StoreError, Tx};

use crate::blocklist::block_compromised_key;
use crate::mail::{Held, Revoked, to_seat};
use crate::office::entry;
use crate::remind::settings;
use crate::target::certificates;
use crate::{Actor, Office, Target, TargetError};

/// What happens to the standing of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusChange {
    /// On hold until released.
    Hold,
    /// Released from its hold.
    Release,
    /// Revoked for good.
    Revoke(Reason),
}

/// A certificate whose standing changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Whose seat.
    pub user_id: UserId,
    /// Which.
    pub serial: Serial,
}

impl StatusChange {
    pub(crate) fn apply(
        self,
        old: Certificate,
        now: Timestamp,
    ) -> Result<Certificate, CertificateError> {
        match self {
            Self::Hold => old.hold(now),
            Self::Release => old.release(),
            Self::Revoke(reason) => old.revoke(now, reason),
        }
    }

    /// Why nothing in these states, oldest first, can change so.
    fn refusal(self, name: String, states: &[CertificateState]) -> TargetError {
        let last =
            |wanted: fn(&CertificateState) -> bool| states.iter().rev().copied().find(wanted);
        let held = last(|state| matches!(state, CertificateState::Held { .. }));
        if let (Self::Hold, Some(CertificateState::Held { at: since, .. })) = (self, held) {
            return TargetError::AlreadyHeld { name, since };
        }
        let good = last(|state| {
            matches!(state, CertificateState::Issued { .. } | CertificateState::Superseded { .. })
        });
        if self == Self::Release && good.is_some() {
            return TargetError::NotHeld(name);
        }
        match last(|state| matches!(state, CertificateState::Revoked { .. })) {
            Some(CertificateState::Revoked { at: since, reason }) => {
                TargetError::AlreadyRevoked { name, since, reason }
            }
            _ => TargetError::Nothing { name, verb: self.participle() },
        }
    }

    /// Whether the user is told: not that it was released, which they asked for, and not that
    /// an old certificate went when they have a new one.
    fn tells(self) -> bool {
        !matches!(self, Self::Release | Self::Revoke(Reason::Superseded))
    }

    fn participle(self) -> &'static str {
        match self {
            Self::Hold => "held",
            Self::Release => "released",
            Self::Revoke(_) => "revoked",
        }
    }
}

impl Office {
    /// Holds, releases or revokes what `target` names: every certificate of a seat whose state
    /// allows it, or one certificate. The change stands in the feed with the same commit.
    ///
    /// # Errors
    /// When there is no such thing, or nothing of it is in a state that allows the change.
    pub async fn change_status(
        &self,
        actor: Actor,
        service: ServiceId,
        target: Target,
        change: StatusChange,
    ) -> Result<Vec<Changed>, TargetError> {
        let now = self.clock.now();
        self.store
            .write(move |tx| {
                let mut done = Vec::new();
                let all = certificates(**tx, service, &target)?;
                let states: Vec<_> = all.iter().map(|found| found.certificate.state).collect();
                for found in all {
                    if let Ok(new) = change.apply(found.certificate, now) {
                        record(tx, &actor, &found, &new, change, now)?;
                        done.push(Changed { user_id: found.user_id, serial: new.serial });
                    }
                }
                let told = change.tells();
                if let (true, Some(first)) = (told, done.first()) {
                    tell(tx, service, first, change, now)?;
                }
                if done.is_empty() {
                    return Err(change.refusal(target.to_string(), &states));
                }
                Ok(done)
            })
            .await
    }
}

/// One mail a seat, however many of its certificates it is about.
fn tell(
    tx: &mut Tx<'_>,
    service: ServiceId,
    about: &Changed,
    change: StatusChange,
    at: Timestamp,
) -> Result<(), TargetError> {
    let user_id = about.user_id.clone();
    let (Some(seat), Some(settings)) =
        (tx.seat(service, &user_id)?, settings(**tx)?.remove(&service))
    else {
        return Ok(());
    };
    let mail = match change {
        StatusChange::Hold => to_seat(&seat, &settings, &Held { user_id, at }),
        StatusChange::Revoke(_) => to_seat(&seat, &settings, &Revoked { user_id, at }),
        StatusChange::Release => None,
    };
    if let Some(mail) = mail {
        tx.enqueue_mail(&mail, at)?;
    }
    Ok(())
}

/// Tells relying parties what stands now.
pub(crate) fn announce(
    tx: &mut Tx<'_>,
    old: &CertificateRecord,
    new: &Certificate,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.announce(&StatusAnnouncement {
        service: old.service,
        scope: old.scope(),
        serial: new.serial,
        status: new.status(),
        at: now,
    })
}

/// Records one change: the certificate, the feed, the audit log.
pub(crate) fn record(
    tx: &mut Tx<'_>,
    actor: &Actor,
    old: &CertificateRecord,
    new: &Certificate,
    change: StatusChange,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.set_certificate(new)?;
    announce(tx, old, new, now)?;
    if change == StatusChange::Release && matches!(new.state, CertificateState::Issued { .. }) {
        // Live again: its reminders are, too.
        tx.schedule_notice_of(new.serial, now)?;
    }
    if change == StatusChange::Revoke(Reason::KeyCompromise) {
        block_compromised_key(tx, old, now)?;
    }
    let action = format!("certificate.{}", change.participle());
    let mut entry = entry(now, actor, &action, &old.user_id);
    entry.detail = match change {
        StatusChange::Revoke(reason) => {
            serde_json::json!({ "serial": new.serial, "reason": reason.name() })
        }
        StatusChange::Hold | StatusChange::Release => serde_json::json!({ "serial": new.serial }),
    };
    tx.audit(&entry)
}
