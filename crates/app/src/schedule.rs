use std::path::Path;

use serde::Serialize;
use tegata_agent::Explanation;
use tegata_agent::inventory::{self, Own};
use tegata_agent::schedule::{self, Entry, Plan, ScheduleError};
use tegata_agent::site::Site;
use tegata_agent::store::{Pkcs12Form, StoreError, StoreUri};
use tegata_agent::unattended::Tries;
use tegata_domain::Clock;
use tegata_text::Text;

use crate::World;
use crate::args::Schedule;
use crate::output::{Failure, Lines};
use crate::renew::FailedObject;
use crate::{live, proxy, stores};

/// `tegata-app schedule`
pub(crate) fn run(options: &Schedule, world: &World) -> Result<(), Failure> {
    let text = world.text;
    let mut warning = None;
    let (entry, said) = if options.on {
        let arguments = arguments(options, world)?;
        warning = looked_in(options, world)?;
        let entry = switch_on(&arguments, text)?;
        let said = on_line(&entry, text);
        (Some(entry), said)
    } else if options.off {
        switch_off(text)?;
        (None, text.schedule_off())
    } else {
        let entry = shown(text)?;
        let said = if entry.is_some() { text.schedule_is_on() } else { text.schedule_is_off() };
        (entry, said)
    };
    let mut lines = Lines::default().line(&said);
    if let Some(entry) = &entry {
        lines = lines.labelled(&text.schedule_label_place(), &entry.place);
    }
    if let Some(Explanation { title, detail, .. }) = &warning {
        lines = lines.line(&text.schedule_warning(title)).line(detail);
    }
    let object = ScheduleObject {
        result: "schedule",
        on: entry.is_some(),
        entry,
        warning: warning.map(|why| FailedObject::of(None, why)),
    };
    world.output.result(lines.as_str(), &object);
    Ok(())
}

/// Whether this PC renews by itself. A program that does not know for whom it works does not.
pub(crate) fn is_on(text: Text) -> bool {
    shown(text).is_ok_and(|entry| entry.is_some())
}

/// What is said when it was switched on.
pub(crate) fn on_line(entry: &Entry, text: Text) -> String {
    if entry.kind.is_daily() { text.schedule_on_daily() } else { text.schedule_on_login() }
}

/// Has this program run with `with` behind `renew --all-due --unattended`.
pub(crate) fn switch_on(with: &[String], text: Text) -> Result<Entry, Failure> {
    let no_home = || failed(&"HOME", text);
    let places = stores::places().ok_or_else(no_home)?;
    let program = std::env::current_exe().map_err(|error| failed(&error, text))?;
    let own = ["--lang", text.lang().code(), "renew", "--all-due", "--unattended"];
    let plan = Plan {
        site: site(text)?,
        program,
        arguments: own.into_iter().map(str::to_owned).chain(with.iter().cloned()).collect(),
        description: text.schedule_description(),
    };
    let entry = schedule::on(&plan, &places).map_err(|error| refused(&error, text))?;
    if let Some(state) = stores::state_folder() {
        // Whoever switches it on may have put right what was wrong. If not, that is found out.
        let _ = Tries::forget(&state);
    }
    Ok(entry)
}

/// Switches it off; says whether it was on.
pub(crate) fn switch_off(text: Text) -> Result<bool, Failure> {
    let Some(places) = stores::places() else { return Ok(false) };
    schedule::off(site(text)?.as_ref(), &places).map_err(|error| refused(&error, text))
}

/// Switches it off as far as this user may: what an administrator set up for everyone goes with
/// the program, by its uninstaller.
pub(crate) fn forget(text: Text) -> Result<(), Failure> {
    let Some(places) = stores::places() else { return Ok(()) };
    match schedule::off(site(text)?.as_ref(), &places) {
        Ok(_) | Err(ScheduleError::OfEveryone(_)) => Ok(()),
        Err(error) => Err(refused(&error, text)),
    }
}

fn shown(text: Text) -> Result<Option<Entry>, Failure> {
    let site = site(text)?;
    Ok(stores::places().and_then(|places| schedule::show(site.as_ref(), &places)))
}

