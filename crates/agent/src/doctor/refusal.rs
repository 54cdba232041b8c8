//! The page that refused, explained by what is found on this PC.
//!
//! Its reference tells why; which certificate the browser showed it does not tell, and need not:
//! the right one is known here, and whether the gateway lets it in was just tried.

use tegata_text::Text;
use tegata_wire::reference::{Reference, is_of_site};

use super::{Check, Finding, Fix, Patient, Reached, Seen};
use crate::error::plain;

/// What the page meant; nothing where no reference was given.
pub(super) fn explain(
    patient: &Patient<'_>,
    reached: Option<&Reached>,
    seen: &Seen,
) -> Option<Finding> {
    let text = patient.text;
    let given = plain(patient.reference);
    if given.trim().is_empty() {
        return None;
    }
    let finding = |title, detail| Finding::notice(Check::Refusal, title, detail);
    if is_of_site(&given) {
        let title = text.doctor_reference_of_site(&given);
        return Some(finding(title, text.doctor_reference_of_site_do()));
    }
    let Ok(reference) = given.parse::<Reference>() else {
        let title = text.doctor_reference_unknown(&given);
        return Some(finding(title, text.doctor_reference_unknown_do()));
    };
    let Some((headline, is_about_certificate)) = reference.code().and_then(|c| meaning(c, text))
    else {
        let title = text.doctor_reference_newer(&reference.to_string());
        return Some(finding(title, text.doctor_reference_newer_do()));
    };
    let title = text.doctor_refused(&headline, &reference.to_string());
    let open = reached.map(|reached| Fix::Open(reached.service.service_url.clone()));
    let code = reference.code().unwrap_or_default();
    let (detail, fix) = if is_about_certificate {
        of_certificate(code, seen, open, text)
    } else {
        (instead(code, text), open.filter(|_| !is_passing(code)))
    };
    Some(Finding { fix, ..finding(title, detail) })
}

/// What the page said above everything, and whether that was about the certificate.
fn meaning(code: &str, text: Text) -> Option<(String, bool)> {
    Some(match code {
        "no_certificate" => (text.gateway_no_certificate_headline(), true),
        "not_yet_valid" => (text.gateway_not_yet_valid_headline(), true),
        "expired" => (text.gateway_expired_headline(), true),
        "wrong_issuer" => (text.gateway_wrong_issuer_headline(), true),
        "wrong_usage" => (text.gateway_wrong_usage_headline(), true),
        "held" => (text.gateway_held_headline(), true),
        "revoked" => (text.gateway_revoked_headline(), true),
        "unknown_path" => (text.gateway_unknown_path_headline(), false),
        "status_stale" => (text.gateway_status_stale_headline(), false),
        "upstream_unreachable" => (text.gateway_upstream_unreachable_headline(), false),
        "upstream_timeout" => (text.gateway_upstream_timeout_headline(), false),
        "bad_request" => (text.gateway_bad_request_headline(), false),
        "method_not_allowed" => (text.gateway_method_not_allowed_headline(), false),
        _ => return None,
    })
}

/// Which certificate to choose, or how to get one.
fn of_certificate(code: &str, seen: &Seen, open: Option<Fix>, text: Text) -> (String, Option<Fix>) {
    let Some(right) = &seen.right else {
        return (text.doctor_refused_none(), Some(Fix::Issue));
    };
    let choose = || match seen.old.is_empty() {
        true => open.clone(),
        // What is not there cannot be chosen by mistake.
        false => Some(Fix::Remove(seen.old.clone())),
    };
    match (seen.is_admitted, code) {
        (Some(true), _) => (text.doctor_refused_right(right), choose()),
        (Some(false), "held") => {
            (text.doctor_refused_still(right, &text.gateway_held_step()), None)
        }
        (Some(false), "not_yet_valid") => {
            (text.doctor_refused_still(right, &text.doctor_clock_do()), None)
        }
        (Some(false), _) => {
            (text.doctor_refused_still(right, &text.gateway_reissue()), Some(Fix::Issue))
        }
        (None, _) => (text.doctor_refused_choose(right), choose()),
    }
}

/// Whether nothing is wrong here and it passes by itself.
fn is_passing(code: &str) -> bool {
    code == "status_stale" || code.starts_with("upstream_")
}

/// What to do where the certificate was not the trouble.
fn instead(code: &str, text: Text) -> String {
    match code {
        "unknown_path" => text.gateway_unknown_path_step(),
        "status_stale" => {
            format!("{}\n{}", text.gateway_status_stale_cause(), text.gateway_try_later())
        }
        "bad_request" => text.gateway_bad_request_step(),
        "method_not_allowed" => text.gateway_method_not_allowed_step(),
        _ => format!("{}\n{}", text.gateway_upstream_timeout_step(), text.gateway_try_later()),
    }
}
