//! A timer of the user's systemd (systemd.timer(5), systemd.service(5), systemd.syntax(7)).

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Entry, Kind, Places, Plan, SPREAD_HOURS, ScheduleError, name};
use crate::files::{self, Access, Existing};
use crate::site::Site;

/// Whether a systemd of the user's runs, as sd_booted(3) asks of the system's.
pub(super) fn is_there(places: &Places) -> bool {
    places.runtime.as_ref().is_some_and(|runtime| runtime.join("systemd").is_dir())
}

pub(super) fn on(plan: &Plan, places: &Places) -> Result<Entry, ScheduleError> {
    let units = Units::of(plan.site.as_ref(), places);
    let wants = units.wanted.parent().unwrap_or(&units.folder);
    std::fs::create_dir_all(wants).map_err(ScheduleError::io(wants))?;
    let write = |path: &Path, text: &str| {
        files::write(path, text.as_bytes(), Access::Public, Existing::Replace)
            .map_err(ScheduleError::io(path))
    };
    write(&units.service, &service(plan)?)?;
    write(&units.timer, &timer(plan))?;
    // What `systemctl enable` does, also where no systemd answers.
    match std::os::unix::fs::symlink(&units.timer, &units.wanted) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            return Err(ScheduleError::io(&units.wanted)(error));
        }
        _ => {}
    }
    systemctl(&["daemon-reload"]);
    // Otherwise it begins with the next login.
    systemctl(&["restart", &units.unit]);
    Ok(Entry { kind: Kind::Timer, place: units.timer.display().to_string() })
}

pub(super) fn off(site: Option<&Site>, places: &Places) -> Result<bool, ScheduleError> {
    let units = Units::of(site, places);
    let was_on = units.timer.exists();
    if was_on {
        systemctl(&["stop", &units.unit]);
    }
    for file in [&units.wanted, &units.timer, &units.service] {
        files::remove_if_there(file).map_err(ScheduleError::io(file))?;
    }
    if was_on {
        systemctl(&["daemon-reload"]);
        // Folders that hold something stay.
        let _ = units.wanted.parent().map(std::fs::remove_dir);
        let _ = std::fs::remove_dir(&units.folder);
        let _ = units.folder.parent().map(std::fs::remove_dir);
    }
    Ok(was_on)
}

pub(super) fn show(site: Option<&Site>, places: &Places) -> Option<Entry> {
    let units = Units::of(site, places);
    // The link may have been removed by `systemctl disable`.
    let is_on = units.timer.exists() && units.wanted.symlink_metadata().is_ok();
    is_on.then(|| Entry { kind: Kind::Timer, place: units.timer.display().to_string() })
}

struct Units {
    folder: PathBuf,
    unit: String,
    service: PathBuf,
    timer: PathBuf,
    wanted: PathBuf,
}

impl Units {
    fn of(site: Option<&Site>, places: &Places) -> Self {
        let (folder, name) = (places.config.join("systemd").join("user"), name(site));
        let unit = format!("{name}.timer");
        Self {
            service: folder.join(format!("{name}.service")),
            timer: folder.join(&unit),
            wanted: folder.join("timers.target.wants").join(&unit),
            folder,
            unit,
        }
    }
}

fn service(plan: &Plan) -> Result<String, ScheduleError> {
    let words = [plan.program()?.to_owned()].into_iter().chain(plan.arguments.iter().cloned());
    let line: Vec<_> = words.map(|word| quoted(&word)).collect();
    Ok(format!(
        "[Unit]
Description={description}
ConditionPathExists={program}

[Service]
Type=oneshot
ExecStart={line}
Nice=10
TimeoutStartSec=30min
",
        description = escaped(&plan.description),
        // A package for everyone that goes cannot take the users' timers along.
        program = escaped(plan.program()?),
        line = line.join(" "),
    ))
}

fn timer(plan: &Plan) -> String {
    format!(
        "[Unit]
Description={description}

[Timer]
OnCalendar=daily
Persistent=true
RandomizedDelaySec={SPREAD_HOURS}h
AccuracySec=1min

[Install]
WantedBy=timers.target
",
        description = escaped(&plan.description),
    )
}

/// One word of a command line (systemd.service(5), "Command lines").
fn quoted(word: &str) -> String {
    let word = word.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "$$");
    format!("\"{}\"", word.replace('%', "%%"))
}

/// A value in which specifiers stand for something.
fn escaped(text: &str) -> String {
    text.replace('%', "%%")
}

/// Tells the user's systemd, where one answers: the files alone are enough for the next login.
fn systemctl(args: &[&str]) {
    let mut command = Command::new("systemctl");
    command.arg("--user").args(args);
    let _ = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_mean_something_to_systemd_is_only_itself() {
        assert_eq!(quoted(r#"/home/100% "a$b"\c"#), r#""/home/100%% \"a$$b\"\\c""#);
    }
}
