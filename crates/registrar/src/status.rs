use jiff::Timestamp;
use tegata_domain::{
    Certificate, CertificateError, CertificateState, Reason, Revocation, Serial, UserId, standing,
};
use tegata_store::{
    CertificateRecord, SeatId, SeatRecord, ServiceId, StatusAnnouncement, StoreError, Tx, View,
};

use crate::blocklist::block_compromised_key;
use crate::change_email::void_with_signer;
use crate::mail::{Held, Released, Revoked, to_seat};
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

/// What else the record of a change says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Remark {
    /// Since when the certificate was no good before its revocation.
    pub(crate) invalid_since: Option<Timestamp>,
    /// The one order that many changes come from.
    pub(crate) order: Option<String>,
    /// What happened, where it was not the certificate itself that somebody meant.
    pub(crate) because: Option<&'static str>,
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

    /// Whether whoever asked for another address with the certificate's key may be the one that this
    /// shuts out. A certificate is superseded by its holder's own renewal, too.
    fn shuts_out(self) -> bool {
        !matches!(self, Self::Release | Self::Revoke(Reason::Superseded))
    }

    /// Whether what a key was renewed into goes with it, though it was not named: whoever had the
    /// key may have asked for it.
    pub(crate) fn goes_on(self) -> bool {
        self == Self::Revoke(Reason::KeyCompromise)
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
        self.change_with(actor, service, target, change, None).await
    }

    /// Revokes what `target` names, as [`Self::change_status`] does, and says since when it was no
    /// good.
    ///
    /// # Errors
    /// Those of [`Self::change_status`].
    pub async fn revoke(
        &self,
        actor: Actor,
        service: ServiceId,
        target: Target,
        revocation: Revocation,
    ) -> Result<Vec<Changed>, TargetError> {
        let change = StatusChange::Revoke(revocation.reason());
        self.change_with(actor, service, target, change, Some(revocation)).await
    }

    async fn change_with(
        &self,
        actor: Actor,
        service: ServiceId,
        target: Target,
        change: StatusChange,
        revocation: Option<Revocation>,
    ) -> Result<Vec<Changed>, TargetError> {
        let now = self.clock.now();
        self.store
            .write(move |tx| {
                let mut done = Vec::new();
                let all = certificates(**tx, service, &target)?;
                let states: Vec<_> = all.iter().map(|found| found.certificate.state).collect();
                let mut one = |tx: &mut Tx<'_>, found: CertificateRecord, because| {
                    let Ok(new) = change.apply(found.certificate, now) else { return Ok(false) };
                    let validity = found.certificate.validity;
                    let invalid_since = revocation.and_then(|r| r.invalid_since(validity));
                    let remark = Remark { invalid_since, because, ..Remark::default() };
                    record_with(tx, &actor, &found, &new, (change, &remark), now)?;
                    done.push(Changed { user_id: found.user_id, serial: new.serial });
                    Ok::<_, StoreError>(true)
                };
                // A seat is listed whole.
                let goes_on = matches!(target, Target::Serial(_)) && change.goes_on();
                for found in all {
                    let serial = found.certificate.serial;
                    if one(tx, found, None)? && goes_on {
                        for renewed in renewed_from(**tx, serial)? {
                            one(tx, renewed, Some(RENEWED))?;
                        }
                    }
                }
                if let Some(first) = done.first() {
                    tell(tx, service, &first.user_id, change, now)?;
                }
                if done.is_empty() {
                    return Err(change.refusal(target.to_string(), &states));
                }
                Ok(done)
            })
            .await
    }
}

/// Why a certificate went that nobody named: it was renewed from one that was.
pub(crate) const RENEWED: &str = "renewed from it";

/// What was renewed from a certificate, and from that again, whatever became of it.
pub(crate) fn renewed_from(
    view: View<'_>,
    serial: Serial,
) -> Result<Vec<CertificateRecord>, StoreError> {
    let (mut found, mut last) = (Vec::<CertificateRecord>::new(), serial);
    while let Some(next) = view.successor(last)? {
        last = next.certificate.serial;
        // A damaged database keeps nobody from revoking.
        if last == serial || found.iter().any(|one| one.certificate.serial == last) {
            break;
        }
        found.push(next);
    }
    Ok(found)
}

