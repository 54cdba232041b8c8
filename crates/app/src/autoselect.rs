use std::path::Path;

use serde::Serialize;
use tegata_agent::brand::Brand;
use tegata_agent::choice::{self, Choice, ChoiceError, Place, Tag};
use tegata_agent::inventory::{self, Item, Own};
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
    let brand = stores::brand(text)?;
    if options.remove {
        return remove(brand.as_ref(), world);
    }
    let own = brand.as_ref().map(Own::from);
    let (uri, password) = stores::unlocked(&options.at, world)?;
    let opened = stores::open(&uri, password, Pkcs12Form::default(), world)?;
    let (receipts, now) = (stores::receipts(), world.clock.now());
    let items = inventory::ours(opened.as_ref(), receipts.as_ref(), own.as_ref(), &[], now)
        .map_err(|error| Failure::of(error, text))?;
    let Some((service, choice)) = choice_of(&items, text).transpose()? else {
        let (title, detail) = (text.choice_no_certificate(), text.choice_no_certificate_do());
        return Err(Failure::usage("no_certificate", title, detail));
    };
    let root = Path::new("/");
    let (done, places) = if options.write {
        ("written", choice::write(root, &choice).map_err(|error| failed(&error, text))?)
    } else {
        ("shown", choice::places(root, &choice))
    };
    let heading = match done {
        "written" => text.choice_written(),
        _ => text.choice_shown(&service.service_url),
    };
    let entries = choice.entries();
    let lines = entries
        .iter()
        .fold(Lines::default().line(&heading), |lines, entry| lines.line(&format!("  {entry}")));
    let lines = at_places(lines, &places).line(&text.choice_firefox());
    let object = ChoiceObject { result: done, entries, places: objects(&places) };
    world.output.result(lines.as_str(), &object);
    Ok(())
}

/// Takes the policy away. The service is enough to know it by: its certificates may be gone.
fn remove(brand: Option<&Brand>, world: &World) -> Result<(), Failure> {
    let text = world.text;
    let places = forget(brand, text)?;
    let (result, heading) = if places.is_empty() {
        ("nothing", text.choice_nothing())
    } else {
        ("removed", text.choice_removed())
    };
    let lines = at_places(Lines::default().line(&heading), &places);
    let object = ChoiceObject { result, entries: Vec::new(), places: objects(&places) };
    world.output.result(lines.as_str(), &object);
    Ok(())
}

fn at_places(lines: Lines, places: &[Place]) -> Lines {
    places.iter().fold(lines, |lines, place| {
        lines.labelled(place.browser, &place.location.display().to_string())
    })
}

fn objects(places: &[Place]) -> Vec<PlaceObject> {
    let object = |place: &Place| PlaceObject {
        browser: place.browser,
        location: place.location.display().to_string(),
    };
    places.iter().map(object).collect()
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
        Choice::new(Tag::from(site.service()), &service.service_url, issuers)
            .map_err(|error| failed(&error, text))
    });
    Some(choice.map(|choice| (service, choice)))
}

/// Takes the policy of the brand's service away, wherever it stands; without a brand those of
/// every service.
pub(crate) fn forget(brand: Option<&Brand>, text: Text) -> Result<Vec<Place>, Failure> {
    let root = Path::new("/");
    let tags = match brand {
        Some(brand) => vec![Tag::from(brand.site.service())],
        None => choice::written(root),
    };
    let gone = tags.iter().map(|tag| choice::forget(root, tag));
    let gone: Result<Vec<_>, _> = gone.collect();
    Ok(gone.map_err(|error| failed(&error, text))?.concat())
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
