//! The `tegata` command: server, gateway and administration in one binary.

mod cli;
mod demo;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
