//! What people do, and what becomes so, at a moment.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tegata_domain::{CertificateState, SeatState, Serial, renewal_opens_at};
use tegata_registrar::{RenewError, Service};
use tegata_store::{CertificateRecord, SeatRecord, ServiceId, StoreError, View};

use super::event::in_zone;
use super::people::{Behaviour, renewed};
use super::walk::{AFTER, Act, Walk};
use super::{Event, Kind, Problem, SimulationError};

/// How often a gateway of the simulation says that it is there. A real one does each minute.
const SIGN_OF_LIFE: SignedDuration = SignedDuration::from_hours(24);

type Holder = (Arc<Service>, CertificateRecord, SeatRecord);

impl Walk {
    pub(super) async fn act(&mut self, act: Act, now: Timestamp) -> Result<(), SimulationError> {
        match act {
            Act::Look => {}
            Act::Opens(id, serial) => self.opens(id, serial, now)?,
            Act::Renews(id, serial) => self.renews(id, serial, now).await?,
            Act::Used(id, serial, user_id) => {
                let Some(service) = self.service(id) else { return Ok(()) };
                let registrar = self.copy.registrar.clone();
                match self.people.used(&registrar, &service, serial).await {
                    Ok(()) => self.expect(now + service.lifecycle.overlap, Act::Look),
                    Err(error) => {
                        let sentence = format!("a gateway cannot report: {error}");
                        let event = Event::problem(now, Problem::JobFailed, sentence);
                        self.tell(event.of(&service.key).about(&user_id, serial));
                    }
                }
            }
            Act::Ends(id, serial) => self.ends(id, serial, now)?,
            Act::Lapses(id, user_id) => {
                let sentence = "the initial password lapses; the branch would have to reset it";
                let event = Event::problem(now, Problem::CredentialLapsed, sentence);
                let service = self.service(id).map(|service| service.key.to_string());
                self.tell(Event { service, user_id: Some(user_id), ..event });
            }
            Act::Reports(id, purpose) => {
                let Some(service) = self.service(id) else { return Ok(()) };
                let registrar = self.copy.registrar.clone();
                if let Err(error) = self.people.reports(&registrar, &service, &purpose).await {
                    let sentence = format!("{purpose} cannot report: {error}");
                    let event = Event::problem(now, Problem::JobFailed, sentence);
                    self.tell(event.of(&service.key));
                }
                self.expect(now + SIGN_OF_LIFE, Act::Reports(id, purpose));
            }
            Act::ServerEnds(purpose) => {
                let servers = self.copy.registrar.store();
                let servers = servers.read(|view: View<'_>| view.own_servers())?;
                match servers.into_iter().find(|(name, ends)| *name == purpose && now <= *ends) {
                    Some((_, ends)) => self.expect(ends + AFTER, Act::ServerEnds(purpose)),
                    None => {
                        let sentence = format!(
                            "the TLS certificate of {purpose} ends: it does not report, so nothing \
                             renews it"
                        );
                        self.tell(Event::problem(now, Problem::ServerCertificateEnds, sentence));
                    }
                }
            }
        }
        Ok(())
    }

    fn opens(
        &mut self,
        id: ServiceId,
        serial: Serial,
        now: Timestamp,
    ) -> Result<(), SimulationError> {
        let Some((service, record, seat)) = self.holder(id, serial)? else { return Ok(()) };
        if !matches!(record.certificate.state, CertificateState::Issued { .. })
            || seat.state == SeatState::Closed
        {
            return Ok(());
        }
        let event = Event::new(now, Kind::RenewalOpens).of(&service.key);
        let ends = record.certificate.validity.not_after;
        self.tell(event.about(&record.user_id, serial).with("not_after", ends.to_string()));
        let at = self.people.behaviour.by_itself(&record.user_id, seat.unattended, now);
        self.expect_act(at, id, serial);
        Ok(())
    }

    async fn renews(
        &mut self,
        id: ServiceId,
        serial: Serial,
        now: Timestamp,
    ) -> Result<(), SimulationError> {
        let Some((service, record, seat)) = self.holder(id, serial)? else { return Ok(()) };
        let (user_id, registrar) = (&record.user_id, self.copy.registrar.clone());
        let refused = |sentence: String| {
            let event = Event::problem(now, Problem::RenewalRefused, sentence);
            event.of(&service.key).about(user_id, serial)
        };
        self.people.gives_up(serial);
        let Some(der) = &record.der else {
            self.tell(refused("the certificate moved in by a list and cannot be renewed".into()));
            return Ok(());
        };
        let (request, key) = self.people.renewal(&service, (user_id, serial), der)?;
        let reference = registrar.reference();
        let outcome = registrar.renew(&service, request, seat.unattended, &reference).await;
        let new = match outcome {
            Ok(new) => new,
            Err(error @ RenewError::Refused(_)) if held_or_gone(&record.certificate.state) => {
                // A hold or a revocation is no accident; its user was told.
                tracing::debug!(%user_id, %error, "does not renew");
                return Ok(());
            }
            Err(error) => {
                self.tell(refused(error.to_string()));
                return Ok(());
            }
        };
        self.people.keeps(serial, new.serial, key);
        for event in renewed(now, &service, &new) {
            self.tell(event);
        }
        let ends = new.validity.not_after;
        let full = record.certificate.validity.not_after + service.lifecycle.lifetime;
        let named = format!("{id:?} {ends}");
        if ends < full && self.told.insert((Problem::Shortened, named)) {
            let [ends, full] = [ends, full].map(|at| in_zone(at, &service.time_zone));
            let sentence = format!("ends on {ends} with its CA instead of on {full}; so do others");
            let event = Event::problem(now, Problem::Shortened, sentence).of(&service.key);
            self.tell(event.about(user_id, new.serial));
        }
        let opens = renewal_opens_at(ends, service.lifecycle.renewal_window);
        self.expect(opens, Act::Opens(id, new.serial));
        self.expect(ends + AFTER, Act::Ends(id, new.serial));
        let used = Act::Used(id, new.serial, user_id.clone());
        self.expect(Behaviour::first_use(user_id, now), used);
        Ok(())
    }

    fn ends(
        &mut self,
        id: ServiceId,
        serial: Serial,
        now: Timestamp,
    ) -> Result<(), SimulationError> {
        let Some((service, record, seat)) = self.holder(id, serial)? else { return Ok(()) };
        let without = match record.certificate.state {
            CertificateState::Issued { .. } => seat.state == SeatState::Open,
            CertificateState::Superseded { .. } | CertificateState::Held { .. } => false,
            _ => return Ok(()),
        };
        let event = Event::new(now, Kind::Expired).of(&service.key);
        self.tell(event.about(&record.user_id, serial));
        if without {
            let sentence = "the certificate ended and nothing took its place; the branch would \
                            have to reissue";
            let event = Event::problem(now, Problem::ExpiredWithoutSuccessor, sentence);
            self.tell(event.of(&service.key).about(&record.user_id, serial));
        }
        Ok(())
    }

    fn holder(&self, id: ServiceId, serial: Serial) -> Result<Option<Holder>, SimulationError> {
        let Some(service) = self.service(id) else { return Ok(None) };
        let found = self.copy.registrar.store().read(|view: View<'_>| {
            let Some(record) = view.certificate(serial)? else { return Ok(None) };
            let seat = view.seat(id, &record.user_id)?;
            Ok::<_, StoreError>(seat.map(|seat| (record, seat)))
        })?;
        Ok(found.map(|(record, seat)| (service, record, seat)))
    }
}

fn held_or_gone(state: &CertificateState) -> bool {
    !matches!(state, CertificateState::Issued { .. })
}
