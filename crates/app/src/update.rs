use std::cell::Cell;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use jiff::Timestamp;
use serde::Serialize;
use tegata_agent::brand::Brand;
use tegata_agent::update::{
    self, Application, Applied, Decision, Offer, Place, Progress, UpdateError, megabytes,
};
use tegata_agent::{Exit, Explanation, Remedy};
use tegata_text::Text;

use crate::World;
use crate::args::Update;
use crate::output::{Failure, Lines, Output};
use crate::{args, proxy, stores, version};

/// Percent of a download between two lines about it.
const LINES: u64 = 10;

/// `tegata-app update`
pub(crate) fn run(options: &Update, world: &World) -> Result<(), Failure> {
    let text = world.text;
    let failed = |error| Failure::update(&error, text);
    let program = std::env::current_exe()
        .map_err(|source| failed(UpdateError::Io { path: "tegata-app".into(), source }))?;
    let brand = brand(program.parent().unwrap_or(Path::new(".")), text)?;
    let place = Place::of(&program, stores::local_data().as_deref());
    let network = proxy::network(world, &[])?;
    let application = Application {
        brand: &brand,
        version: version::running().parse().map_err(|_| no_brand(text))?,
        place: &place,
        folder: &stores::updates_folder().ok_or_else(|| no_brand(text))?,
        network: &network,
        clock: &world.clock,
        pause: &world.pause,
    };
    let percent = Cell::new(0);
    let mut heard = |progress| report(progress, &percent, &world.output, text);
    let decision = update::check(&application, &mut heard).map_err(failed)?;
    let offer = match decision {
        Decision::UpToDate => {
            let said = text.update_up_to_date(version::running());
            let object = Object::of("up_to_date", None, text);
            world.output.result(Lines::default().line(&said).as_str(), &object);
            return Ok(());
        }
        Decision::TooOld { minimum } => return Err(too_old(&minimum.to_string(), text)),
        Decision::Optional(offer) | Decision::Postponed(offer) | Decision::Required(offer) => offer,
    };
    if options.check {
        let object = Object::of("available", Some(&offer), text);
        world
            .output
            .result(lines(&offer, text).line(&text.update_how(&args::program())).as_str(), &object);
        return Ok(());
    }
    if !options.yes && !is_wanted(&offer, &application, world)? {
        return Ok(());
    }
    let cancel = AtomicBool::new(false);
    let fetched = update::fetch(&application, &offer, &mut heard, &cancel).map_err(failed)?;
    heard(Progress::Step(update::Step::Install));
    let applied = update::apply(&application, fetched).map_err(failed)?;
    tell(&applied, &offer, world);
    Ok(())
}

fn brand(folder: &Path, text: Text) -> Result<Brand, Failure> {
    match Brand::beside(folder) {
        Ok(Some(brand)) => Ok(brand),
        Ok(None) => Err(no_brand(text)),
        Err(error) => {
            let title = text.app_bad_file(tegata_agent::brand::FILE, &error.to_string());
            Err(Failure::usage("bad_brand", title, text.update_from_site_do()))
        }
    }
}

fn no_brand(text: Text) -> Failure {
    Failure::usage("update_no_brand", text.update_no_brand(), text.update_from_site_do())
}

/// This version is not good enough, and no other is offered for this PC.
pub(crate) fn too_old(minimum: &str, text: Text) -> Failure {
    let explanation = Explanation {
        code: "app_too_old".to_owned(),
        title: text.update_too_old(minimum, version::running()),
        detail: text.update_from_site_do(),
        reference: String::new(),
    };
    Failure { exit: Exit::Refused, explanation, existing: None, remedy: Remedy::Person }
}

/// Asks the person, and remembers a no for a day.
fn is_wanted(offer: &Offer, application: &Application<'_>, world: &World) -> Result<bool, Failure> {
    let text = world.text;
    let said = lines(offer, text);
    world.output.progress(said.as_str().trim_end());
    match world.prompt.ask(&text.update_ask_yes_no()) {
        None => {
            Err(Failure::usage("missing", title(offer, text), text.update_how(&args::program())))
        }
        Some(answer) if crate::prompt::is_yes(&answer) => Ok(true),
        Some(_) => {
            update::later(application, offer).map_err(|error| Failure::update(&error, text))?;
            let object = Object::of("postponed", Some(offer), text);
            let said = Lines::default().line(&text.update_postponed());
            world.output.result(said.as_str(), &object);
            Ok(false)
        }
    }
}

