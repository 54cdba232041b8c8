//! Time until the window has painted itself, and its memory once it has nothing to do.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::super::program::{Memory, Program, said};
use super::super::stats::{quantile, sorted};
use super::Demo;
use super::screen::Screen;
use crate::package::tool;
use crate::{Failure, say};

/// Time between two looks at the screen, and with it what a measured time may be wrong by.
const LOOK: Duration = Duration::from_millis(2);

/// A window that has not painted itself by then never will.
const PATIENCE: Duration = Duration::from_secs(30);

/// A program that used no processor time for so long is idle.
const IDLE: Duration = Duration::from_millis(500);

/// A line of the report.
#[derive(Serialize)]
pub(super) struct Row {
    pub(super) what: &'static str,
    /// Whether it is the application, and not what others made.
    pub(super) is_ours: bool,
    /// Milliseconds from the start of the process until text stands on the screen.
    pub(super) median_ms: f64,
    pub(super) least_ms: f64,
    pub(super) most_ms: f64,
    /// Memory of the idle window, MiB: what is resident, and its share of what several use.
    pub(super) resident_mib: f64,
    pub(super) own_mib: f64,
}

/// Opens windows, ours and others', `runs` times each.
pub(super) async fn measure(
    demo: &Demo<'_>,
    program: &Path,
    dir: &Path,
    runs: usize,
) -> Result<Vec<Row>, Failure> {
    if !tool::is_there("Xvfb") {
        say("application: Xvfb is not installed; no window is opened");
        return Ok(Vec::new());
    }
    let dir = &dir.join("screen");
    std::fs::create_dir_all(dir)?;
    let screen = Screen::start(dir)?;
    // As an installer leaves it.
    let place = dir.join("program");
    std::fs::create_dir_all(&place)?;
    let app = place.join("tegata-app");
    std::fs::copy(program, &app)?;
    std::fs::copy(&demo.brand, place.join("brand.json"))?;

    let mut rows = Vec::new();
    for (what, language) in
        [("tegata-app, Japanese", "ja_JP.UTF-8"), ("tegata-app, English", "en_US.UTF-8")]
    {
        rows.push(open(what, true, Command::new(&app), language, &screen, dir, runs).await?);
    }
    for (what, name, argument, file, form) in [
        ("GTK 3, a form", "gtk-builder-tool", Some("preview"), "form.ui", GTK),
        ("Tk 8.6, a form", "wish", None, "form.tcl", TK),
    ] {
        if !tool::is_there(name) {
            say(&format!("application: {name} is not installed, and is not compared with"));
            continue;
        }
        let file = dir.join(file);
        std::fs::write(&file, form)?;
        let mut command = Command::new(name);
        command.args(argument).arg(file);
        rows.push(open(what, false, command, "en_US.UTF-8", &screen, dir, runs).await?);
    }
    Ok(rows)
}

/// Opens one window again and again.
async fn open(
    what: &'static str,
    is_ours: bool,
    mut command: Command,
    language: &str,
    screen: &Screen,
    dir: &Path,
    runs: usize,
) -> Result<Row, Failure> {
    say(&format!("application: window of {what}"));
    let home = dir.join(what);
    std::fs::create_dir_all(&home)?;
    command.env_clear().env("DISPLAY", &screen.display).env("HOME", &home).env("LANG", language);
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let log = dir.join("window.log");
    let (mut times, mut resident, mut own) = (Vec::new(), Vec::new(), Vec::new());
    // The first one finds no cache of fonts and cold files.
    for run in 0..=runs {
        let begin = Instant::now();
        let program = Program::spawn(&mut command, &log)?;
        until(|| screen.shows_text(), what, &log).await?;
        if run > 0 {
            times.push(begin.elapsed().as_secs_f64() * 1000.0);
            let Memory { resident_mib, own_mib } = idle(&program).await?;
            resident.push(resident_mib);
            own.push(own_mib);
        }
        drop(program);
        until(|| screen.is_empty(), what, &log).await?;
    }
    let [times, resident, own] = [times, resident, own].map(|values| sorted(&values));
    Ok(Row {
        what,
        is_ours,
        median_ms: quantile(&times, 0.5),
        least_ms: quantile(&times, 0.0),
        most_ms: quantile(&times, 1.0),
        resident_mib: quantile(&resident, 0.5),
        own_mib: quantile(&own, 0.5),
    })
}

async fn until(
    condition: impl Fn() -> Result<bool, Failure>,
    what: &str,
    log: &Path,
) -> Result<(), Failure> {
    let begin = Instant::now();
    while !condition()? {
        if begin.elapsed() > PATIENCE {
            return Err(format!("the window of {what} did not come or go: {}", said(log)).into());
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

/// Memory of a program once it has nothing to do.
async fn idle(program: &Program) -> Result<Memory, Failure> {
    let begin = Instant::now();
    let mut used = program.processor_time();
    loop {
        tokio::time::sleep(IDLE).await;
        let now = program.processor_time();
        if now == used {
            return program.memory().ok_or_else(|| "the window closed by itself".into());
        }
        if begin.elapsed() > PATIENCE {
            return Err("the window never comes to rest".into());
        }
        used = now;
    }
}

/// As plain as a form of that toolkit can be: a heading, four fields, a button.
const GTK: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<interface>
  <object class="GtkWindow" id="form">
    <property name="visible">1</property>
    <property name="default-width">640</property>
    <property name="default-height">560</property>
    <child><object class="GtkBox">
      <property name="visible">1</property>
      <property name="orientation">vertical</property>
      <child><object class="GtkLabel">
        <property name="visible">1</property><property name="label">Issue a certificate</property>
      </object></child>
      <child><object class="GtkLabel">
        <property name="visible">1</property><property name="label">User ID</property>
      </object></child>
      <child><object class="GtkEntry"><property name="visible">1</property></object></child>
      <child><object class="GtkLabel">
        <property name="visible">1</property><property name="label">Initial password</property>
      </object></child>
      <child><object class="GtkEntry"><property name="visible">1</property></object></child>
      <child><object class="GtkLabel">
        <property name="visible">1</property><property name="label">E-mail</property>
      </object></child>
      <child><object class="GtkEntry"><property name="visible">1</property></object></child>
      <child><object class="GtkLabel">
        <property name="visible">1</property><property name="label">E-mail again</property>
      </object></child>
      <child><object class="GtkEntry"><property name="visible">1</property></object></child>
      <child><object class="GtkButton">
        <property name="visible">1</property><property name="label">Issue</property>
      </object></child>
    </object></child>
  </object>
</interface>
"#;

/// The same.
const TK: &str = r#"package require Tk
wm geometry . 640x560
label .heading -text {Issue a certificate}
pack .heading
set number 0
foreach text {{User ID} {Initial password} {E-mail} {E-mail again}} {
    pack [label .label[incr number] -text $text]
    pack [entry .entry$number]
}
pack [button .issue -text Issue]
"#;
