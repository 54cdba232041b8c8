//! A task of the Task Scheduler, through the program that Windows has for it; where that takes
//! none (policies of a company, Wine), a start at login.

use std::os::windows::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output};

use windows_registry::{CURRENT_USER, LOCAL_MACHINE};

use super::{Entry, Kind, Places, Plan, ScheduleError, task};
use crate::site::Site;

/// What Windows starts at login. Installers write there, too, and under the same name.
const RUN: &str = r"Software\Microsoft\Windows\CurrentVersion\Run";
/// No console appears for a moment (`CREATE_NO_WINDOW`).
const NO_WINDOW: u32 = 0x0800_0000;

pub(super) fn on(plan: &Plan, places: &Places) -> Result<Entry, ScheduleError> {
    let name = name(plan.site.as_ref());
    // A start at login may be refused to those without rights; the daily one is not.
    for user in [places.user.as_deref(), None] {
        if register(&name, &task::xml(plan, user)?)? {
            forget_login(&name)?;
            return Ok(Entry { kind: Kind::Task, place: name });
        }
    }
    let words = plan.spreading();
    let words: Vec<_> = words.iter().map(|word| task::quoted(word)).collect();
    let line = format!("\"{}\" {}", plan.program()?, words.join(" "));
    CURRENT_USER
        .create(RUN)
        .and_then(|key| key.set_string(&name, &line))
        .map_err(|error| ScheduleError::io(Path::new(RUN))(error.into()))?;
    Ok(Entry { kind: Kind::Login, place: name })
}

pub(super) fn off(site: Option<&Site>) -> Result<bool, ScheduleError> {
    let name = name(site);
    let was_on = show(site).is_some();
    if is_registered(&name) {
        let _ = schtasks(&["/Delete", "/TN", &name, "/F"]);
    }
    forget_login(&name)?;
    match show(site) {
        None => Ok(was_on),
        Some(_) => Err(ScheduleError::OfEveryone(name)),
    }
}

pub(super) fn show(site: Option<&Site>) -> Option<Entry> {
    let name = name(site);
    let kind = match is_registered(&name) {
        true => Kind::Task,
        false => {
            let is_there = |root: &windows_registry::Key| {
                root.open(RUN).and_then(|key| key.get_string(&name)).is_ok()
            };
            (is_there(CURRENT_USER) || is_there(LOCAL_MACHINE)).then_some(Kind::Login)?
        }
    };
    Some(Entry { kind, place: name })
}

/// As the installers call it.
fn name(site: Option<&Site>) -> String {
    match site.map(Site::service) {
        Some(service) => format!("Tegata {}", service.issuer),
        None => "Tegata".to_owned(),
    }
}

fn register(name: &str, xml: &str) -> Result<bool, ScheduleError> {
    let folder = std::env::temp_dir();
    let file = tempfile::Builder::new().prefix("tegata-").suffix(".xml").tempfile_in(&folder);
    // Closed before the other program opens it.
    let file = file.map_err(ScheduleError::io(&folder))?.into_temp_path();
    let octets: Vec<_> =
        "\u{feff}".encode_utf16().chain(xml.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    std::fs::write(&file, octets).map_err(ScheduleError::io(&file))?;
    let Some(path) = file.to_str() else { return Ok(false) };
    let said = schtasks(&["/Create", "/TN", name, "/XML", path, "/F"]);
    Ok(said.is_some_and(|said| said.status.success()) && is_registered(name))
}

/// Whether Windows knows the task: it shows it again. (Wine says yes to everything and shows none.)
fn is_registered(name: &str) -> bool {
    schtasks(&["/Query", "/TN", name, "/XML"]).is_some_and(|said| {
        said.status.success() && said.stdout.windows(4).any(|part| part == b"Exec")
    })
}

fn schtasks(args: &[&str]) -> Option<Output> {
    Command::new("schtasks").args(args).creation_flags(NO_WINDOW).output().ok()
}

fn forget_login(name: &str) -> Result<(), ScheduleError> {
    let Ok(key) = CURRENT_USER.open(RUN) else { return Ok(()) };
    if key.get_string(name).is_err() {
        return Ok(());
    }
    CURRENT_USER
        .create(RUN)
        .and_then(|key| key.remove_value(name))
        .map_err(|error| ScheduleError::io(Path::new(RUN))(error.into()))
}
