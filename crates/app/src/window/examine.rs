//! The doctor in the worker: looks, puts right what one press can, writes the report.

use tegata_agent::doctor::{self, Patient, Verdict};
use tegata_agent::{Error, Explanation, issue};
use tegata_text::Text;

use super::model::news::News;
use super::model::{Finding, Fix, Report, Severity};
use super::page::Act;
use super::pages;
use super::worker::{Asks, Bench, Context, open};
use crate::stores;

impl Bench {
    /// Looks at everything.
    pub(super) fn diagnose(&self, context: &Context) -> Report {
        match self.examine(context) {
            Ok(()) => {
                let site = context.service.as_ref().map(|(site, _)| site.to_string());
                let findings = self.findings.borrow();
                let shown = findings.iter().enumerate();
                let way = match (&self.updater, site.as_deref()) {
                    (Some(_), _) => Some(Act::Look),
                    (None, site) => site.map(|site| Act::OpenUrl(site.to_owned())),
                };
                let shown =
                    shown.map(|(index, found)| show(index, found, way.as_ref(), context.text));
                Report::Diagnosed(shown.collect())
            }
            Err(explanation) => Report::Failed(explanation),
        }
    }

    fn examine(&self, context: &Context) -> Result<(), Explanation> {
        let network = self.network(context)?;
        let store = open(context, None)?;
        let receipts = stores::receipts();
        let (site, pin) = context.service.clone().unzip();
        let patient = Patient {
            site: site.as_ref(),
            pin,
            network: &network,
            store: &*store,
            receipts: receipts.as_ref(),
            now: self.around.clock.now(),
            app_version: self.around.version,
            reference: &self.reference.borrow(),
            text: context.text,
        };
        let mut findings = doctor::examine(&patient, &mut |_| {});
        findings.extend(self.of_updates(context.text));
        for found in &mut findings {
            in_window(found, context.text);
        }
        *self.findings.borrow_mut() = findings;
        Ok(())
    }

    /// What is known of newer versions, where it should be known to the person.
    fn of_updates(&self, text: Text) -> Option<doctor::Finding> {
        let none = String::new;
        let (code, title, detail) = match self.updater.as_ref()?.news() {
            News::Offered(offer) => (none(), text.window_update_offered(&offer.version), none()),
            News::Failed(why) => {
                (why.code, text.window_doctor_update_failed(&why.title), why.detail)
            }
            News::Unknown | News::UpToDate | News::TooOld { .. } => return None,
        };
        let found = doctor::Finding::of(doctor::Check::Update, Verdict::Notice, title, detail);
        Some(doctor::Finding { code, fix: Some(doctor::Fix::Update), ..found })
    }

    /// Puts right what a finding named, and looks again.
    pub(super) fn fix(&self, context: &Context, index: usize) -> Report {
        let fix = self.findings.borrow().get(index).and_then(|finding| finding.fix.clone());
        if fix == Some(doctor::Fix::Trust)
            && let Err(explanation) = self.trust(context)
        {
            return Report::Failed(explanation);
        }
        self.diagnose(context)
    }

    fn trust(&self, context: &Context) -> Result<(), Explanation> {
        let explain = |error: Error| error.explain(context.text);
        let Some((site, root)) = context.service.clone() else { return Ok(()) };
        let network = self.network(context)?;
        let now = self.around.clock.now();
        let trusted = issue::believe(&site, Some(root), &network, &mut Asks(self), now);
        let mut store = open(context, None)?;
        store.trust(&trusted.map_err(explain)?).map_err(|error| explain(error.into()))?;
        Ok(())
    }

