//! Chores of the repository: the installers and the load driver of `make bench`.

mod bench;
mod package;

use std::process::ExitCode;

use clap::Parser;

#[derive(Parser)]
#[command(name = "xtask", about = "Chores of the repository")]
enum Chore {
    /// Measure the real programs over TLS on loopback, beside the limits of this machine
    Bench(bench::BenchArgs),
    /// Make the installers of the application for one service
    Package(Box<package::PackageArgs>),
}

/// What ends a chore: a sentence for people.
type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let (name, result) = match Chore::parse() {
        Chore::Bench(args) => ("bench", bench::run(args)),
        Chore::Package(args) => ("package", package::run(*args)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("{name}: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// A line about what is going on, away from the results.
#[expect(clippy::print_stderr, reason = "progress and errors belong on standard error")]
fn say(line: &str) {
    eprintln!("{line}");
}
