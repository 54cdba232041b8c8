//! What is wrong on this PC, and what would help: one finding after the other.
//!
//! Nothing is changed by looking. What goes out is what an issuance sends before it sends
//! anything of a person: `GET trust`, `GET service`, and the certificate to the gateway.

mod certificates;
mod finding;
mod network;
mod refusal;
mod report;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use tegata_domain::Serial;
use tegata_text::Text;
use tegata_wire::api::ServiceInfo;

use crate::Fingerprint;
use crate::receipt::Receipts;
use crate::site::Site;
use crate::store::KeyStore;
use crate::transport::Network;
use crate::trust::Trusted;

pub use finding::{Check, Finding, Fix, Verdict};
pub(crate) use network::http_date;
pub use report::Report;
pub use tegata_wire::reference::{Reference, is_of_site};

/// What is looked at.
pub struct Patient<'a> {
    /// The issuing site, where it is known.
    pub site: Option<&'a Site>,
    /// The fingerprint of its root, where it is known.
    pub pin: Option<Fingerprint>,
    /// The way out.
    pub network: &'a dyn Network,
    /// The store that the browser uses.
    pub store: &'a dyn KeyStore,
    /// What is remembered of issuances.
    pub receipts: Option<&'a Receipts>,
    /// This PC's clock.
    pub now: Timestamp,
    /// Version of this application.
    pub app_version: &'static str,
    /// What a person copied from a page that refused; may be empty.
    pub reference: &'a str,
    /// The language of the sentences.
    pub text: Text,
}

/// Looks at everything; `found` hears of each finding as it is made.
pub fn examine(patient: &Patient<'_>, found: &mut dyn FnMut(&Finding)) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut note = |finding: Finding| {
        found(&finding);
        findings.push(finding);
    };
    let reached = network::examine(patient, &mut note);
    let seen = certificates::examine(patient, reached.as_ref(), &mut note);
    if let Some(refusal) = refusal::explain(patient, reached.as_ref(), &seen) {
        found(&refusal);
        // It is what the person asks about.
        findings.insert(0, refusal);
    }
    findings
}

/// What is known of the certificates after looking at them.
#[derive(Default)]
struct Seen {
    /// The one to choose, as a browser's dialog shows it.
    right: Option<String>,
    /// Those that somebody may choose in its place.
    old: Vec<Serial>,
    /// Whether the gateway let the right one in, where it was asked.
    is_admitted: Option<bool>,
}

/// What the site told, once it was reached.
struct Reached {
    trusted: Trusted,
    service: ServiceInfo,
}
