use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::LOG;
use crate::error::plain;
use crate::files::{self, Access, Existing};

/// Longest log, in octets: some years of renewals.
const MAX_LEN: usize = 64 * 1024;

/// What unattended runs did, a line each, the newest last. It holds user IDs, serial numbers and
/// codes, nothing secret.
pub struct Log(PathBuf);

impl Log {
    /// The log in the folder of state.
    pub fn of(state: &Path) -> Self {
        Self(state.join(LOG))
    }

    /// Where it is, for people.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Adds a line; the oldest go when it gets too long.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn add(&self, at: Timestamp, line: &str) -> io::Result<()> {
        let known = files::read(&self.0, 2 * MAX_LEN as u64).ok().flatten().unwrap_or_default();
        let mut text = String::from_utf8_lossy(&known).into_owned();
        text.push_str(&format!("{} {}\n", at.strftime("%Y-%m-%dT%H:%M:%SZ"), plain(line)));
        while text.len() > MAX_LEN {
            // The older half goes at once, so that this is rare.
            let half = text.ceil_char_boundary(text.len() / 2);
            let cut = text[half..].find('\n').map_or(text.len(), |at| half + at + 1);
            text.drain(..cut);
        }
        files::write(&self.0, text.as_bytes(), Access::Private, Existing::Replace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::now;

    #[test]
    fn it_stays_short_and_keeps_the_newest() {
        let state = tempfile::tempdir().unwrap();
        let log = Log::of(state.path());
        for number in 0..400 {
            log.add(now(), &format!("{number} {}\r\nforged line", "x".repeat(300))).unwrap();
        }
        let text = std::fs::read_to_string(log.path()).unwrap();
        assert!(text.len() <= MAX_LEN);
        let last = text.lines().last().unwrap();
        assert!(last.contains(" 399 x") && last.ends_with("forged line"), "{last}");
        assert!(text.lines().all(|line| line.starts_with("20")), "whole lines only");
    }
}
