use std::collections::BTreeSet;

use tegata_domain::{Reason, Serial};
use tegata_store::{Revocable, RevocableFilter, ServiceId, StoreError, View};

use super::RevocationPlan;
use crate::Office;
use crate::status::{StatusChange, renewed_from};

/// What stands and was renewed from certificates that are to be revoked, and not named itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Successors {
    /// These go with them: the key was stolen, or the seat was meant.
    pub go: Vec<Revocable>,
    /// These stay good.
    pub stay: Vec<Revocable>,
}

impl Office {
    /// What was renewed from the certificates of `plan`, and what becomes of it if they are revoked
    /// for `reason`. Nothing is changed.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn successors(
        &self,
        service: ServiceId,
        plan: &RevocationPlan,
        reason: Reason,
    ) -> Result<Successors, StoreError> {
        let listed: Vec<Serial> = plan.certificates.iter().map(|one| one.serial).collect();
        let mut all = Successors::default();
        for (from, successor) in self.standing_successors(service, &listed)? {
            let goes_on = StatusChange::Revoke(reason).goes_on() || plan.of_seats.contains(&from);
            if goes_on { all.go.push(successor) } else { all.stay.push(successor) }
        }
        Ok(all)
    }

    /// What stands, was renewed from one of these certificates, and is none of them: each once,
    /// with the one it follows.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn standing_successors(
        &self,
        service: ServiceId,
        serials: &[Serial],
    ) -> Result<Vec<(Serial, Revocable)>, StoreError> {
        let now = self.clock.now();
        let mut known: BTreeSet<Serial> = serials.iter().copied().collect();
        self.store.read(|view: View<'_>| {
            let mut standing = Vec::new();
            for from in serials {
                for renewed in renewed_from(view, *from)? {
                    let serial = renewed.certificate.serial;
                    if known.insert(serial) {
                        let only =
                            RevocableFilter { serial: Some(serial), ..RevocableFilter::default() };
                        let found = view.revocable(service, &only, now)?;
                        standing.extend(found.into_iter().map(|one| (*from, one)));
                    }
                }
            }
            Ok(standing)
        })
    }
}
