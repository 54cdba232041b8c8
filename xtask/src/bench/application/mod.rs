//! What the issuing application costs its user: octets to download, time until its window stands,
//! memory while it does, and time until the certificate is there once everything is typed.
//!
//! The executables are those that `make package` ships, the server is `tegata demo`. Others do
//! the same in the same run: GTK and Tk open a window, openssl, curl and the tools of NSS get a
//! certificate by hand.

mod by_hand;
mod issue;
mod screen;
mod size;
mod table;
mod window;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::{Deserialize, Serialize};

use super::program::Program;
use crate::package::{self, Programs};
use crate::{Failure, say};

/// Figures of the application.
#[derive(Serialize)]
pub(super) struct Figures {
    executables: Vec<size::Row>,
    packages: Vec<size::Row>,
    /// Empty where there is no Xvfb.
    windows: Vec<window::Row>,
    issuance: Vec<issue::Row>,
}

/// What to measure.
pub(super) struct Given<'a> {
    /// The `tegata` that serves.
    pub(super) tegata: &'a Path,
    /// Executables that are there already; left out, they are built.
    pub(super) linux: Option<PathBuf>,
    pub(super) windows: Option<PathBuf>,
    /// Windows opened of each kind, and certificates issued into each store.
    pub(super) runs: usize,
}

/// Builds the application, and measures it in `dir`.
pub(super) async fn measure(given: Given<'_>, dir: &Path) -> Result<Figures, Failure> {
    let programs = match (given.linux, given.windows) {
        (None, None) => package::build()?,
        (linux, windows) => Programs { linux, windows, windows_x86: None },
    };
    let demo = Demo::start(given.tegata, dir)?;
    say("application: packages");
    let executables = size::of_programs(&programs)?;
    let packages = size::of_packages(&demo, &programs, dir)?;
    let Some(program) = &programs.linux else {
        say("application: there is no executable for Linux, so nothing of it is run");
        return Ok(Figures { executables, packages, windows: Vec::new(), issuance: Vec::new() });
    };
    let program = &program.canonicalize()?;
    let windows = window::measure(&demo, program, dir, given.runs).await?;
    let issuance = issue::measure(&demo, program, dir, given.runs)?;
    Ok(Figures { executables, packages, windows, issuance })
}

/// A running `tegata demo`. Ends with this value.
struct Demo<'a> {
    tegata: &'a Path,
    ready: Ready,
    /// File with the brand of its service.
    brand: PathBuf,
    _program: Program,
}

/// Of the line of JSON that a demo prints when everything is ready.
#[derive(Deserialize)]
struct Ready {
    site: String,
    root_pem: PathBuf,
    root_sha256: String,
    service_url: String,
    data_dir: PathBuf,
}

/// A seat and its initial password.
#[derive(Deserialize)]
struct Seat {
    user_id: String,
    password: String,
}

impl<'a> Demo<'a> {
    fn start(tegata: &'a Path, dir: &Path) -> Result<Self, Failure> {
        say("application: demo");
        let mut command = Command::new(tegata);
        command.args(["demo", "--json", "--dir"]).arg(dir.join("demo"));
        for option in ["--site-port", "--gateway-port", "--status-port", "--admin-port"] {
            command.args([option, "0"]);
        }
        let (program, ready) = Program::start(command, &dir.join("demo.log"))?;
        let ready: Ready = serde_json::from_value(ready)?;
        let brand = dir.join("brand.json");
        let demo = Self { tegata, ready, brand, _program: program };
        let site = demo.ready.site.split("/issueweb/").next().unwrap_or_default();
        std::fs::write(&demo.brand, demo.tegata(&["service", "brand", "--site", site])?)?;
        Ok(demo)
    }

    fn tegata(&self, args: &[&str]) -> Result<String, Failure> {
        let mut command = Command::new(self.tegata);
        package::tool::run(command.args(args).arg("--dir").arg(&self.ready.data_dir), "tegata")
    }

    fn seats(&self, count: usize) -> Result<Vec<Seat>, Failure> {
        let count = count.to_string();
        let add = ["subscriber", "add", "--company", "CMSM950-006", "--json", "--count", &count];
        Ok(serde_json::from_str(&self.tegata(&add)?)?)
    }
}
