//! What is known at the beginning of what will be.

use jiff::Timestamp;
use tegata_domain::{Serial, renewal_opens_at};
use tegata_store::{CrlScope, ServiceId, StoreError, View};

use super::people::Behaviour;
use super::walk::{AFTER, Act, Walk};
use super::{Event, Problem, SimulationError};

impl Walk {
    /// What a certificate that lives at the beginning has before it.
    pub(super) fn expect_renewal(
        &mut self,
        record: &tegata_store::CertificateRecord,
        from: Timestamp,
    ) -> Result<(), SimulationError> {
        let Some(service) = self.service(record.service) else { return Ok(()) };
        let certificate = record.certificate;
        let (id, serial, user_id) = (record.service, certificate.serial, &record.user_id);
        let opens =
            renewal_opens_at(certificate.validity.not_after, service.lifecycle.renewal_window);
        let (seat, reminded, used) = self.copy.registrar.store().read(|view: View<'_>| {
            Ok::<_, StoreError>((
                view.seat(id, user_id)?,
                view.reminders_of_serial(serial)?,
                view.use_of(serial)?.is_some(),
            ))
        })?;
        if used || record.replaces.is_none() {
            // What it replaces waits for its retirement already, if there is anything.
        } else {
            self.expect(
                Behaviour::first_use(user_id, from),
                Act::Used(id, serial, user_id.clone()),
            );
        }
        if opens > from {
            self.expect(opens, Act::Opens(id, serial));
        } else if let Some(seat) = seat {
            let by_itself = self.people.behaviour.by_itself(user_id, seat.unattended, from);
            let followed = reminded.iter().min();
            let followed = followed
                .and_then(|days| self.people.behaviour.after_reminder(user_id, *days, from));
            self.expect_act(by_itself.or(followed), id, serial);
        }
        Ok(())
    }

    pub(super) fn expect_act(&mut self, at: Option<Timestamp>, service: ServiceId, serial: Serial) {
        if let Some(at) = at
            && self.people.plans(serial)
        {
            self.expect(at, Act::Renews(service, serial));
        }
    }

    /// Everything else that has its moment.
    pub(super) fn expect_others(&mut self, from: Timestamp) -> Result<(), SimulationError> {
        let keyring = self.copy.registrar.keyring();
        let store = self.copy.registrar.clone();
        for service in keyring.services() {
            let (lapses, waiting, branches) = store.store().read(|view: View<'_>| {
                let companies = view.companies(service.id)?;
                let mut branches = view.branches(service.id)?;
                branches.retain(|branch| {
                    branch.email.is_none() && companies.iter().any(|one| one.branch == branch.id)
                });
                Ok::<_, StoreError>((
                    view.unused_credentials(service.id, from)?,
                    view.retirements(service.id, Timestamp::MAX, None, u32::MAX)?,
                    branches,
                ))
            })?;
            for (user_id, lapses_at) in lapses {
                self.expect(lapses_at, Act::Lapses(service.id, user_id));
            }
            for retirement in waiting {
                self.expect(retirement.seen_at + service.lifecycle.overlap, Act::Look);
            }
            for branch in branches {
                let sentence = format!("branch {} has no address", branch.code);
                self.tell(
                    Event::problem(from, Problem::BranchWithoutAddress, sentence).of(&service.key),
                );
            }
        }
        let (servers, offline) = store.store().read(|view: View<'_>| {
            let mut ends = Vec::new();
            for root in keyring.offline() {
                let scope = CrlScope { authority: root.id, shard: 0 };
                ends.extend(view.published_crl_head(scope, false)?.map(|crl| crl.next_update));
            }
            Ok::<_, StoreError>((view.own_servers()?, ends))
        })?;
        for (purpose, not_after) in servers.into_iter().filter(|(_, ends)| *ends >= from) {
            self.expect(not_after + AFTER, Act::ServerEnds(purpose));
        }
        for next_update in offline {
            self.expect(next_update, Act::Look);
        }
        Ok(())
    }
}
