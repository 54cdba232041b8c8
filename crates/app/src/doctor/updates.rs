//! Whether there is a newer version, as the window's doctor says it.

use tegata_agent::brand::Brand;
use tegata_agent::doctor::{Check, Finding, Fix, Verdict};
use tegata_agent::transport::Https;
use tegata_agent::update::{self, Application, Decision, Place, UpdateError};
use tegata_text::Text;

use crate::update::{title, too_old};
use crate::{World, args, stores, version};

/// Looks, and says what came of it, also that nobody knows where to look.
pub(super) fn look(findings: &[Finding], network: &Https, world: &World) -> Finding {
    let text = world.text;
    let is_bad = |check| {
        findings.iter().any(|finding| finding.check == check && finding.verdict == Verdict::Bad)
    };
    let brand = match stores::brand(text) {
        Ok(Some(brand)) => brand,
        Ok(None) => return notice(text.update_no_brand(), text.doctor_update_by_hand_do()),
        Err(failure) => {
            return notice(failure.explanation.title, failure.explanation.detail);
        }
    };
    if is_bad(Check::Network) {
        return notice(text.doctor_update_unreached(), String::new());
    }
    match check(&brand, network, world) {
        None => notice(text.update_no_brand(), text.doctor_update_by_hand_do()),
        Some(Err(UpdateError::NoKeys)) => {
            notice(text.update_no_keys(), text.doctor_update_by_hand_do())
        }
        Some(Err(error)) => {
            let why = error.explain(text);
            let found = notice(text.window_doctor_update_failed(&why.title), why.detail);
            Finding { code: why.code, ..found }
        }
        // That this version is not good enough is one problem, not two.
        Some(Ok(decision)) => of(&decision, is_bad(Check::Version), text),
    }
}

fn of(decision: &Decision, is_said: bool, text: Text) -> Finding {
    let worst = if is_said { Verdict::Notice } else { Verdict::Bad };
    let (offer, verdict) = match decision {
        Decision::UpToDate => {
            let title = text.update_up_to_date(version::running());
            return Finding::of(Check::Update, Verdict::Good, title, String::new());
        }
        Decision::TooOld { minimum } => {
            let said = too_old(&minimum.to_string(), text).explanation;
            let found = notice(said.title, said.detail);
            return Finding { verdict: worst, fix: Some(Fix::Update), ..found };
        }
        Decision::Required(offer) => (offer, worst),
        Decision::Optional(offer) | Decision::Postponed(offer) => (offer, Verdict::Notice),
    };
    let found = notice(title(offer, text), text.update_how(&args::program()));
    Finding { verdict, fix: Some(Fix::Update), ..found }
}

fn notice(title: String, detail: String) -> Finding {
    Finding::of(Check::Update, Verdict::Notice, title, detail)
}

/// `None` where the system names no place for what was seen before.
fn check(brand: &Brand, network: &Https, world: &World) -> Option<Result<Decision, UpdateError>> {
    let program = std::env::current_exe().ok()?;
    let application = Application {
        brand,
        version: version::running().parse().ok()?,
        place: &Place::of(&program, stores::local_data().as_deref()),
        folder: &stores::updates_folder()?,
        network,
        clock: &world.clock,
        pause: &world.pause,
    };
    Some(update::check(&application, &mut |_| {}))
}
