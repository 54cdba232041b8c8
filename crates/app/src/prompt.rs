use std::io::{BufRead, IsTerminal, Write};

use tegata_agent::Fingerprint;
use tegata_agent::issue::{Confirmation, Person};
use tegata_text::Text;
use zeroize::Zeroizing;

/// The person at the terminal, if there is one.
#[derive(Clone)]
pub(crate) struct Prompt {
    text: Text,
    is_terminal: bool,
}

impl Prompt {
    pub(crate) fn of_terminal(text: Text) -> Self {
        Self { text, is_terminal: std::io::stdin().is_terminal() }
    }

    /// Nobody, also where there is a terminal.
    pub(crate) fn nobody(text: Text) -> Self {
        Self { text, is_terminal: false }
    }

    /// Asks for a line; `None` without a terminal or at the end of input.
    pub(crate) fn ask(&self, question: &str) -> Option<String> {
        if !self.is_terminal {
            return None;
        }
        let mut stderr = std::io::stderr();
        write!(stderr, "{question}: ").and_then(|()| stderr.flush()).ok()?;
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line).ok()?;
        (read > 0).then(|| line.trim().to_owned())
    }

    /// Asks for a line that is not shown.
    pub(crate) fn ask_secret(&self, question: &str) -> Option<Zeroizing<String>> {
        if !self.is_terminal {
            return None;
        }
        rpassword::prompt_password(format!("{question}: ")).ok().map(Zeroizing::new)
    }
}

impl Person for Prompt {
    fn confirm_root(&mut self, fingerprint: &Fingerprint) -> Confirmation {
        if !self.is_terminal {
            return Confirmation::Nobody;
        }
        let question = self.text.app_ask_root(&fingerprint.grouped());
        match self.ask(&format!("{question}\n{}", self.text.app_ask_yes_no())) {
            Some(answer) if is_yes(&answer) => Confirmation::Yes,
            _ => Confirmation::No,
        }
    }
}

/// Whether an answer is a yes in one of our languages.
pub(crate) fn is_yes(answer: &str) -> bool {
    ["yes", "y", "はい"].contains(&answer.to_lowercase().as_str())
}