/// The site of the service for which this program was installed.
fn site(text: Text) -> Result<Option<Site>, Failure> {
    Ok(stores::brand(text)?.map(|brand| brand.site))
}

/// What the run needs of the options of this command, with places that hold anywhere.
fn arguments(options: &Schedule, world: &World) -> Result<Vec<String>, Failure> {
    let text = world.text;
    let uri = match stores::chosen(&options.at, text)? {
        StoreUri::Pem(folder) => StoreUri::Pem(absolute(&folder, text)?),
        StoreUri::Pkcs12(file) => StoreUri::Pkcs12(absolute(&file, text)?),
        other => other,
    };
    let password = options.at.store_password_file.as_deref();
    if password == Some(Path::new("-")) || matches!(uri, StoreUri::Pkcs12(_)) && password.is_none()
    {
        let title = text.app_missing("--store-password-file");
        return Err(Failure::usage("missing", title, text.app_missing_do()));
    }
    let mut words = vec!["--store".to_owned(), uri.to_string()];
    let files = [
        ("--store-password-file", password),
        ("--proxy-password-file", world.proxy.proxy_password_file.as_deref()),
    ];
    for (option, file) in files {
        if let Some(file) = file {
            let file = absolute(file, text)?;
            words.extend([option.to_owned(), file.to_string_lossy().into_owned()]);
        }
    }
    let choice = match &world.proxy.proxy {
        Some(_) => Some(proxy::choice(&world.proxy, text)?.to_string()),
        None => None,
    };
    let texts = [("--proxy", choice.as_ref()), ("--proxy-user", world.proxy.proxy_user.as_ref())];
    for (option, value) in texts {
        words.extend(value.into_iter().flat_map(|value| [option.to_owned(), value.clone()]));
    }
    Ok(words)
}

/// Why nothing would be renewed in the store as it is now. It may be filled, or put in, later; one
/// that somebody names and that is not there is a mistake.
fn looked_in(options: &Schedule, world: &World) -> Result<Option<Explanation>, Failure> {
    let (text, now) = (world.text, world.clock.now());
    let own = stores::brand(text)?.as_ref().map(Own::from);
    let uri = stores::chosen(&options.at, text)?;
    let password = stores::password(options.at.store_password_file.as_deref(), world)?;
    let found = stores::opened(&uri, password, Pkcs12Form::default()).and_then(|store| {
        // To an inventory a store that is not there holds nothing.
        store.list()?;
        inventory::ours(store.as_ref(), stores::receipts().as_ref(), own.as_ref(), &[], now)
    });
    match found {
        Ok(items) => Ok(live::check(&items, &uri, text).err().map(|failure| failure.explanation)),
        Err(StoreError::Missing(_)) if stores::is_own(&uri) => {
            Ok(live::check(&[], &uri, text).err().map(|failure| failure.explanation))
        }
        Err(error @ StoreError::Missing(_)) => Err(Failure::of(error, text)),
        Err(error) => Ok(Some(Failure::of(error, text).explanation)),
    }
}

fn absolute(path: &Path, text: Text) -> Result<std::path::PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| failed(&error, text))
}

fn refused(error: &ScheduleError, text: Text) -> Failure {
    if let ScheduleError::Argument(name) = error {
        let (title, detail) = (text.schedule_control(name), text.schedule_control_do());
        return Failure::usage("bad_argument", title, detail);
    }
    let mut failure = failed(error, text);
    if matches!(error, ScheduleError::OfEveryone(_)) {
        failure.explanation.detail = text.schedule_everyone_do();
    }
    failure
}

fn failed(why: &dyn std::fmt::Display, text: Text) -> Failure {
    let title = text.schedule_failed(&why.to_string());
    Failure::usage("schedule_failed", title, text.schedule_failed_do())
}

/// The object of `--json`.
#[derive(Serialize)]
struct ScheduleObject {
    result: &'static str,
    on: bool,
    #[serde(flatten)]
    entry: Option<Entry>,
    /// Why it would not renew anything as things stand.
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<FailedObject>,
}
