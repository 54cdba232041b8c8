//! Chores of the repository: the load driver of `make bench`.

mod bench;

use std::process::ExitCode;

use clap::Parser;

#[derive(Parser)]
#[command(name = "xtask", about = "Chores of the repository")]
enum Chore {
    /// Measure the real programs over TLS on loopback, beside the limits of this machine
    Bench(bench::BenchArgs),
}

/// What ends a chore: a sentence for people.
type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let Chore::Bench(args) = Chore::parse();
    match bench::run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("bench: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// A line about what is going on, away from the results.
#[expect(clippy::print_stderr, reason = "progress and errors belong on standard error")]
fn say(line: &str) {
    eprintln!("{line}");
}
