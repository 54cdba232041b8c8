//! Subscribers who renew, and the gateway that sees their certificates.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use tegata_ca::{
    AskError, Holder, KeyKind, Signer, SoftwareKey, SubjectAltName, SubjectName,
    certification_request, seal, serial_of,
};
use tegata_domain::{Serial, UserId};
use tegata_registrar::{
    CertifyError, GatewayRefused, Registrar, RenewGatewayError, Service, SignedReport,
};
use tegata_store::{CertificateUse, GatewayReport, OwnCertificate, ServiceId, StoreError, View};

use super::copy::throwaway;
use super::{Event, SimulationError};

/// How long before its end the simulated gateway gets another certificate.
const GATEWAY_RENEWAL: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What the simulated gateway is called. No real one is: names of purposes end in their host.
const GATEWAY: &str = "gateway-simulated";

/// What people do. Who of them does it follows from the user ID: a run can be repeated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Behaviour {
    /// Part (0 to 1) of the PCs known to renew unattended that do, within a day after the window
    /// opens.
    pub renewing_share: f64,
    /// Part (0 to 1) of all others that renew one to three days after a reminder reached them.
    pub following_share: f64,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self { renewing_share: 1.0, following_share: 1.0 }
    }
}

impl Behaviour {
    /// When the PC of `user_id` renews by itself, once the window is open.
    pub(super) fn by_itself(
        &self,
        user_id: &UserId,
        unattended: bool,
        opened: Timestamp,
    ) -> Option<Timestamp> {
        let does = unattended && part("renews", user_id) < self.renewing_share;
        does.then(|| opened + within(SignedDuration::from_hours(24), "when", user_id))
    }

    /// When `user_id` renews after a reminder.
    pub(super) fn after_reminder(
        &self,
        user_id: &UserId,
        threshold: u16,
        at: Timestamp,
    ) -> Option<Timestamp> {
        let does = part("follows", user_id) < self.following_share;
        // Who is reminded on the last day hurries.
        let most = SignedDuration::from_hours(i64::from(threshold.min(3)) * 24 - 1);
        let delay = within(most.max(SignedDuration::from_mins(10)), "reminded", user_id);
        does.then(|| at + delay)
    }

    /// When a new certificate is first presented to a gateway.
    pub(super) fn first_use(user_id: &UserId, at: Timestamp) -> Timestamp {
        at + within(SignedDuration::from_hours(24), "uses", user_id)
    }
}

/// A number from 0 to 1 that follows from a name.
fn part(what: &str, user_id: &UserId) -> f64 {
    let digest = Sha256::digest(format!("{what} {user_id}"));
    let first = digest.iter().take(4).fold(0u32, |number, octet| number << 8 | u32::from(*octet));
    f64::from(first) / (f64::from(u32::MAX) + 1.0)
}

fn within(most: SignedDuration, what: &str, user_id: &UserId) -> SignedDuration {
    let seconds = part(what, user_id) * most.as_secs_f64();
    SignedDuration::from_secs(seconds as i64 + 1)
}

/// The keys of the simulated subscribers, and their gateway.
pub(super) struct People {
    pub(super) behaviour: Behaviour,
    stand_in: Arc<SoftwareKey>,
    /// Keys of what was renewed within the simulation.
    keys: HashMap<Serial, SoftwareKey>,
    /// Who is going to renew already.
    planned: HashSet<Serial>,
    gateways: HashMap<(ServiceId, String), Gateway>,
}

struct Gateway {
    key: Arc<SoftwareKey>,
    serial: Serial,
    not_after: Timestamp,
    sequence: u64,
}

