//! The browser's choice of certificate in the worker: looks, writes and removes what
//! `tegata-app autoselect` does.

use std::path::Path;

use tegata_agent::choice::{self, Choice, ChoiceError};
use tegata_agent::inventory::{self, Own};
use tegata_agent::store::{Pkcs12Form, StoreUri};
use tegata_agent::{Error, Explanation};
use tegata_text::{Lang, Text};

use super::model::Report;
use super::model::autoselect::{Said, Seen, Spot, Wish};
use super::worker::{Bench, Context, not_here};
use crate::{autoselect, stores};

impl Bench {
    /// Does what is wished, and says what there is then.
    pub(super) fn autoselect(&self, context: &Context, wish: Wish) -> Report {
        let root = Path::new(autoselect::ROOT);
        let service = context.service.as_ref().map(|(site, _)| site.service());
        let found = self.choice(context);
        let done = match (wish, &found) {
            (Wish::Look, _) => Ok(None),
            // Why there is nothing to write is said below.
            (Wish::Write, Err(_)) => Ok(None),
            (Wish::Write, Ok((choice, _))) => {
                choice::write(root, choice).map(|_| Some(Said::Written))
            }
            (Wish::Remove, _) => choice::forget_of(root, service).map(|_| Some(Said::Removed)),
        };
        let mut seen = match found {
            Ok((choice, service_url)) => Seen {
                service_url,
                entries: choice.entries(),
                places: spots(root, &choice),
                ..Seen::default()
            },
            Err(said) => Seen { said: Some(said), ..Seen::default() },
        };
        seen.is_written = choice::is_written(root, service);
        match done {
            Ok(said) => seen.said = said.or(seen.said),
            Err(ChoiceError::Administrator(_)) => {
                let is_removal = wish == Wish::Remove;
                let command = command(&context.store, is_removal);
                seen.said = Some(Said::Administrator { command, is_removal });
            }
            Err(error) => seen.said = Some(failed(|text| error.explain(text))),
        }
        Report::AutoSelect(seen)
    }

    /// What the certificates of the service make of it.
    fn choice(&self, context: &Context) -> Result<(Choice, String), Said> {
        let of_store = |error: Error| failed(|text| error.explain(text));
        let uri = context.store.parse::<StoreUri>();
        let uri = uri.map_err(|_| failed(|text| not_here(context, text)))?;
        let store = stores::opened(&uri, None, Pkcs12Form::default());
        let store = store.map_err(|error| of_store(error.into()))?;
        let own = context.service.clone().map(|(site, root)| Own { site, root: Some(root) });
        let (receipts, now) = (stores::receipts(), self.around.clock.now());
        let items = inventory::ours(&*store, receipts.as_ref(), own.as_ref(), &[], now);
        let items = items.map_err(|error| of_store(error.into()))?;
        Choice::of(&items).map_err(|error| failed(|text| error.explain(text)))
    }
}

fn spots(root: &Path, choice: &Choice) -> Vec<Spot> {
    let spot = |place: choice::Place| Spot {
        browser: place.browser,
        is_written: choice::is_at(&place, choice),
        location: place.location.display().to_string(),
    };
    choice::places(root, choice).into_iter().map(spot).collect()
}

/// In every language: the person may switch while the page is there.
fn failed(explain: impl Fn(Text) -> Explanation) -> Said {
    Said::Failed(Box::new(Lang::ALL.map(|lang| explain(Text::of(lang)))))
}

/// What an administrator types for this user.
fn command(store: &str, is_removal: bool) -> String {
    let program = std::env::current_exe()
        .map_or_else(|_| "tegata-app".to_owned(), |program| program.display().to_string());
    if cfg!(windows) {
        let what =
            if is_removal { "--remove".to_owned() } else { format!("--store {store} --write") };
        return format!("\"{program}\" autoselect {what}");
    }
    let program = quoted(&program);
    if is_removal {
        return format!("sudo {program} autoselect --remove");
    }
    // Whose certificates they are: an administrator's home is another one.
    let state = std::env::var("XDG_STATE_HOME").ok().map(|folder| ("XDG_STATE_HOME", folder));
    let home = stores::home().map(|home| ("HOME", home.display().to_string()));
    let of_user = home.into_iter().chain(state);
    let of_user: String =
        of_user.map(|(name, folder)| format!("{name}={} ", quoted(&folder))).collect();
    format!("sudo env {of_user}{program} autoselect --store {} --write", quoted(store))
}

/// As a shell reads it as one word.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/-_.:+,@".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_back_what_was_quoted() {
        for word in ["/home/taro/.pki", "/home/山田 太郎/a'b", "", "$HOME `x` \\ \"q\" ;&|*"] {
            let script = format!("printf %s {}", quoted(word));
            let ran = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
            assert_eq!(String::from_utf8(ran.stdout).unwrap(), word);
        }
        assert_eq!(quoted("/opt/tegata-app"), "/opt/tegata-app", "as it would be typed");
    }
}
