use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::Failure;

/// Clock ticks of `/proc/*/stat` in a second: 100 on every Linux of today (`getconf CLK_TCK`).
const TICKS: u64 = 100;

/// A program under measurement. Ends with this value.
pub(super) struct Program(Child);

impl Program {
    /// Starts a program and waits for the line of JSON that says it is ready.
    pub(super) fn start(
        mut command: Command,
        log: &Path,
    ) -> Result<(Self, serde_json::Value), Failure> {
        let mut program = Self::spawn(command.stdout(Stdio::piped()), log)?;
        let mut line = String::new();
        if let Some(stdout) = program.0.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        match serde_json::from_str(&line) {
            Ok(ready) => Ok((program, ready)),
            Err(_) => Err(format!("{command:?} did not start: {}", said(log)).into()),
        }
    }

    /// Starts a program that does not say when it is ready.
    pub(super) fn spawn(command: &mut Command, log: &Path) -> Result<Self, Failure> {
        let child = command
            .stdin(Stdio::null())
            .stderr(File::create(log)?)
            .spawn()
            .map_err(|error| format!("{command:?}: {error}"))?;
        Ok(Self(child))
    }

    /// Memory of the program now, in MiB; 0 when it has ended.
    pub(super) fn memory_mib(&self) -> f64 {
        self.memory().map_or(0.0, |memory| memory.resident_mib)
    }

    /// Memory of the program now, as proc(5) counts it; `None` when it has ended.
    pub(super) fn memory(&self) -> Option<Memory> {
        let text = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", self.0.id())).ok()?;
        Some(Memory { resident_mib: mib(&text, "Rss:")?, own_mib: mib(&text, "Pss:")? })
    }

    /// Processor time of the program and its children so far.
    pub(super) fn processor_time(&self) -> Duration {
        let own = self.0.id();
        let ticks: u64 = std::fs::read_dir("/proc")
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter_map(stat)
            .filter(|stat| stat.id == own || stat.parent == own)
            .map(|stat| stat.ticks)
            .sum();
        Duration::from_millis(ticks * 1000 / TICKS)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // SIGKILL would leave the workers of nginx behind.
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

/// Memory of a program, in MiB.
pub(super) struct Memory {
    /// What is in memory.
    pub(super) resident_mib: f64,
    /// The same, what is shared with others counted for its part only.
    pub(super) own_mib: f64,
}

/// A line of `/proc/*/smaps_rollup`, such as `Rss:  884 kB`.
fn mib(text: &str, name: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim().trim_end_matches(" kB").parse::<f64>().ok()? / 1024.0)
}

struct Stat {
    id: u32,
    parent: u32,
    ticks: u64,
}

/// See proc(5): the name stands in parentheses and may hold anything.
fn stat(id: u32) -> Option<Stat> {
    let text = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    Some(Stat { id, parent: number(1)?.try_into().ok()?, ticks: number(11)? + number(12)? })
}

/// The end of a log.
pub(super) fn said(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(5)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_a_parent_and_used_time() {
        let own = stat(std::process::id()).unwrap();
        assert_ne!(own.parent, 0);
    }

    #[test]
    fn memory_is_read_in_the_units_of_the_system() {
        let text = "00400000-ffff [rollup]\nRss:                2048 kB\nPss:      512 kB\n";
        assert_eq!((mib(text, "Rss:"), mib(text, "Pss:")), (Some(2.0), Some(0.5)));
        assert_eq!(mib(text, "Swap:"), None);
    }
}
