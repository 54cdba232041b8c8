//! Confirmation before harm: asked at a terminal, said with `--yes` by scripts.

use std::io::{BufRead, IsTerminal, Write};

use clap::Args;

use super::Failure;

/// That the harm is meant.
#[derive(Args, Clone, Copy)]
pub(super) struct Meant {
    /// Do it without being asked
    #[arg(long, short)]
    pub(super) yes: bool,
}

/// What happens when there is nobody to ask.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Unasked {
    /// It is done: one thing was named, and named exactly.
    Goes,
    /// It is not: how much it is shows only when it is listed.
    Stops,
}

impl Meant {
    /// Asks, unless it was said before.
    pub(super) fn confirm(self, question: &str, unasked: Unasked) -> Result<(), Failure> {
        if self.yes {
            return Ok(());
        }
        if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
            return match unasked {
                Unasked::Goes => Ok(()),
                Unasked::Stops => Err("nothing was changed: there is no terminal to ask at; say \
                                       --yes to do it, or --dry-run to see what it would do"
                    .into()),
            };
        }
        write!(std::io::stderr(), "{question} [y/N] ")?;
        std::io::stderr().flush()?;
        let mut answer = String::new();
        std::io::stdin().lock().read_line(&mut answer)?;
        match is_yes(&answer) {
            true => Ok(()),
            false => Err("nothing was changed".into()),
        }
    }
}

/// Full-width letters too: whoever answers may have an input method switched on.
fn is_yes(answer: &str) -> bool {
    let answer = tegata_domain::half_width(answer.trim()).to_lowercase();
    ["y", "yes", "はい"].contains(&answer.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_yes_is_one() {
        for yes in ["y\n", "YES\n", "ｙ\n", "はい\n"] {
            assert!(is_yes(yes), "{yes:?}");
        }
        for no in ["", "\n", "n\n", "yo\n", "yes please\n", "いいえ\n"] {
            assert!(!is_yes(no), "{no:?}");
        }
    }
}