/// Why a gateway's report was not made.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReportError {
    #[error(transparent)]
    Certify(#[from] CertifyError),
    #[error(transparent)]
    Refused(#[from] GatewayRefused),
    #[error(transparent)]
    Renew(#[from] RenewGatewayError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Sign(#[from] tegata_ca::SignError),
    #[error(transparent)]
    Key(#[from] SimulationError),
}

impl People {
    pub(super) fn new(behaviour: Behaviour, stand_in: Arc<SoftwareKey>) -> Self {
        let (keys, planned, gateways) = Default::default();
        Self { behaviour, stand_in, keys, planned, gateways }
    }

    /// Whether somebody begins to intend to renew this.
    pub(super) fn plans(&mut self, serial: Serial) -> bool {
        self.planned.insert(serial)
    }

    /// Nobody intends to renew this any more.
    pub(super) fn gives_up(&mut self, serial: Serial) {
        self.planned.remove(&serial);
    }

    /// A renewal of `certificate`, DER, and the new key.
    pub(super) fn renewal(
        &self,
        service: &Service,
        (user_id, serial): (&UserId, Serial),
        certificate: &[u8],
    ) -> Result<(Vec<u8>, SoftwareKey), SimulationError> {
        let unreadable = |error: &dyn std::fmt::Display| {
            SimulationError::Unreadable(format!("{user_id}: {error}"))
        };
        let kind = service.settings.profile(Holder::Client);
        let kind = kind.map_or(KeyKind::EcP256, |profile| profile.keys().example());
        let new = throwaway(kind)?;
        let name = SubjectName::new(user_id.as_str()).map_err(|error| unreadable(&error))?;
        let present = self.keys.get(&serial).unwrap_or(&self.stand_in);
        let request = certification_request(&new, &name)
            .and_then(|request| seal(&request, certificate, present))
            .map_err(|error: AskError| unreadable(&error))?;
        Ok((request, new))
    }

    /// The renewal was granted.
    pub(super) fn keeps(&mut self, replaced: Serial, serial: Serial, key: SoftwareKey) {
        self.keys.remove(&replaced);
        self.planned.remove(&replaced);
        self.keys.insert(serial, key);
    }

    /// The gateway of `service` admits a certificate now, and reports it.
    pub(super) async fn used(
        &mut self,
        registrar: &Registrar,
        service: &Service,
        serial: Serial,
    ) -> Result<(), ReportError> {
        let (now, named) = (registrar.now(), (service.id, GATEWAY.to_owned()));
        let is_good = |gateway: &&Gateway| now < gateway.not_after - GATEWAY_RENEWAL;
        if self.gateways.get(&named).filter(is_good).is_none() {
            let key = Arc::new(throwaway(KeyKind::EcP256)?);
            let names = vec![SubjectAltName::Dns("gateway.invalid".to_owned())];
            let own = registrar.certify_server(service, GATEWAY, names, key.public_key()).await?;
            let (serial, not_after) = (own.serial, own.not_after);
            self.gateways.insert(named.clone(), Gateway { key, serial, not_after, sequence: 0 });
        }
        let seen = vec![CertificateUse { serial, first: now, last: now }];
        self.report(registrar, service, &named, seen).await
    }

    /// A real gateway goes on. Whether it was not known before: several may share a name.
    pub(super) fn runs(&mut self, service: ServiceId, own: OwnCertificate) -> bool {
        let named = (service, own.purpose);
        if self.gateways.get(&named).is_some_and(|known| own.not_after <= known.not_after) {
            return false;
        }
        let (key, serial, not_after) = (self.stand_in.clone(), own.serial, own.not_after);
        let gateway = Gateway { key, serial, not_after, sequence: 0 };
        self.gateways.insert(named, gateway).is_none()
    }

    /// A real gateway says that it is there.
    pub(super) async fn reports(
        &mut self,
        registrar: &Registrar,
        service: &Service,
        purpose: &str,
    ) -> Result<(), ReportError> {
        self.report(registrar, service, &(service.id, purpose.to_owned()), Vec::new()).await
    }

    /// A gateway reports, and takes its own certificate when that comes back renewed.
    async fn report(
        &mut self,
        registrar: &Registrar,
        service: &Service,
        named: &(ServiceId, String),
        uses: Vec<CertificateUse>,
    ) -> Result<(), ReportError> {
        let (now, id) = (registrar.now(), service.id);
        let Some(gateway) = self.gateways.get_mut(named) else { return Ok(()) };
        let clock = u64::try_from(now.as_microsecond()).unwrap_or_default();
        gateway.sequence = clock.max(gateway.sequence + 1);
        let message = format!("simulated report {}", gateway.sequence).into_bytes();
        let report = SignedReport {
            gateway: GatewayReport {
                gateway: gateway.serial,
                sequence: gateway.sequence,
                sent_at: now,
                position: 0,
            },
            uses,
            signature: gateway.key.sign(&message)?,
            message,
        };
        registrar.take_report(service, report).await?;
        let renewed = registrar.renew_gateway(service, gateway.serial).await?;
        let serial = renewed.as_ref().and_then(|[leaf, _]| serial_of(leaf));
        let Some(serial) = serial else { return Ok(()) };
        let own = registrar.store().read(|view: View<'_>| view.gateway_certificate(id, serial))?;
        if let Some(own) = own {
            (gateway.serial, gateway.not_after) = (own.serial, own.not_after);
        }
        Ok(())
    }
}

/// What is told of a renewal.
pub(super) fn renewed(
    now: Timestamp,
    service: &Service,
    renewed: &tegata_registrar::Renewed,
) -> [Event; 2] {
    use super::Kind;
    let event =
        |kind, serial| Event::new(now, kind).of(&service.key).about(&renewed.user_id, serial);
    [
        event(Kind::Renewed, renewed.serial)
            .with("replaces", renewed.replaces.to_string())
            .with("not_after", renewed.validity.not_after.to_string()),
        event(Kind::Superseded, renewed.replaces).with("successor", renewed.serial.to_string()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_met_and_delays_stay_within_their_time() {
        let users: Vec<UserId> =
            (0..1_000).map(|n| format!("CMSM950-006-{n:03}").parse().unwrap()).collect();
        let behaviour = Behaviour { renewing_share: 0.9, following_share: 0.0 };
        let from = Timestamp::UNIX_EPOCH;
        let day = SignedDuration::from_hours(24);
        let mut renewing = 0;
        for user in &users {
            assert_eq!(behaviour.by_itself(user, false, from), None);
            assert_eq!(behaviour.after_reminder(user, 30, from), None);
            if let Some(at) = behaviour.by_itself(user, true, from) {
                assert!(from < at && at <= from + day + SignedDuration::from_secs(1));
                renewing += 1;
            }
            let all = Behaviour::default();
            let hurried = all.after_reminder(user, 1, from).unwrap();
            assert!(from < hurried && hurried < from + day, "before the last day is over");
        }
        assert!((870..930).contains(&renewing), "{renewing} of 1000");
    }
}