    /// Writes what was found into a file at home.
    pub(super) fn save_report(&self, context: &Context) -> Report {
        let (text, now) = (context.text, self.around.clock.now());
        let findings = self.findings.borrow();
        let report = doctor::Report {
            findings: &findings,
            at: now,
            app_version: self.around.version,
            system: &format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            reference: &self.reference.borrow(),
        };
        let file = stores::report_file(now);
        let written = match &file {
            Some(file) => std::fs::write(file, report.to_text(text)),
            None => Err(std::io::ErrorKind::NotFound.into()),
        };
        let place = file.map(|file| file.display().to_string()).unwrap_or_default();
        match written {
            Ok(()) => Report::Saved(place),
            Err(error) => Report::Failed(Explanation {
                code: "bad_file".to_owned(),
                title: text.app_bad_file(&place, &error.to_string()),
                detail: String::new(),
                reference: String::new(),
            }),
        }
    }
}

/// What to do in the window, where the agent's sentence is for the command line.
fn in_window(found: &mut doctor::Finding, text: Text) {
    if let Some(detail) = pages::in_window(&found.code, text) {
        found.detail = detail;
    }
}

/// A finding as the window shows it.
///
/// `newer` is the way to a newer version.
fn show(index: usize, found: &doctor::Finding, newer: Option<&Act>, text: Text) -> Finding {
    let severity = match found.verdict {
        Verdict::Good => Severity::Fine,
        Verdict::Notice => Severity::Notable,
        Verdict::Bad => Severity::Bad,
    };
    let button = |label: String, act: Act| Some(Fix { label, act });
    let fix = found.fix.as_ref().and_then(|fix| match fix {
        doctor::Fix::Trust => button(text.window_doctor_trust(), Act::Fix(index)),
        doctor::Fix::Issue => button(text.window_menu_issue(), Act::OpenIssue),
        doctor::Fix::Renew(serial) => {
            button(text.window_menu_renew(), Act::OpenRenew(serial.to_string()))
        }
        doctor::Fix::Remove(_) => button(text.window_menu_clean_up(), Act::OpenCleanUp),
        doctor::Fix::Proxy => button(text.window_menu_proxy(), Act::OpenSettings),
        doctor::Fix::Update => button(text.window_doctor_update(), newer?.clone()),
        doctor::Fix::Open(url) => button(text.window_menu_open(), Act::OpenUrl(url.clone())),
    });
    Finding { severity, title: found.title.clone(), detail: found.detail.clone(), fix }
}

#[cfg(test)]
mod tests {
    use tegata_agent::Error;
    use tegata_agent::transport::{ProxyTrouble, TransportError};
    use tegata_text::Lang;

    use super::*;

    #[test]
    fn no_finding_of_the_window_speaks_of_the_command_line() {
        let said = || "refused".to_owned();
        let at = |trouble| TransportError::Proxy { proxy: said(), trouble };
        let met = [
            TransportError::HostNotFound,
            TransportError::NoConnection(said().into()),
            at(ProxyTrouble::Unreachable(said().into())),
            at(ProxyTrouble::Status(403)),
            at(ProxyTrouble::Status(502)),
            at(ProxyTrouble::Unusable(said())),
            TransportError::ProxyRefused {
                proxy: said(),
                realm: None,
                schemes: vec!["Basic".to_owned()],
                refusals: 0,
            },
            TransportError::ProxyScript { url: said(), why: said() },
            TransportError::Intercepted { issuer: said() },
            TransportError::Unproven(said()),
            TransportError::LostReply(said().into()),
            TransportError::Unusable(said()),
        ];
        let met = met
            .map(Error::from)
            .into_iter()
            .chain([Error::NotTegata(500), Error::TooOld { minimum: "9.0.0".to_owned() }]);
        for error in met {
            for lang in Lang::ALL {
                let text = Text::of(lang);
                let said = error.explain(text);
                let (check, verdict) = (doctor::Check::Network, Verdict::Bad);
                let found = doctor::Finding::of(check, verdict, said.title, said.detail);
                let mut found = doctor::Finding { code: said.code, ..found };
                in_window(&mut found, text);
                for words in [&found.title, &found.detail] {
                    assert!(!words.contains("--"), "{}: {words}", found.code);
                }
                assert!(!found.detail.contains("update\""), "{}", found.detail);
            }
        }
    }
}
