//! A command line that is not carried out, in the words of its language: the parser of the command
//! line speaks English only.

use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use tegata_agent::Exit;
use tegata_text::Text;

use crate::output::{Failure, Output};

/// A mistake, or a call for help.
pub(crate) struct Refused {
    pub(crate) error: clap::Error,
    pub(crate) json: bool,
    pub(crate) text: Text,
}

impl Refused {
    /// Prints it; help succeeds, a mistake is a usage error.
    pub(crate) fn report(self) -> ExitCode {
        if matches!(self.error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
            // The output may be closed already; there is nobody left to tell.
            let _ = self.error.print();
            return ExitCode::from(Exit::Done as u8);
        }
        Output::new(self.text, self.json).end(Err(self.failure()))
    }

    /// What is wrong, and what to do about it.
    fn failure(&self) -> Failure {
        let text = self.text;
        let of = |kind| self.error.get(kind).and_then(words);
        let option = of(ContextKind::InvalidArg);
        let title = match (self.error.kind(), option) {
            (ErrorKind::InvalidSubcommand, _) => {
                of(ContextKind::InvalidSubcommand).map(|word| text.app_usage_command(&word))
            }
            (ErrorKind::UnknownArgument, Some(word)) => Some(text.app_usage_option(&word)),
            (ErrorKind::InvalidValue | ErrorKind::ValueValidation, Some(option)) => {
                let value = of(ContextKind::InvalidValue).unwrap_or_default();
                Some(if value.is_empty() {
                    text.app_usage_value_missing(&option)
                } else {
                    text.app_usage_value(&option, &value)
                })
            }
            (ErrorKind::ArgumentConflict, Some(option)) => {
                of(ContextKind::PriorArg).map(|others| text.app_usage_conflict(&option, &others))
            }
            (ErrorKind::MissingRequiredArgument, Some(names)) => Some(text.app_missing(&names)),
            _ => None,
        };
        let title = title.unwrap_or_else(|| {
            let said = self.error.render().to_string();
            let first = said.lines().next().unwrap_or_default();
            text.app_usage_other(first.trim_start_matches("error: "))
        });
        let similar = of(ContextKind::SuggestedArg).or(of(ContextKind::SuggestedSubcommand));
        let detail = match similar.or(of(ContextKind::SuggestedValue)) {
            Some(word) => text.app_usage_similar(&word),
            None => text.app_usage_do(),
        };
        Failure::usage("usage", title, detail)
    }
}

/// One or several words of the command line.
fn words(value: &ContextValue) -> Option<String> {
    match value {
        ContextValue::String(word) => Some(word.clone()),
        ContextValue::Strings(words) if !words.is_empty() => Some(words.join(", ")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use tegata_text::Lang;

    use super::*;
    use crate::args::parse;

    fn said(line: &str, lang: Lang) -> (String, String) {
        let words: Vec<_> = line.split(' ').map(OsString::from).collect();
        let explanation = parse(&words, Text::of(lang)).err().unwrap().failure().explanation;
        assert_eq!(explanation.code, "usage");
        (explanation.title, explanation.detail)
    }

    #[test]
    fn a_mistyped_command_line_is_told_in_its_language() {
        for (line, title, detail) in [
            ("app isue", "「isue」というコマンドはありません。", "「issue」ではありませんか。"),
            (
                "app issue --sit x",
                "「--sit」という指定はありません。",
                "「--site」ではありませんか。",
            ),
            ("app --lang fr list", "--lang <ja|en>に「fr」は指定できません。", "使い方は"),
            ("app issue --site", "--site <URL>の値がありません。", "使い方は"),
            ("app schedule --on --off", "--onは、--offと同時に指定できません。", "使い方は"),
            ("app renew --unattended", "指定されていない項目があります: --all-due", "使い方は"),
            ("app list extra", "「extra」という指定はありません。", "使い方は"),
        ] {
            let (said, what) = said(line, Lang::Ja);
            assert_eq!(said, title, "{line}");
            assert!(what.starts_with(detail), "{line}: {what}");
        }
        let (title, detail) = said("app isue", Lang::En);
        assert_eq!(title, "There is no command “isue”.");
        assert_eq!(detail, "Did you mean “issue”? See --help.");
    }
}
