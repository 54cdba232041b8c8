use std::io::Write;
use std::process::ExitCode;

use serde::Serialize;
use tegata_agent::issue::{Existing, Stopped};
use tegata_agent::update::UpdateError;
use tegata_agent::{Error, Exit, Explanation, Remedy};
use tegata_text::Text;

use crate::stores;

/// Why a command ended without what was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) explanation: Explanation,
    /// The certificate that is there already, where the initial password was refused.
    pub(crate) existing: Option<Box<Existing>>,
    /// What it takes before the same command can succeed.
    pub(crate) remedy: Remedy,
}

impl Failure {
    /// Something missing or mistyped: what it is, and what to do.
    pub(crate) fn usage(code: &str, title: String, detail: String) -> Self {
        let (code, reference) = (code.to_owned(), String::new());
        let explanation = Explanation { code, title, detail, reference };
        Self { exit: Exit::Usage, explanation, existing: None, remedy: Remedy::Person }
    }

    pub(crate) fn of(error: impl Into<Error>, text: Text) -> Self {
        let error = error.into();
        let remedy = error.remedy();
        Self { exit: error.exit(), explanation: error.explain(text), existing: None, remedy }
    }

    pub(crate) fn update(error: &UpdateError, text: Text) -> Self {
        let (explanation, remedy) = (error.explain(text), Remedy::Time);
        Self { exit: error.exit(), explanation, existing: None, remedy }
    }

    pub(crate) fn stopped(stopped: Stopped, text: Text) -> Self {
        let (explanation, remedy) = (stopped.explain(text), stopped.error.remedy());
        Self { exit: stopped.error.exit(), explanation, existing: stopped.existing, remedy }
    }
}

/// Where words go: progress and errors to stderr, results to stdout; with `--json` exactly one
/// line on stdout.
pub(crate) struct Output {
    text: Text,
    json: bool,
}

impl Output {
    pub(crate) fn new(text: Text, json: bool) -> Self {
        Self { text, json }
    }

    /// A line while the command runs.
    pub(crate) fn progress(&self, line: &str) {
        // A closed output is no reason to stop an issuance.
        let _ = writeln!(std::io::stderr(), "{line}");
    }

    /// The result: lines for people, or one object for programs.
    pub(crate) fn result(&self, lines: &str, object: &impl Serialize) {
        let mut stdout = std::io::stdout().lock();
        let _ = if self.json {
            serde_json::to_writer(&mut stdout, object)
                .map_err(Into::into)
                .and_then(|()| writeln!(stdout))
        } else {
            write!(stdout, "{lines}")
        };
    }

    /// Says what went wrong, if anything, and ends the program.
    pub(crate) fn end(&self, result: Result<Exit, Failure>) -> ExitCode {
        let Failure { exit, explanation, existing, .. } = match result {
            Ok(exit) => return ExitCode::from(exit as u8),
            Err(failure) => failure,
        };
        self.explain(&explanation);
        let help = self.contact(&explanation.detail);
        if self.json {
            self.result(
                "",
                &ErrorObject {
                    result: "error",
                    code: &explanation.code,
                    title: &explanation.title,
                    detail: &explanation.detail,
                    reference: &explanation.reference,
                    exit_code: exit as u8,
                    help: help.as_deref(),
                    existing: existing.as_deref(),
                },
            );
        }
        ExitCode::from(exit as u8)
    }

    /// Says what went wrong, what to do, and under which reference the server knows it.
    pub(crate) fn explain(&self, explanation: &Explanation) {
        self.progress(&explanation.title);
        if !explanation.detail.is_empty() {
            self.progress(&explanation.detail);
        }
        if !explanation.reference.is_empty() {
            self.progress(&self.text.app_reference(&explanation.reference));
        }
    }

    /// Says whom to call, as the last line of an error, and hands it on. The server may have said
    /// it in its `detail`.
    pub(crate) fn contact(&self, detail: &str) -> Option<String> {
        let help = stores::help_desk(self.text)?;
        if !detail.contains(&help) {
            self.progress(&self.text.app_contact(&help));
        }
        Some(help)
    }
}

#[derive(Serialize)]
struct ErrorObject<'a> {
    result: &'static str,
    code: &'a str,
    title: &'a str,
    detail: &'a str,
    reference: &'a str,
    exit_code: u8,
    /// Whom to call.
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    existing: Option<&'a Existing>,
}

/// `Label: value` lines.
#[derive(Default)]
pub(crate) struct Lines(String);

impl Lines {
    pub(crate) fn line(mut self, line: &str) -> Self {
        self.0.push_str(line);
        self.0.push('\n');
        self
    }

    pub(crate) fn labelled(self, label: &str, value: &str) -> Self {
        self.line(&format!("  {label}: {value}"))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}
