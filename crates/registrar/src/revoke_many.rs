//! Many certificates revoked by one order: first what would go is listed, then exactly that goes.

mod names;

use jiff::Timestamp;
use tegata_domain::{BranchCode, CompanyCode, Revocation, Serial};
use tegata_store::{Revocable, RevocableFilter, ServiceId, StoreError, View};

pub use names::{NamesError, names_from};

use crate::office::entry;
use crate::status::{Remark, StatusChange, record_with, tell};
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
#[derive(Clone, Debug)]
pub struct RevocationPlan {
    /// The certificates, by user ID.
    pub certificates: Vec<Revocable>,
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
                Ok(RevocationPlan { certificates, nothing: Vec::new() })
            }
            Some(names) => named(view, service, names, &filter, now),
        })
    }

    /// Revokes the certificates that were listed, in stretches of one transaction each: every
    /// certificate with its own audit entry that names the order, the order with one at its
    /// beginning and one at its end. Cut short, the same selection lists what is left.
    ///
    /// # Errors
    /// When the database refuses; what was committed before stays revoked.
    pub async fn revoke_many(
        &self,
        actor: Actor,
        service: ServiceId,
        certificates: &[Revocable],
        revocation: Revocation,
    ) -> Result<RevokedMany, StoreError> {
        let order = self.reference();
        let mut begin = entry(self.clock.now(), &actor, "revocation.ordered", &order);
        begin.detail = serde_json::json!({
            "certificates": certificates.len(), "reason": revocation.reason().name(),
        });
        self.store.write(move |tx| tx.audit(&begin)).await?;
        let (mut revoked, mut last) = (0, None);
        for stretch in certificates.chunks(STRETCH) {
            let serials: Vec<Serial> = stretch.iter().map(|standing| standing.serial).collect();
            let (actor, now, order) = (actor.clone(), self.clock.now(), order.to_string());
            let before = last.take();
            let (done, told) = self
                .store
                .write(move |tx| {
                    let change = StatusChange::Revoke(revocation.reason());
                    let (mut done, mut told) = (0, before);
                    for serial in serials {
                        let found = tx.certificate(serial)?.filter(|one| one.service == service);
                        let Some(old) = found else { continue };
                        let Ok(new) = change.apply(old.certificate, now) else { continue };
                        let invalid_since = revocation.invalid_since(old.certificate.validity);
                        let remark =
                            Remark { invalid_since, order: Some(order.clone()), because: None };
                        record_with(tx, &actor, &old, &new, (change, &remark), now)?;
                        done += 1;
                        // Listed by user ID: each is told once.
                        if told.as_ref() != Some(&old.user_id) {
                            tell(tx, service, &old.user_id, change, now)?;
                            told = Some(old.user_id);
                        }
                    }
                    Ok::<_, StoreError>((done, told))
                })
                .await?;
            revoked += done;
            last = told;
        }
        let skipped = certificates.len() - revoked;
        let mut end = entry(self.clock.now(), &actor, "revocation.done", &order);
        end.detail = serde_json::json!({ "revoked": revoked, "skipped": skipped });
        self.store.write(move |tx| tx.audit(&end)).await?;
        Ok(RevokedMany { order, revoked, skipped })
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
        certificates.extend(found);
    }
    if !wrong.is_empty() {
        return Err(PlanError::Names(wrong));
    }
    // A seat may be named twice, or by its certificate as well.
    certificates.sort_by(|a: &Revocable, b| (&a.user_id, a.serial).cmp(&(&b.user_id, b.serial)));
    certificates.dedup_by(|a, b| a.serial == b.serial);
    Ok(RevocationPlan { certificates, nothing })
}
