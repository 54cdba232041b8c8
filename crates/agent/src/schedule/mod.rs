//! When this PC renews by itself: an entry in the user's own schedule, which runs the application
//! once a day without a window.
//!
//! | system | entry |
//! |---|---|
//! | Linux with a systemd of the user's | a timer (`systemd.timer(5)`) |
//! | other Linux | a start at login (XDG autostart) |
//! | Windows | a task of the Task Scheduler; where that takes none, a start at login |
//! | macOS | a LaunchAgent (not tried on a Mac) |
//!
//! No rights are needed for any of them, and they go when they are switched off. What systemd and
//! Windows spread over hours by themselves the application spreads where they do not: those
//! entries run it with `--spread`.

#[cfg(target_os = "linux")]
mod autostart;
#[cfg(target_os = "macos")]
mod launchd;
#[cfg(target_os = "linux")]
mod systemd;
#[cfg(any(windows, test))]
mod task;
#[cfg(windows)]
mod windows;

use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::site::Site;

/// Hours over which starts are spread that come at one time on many PCs.
pub const SPREAD_HOURS: u8 = 4;

/// What is run, and under which name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Tells apart the applications of several services; without an installer there is one.
    pub site: Option<Site>,
    /// The executable.
    pub program: PathBuf,
    /// Its arguments, without what an entry adds.
    pub arguments: Vec<String>,
    /// What people read in their schedule: one line.
    pub description: String,
}

/// Where a user's schedule is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// `$XDG_CONFIG_HOME`, by default `~/.config`. On macOS the home folder.
    pub config: PathBuf,
    /// `$XDG_RUNTIME_DIR`, where the user's systemd has a folder.
    pub runtime: Option<PathBuf>,
    /// `DOMAIN\name` of a user of Windows.
    pub user: Option<String>,
}

/// An entry of a schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// What kind.
    pub kind: Kind,
    /// Its file, or its name where there is no file.
    pub place: String,
}

/// What kind of entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A timer of systemd.
    Timer,
    /// A start at login.
    Login,
    /// A task of Windows.
    Task,
    /// A LaunchAgent of macOS.
    Agent,
}

impl Kind {
    /// Whether it runs every day, and not at login only.
    pub fn is_daily(self) -> bool {
        self != Self::Login
    }
}

/// Why a schedule was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// A file or value.
    #[error("{place}: {source}")]
    Io {
        /// Which.
        place: String,
        /// What the system said.
        source: io::Error,
    },
    /// An administrator set it up for everyone.
    #[error("{0} belongs to everyone on this PC")]
    OfEveryone(String),
    /// A path that the system's form cannot hold.
    #[error("{} cannot stand in a schedule", .0.display())]
    Path(PathBuf),
    /// An argument with control characters, by the option whose value it is.
    #[error("{0} has control characters, which cannot stand in a schedule")]
    Argument(String),
}

impl ScheduleError {
    pub(crate) fn io(place: &Path) -> impl FnOnce(io::Error) -> Self {
        let place = place.display().to_string();
        move |source| Self::Io { place, source }
    }
}

impl Plan {
    /// The executable as text.
    fn program(&self) -> Result<&str, ScheduleError> {
        self.program
            .to_str()
            .filter(|program| !program.contains(char::is_control))
            .ok_or_else(|| ScheduleError::Path(self.program.clone()))
    }

    /// Each form has lines, and what stands behind the end of one means something of its own.
    fn check(&self) -> Result<(), ScheduleError> {
        self.program()?;
        let mut option = "";
        for word in &self.arguments {
            if word.contains(char::is_control) {
                let name = if option.is_empty() { word } else { option };
                return Err(ScheduleError::Argument(name.escape_debug().to_string()));
            }
            // A value is known by the option before it.
            option = if word.starts_with("--") { word } else { "" };
        }
        Ok(())
    }

    /// The arguments, with those that have the application spread its work itself.
    fn spreading(&self) -> Vec<String> {
        let spread = ["--spread".to_owned(), SPREAD_HOURS.to_string()];
        self.arguments.iter().cloned().chain(spread).collect()
    }
}

/// `tegata-renew`, or `tegata-renew-0001-SB0001002C` for the application of one service.
#[cfg(not(windows))]
fn name(site: Option<&Site>) -> String {
    match site.map(Site::service) {
        Some(service) => format!("tegata-renew-{}-{}", service.tenant, service.issuer),
        None => "tegata-renew".to_owned(),
    }
}

/// Switches it on, also anew with another plan.
///
/// # Errors
/// When the system takes no entry.
pub fn on(plan: &Plan, places: &Places) -> Result<Entry, ScheduleError> {
    plan.check()?;
    #[cfg(target_os = "linux")]
    if systemd::is_there(places) {
        let entry = systemd::on(plan, places)?;
        autostart::off(plan.site.as_ref(), places)?;
        Ok(entry)
    } else {
        autostart::on(plan, places)
    }
    #[cfg(windows)]
    {
        windows::on(plan, places)
    }
    #[cfg(target_os = "macos")]
    {
        launchd::on(plan, places)
    }
}

/// Switches it off. That it was not on is no error; says whether it was.
///
/// # Errors
/// When an entry stays.
pub fn off(site: Option<&Site>, places: &Places) -> Result<bool, ScheduleError> {
    #[cfg(target_os = "linux")]
    {
        let timer = systemd::off(site, places)?;
        Ok(autostart::off(site, places)? || timer)
    }
    #[cfg(windows)]
    {
        let _ = places;
        windows::off(site)
    }
    #[cfg(target_os = "macos")]
    {
        launchd::off(site, places)
    }
}

/// The entry, where it is on.
pub fn show(site: Option<&Site>, places: &Places) -> Option<Entry> {
    #[cfg(target_os = "linux")]
    {
        systemd::show(site, places).or_else(|| autostart::show(site, places))
    }
    #[cfg(windows)]
    {
        let _ = places;
        windows::show(site)
    }
    #[cfg(target_os = "macos")]
    {
        launchd::show(site, places)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_argument_becomes_a_line_of_its_own() {
        let home = tempfile::tempdir().unwrap();
        let runtime = home.path().join("run");
        std::fs::create_dir_all(runtime.join("systemd")).unwrap();
        let config = home.path().join("config");
        for runtime in [Some(runtime), None] {
            let places = Places { config: config.clone(), runtime, user: None };
            for (value, name) in [
                (["--proxy-user", "a\nExecStartPre=/bin/sh"], "--proxy-user"),
                (["--store", "pem:/a\r\nHidden=true"], "--store"),
                (["--store", "pem:/a\u{85}b"], "--store"),
                (["renew", "b\0"], "b\\0"),
            ] {
                let plan = Plan {
                    site: None,
                    program: "/usr/bin/tegata-app".into(),
                    arguments: value.map(str::to_owned).to_vec(),
                    description: "Renewal".to_owned(),
                };
                let refused = on(&plan, &places).map_err(|error| error.to_string());
                let said = refused.unwrap_err();
                assert!(said.starts_with(&format!("{name} has ")), "{said}");
                assert!(!config.exists(), "nothing is written");
            }
        }
    }
}
