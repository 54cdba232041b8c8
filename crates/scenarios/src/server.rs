//! A program that runs until it is told to end, and says on a line when it is ready.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Time to get ready: keys are made, a database too, and the machine may be busy.
const START: Duration = Duration::from_secs(60);
/// Time to end: running requests get ten seconds.
const END: Duration = Duration::from_secs(20);

/// A running server. Ends when dropped.
pub struct Server {
    child: Child,
    lines: Receiver<String>,
    errors: PathBuf,
}

impl Server {
    /// Starts a server that appends its standard error to `errors`, and waits for its first
    /// line.
    ///
    /// # Panics
    /// When it does not get ready.
    pub fn start(command: &mut Command, errors: &Path) -> (Self, String) {
        let file = File::options().create(true).append(true).open(errors);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(file.expect("the directory can be written"))
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let stdout = child.stdout.take().expect("piped");
        let (said, lines) = mpsc::channel();
        // Dropping `said` tells that the server closed its output: it has ended.
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = said.send(line);
            }
        });
        let mut server = Self { child, lines, errors: errors.to_owned() };
        match server.lines.recv_timeout(START) {
            Ok(line) => (server, line),
            Err(error) => {
                let _ = server.child.kill();
                panic!("not ready: {error}\n{}", server.stderr())
            }
        }
    }

    /// Waits for one more line.
    ///
    /// # Panics
    /// When there comes none.
    pub fn next_line(&self) -> String {
        let line = self.lines.recv_timeout(START);
        line.unwrap_or_else(|error| panic!("no other line: {error}\n{}", self.stderr()))
    }

    /// Sends a signal, waits for the end and returns the exit code.
    ///
    /// # Panics
    /// When it does not end in time.
    pub fn stop(mut self, signal: Signal) -> Option<i32> {
        kill_process(self.pid(), signal).expect("the server runs");
        assert!(self.ends_within(END), "the server does not end after {signal:?}");
        self.child.wait().expect("a child can be waited for").code()
    }

    /// `kill -9`, without waiting.
    pub fn kill9(&mut self) {
        self.child.kill().expect("the server runs");
    }

    /// Stops it where it stands, until [`Self::resume`].
    pub fn pause(&self) {
        kill_process(self.pid(), Signal::STOP).expect("the server runs");
    }

    /// Lets it go on.
    pub fn resume(&self) {
        kill_process(self.pid(), Signal::CONT).expect("the server runs");
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a child can be asked").is_none()
    }

    /// Everything that every run wrote to standard error.
    pub fn stderr(&self) -> String {
        fs::read_to_string(&self.errors).expect("the file was made at start")
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    fn ends_within(&self, bound: Duration) -> bool {
        let end = Instant::now() + bound;
        loop {
            match self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return true,
                Err(RecvTimeoutError::Timeout) => return false,
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        let _ = kill_process(self.pid(), Signal::TERM);
        if !self.ends_within(END) {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
        if thread::panicking() {
            crate::figure("the server said", self.stderr());
        }
    }
}
