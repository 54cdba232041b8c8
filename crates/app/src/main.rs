//! The issuing application: the window, and the headless command.
//!
//! Thin over `tegata-agent`: [`args`] reads the command line, the modules named like commands
//! gather what is needed and call the agent, [`proxy`] is the way out, [`output`] says what became
//! of it; without a command [`window`] does the same for people. Only this file reaches for the
//! real clock, randomness and waiting.

// A window without a console behind it. A command finds the console that it was started from.
#![cfg_attr(windows, windows_subsystem = "windows")]

mod args;
mod autoselect;
mod clear;
mod dates;
mod doctor;
mod email;
mod input;
mod issue;
mod list;
mod live;
mod output;
mod prompt;
mod proxy;
mod refused;
mod remove;
mod renew;
mod schedule;
mod stores;
mod trust;
mod unattended;
mod update;
mod version;
mod window;

use std::process::ExitCode;
use std::time::Duration;

use jiff::Timestamp;
use tegata_agent::Exit;
use tegata_agent::issue::Pause;
use tegata_domain::{Clock, Entropy};
use tegata_text::Text;

use args::Command;
use output::{Failure, Output};
use prompt::Prompt;
use window::Surroundings;

/// What the commands take from the world.
struct World {
    text: Text,
    output: Output,
    prompt: Prompt,
    clock: SystemClock,
    entropy: SystemEntropy,
    pause: Sleep,
    proxy: args::Proxy,
    /// Whether this is run by a schedule.
    unattended: bool,
}

fn main() -> ExitCode {
    #[cfg(windows)]
    tegata_windows::console::attach();
    let arguments: Vec<_> = std::env::args_os().collect();
    let variable = |name: &str| std::env::var(name).ok();
    let text = Text::of(args::language(&arguments, variable, tegata_agent::system::language));
    // As systems start it for a link of a page: hostile until the window has parsed it.
    if let [_, link] = arguments.as_slice()
        && let Some(link) = link.to_str().filter(|link| link.starts_with("tegata:"))
    {
        let result = open_window(text, Some(link)).map(|()| Exit::Done);
        return Output::new(text, false).end(result);
    }
    let args = match args::parse(&arguments, text) {
        Ok(args) => args,
        Err(refused) => return refused.report(),
    };
    let mut world = World {
        text,
        output: Output::new(text, args.json),
        prompt: Prompt::of_terminal(text),
        clock: SystemClock,
        entropy: SystemEntropy,
        pause: Sleep,
        proxy: args.proxy,
        unattended: false,
    };
    let done = |()| Exit::Done;
    let result: Result<Exit, Failure> = match args.command {
        None => open_window(text, None).map(done),
        Some(Command::Issue(options)) => issue::run(options, &mut world).map(done),
        Some(Command::Renew(options)) => renew::run(options, &mut world),
        Some(Command::Schedule(options)) => schedule::run(&options, &world).map(done),
        Some(Command::Email(options)) => email::run(options, &mut world).map(done),
        Some(Command::Remove(options)) => remove::run(options, &mut world).map(done),
        Some(Command::Clear(options)) => clear::run(options, &mut world).map(done),
        Some(Command::Autoselect(options)) => autoselect::run(options, &mut world).map(done),
        Some(Command::Doctor(options)) => doctor::run(options, &mut world),
        Some(Command::List(options)) => list::run(options, &mut world).map(done),
        Some(Command::Trust(options)) => trust::run(options, &mut world).map(done),
        Some(Command::Update(options)) => update::run(&options, &world).map(done),
    };
    world.output.end(result)
}

fn open_window(text: Text, link: Option<&str>) -> Result<(), Failure> {
    // Every field is plain ASCII, and windows of the toolkit are reported to freeze with an input
    // method on: see the module.
    #[cfg(windows)]
    tegata_windows::ime::disable();
    let around = Surroundings {
        version: version::running(),
        clock: std::sync::Arc::new(SystemClock),
        entropy: std::sync::Arc::new(SystemEntropy),
    };
    window::run(text.lang(), around, link)
}

/// The system's clock.
#[derive(Clone, Copy)]
struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where time comes from")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// The system's CSPRNG.
#[derive(Clone, Copy)]
struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::expect_used, reason = "without randomness there is no key to make")]
    fn fill(&self, octets: &mut [u8]) {
        getrandom::fill(octets).expect("the system has randomness");
    }
}

/// Waits in earnest.
struct Sleep;

impl Pause for Sleep {
    #[expect(clippy::disallowed_methods, reason = "a server asked to come back later")]
    fn pause(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}
