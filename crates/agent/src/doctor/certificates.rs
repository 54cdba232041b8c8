//! What the browser has: the root, the certificates that it offers, the key, the gateway.

use super::network::bad;
use super::{Check, Finding, Fix, Patient, Reached, Seen};
use crate::cert::Cert;
use crate::error::Error;
use crate::inventory::{self, Item, Own, State};
use crate::proof::{self, Proof};
use crate::store::StoreError;
use crate::transport::Identity;

pub(super) fn examine(
    patient: &Patient<'_>,
    reached: Option<&Reached>,
    note: &mut dyn FnMut(Finding),
) -> Seen {
    if let Some(reached) = reached {
        root(patient, reached, note);
    }
    let items = match items(patient, reached) {
        Ok(items) => items,
        Err(error) => {
            note(bad(Check::Certificates, Error::from(error).explain(patient.text)));
            return Seen::default();
        }
    };
    let old = items.iter().filter(|item| item.held.key.is_some() && is_old(patient, item));
    let old = old.map(|item| item.held.serial).collect();
    let usable: Vec<_> =
        items.iter().filter(|item| item.held.key.is_some() && item.state == State::Valid).collect();
    let Some((right, tried)) = tried(patient, reached, &usable) else {
        none(patient, &items, note);
        return Seen { old, ..Seen::default() };
    };
    // One that the gateway refuses is none to choose, and none to call good.
    if tried.is_admitted != Some(false) {
        offered(patient, &items, right, note);
    }
    tried.findings.into_iter().for_each(note);
    Seen { right: Some(name(right)), old, is_admitted: tried.is_admitted }
}

/// What became of asking a certificate's key and then the gateway.
struct Tried {
    findings: Vec<Finding>,
    /// Whether the gateway let it in, where it was heard.
    is_admitted: Option<bool>,
}

/// The certificate to choose: the first that the gateway does not refuse, else the first one.
/// Another one is tried only where the gateway said no: this PC cannot know what was revoked.
fn tried<'a>(
    patient: &Patient<'_>,
    reached: Option<&Reached>,
    usable: &[&'a Item],
) -> Option<(&'a Item, Tried)> {
    let (mut first, mut refused) = (None, Vec::new());
    for item in usable {
        let mut findings = Vec::new();
        let mut note = |finding| findings.push(finding);
        let identity = key(patient, reached, item, &mut note);
        let is_admitted =
            identity.and_then(|identity| gateway(patient, reached, item, &identity, &mut note));
        if is_admitted == Some(true) || is_admitted.is_none() && first.is_none() {
            findings.extend(refused);
            return Some((item, Tried { findings, is_admitted }));
        }
        // Somebody may choose it by mistake.
        refused.extend(findings.iter().filter(|finding| finding.check == Check::Gateway).map(
            |finding| {
                let title = format!("{}: {}", name(item), finding.title);
                Finding::notice(Check::Gateway, title, finding.detail.clone())
            },
        ));
        let tried = Tried { findings, is_admitted };
        first = first.or(Some((*item, tried)));
    }
    first
}

/// The certificates of the site; where none is known, whatever the browser offers.
fn items(patient: &Patient<'_>, reached: Option<&Reached>) -> Result<Vec<Item>, StoreError> {
    let Patient { store, receipts, now, .. } = *patient;
    let Some(site) = patient.site else { return inventory::take(store, receipts, now) };
    let own = Own { site: site.clone(), root: patient.pin };
    let known = reached.map_or(&[][..], |reached| reached.trusted.intermediates());
    let root = reached.map(|reached| reached.trusted.root().clone());
    let known: Vec<_> = known.iter().cloned().chain(root).collect();
    inventory::ours(store, receipts, Some(&own), &known, now)
}

/// Whether it may be advised to remove it: without a site only what was issued here.
fn is_old(patient: &Patient<'_>, item: &Item) -> bool {
    item.is_old() && (patient.site.is_some() || item.receipt.is_some())
}

fn root(patient: &Patient<'_>, reached: &Reached, note: &mut dyn FnMut(Finding)) {
    let text = patient.text;
    match patient.store.trusts(&reached.trusted) {
        Ok(true) => note(Finding::good(Check::Root, text.doctor_root())),
        Ok(false) => note(
            Finding::bad(Check::Root, text.doctor_root_missing(), text.doctor_root_missing_do())
                .with(Fix::Trust),
        ),
        // A file is no place where a browser looks for roots.
        Err(StoreError::Unsupported(_)) => {}
        Err(error) => note(bad(Check::Root, Error::from(error).explain(text))),
    }
}

