//! Why the browser's choice could not be made or taken back.

use std::path::PathBuf;

use tegata_text::Text;

use crate::{Exit, Explanation};

/// Why the policy was not written or removed.
#[derive(Debug, thiserror::Error)]
pub enum ChoiceError {
    /// Nothing was issued here that a browser could choose.
    #[error("no certificate was issued on this PC")]
    NoCertificate,
    /// Not an `https` address, or an issuing CA without a name.
    #[error("the address or an issuing CA has no form that a policy can name")]
    Form,
    /// Another policy of the same name stands there; browsers would obey only one of them.
    #[error("{} sets the same policy", .0.display())]
    Taken(PathBuf),
    /// Policies are for administrators to write.
    #[error("{} can only be written by an administrator", .0.display())]
    Administrator(PathBuf),
    /// The system said no.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// To what.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
    /// No browser with such policies is known on this system.
    #[error("no browser takes such a policy here")]
    NoBrowser,
}

impl ChoiceError {
    /// How a command ends with it.
    pub fn exit(&self) -> Exit {
        match self {
            Self::NoCertificate => Exit::Usage,
            _ => Exit::Store,
        }
    }

    /// What happened and what to do now.
    pub fn explain(&self, text: Text) -> Explanation {
        let (code, title, detail) = match self {
            Self::NoCertificate => {
                ("no_certificate", text.choice_no_certificate(), text.choice_no_certificate_do())
            }
            Self::Form => ("choice_form", text.choice_form(), String::new()),
            Self::Taken(path) => {
                let path = path.display().to_string();
                ("choice_taken", text.choice_taken(&path), text.choice_taken_do())
            }
            Self::Administrator(path) => {
                let path = path.display().to_string();
                ("administrator", text.choice_administrator(&path), text.choice_administrator_do())
            }
            Self::Io { path, source } => (
                "choice_io",
                text.app_store_io(&path.display().to_string(), &source.to_string()),
                String::new(),
            ),
            Self::NoBrowser => ("no_browser", text.choice_no_browser(), String::new()),
        };
        let (code, reference) = (code.to_owned(), String::new());
        Explanation { code, title, detail, reference }
    }
}
