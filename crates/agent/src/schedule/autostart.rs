//! A start at login (Desktop Application Autostart Specification), where no systemd of the user's
//! keeps timers.

use std::path::PathBuf;

use super::{Entry, Kind, Places, Plan, ScheduleError, name};
use crate::files::{self, Access, Existing};
use crate::site::Site;

pub(super) fn on(plan: &Plan, places: &Places) -> Result<Entry, ScheduleError> {
    let file = file(plan.site.as_ref(), places);
    let folder = files::folder_of(&file);
    std::fs::create_dir_all(&folder).map_err(ScheduleError::io(&folder))?;
    let words = [plan.program()?.to_owned()].into_iter().chain(plan.spreading());
    let line: Vec<_> = words.map(|word| quoted(&word)).collect();
    let text = format!(
        "[Desktop Entry]\nType=Application\nName={}\nTryExec={}\nExec={}\n\
         Terminal=false\nNoDisplay=true\n",
        plan.description.replace('\\', "\\\\"),
        // A package for everyone that goes cannot take the users' entries along.
        plan.program()?.replace('\\', "\\\\"),
        line.join(" ")
    );
    files::write(&file, text.as_bytes(), Access::Public, Existing::Replace)
        .map_err(ScheduleError::io(&file))?;
    Ok(Entry { kind: Kind::Login, place: file.display().to_string() })
}

pub(super) fn off(site: Option<&Site>, places: &Places) -> Result<bool, ScheduleError> {
    let file = file(site, places);
    let was_on = file.exists();
    files::remove_if_there(&file).map_err(ScheduleError::io(&file))?;
    if was_on {
        // One that holds something stays.
        let _ = std::fs::remove_dir(files::folder_of(&file));
    }
    Ok(was_on)
}

pub(super) fn show(site: Option<&Site>, places: &Places) -> Option<Entry> {
    let file = file(site, places);
    file.exists().then(|| Entry { kind: Kind::Login, place: file.display().to_string() })
}

fn file(site: Option<&Site>, places: &Places) -> PathBuf {
    places.config.join("autostart").join(format!("{}.desktop", name(site)))
}

/// One word of `Exec` (Desktop Entry Specification, "The Exec key"): quoted, and then escaped as
/// every value is.
fn quoted(word: &str) -> String {
    let mut quoted = String::from("\"");
    for c in word.chars() {
        match c {
            '"' | '`' | '$' => quoted.extend(['\\', '\\', c]),
            '\\' => quoted.push_str("\\\\\\\\"),
            '%' => quoted.push_str("%%"),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_quoted_twice() {
        assert_eq!(quoted(r#"/a b/5%"$\"#), r#""/a b/5%%\\"\\$\\\\""#);
    }
}