/// No certificate can be used: why.
fn none(patient: &Patient<'_>, items: &[Item], note: &mut dyn FnMut(Finding)) {
    let text = patient.text;
    let (title, detail) = match items.first().map(|item| item.state) {
        Some(State::Expired) => (text.doctor_expired(), text.doctor_expired_do()),
        Some(State::NotYetValid) => (text.doctor_not_yet(), text.doctor_clock_do()),
        Some(_) => (text.doctor_no_key(), text.doctor_none_do()),
        None => (text.doctor_none(), text.doctor_none_do()),
    };
    note(Finding::bad(Check::Certificates, title, detail).with(Fix::Issue));
}

/// Which of the certificates that the browser will offer is the right one.
fn offered(patient: &Patient<'_>, items: &[Item], right: &Item, note: &mut dyn FnMut(Finding)) {
    let text = patient.text;
    let with_key = items.iter().filter(|item| item.held.key.is_some());
    let old: Vec<_> = with_key.filter(|item| is_old(patient, item)).collect();
    let name = name(right);
    note(match (old.is_empty(), right.is_due(patient.now)) {
        (false, _) => {
            let serials = old.iter().map(|item| item.held.serial).collect();
            let title = text.doctor_several(&old.len().to_string(), &name);
            Finding::notice(Check::Certificates, title, text.doctor_several_do())
                .with(Fix::Remove(serials))
        }
        (true, true) => {
            let days = right.days_left(patient.now).to_string();
            let title = text.doctor_due(&days, &name);
            Finding::notice(Check::Certificates, title, text.doctor_due_do())
                .with(Fix::Renew(right.held.serial))
        }
        (true, false) => Finding::good(Check::Certificates, text.doctor_certificate(&name)),
    });
}

/// As the selection dialog of a browser shows it, with what tells it from others there.
fn name(item: &Item) -> String {
    let serial = item.held.serial.to_string();
    let ending = serial.get(serial.len().saturating_sub(4)..).unwrap_or_default();
    format!("{} (…{ending})", item.held.user)
}

fn key(
    patient: &Patient<'_>,
    reached: Option<&Reached>,
    right: &Item,
    note: &mut dyn FnMut(Finding),
) -> Option<Identity> {
    const MESSAGE: &[u8] = b"tegata: the doctor asks this key for a sign of life";
    let text = patient.text;
    let certificate = &right.held.certificate;
    let key = match patient.store.key(&right.held) {
        Ok(key) => key,
        Err(error) => {
            note(bad(Check::Key, Error::from(error).explain(text)));
            return None;
        }
    };
    let signature = key.sign(MESSAGE);
    if signature.is_none_or(|made| !certificate.verifies(key.algorithm(), MESSAGE, &made)) {
        note(
            Finding::bad(Check::Key, text.doctor_key_silent(), text.doctor_key_silent_do())
                .with(Fix::Issue),
        );
        return None;
    }
    note(Finding::good(Check::Key, text.doctor_key()));
    let intermediates = reached.map_or(Vec::new(), |reached| {
        let all = reached.trusted.intermediates().iter();
        all.filter(|ca: &&Cert| certificate.is_signed_by(ca)).cloned().collect()
    });
    Some(Identity { certificate: certificate.clone(), intermediates, key })
}

/// Answers whether the gateway let it in; nothing when it was not heard.
fn gateway(
    patient: &Patient<'_>,
    reached: Option<&Reached>,
    right: &Item,
    identity: &Identity,
    note: &mut dyn FnMut(Finding),
) -> Option<bool> {
    let Reached { trusted, service } = reached?;
    let text = patient.text;
    let proof = proof::prove(patient.network, trusted, identity, &service.service_url);
    let line = proof.line(text);
    note(match &proof {
        Proof::Accepted { .. } => {
            Finding::good(Check::Gateway, line).with(Fix::Open(service.service_url.clone()))
        }
        Proof::ServiceDown(_) | Proof::NoKey(_) => {
            Finding::notice(Check::Gateway, line, String::new())
        }
        Proof::Refused(problem) => {
            let finding = Finding::bad(Check::Gateway, line, String::new());
            match problem.code.as_str() {
                "expired" | "revoked" | "wrong_issuer" => finding.with(Fix::Issue),
                _ if right.is_due(patient.now) => finding.with(Fix::Renew(right.held.serial)),
                _ => finding,
            }
        }
        Proof::NotTheGateway { .. } => Finding::bad(Check::Gateway, line, String::new()),
        Proof::Unreachable(error) => {
            bad(Check::Gateway, Error::from(error.clone()).explain(text)).with(Fix::Proxy)
        }
    });
    match proof {
        Proof::Accepted { .. } | Proof::ServiceDown(_) => Some(true),
        Proof::Refused(_) => Some(false),
        Proof::NotTheGateway { .. } | Proof::NoKey(_) | Proof::Unreachable(_) => None,
    }
}
