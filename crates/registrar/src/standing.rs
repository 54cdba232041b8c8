//! How a service stands, for whoever runs it: figures, and what somebody should look at.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tegata_ca::CaCertificate;
use tegata_domain::Serial;
use tegata_store::{GatewayStanding, ServiceRecord, StoreError, View};

use crate::{Office, ServerTrouble, ServiceSettings};

/// A gateway that has not reported for this long is silent; it says that it is there every minute.
const SILENT: SignedDuration = SignedDuration::from_mins(5);

/// A gateway that has not reported for this long is one that was taken away.
pub const GATEWAY_GONE: SignedDuration = SignedDuration::from_hours(24 * 30);

/// How long a gateway may be behind the feed: it hears of a change within a second, and tells of
/// it within a minute.
const BEHIND: SignedDuration = SignedDuration::from_mins(3);

/// How long before the end of a server's certificate somebody should look. Those that are renewed by
/// themselves are, by then.
const SERVER_ENDS: SignedDuration = SignedDuration::from_hours(24 * 30);

/// How long a mail may wait.
const UNDELIVERED: SignedDuration = SignedDuration::from_hours(1);

/// How a service stands. Times are UTC but for those in sentences, counts of certificates those that have not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// `{tenant}/{issuer}`.
    pub service: String,
    /// Live certificates without successor.
    pub live: u64,
    /// Of these, how many end within so many days: each of the reminders, and the renewal window.
    pub expiring: Vec<Expiring>,
    /// Of the live, never admitted by a gateway.
    pub never_used: u64,
    /// Of the live, used once, but not for [`Self::idle_days`].
    pub idle: u64,
    /// What counts as idle.
    pub idle_days: i64,
    /// Renewed and not yet retired.
    pub superseded: u64,
    /// Of these, still the one that was presented last.
    pub still_old: u64,
    /// On hold.
    pub held: u64,
    /// Initial passwords that wait for their use.
    pub waiting_credentials: u64,
    /// Initial passwords that are locked.
    pub locked_credentials: u64,
    /// Mails that wait for a first or another try.
    pub mails_waiting: u64,
    /// Mails that could not be delivered.
    pub mails_undelivered: u64,
    /// Position of the revocation feed.
    pub feed_position: u64,
    /// The gateways.
    pub gateways: Vec<GatewayLine>,
    /// The CAs that have not ended.
    pub authorities: Vec<AuthorityLine>,
    /// What somebody should look at, each as a sentence; empty when all is well.
    pub attention: Vec<String>,
}

/// How many certificates end soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Expiring {
    /// Within so many days.
    pub days: u16,
    /// How many.
    pub count: u64,
}

/// A gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GatewayLine {
    /// `gateway`, or `gateway-` and its host name.
    pub name: String,
    /// Serial number of its certificate.
    pub serial: Serial,
    /// When its certificate ends.
    pub not_after: Timestamp,
    /// When it last reported.
    pub reported_at: Option<Timestamp>,
    /// Position of the revocation feed that it knew then.
    pub feed_position: Option<u64>,
}

/// A CA.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuthorityLine {
    /// Its name.
    pub name: String,
    /// When it ends.
    pub not_after: Timestamp,
    /// Whether it only publishes status.
    pub retired: bool,
    /// When the first of its CRLs must be made anew.
    pub crl_next_update: Option<Timestamp>,
}

