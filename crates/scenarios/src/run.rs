//! A program run to its end within a time.

use std::ffi::OsStr;
use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// Time within which every program here ends.
const BOUND: Duration = Duration::from_secs(60);

/// What became of a program.
#[derive(Debug)]
pub struct Ran {
    /// The command line.
    pub line: String,
    /// Exit code; `None` after a signal.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: String,
}

/// Runs a program with these arguments.
///
/// # Panics
/// When it cannot be started or does not end within a minute.
pub fn run<A: AsRef<OsStr>>(program: impl AsRef<OsStr>, args: impl IntoIterator<Item = A>) -> Ran {
    run_command(Command::new(program).args(args))
}

/// Runs a command, without standard input unless it was given one.
///
/// # Panics
/// When it cannot be started or does not end within a minute.
pub fn run_command(command: &mut Command) -> Ran {
    run_within(command, BOUND)
}

/// The same for what takes longer.
///
/// # Panics
/// When it cannot be started or does not end in time.
pub fn run_within(command: &mut Command, bound: Duration) -> Ran {
    let line = format!("{command:?}");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{line}: {error}"));
    let stdout = gather(child.stdout.take().expect("piped"));
    let stderr = gather(child.stderr.take().expect("piped"));
    let end = Instant::now() + bound;
    let mut gathered = [&stdout, &stderr].map(|pipe| {
        pipe.recv_timeout(end.saturating_duration_since(Instant::now())).unwrap_or_else(|_| {
            let _ = child.kill();
            panic!("not ended within {bound:?}: {line}")
        })
    });
    // Both its outputs are closed, so it is ending.
    let status = child.wait().expect("a child can be waited for");
    let stderr = String::from_utf8_lossy(&std::mem::take(&mut gathered[1])).into_owned();
    Ran { line, code: status.code(), stdout: std::mem::take(&mut gathered[0]), stderr }
}

fn gather(mut pipe: impl Read + Send + 'static) -> mpsc::Receiver<Vec<u8>> {
    let (done, gathered) = mpsc::channel();
    thread::spawn(move || {
        let mut octets = Vec::new();
        let _ = pipe.read_to_end(&mut octets);
        let _ = done.send(octets);
    });
    gathered
}

impl Ran {
    /// Itself, after the exit code was as expected.
    #[track_caller]
    pub fn ended(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "{}\nstdout: {}\nstderr: {}",
            self.line,
            String::from_utf8_lossy(&self.stdout),
            self.stderr
        );
        self
    }

    /// Itself, after it ended well.
    #[track_caller]
    pub fn ok(self) -> Self {
        self.ended(0)
    }

    /// Standard output as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.stdout)
            .unwrap_or_else(|error| panic!("{}: {error}: {}", self.line, self.text()))
    }
}
