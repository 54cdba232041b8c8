//! Many certificates revoked by one order: first what would go is listed, then exactly that goes,
//! and what was renewed from it meanwhile.

mod names;
mod successors;

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use tegata_domain::{BranchCode, CompanyCode, Revocation, Serial, UserId};
use tegata_store::{
    CertificateRecord, Revocable, RevocableFilter, ServiceId, StoreError, Tx, View,
};

pub use names::{NamesError, names_from};
pub use successors::Successors;

use crate::office::entry;
use crate::status::{RENEWED, Remark, StatusChange, record_with, renewed_from, tell};
use crate::target::seat;
use crate::{Actor, Office, Reference, Target, TargetError};

/// Certificates to a transaction: other writers wait that long, some tens of milliseconds.
const STRETCH: usize = 500;

/// Which certificates are meant: those that stand and pass everything that is given.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Of a company.
    pub company: Option<CompanyCode>,
    /// Of a branch.
    pub branch: Option<BranchCode>,
    /// Issued from the first moment to before the second.
    pub issued: Option<(Timestamp, Timestamp)>,
    /// Named one by one: the line, and what stands there.
    pub names: Option<Vec<(usize, Target)>>,
}

/// What an order would revoke.
#[derive(Clone, Debug, Default)]
pub struct RevocationPlan {
    /// The certificates, by user ID.
    pub certificates: Vec<Revocable>,
    /// Those of them that stand for a seat: it, its company or its branch was named, and no time of
    /// issuance. What is renewed from them until they are revoked goes with them.
    pub of_seats: BTreeSet<Serial>,
    /// What was named, with its line, and has nothing that stands and is meant.
    pub nothing: Vec<(usize, Target)>,
}

/// What an order did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokedMany {
    /// The order, as the audit log names it beside each certificate.
    pub order: Reference,
    /// Certificates revoked.
    pub revoked: usize,
    /// Certificates that were revoked or ended after they were listed.
    pub skipped: usize,
    /// Certificates revoked besides, as they were renewed from one that was listed.
    pub successors: usize,
    /// Such certificates that stand, as the order did not mean them: serial numbers were named, or a
    /// time of issuance, and the reason is not a stolen key.
    pub left: Vec<Serial>,
}

/// Why nothing can be listed.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// Nothing was selected: everything is not meant by saying nothing.
    #[error("say which: a company, a branch, a time of issuance, or a file with names")]
    Everything,
    /// There is no such branch or company.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// Names that nobody has.
    #[error("{}", .0.iter().map(|(line, error)| format!("line {line}: {error}"))
        .collect::<Vec<_>>().join("\n"))]
    Names(Vec<(usize, TargetError)>),
    /// The database could not.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Office {
    /// Lists what an order with this selection would revoke. Nothing is changed.
    ///
    /// # Errors
    /// When nothing is selected, or a name is nobody's: then every such line is told.
    pub fn plan_revocation(
        &self,
        service: ServiceId,
        selection: &Selection,
    ) -> Result<RevocationPlan, PlanError> {
        let Selection { company, branch, issued, names } = selection;
        if company.is_none() && branch.is_none() && issued.is_none() && names.is_none() {
            return Err(PlanError::Everything);
        }
        let now = self.clock.now();
        let filter = RevocableFilter {
            company: company
                .as_ref()
                .map(|code| self.company(service, code))
                .transpose()?
                .map(|c| c.id),
            branch: branch
                .as_ref()
                .map(|code| self.branch(service, code))
                .transpose()?
                .map(|b| b.id),
            issued_from: issued.map(|(from, _)| from),
            issued_before: issued.map(|(_, before)| before),
            ..RevocableFilter::default()
        };
        self.store.read(|view: View<'_>| match names {
            None => {
                let certificates = view.revocable(service, &filter, now)?;
                let of_seats = match issued {
                    None => certificates.iter().map(|one| one.serial).collect(),
                    Some(_) => BTreeSet::new(),
                };
                Ok(RevocationPlan { certificates, of_seats, nothing: Vec::new() })
            }
            Some(names) => named(view, service, names, &filter, now),
        })
    }

    /// Revokes the certificates that were listed, in stretches of one transaction each: every
    /// certificate with its own audit entry that names the order, the order with one at its
    /// beginning and one at its end. What was renewed from one meanwhile goes in the same
    /// transaction, if its key was stolen or its seat was meant. Cut short, the same selection
    /// lists what is left.
    ///
    /// # Errors
    /// When the database refuses; what was committed before stays revoked.
    pub async fn revoke_many(
        &self,
        actor: Actor,
        service: ServiceId,
        plan: &RevocationPlan,
        revocation: Revocation,
    ) -> Result<RevokedMany, StoreError> {
        let reference = self.reference();
        let certificates = &plan.certificates;
        let mut begin = entry(self.clock.now(), &actor, "revocation.ordered", &reference);
        begin.detail = serde_json::json!({
            "certificates": certificates.len(), "reason": revocation.reason().name(),
        });
        self.store.write(move |tx| tx.audit(&begin)).await?;
        let order = Arc::new(Order {
            actor: actor.clone(),
            service,
            number: reference.to_string(),
            revocation,
            listed: certificates.iter().map(|one| one.serial).collect(),
            of_seats: plan.of_seats.clone(),
        });
        let mut done = Done::default();
        for stretch in certificates.chunks(STRETCH) {
            let serials: Vec<Serial> = stretch.iter().map(|standing| standing.serial).collect();
            let (order, now, mut so_far) = (order.clone(), self.clock.now(), done);
            done = self
                .store
                .write(move |tx| {
                    for serial in serials {
                        order.revoke(tx, serial, &mut so_far, now)?;
                    }
                    Ok::<_, StoreError>(so_far)
                })
                .await?;
        }
        let Done { revoked, successors, left, .. } = done;
        let skipped = certificates.len() - revoked;
        let mut end = entry(self.clock.now(), &actor, "revocation.done", &reference);
        end.detail = serde_json::json!({
            "revoked": revoked, "skipped": skipped, "successors": successors,
        });
        self.store.write(move |tx| tx.audit(&end)).await?;
        Ok(RevokedMany { order: reference, revoked, skipped, successors, left })
    }
}

