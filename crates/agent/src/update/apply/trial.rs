use std::io::{ErrorKind, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use tegata_wire::update::Version;

use crate::update::{Application, UpdateError};

/// How long a program may take to say its version.
const BOUND: Duration = Duration::from_secs(20);

/// How often a start is tried that fails because a writer of the file has not let go of it:
/// a thread that starts another program at the wrong moment holds it for an instant.
const TRIES: usize = 100;

/// Most octets of an answer.
const MAX: u64 = 256;

/// Starts the new program to see that it runs on this PC and is the version that it should be.
/// A package for another processor or with the wrong program in it is noticed before anything is
/// replaced.
pub(super) fn run(
    application: &Application<'_>,
    program: &Path,
    version: Version,
) -> Result<(), UpdateError> {
    let bad = |why: String| UpdateError::BadPackage(why);
    let mut child = start(application, program).map_err(|error| bad(error.to_string()))?;
    let said = listen(&mut child);
    if said.is_none() {
        // It may have ended by itself in between.
        let _ = child.kill();
    }
    let status = child.wait().map_err(|error| bad(error.to_string()))?;
    let said = said.ok_or_else(|| bad("--version: no answer".to_owned()))?;
    let found = said.split_whitespace().next_back().and_then(|word| word.parse().ok());
    if !status.success() || found != Some(version) {
        return Err(bad(format!("--version: {}", crate::error::plain(&said))));
    }
    Ok(())
}

fn start(application: &Application<'_>, program: &Path) -> std::io::Result<Child> {
    let mut command = Command::new(program);
    command.arg("--version").env_clear();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    for _ in 1..TRIES {
        match command.spawn() {
            Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => {
                application.pause.pause(Duration::from_millis(20));
            }
            other => return other,
        }
    }
    command.spawn()
}

/// What the program says, unless it takes too long.
fn listen(child: &mut Child) -> Option<String> {
    let stdout = child.stdout.take()?;
    let (done, heard) = mpsc::channel();
    std::thread::spawn(move || {
        let mut octets = Vec::new();
        let read = stdout.take(MAX).read_to_end(&mut octets);
        // Nobody may be listening any more.
        let _ = done.send(read.map(|_| String::from_utf8_lossy(&octets).into_owned()));
    });
    heard.recv_timeout(BOUND).ok()?.ok()
}