/// Whether a seat has a certificate that gateways let in.
pub(crate) fn has_good(view: View<'_>, seat: SeatId, now: Timestamp) -> Result<bool, StoreError> {
    Ok(view.certificates_of_seat(seat)?.iter().any(|record| {
        let Certificate { state, validity, .. } = record.certificate;
        let good =
            matches!(state, CertificateState::Issued { .. } | CertificateState::Superseded { .. });
        good && !validity.is_over(now)
    }))
}

/// Tells the user, where that is to be told: one mail a seat, however many of its certificates
/// the change is about. Not that an old certificate went when they have another, and not that one was
/// released which has ended. Returns whether it was to be told.
pub(crate) fn tell(
    tx: &mut Tx<'_>,
    service: ServiceId,
    user_id: &UserId,
    change: StatusChange,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let Some(seat) = tx.seat(service, user_id)? else { return Ok(false) };
    match change {
        // What is released may have ended meanwhile.
        StatusChange::Release if !has_good(**tx, seat.id, at)? => return Ok(false),
        StatusChange::Revoke(Reason::Superseded) if has_good(**tx, seat.id, at)? => {
            return Ok(false);
        }
        // Nothing took its place: it was lost, with whatever its key asked for.
        StatusChange::Revoke(Reason::Superseded) => {
            void_with_signer(tx, seat.id, at)?;
        }
        StatusChange::Revoke(_) | StatusChange::Hold | StatusChange::Release => {}
    }
    let Some(settings) = settings(**tx)?.remove(&service) else { return Ok(false) };
    let user_id = user_id.clone();
    let mail = match change {
        StatusChange::Hold => to_seat(&seat, &settings, &Held { user_id, at }),
        StatusChange::Revoke(_) => to_seat(&seat, &settings, &Revoked { user_id, at }),
        StatusChange::Release => to_seat(&seat, &settings, &Released { user_id, at }),
    };
    if let Some(mail) = mail {
        tx.enqueue_mail(&mail, at)?;
    }
    Ok(true)
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
    record_with(tx, actor, old, new, (change, &Remark::default()), now)
}

/// Records one change, with what else is to be said of it.
pub(crate) fn record_with(
    tx: &mut Tx<'_>,
    actor: &Actor,
    old: &CertificateRecord,
    new: &Certificate,
    (change, remark): (StatusChange, &Remark),
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.set_certificate(new)?;
    if let Some(since) = remark.invalid_since {
        tx.set_invalid_since(new.serial, since)?;
    }
    announce(tx, old, new, now)?;
    if change == StatusChange::Release && matches!(new.state, CertificateState::Issued { .. }) {
        // Live again: its reminders are, too.
        tx.schedule_notice_of(new.serial, now)?;
    }
    if change == StatusChange::Revoke(Reason::KeyCompromise) {
        block_compromised_key(tx, old, now)?;
    }
    let email_void = change.shuts_out() && void_with_signer(tx, old.seat, now)?;
    let action = format!("certificate.{}", change.participle());
    let mut entry = entry(now, actor, &action, &old.user_id);
    let mut detail = serde_json::json!({ "serial": new.serial });
    if email_void {
        detail["email_change"] = "void".into();
    }
    if let StatusChange::Revoke(reason) = change {
        detail["reason"] = reason.name().into();
    }
    if let Some(since) = remark.invalid_since {
        detail["invalid_since"] = since.to_string().into();
    }
    if let Some(order) = &remark.order {
        detail["order"] = order.as_str().into();
    }
    if let Some(because) = remark.because {
        detail["because"] = because.into();
    }
    entry.detail = detail;
    tx.audit(&entry)
}

/// Revokes every certificate of a seat that stands. Returns which.
pub(crate) fn revoke_standing(
    tx: &mut Tx<'_>,
    actor: &Actor,
    seat: &SeatRecord,
    (reason, remark): (Reason, &Remark),
    now: Timestamp,
) -> Result<Vec<Serial>, StoreError> {
    let all = tx.certificates_of_seat(seat.id)?;
    let certificates: Vec<_> = all.iter().map(|record| record.certificate).collect();
    let gone: Vec<Serial> = standing(&certificates, now).map(|c| c.serial).collect();
    let change = StatusChange::Revoke(reason);
    for record in all.iter().filter(|record| gone.contains(&record.certificate.serial)) {
        if let Ok(revoked) = record.certificate.revoke(now, reason) {
            record_with(tx, actor, record, &revoked, (change, remark), now)?;
        }
    }
    Ok(gone)
}
