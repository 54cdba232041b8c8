use std::path::Path;

use serde::Serialize;
use tegata_agent::choice::{self, Choice, ChoiceError};
use tegata_agent::inventory::{self, Item};
use tegata_agent::receipt::Receipt;
use tegata_agent::store::Pkcs12Form;
use tegata_agent::{Exit, Explanation, Remedy};
use tegata_domain::Clock;
use tegata_text::Text;

use crate::World;
use crate::args::Autoselect;
use crate::input::Input;
use crate::output::{Failure, Lines};
use crate::stores;

/// `tegata-app autoselect`: shows the policy; writes or removes it when asked to.
pub(crate) fn run(options: Autoselect, world: &mut World) -> Result<(), Failure> {
    let text = world.text;
    let (uri, password) = stores::unlocked(&options.at, world)?;
    let opened = stores::open(&uri, password, Pkcs12Form::default(), world)?;
    let items = inventory::take(opened.as_ref(), stores::receipts().as_ref(), world.clock.now())
        .map_err(|error| Failure::of(error, text))?;
    let Some((service, choice)) = choice_of(&items, text).transpose()? else {
        let (title, detail) = (text.choice_no_certificate(), text.choice_no_certificate_do());
        return Err(Failure::usage("no_certificate", title, detail));
    };
    let root = Path::new("/");
    let (done, places) = if options.write {
        ("written", choice::write(root, &choice).map_err(|error| failed(&error, text))?)
    } else if options.remove {
        choice::forget(root, &choice).map_err(|error| failed(&error, text))?;
        ("removed", choice::places(root, &choice))
    } else {
        ("shown", choice::places(root, &choice))
    };
    let heading = match done {
        "written" => text.choice_written(),
        "removed" => text.choice_removed(),
        _ => text.choice_shown(&service.service_url),
    };
    let entries = choice.entries();
    let lines = entries
        .iter()
        .fold(Lines::default().line(&heading), |lines, entry| lines.line(&format!("  {entry}")));
    let lines = places.iter().fold(lines, |lines, place| {
        lines.labelled(place.browser, &place.location.display().to_string())
    });
    let lines = lines.line(&text.choice_firefox());
    let places = places
        .iter()
        .map(|place| PlaceObject {
            browser: place.browser,
            location: place.location.display().to_string(),
        })
        .collect();
    world.output.result(lines.as_str(), &ChoiceObject { result: done, entries, places });
    Ok(())
}

/// The choice for the service of the first certificate that was issued here; `None` when there is
/// none.
fn choice_of(items: &[Item], text: Text) -> Option<Result<(Receipt, Choice), Failure>> {
    let service = items.iter().find_map(|item| item.receipt.clone())?;
    let issuers = items
        .iter()
        .filter(|item| {
            item.receipt.as_ref().is_some_and(|other| other.service_url == service.service_url)
        })
        .filter_map(|item| item.held.certificate.issuer_common_name());
    let choice = Input(text).site(&service.site).and_then(|site| {
        let tag = site.service().to_string().replace('/', "-");
        Choice::new(&tag, &service.service_url, issuers).map_err(|error| failed(&error, text))
    });
    Some(choice.map(|choice| (service, choice)))
}

/// Takes the policy away, where it was written.
pub(crate) fn forget(items: &[Item], text: Text) -> Result<(), Failure> {
    let Some((_, choice)) = choice_of(items, text).transpose()? else { return Ok(()) };
    match choice::forget(Path::new("/"), &choice) {
        Ok(_) | Err(ChoiceError::NoBrowser) => Ok(()),
        Err(error) => Err(failed(&error, text)),
    }
}

fn failed(error: &ChoiceError, text: Text) -> Failure {
    let (code, title, detail) = match error {
        ChoiceError::Form => ("choice_form", text.choice_form(), String::new()),
        ChoiceError::Taken(path) => {
            let path = path.display().to_string();
            ("choice_taken", text.choice_taken(&path), text.choice_taken_do())
        }
        ChoiceError::Administrator(path) => {
            let path = path.display().to_string();
            ("administrator", text.choice_administrator(&path), text.choice_administrator_do())
        }
        ChoiceError::Io { path, source } => (
            "choice_io",
            text.app_store_io(&path.display().to_string(), &source.to_string()),
            String::new(),
        ),
        ChoiceError::NoBrowser => ("no_browser", text.choice_no_browser(), String::new()),
    };
    let (code, reference) = (code.to_owned(), String::new());
    let explanation = Explanation { code, title, detail, reference };
    Failure { exit: Exit::Store, explanation, existing: None, remedy: Remedy::Person }
}

/// The object of `--json`.
#[derive(Serialize)]
struct ChoiceObject {
    result: &'static str,
    entries: Vec<String>,
    places: Vec<PlaceObject>,
}

#[derive(Serialize)]
struct PlaceObject {
    browser: &'static str,
    location: String,
}