fn report(progress: Progress, percent: &Cell<u64>, output: &Output, text: Text) {
    if let Progress::Octets { done, of } = progress {
        let now = done * 100 / of.max(1);
        if now / LINES > percent.replace(now) / LINES {
            let (done, of) = (megabytes(done), megabytes(of));
            output.progress(&text.update_percent(&done, &of, &now.to_string()));
        }
    }
    if let Some(line) = progress.line(text) {
        output.progress(&line);
    }
}

/// What is offered, in one sentence.
pub(crate) fn title(offer: &Offer, text: Text) -> String {
    let (new, size) = (offer.version().to_string(), megabytes(offer.length()));
    match () {
        () if offer.is_downgrade() => text.update_downgrade(&size, &new, version::running()),
        () if offer.is_required() => text.update_required(&size, &new, version::running()),
        () => text.update_available(&size, &new, version::running()),
    }
}

fn lines(offer: &Offer, text: Text) -> Lines {
    let lines = Lines::default().line(&title(offer, text));
    match offer.notes(text.lang()) {
        Some(notes) => lines.labelled(&text.update_label_notes(), notes),
        None => lines,
    }
}

fn tell(applied: &Applied, offer: &Offer, world: &World) {
    let text = world.text;
    let object = Object { applied: Some(applied.into()), ..Object::of("", Some(offer), text) };
    let (result, lines) = match applied {
        Applied::Replaced { previous, version, .. } => (
            "updated",
            Lines::default()
                .line(&text.update_replaced(&version.to_string()))
                .labelled(&text.update_label_previous(), &previous.display().to_string()),
        ),
        Applied::HandedOver { version } => {
            ("handed_over", Lines::default().line(&text.update_handed_over(&version.to_string())))
        }
        Applied::Tell { command, version } => (
            "administrator_needed",
            Lines::default()
                .line(&text.update_tell(&version.to_string()))
                .line("")
                .line(&format!("  {command}")),
        ),
    };
    world.output.result(lines.as_str(), &Object { result, ..object });
}

/// The object of `--json`.
#[derive(Serialize)]
struct Object<'a> {
    result: &'static str,
    /// The version that answers.
    version: &'static str,
    #[serde(flatten)]
    offer: Option<OfferObject<'a>>,
    #[serde(flatten)]
    applied: Option<AppliedObject<'a>>,
}

#[derive(Serialize)]
struct OfferObject<'a> {
    available: String,
    required: bool,
    downgrade: bool,
    sequence: u64,
    expires_at: Timestamp,
    length: u64,
    notes: Option<&'a str>,
}

#[derive(Serialize)]
struct AppliedObject<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    program: Option<&'a Path>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<&'a Path>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<&'a str>,
}

impl<'a> Object<'a> {
    fn of(result: &'static str, offer: Option<&'a Offer>, text: Text) -> Self {
        let offer = offer.map(|offer| OfferObject {
            available: offer.version().to_string(),
            required: offer.is_required(),
            downgrade: offer.is_downgrade(),
            sequence: offer.sequence(),
            expires_at: offer.expires_at(),
            length: offer.length(),
            notes: offer.notes(text.lang()),
        });
        Self { result, version: version::running(), offer, applied: None }
    }
}

impl<'a> From<&'a Applied> for AppliedObject<'a> {
    fn from(applied: &'a Applied) -> Self {
        match applied {
            Applied::Replaced { program, previous, .. } => {
                Self { program: Some(program), previous: Some(previous), command: None }
            }
            Applied::HandedOver { .. } => Self { program: None, previous: None, command: None },
            Applied::Tell { command, .. } => {
                Self { program: None, previous: None, command: Some(command) }
            }
        }
    }
}
