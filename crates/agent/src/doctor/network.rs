//! From this PC to the issuing site: the way, the right site, the clock, the version.

use jiff::{SignedDuration, Timestamp};

use super::{Check, Finding, Fix, Patient, Reached};
use crate::issue::{is_older, read_service, read_trust};
use crate::site::Site;
use crate::transport::{Reply, TransportError};
use crate::trust::{self, Judged, Trusted};
use crate::{Error, Explanation};

/// Farther off than this, TLS and certificates begin to fail: ours are dated back five minutes.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(4);

pub(super) fn examine(patient: &Patient<'_>, note: &mut dyn FnMut(Finding)) -> Option<Reached> {
    let text = patient.text;
    let Some(site) = patient.site else {
        note(Finding::notice(
            Check::Network,
            text.doctor_site_unknown(),
            text.doctor_site_unknown_do(),
        ));
        return None;
    };
    let reply = match patient.network.get_unbelieved(&site.api("trust")) {
        Ok(reply) => reply,
        Err(error) => {
            note(unreachable(patient, error));
            return None;
        }
    };
    note(Finding::good(Check::Network, text.doctor_network(&site.to_string())));
    clock(patient, &reply, note);
    let trusted = match believed(patient, &reply) {
        Ok(trusted) => trusted,
        Err(error) => {
            note(bad(Check::Site, error.explain(text)));
            return None;
        }
    };
    service(patient, site, trusted, note)
}

/// A root that nobody vouches for is looked at all the same: nothing is sent to it.
fn believed(patient: &Patient<'_>, reply: &Reply) -> Result<Trusted, Error> {
    Ok(match trust::judge(&read_trust(reply)?, patient.pin, patient.now)? {
        Judged::Believed(trusted) => trusted,
        Judged::Unconfirmed(unconfirmed) => unconfirmed.confirm(),
    })
}

fn service(
    patient: &Patient<'_>,
    site: &Site,
    trusted: Trusted,
    note: &mut dyn FnMut(Finding),
) -> Option<Reached> {
    let text = patient.text;
    let connection = patient.network.believe(&trusted);
    let reply = connection.and_then(|connection| connection.get(&site.api("service")));
    let service = reply.map_err(Error::from).and_then(|reply| read_service(&reply));
    let service = match service {
        Ok(service) => service,
        Err(error) => {
            note(bad(Check::Site, error.explain(text)).with(Fix::Proxy));
            return None;
        }
    };
    note(Finding::good(Check::Site, text.doctor_site()));
    note(if is_older(patient.app_version, &service.minimum_app_version) {
        let too_old = Error::TooOld { minimum: service.minimum_app_version.clone() };
        bad(Check::Version, too_old.explain(text)).with(Fix::Update)
    } else {
        Finding::good(Check::Version, text.doctor_version(patient.app_version))
    });
    Some(Reached { trusted, service })
}

fn clock(patient: &Patient<'_>, reply: &Reply, note: &mut dyn FnMut(Finding)) {
    let Some(there) = reply.date else { return };
    let text = patient.text;
    let ahead = patient.now.duration_since(there);
    note(if ahead.unsigned_abs() <= CLOCK_TOLERANCE.unsigned_abs() {
        Finding::good(Check::Clock, text.doctor_clock())
    } else {
        let minutes = (ahead.unsigned_abs().as_secs() / 60).to_string();
        let title = if ahead.is_positive() {
            text.doctor_clock_ahead(&minutes)
        } else {
            text.doctor_clock_behind(&minutes)
        };
        Finding::bad(Check::Clock, title, text.doctor_clock_do())
    });
}

fn unreachable(patient: &Patient<'_>, error: TransportError) -> Finding {
    bad(Check::Network, Error::from(error).explain(patient.text)).with(Fix::Proxy)
}

pub(super) fn bad(check: Check, explained: Explanation) -> Finding {
    let Explanation { code, title, detail, .. } = explained;
    Finding { code, ..Finding::bad(check, title, detail) }
}

/// The moment of a `Date` field (RFC 9110 §6.6.1).
pub(crate) fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text.trim()).ok()
}