/// What is the same for every certificate of an order.
struct Order {
    actor: Actor,
    service: ServiceId,
    number: String,
    revocation: Revocation,
    listed: BTreeSet<Serial>,
    of_seats: BTreeSet<Serial>,
}

/// How far an order is.
#[derive(Default)]
struct Done {
    revoked: usize,
    successors: usize,
    left: Vec<Serial>,
    /// Who was told last: listed by user ID, each is told once.
    told: Option<UserId>,
}

impl Order {
    fn change(&self) -> StatusChange {
        StatusChange::Revoke(self.revocation.reason())
    }

    /// Revokes one that was listed, and what was renewed from it.
    fn revoke(
        &self,
        tx: &mut Tx<'_>,
        serial: Serial,
        done: &mut Done,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let found = tx.certificate(serial)?.filter(|one| one.service == self.service);
        let Some(old) = found else { return Ok(()) };
        let mut gone = usize::from(self.record(tx, &old, None, now)?);
        done.revoked += gone;
        let goes_on = self.change().goes_on() || self.of_seats.contains(&serial);
        // Also when the renewal already led to the retirement of the listed one.
        for renewed in renewed_from(**tx, serial)? {
            let serial = renewed.certificate.serial;
            if self.listed.contains(&serial) || done.left.contains(&serial) {
                continue;
            }
            if goes_on {
                let went = usize::from(self.record(tx, &renewed, Some(RENEWED), now)?);
                done.successors += went;
                gone += went;
            } else if self.change().apply(renewed.certificate, now).is_ok() {
                done.left.push(serial);
            }
        }
        if gone > 0
            && done.told.as_ref() != Some(&old.user_id)
            && tell(tx, self.service, &old.user_id, self.change(), now)?
        {
            done.told = Some(old.user_id);
        }
        Ok(())
    }

    /// Whether it could be revoked, and was.
    fn record(
        &self,
        tx: &mut Tx<'_>,
        old: &CertificateRecord,
        because: Option<&'static str>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let Ok(new) = self.change().apply(old.certificate, now) else { return Ok(false) };
        let invalid_since = self.revocation.invalid_since(old.certificate.validity);
        let remark = Remark { invalid_since, order: Some(self.number.clone()), because };
        record_with(tx, &self.actor, old, &new, (self.change(), &remark), now)?;
        Ok(true)
    }
}

/// Looks every name up; one that is nobody's keeps the whole order from being carried out.
fn named(
    view: View<'_>,
    service: ServiceId,
    names: &[(usize, Target)],
    filter: &RevocableFilter,
    now: Timestamp,
) -> Result<RevocationPlan, PlanError> {
    let (mut certificates, mut nothing, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
    let mut of_seats = BTreeSet::new();
    // Of a company or branch, whoever is named stands for the seat too, but not of a time.
    let all_seats = filter.company.is_some() || filter.branch.is_some();
    let timeless = filter.issued_from.is_none() && filter.issued_before.is_none();
    for (line, target) in names {
        let one = match target {
            Target::UserId(user_id) => match seat(view, service, user_id) {
                Ok(seat) => RevocableFilter { seat: Some(seat.id), ..filter.clone() },
                Err(TargetError::Store(error)) => return Err(error.into()),
                Err(error) => {
                    wrong.push((*line, error));
                    continue;
                }
            },
            Target::Serial(serial) => {
                // One of another service is as unknown as none at all.
                if view.certificate(*serial)?.is_none_or(|one| one.service != service) {
                    wrong.push((*line, TargetError::unknown("certificate", serial)));
                    continue;
                }
                RevocableFilter { serial: Some(*serial), ..filter.clone() }
            }
        };
        let found = view.revocable(service, &one, now)?;
        if found.is_empty() {
            nothing.push((*line, target.clone()));
        }
        if timeless && (all_seats || matches!(target, Target::UserId(_))) {
            of_seats.extend(found.iter().map(|one| one.serial));
        }
        certificates.extend(found);
    }
    if !wrong.is_empty() {
        return Err(PlanError::Names(wrong));
    }
    // A seat may be named twice, or by its certificate as well.
    certificates.sort_by(|a: &Revocable, b| (&a.user_id, a.serial).cmp(&(&b.user_id, b.serial)));
    certificates.dedup_by(|a, b| a.serial == b.serial);
    Ok(RevocationPlan { certificates, of_seats, nothing })
}