impl Office {
    /// How a service stands; idle is what was not used for `idle_days`.
    ///
    /// # Errors
    /// When the database cannot be read or the settings make no sense.
    pub fn standing(
        &self,
        service: &ServiceRecord,
        idle_days: i64,
    ) -> Result<Standing, StoreError> {
        let now = self.now();
        let settings = ServiceSettings::on_record(&service.settings)
            .map_err(|_| StoreError::Corrupt("the settings of a service"))?;
        let days = |count: i64| SignedDuration::from_hours(24 * count);
        // Sentences are for people, unlike the times of the figures.
        let at = |moment| settings.moment(moment);
        let idle_since = now.checked_sub(days(idle_days)).unwrap_or(Timestamp::MIN);
        let mut thresholds = settings.reminder_days.clone();
        thresholds.push(settings.renewal_window_days);
        thresholds.sort_unstable();
        thresholds.dedup();
        self.store().read(|view: View<'_>| {
            let figures = view.figures(service.id, now, idle_since)?;
            let mails = view.mail_figures(service.id)?;
            let gateways = newest(view.gateways(service.id, now)?);
            let mut attention = Vec::new();
            let mut authorities = Vec::new();
            for ca in view.authorities()?.into_iter().filter(|ca| ca.service == Some(service.id)) {
                let Ok(certificate) = CaCertificate::parse(&ca.certificate) else { continue };
                let not_after = certificate.validity().not_after;
                if ca.revoked_at.is_some() || certificate.validity().is_over(now) {
                    continue;
                }
                let crls = view.crl_standing(ca.id, now)?;
                match crls.next_update {
                    Some(due) if now < due => {}
                    Some(due) => {
                        attention.push(format!("a CRL of {} was due at {}", ca.name, at(due)))
                    }
                    None if crls.lists == 0 && ca.issues_from <= now => {
                        attention.push(format!("{} has no CRL", ca.name));
                    }
                    None => {}
                }
                let retired = ca.retired_at.is_some();
                authorities.push(AuthorityLine {
                    name: ca.name.to_string(),
                    not_after,
                    retired,
                    crl_next_update: crls.next_update,
                });
            }
            // The next CA takes over long before; only without one the end of this comes near.
            let reach = settings.lifecycle().renewal_window;
            let last = authorities.iter().filter(|ca| !ca.retired).max_by_key(|ca| ca.not_after);
            match last {
                None => attention.push("no CA issues".to_owned()),
                Some(ca) if ca.not_after.duration_since(now) <= reach => {
                    let ends = at(ca.not_after);
                    attention.push(format!("{} ends at {ends}, and no CA follows", ca.name));
                }
                Some(_) => {}
            }
            let site = view.own_certificate_of(service.id, "site")?;
            if let Some((site, _)) = site.filter(|(site, _)| ends_soon(site.not_after, now)) {
                attention.push(format!(
                    "the certificate of the issuing site ends at {}; `tegata serve` renews it",
                    at(site.not_after)
                ));
            }
            attention.extend(gateways.iter().filter_map(|gateway| trouble(gateway, now, &at)));
            attention.extend(gateways.iter().filter_map(|gateway| end_of(gateway, now, &at)));
            if mails.undelivered > 0 {
                attention.push(format!("mails not delivered: {}", mails.undelivered));
            }
            let mut is_explained = false;
            for trouble in ServerTrouble::ALL {
                let (count, oldest) = view.mails_put_off(service.id, trouble.sentence())?;
                let Some(oldest) = oldest else { continue };
                is_explained = true;
                let (what, way_out, oldest) = (trouble.sentence(), trouble.way_out(), at(oldest));
                let wait = match count {
                    1 => "1 mail waits".to_owned(),
                    _ => format!("{count} mails wait"),
                };
                attention.push(format!("{what}: {wait} for it, since {oldest}; {way_out}"));
            }
            let oldest = mails.oldest.filter(|_| !is_explained);
            if let Some(oldest) = oldest.filter(|at| now.duration_since(*at) > UNDELIVERED) {
                attention.push(format!("a mail waits since {}", at(oldest)));
            }
            Ok(Standing {
                service: service.key.to_string(),
                live: figures.live,
                expiring: thresholds
                    .into_iter()
                    .map(|within| {
                        let before = now.checked_add(days(within.into()));
                        let before = before.unwrap_or(Timestamp::MAX);
                        let count = view.count_expiring(service.id, now, before)?;
                        Ok(Expiring { days: within, count })
                    })
                    .collect::<Result<_, StoreError>>()?,
                never_used: figures.never_used,
                idle: figures.idle,
                idle_days,
                superseded: figures.superseded,
                still_old: figures.still_old,
                held: figures.held,
                waiting_credentials: figures.waiting_credentials,
                locked_credentials: figures.locked_credentials,
                mails_waiting: mails.waiting,
                mails_undelivered: mails.undelivered,
                feed_position: view.feed_position(service.id)?,
                gateways: gateways
                    .into_iter()
                    .map(|gateway| GatewayLine {
                        name: gateway.purpose,
                        serial: gateway.serial,
                        not_after: gateway.not_after,
                        reported_at: gateway.reported_at,
                        feed_position: gateway.position,
                    })
                    .collect(),
                authorities,
                attention,
            })
        })
    }
}

/// A gateway has a new certificate every now and then: of each name the one that reported last or,
/// when none did, the one that ends last.
fn newest(mut all: Vec<GatewayStanding>) -> Vec<GatewayStanding> {
    all.sort_by(|a, b| {
        let order = |one: &GatewayStanding| (one.reported_at, one.not_after);
        a.purpose.cmp(&b.purpose).then_with(|| order(b).cmp(&order(a)))
    });
    all.dedup_by(|later, kept| later.purpose == kept.purpose);
    all
}

fn ends_soon(not_after: Timestamp, now: Timestamp) -> bool {
    not_after.duration_since(now) <= SERVER_ENDS
}

/// A gateway that reports gets its new certificate in time. One that never did may be told not to.
fn end_of(
    gateway: &GatewayStanding,
    now: Timestamp,
    shown: &impl Fn(Timestamp) -> String,
) -> Option<String> {
    let (name, ends) = (&gateway.purpose, gateway.not_after);
    let is_gone = gateway.reported_at.is_some_and(|at| now.duration_since(at) > GATEWAY_GONE);
    (ends_soon(ends, now) && !is_gone).then(|| {
        format!(
            "the certificate of {name} ends at {}; `tegata service gateway --out DIR` makes \
             another to put in its place",
            shown(ends)
        )
    })
}

/// What is wrong with a gateway. One that never reported may not be in use yet.
fn trouble(
    gateway: &GatewayStanding,
    now: Timestamp,
    shown: &impl Fn(Timestamp) -> String,
) -> Option<String> {
    let (name, reported_at) = (&gateway.purpose, gateway.reported_at?);
    let silent = now.duration_since(reported_at);
    if silent > GATEWAY_GONE {
        None
    } else if silent > SILENT {
        Some(format!("{name} has not reported since {}", shown(reported_at)))
    } else {
        gateway
            .behind_since
            .filter(|at| now.duration_since(*at) > BEHIND)
            .map(|at| format!("{name} does not know what was revoked since {}", shown(at)))
    }
}
