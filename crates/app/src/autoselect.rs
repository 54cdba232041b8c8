use std::path::Path;

use serde::Serialize;
use tegata_agent::Remedy;
use tegata_agent::brand::Brand;
use tegata_agent::choice::{self, Choice, ChoiceError, Place};
use tegata_agent::inventory::{self, Own};
use tegata_agent::store::Pkcs12Form;
use tegata_domain::Clock;
use tegata_text::Text;

use crate::World;
use crate::args::Autoselect;
use crate::output::{Failure, Lines};
use crate::stores;

/// The system whose browsers are meant.
pub(crate) const ROOT: &str = "/";

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
    let (choice, service_url) = Choice::of(&items).map_err(|error| failed(&error, text))?;
    let root = Path::new(ROOT);
    let (done, places) = if options.write {
        ("written", choice::write(root, &choice).map_err(|error| failed(&error, text))?)
    } else {
        ("shown", choice::places(root, &choice))
    };
    let heading = match done {
        "written" => text.choice_written(),
        _ => text.choice_shown(&service_url),
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

/// Takes the policy of the brand's service away, wherever it stands; without a brand those of
/// every service.
pub(crate) fn forget(brand: Option<&Brand>, text: Text) -> Result<Vec<Place>, Failure> {
    let service = brand.map(|brand| brand.site.service());
    choice::forget_of(Path::new(ROOT), service).map_err(|error| failed(&error, text))
}

fn failed(error: &ChoiceError, text: Text) -> Failure {
    let (exit, explanation) = (error.exit(), error.explain(text));
    Failure { exit, explanation, existing: None, remedy: Remedy::Person }
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
