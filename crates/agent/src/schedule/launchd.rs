//! A LaunchAgent (launchd.plist(5)). Compiled, not tried on a Mac.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::{Entry, Kind, Places, Plan, ScheduleError, name};
use crate::files::{self, Access, Existing};
use crate::site::Site;

pub(super) fn on(plan: &Plan, places: &Places) -> Result<Entry, ScheduleError> {
    let file = file(plan.site.as_ref(), places);
    let folder = files::folder_of(&file);
    std::fs::create_dir_all(&folder).map_err(ScheduleError::io(&folder))?;
    let words = [plan.program()?.to_owned()].into_iter().chain(plan.spreading());
    let words: String =
        words.map(|word| format!("<string>{}</string>\n", escaped(&word))).collect();
    let text = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
<key>Label</key>
<string>{label}</string>
<key>ProgramArguments</key>
<array>
{words}</array>
<key>StartCalendarInterval</key>
<dict><key>Hour</key><integer>9</integer><key>Minute</key><integer>0</integer></dict>
<key>RunAtLoad</key>
<true/>
<key>ProcessType</key>
<string>Background</string>
</dict>
</plist>
"#,
        label = name(plan.site.as_ref()),
    );
    files::write(&file, text.as_bytes(), Access::Public, Existing::Replace)
        .map_err(ScheduleError::io(&file))?;
    launchctl("load", &file);
    Ok(Entry { kind: Kind::Agent, place: file.display().to_string() })
}

pub(super) fn off(site: Option<&Site>, places: &Places) -> Result<bool, ScheduleError> {
    let file = file(site, places);
    let was_on = file.exists();
    if was_on {
        launchctl("unload", &file);
    }
    files::remove_if_there(&file).map_err(ScheduleError::io(&file))?;
    Ok(was_on)
}

pub(super) fn show(site: Option<&Site>, places: &Places) -> Option<Entry> {
    let file = file(site, places);
    file.exists().then(|| Entry { kind: Kind::Agent, place: file.display().to_string() })
}

fn file(site: Option<&Site>, places: &Places) -> PathBuf {
    places.config.join("Library").join("LaunchAgents").join(format!("{}.plist", name(site)))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Tells launchd; otherwise it begins with the next login.
fn launchctl(verb: &str, file: &std::path::Path) {
    let mut command = Command::new("launchctl");
    command.arg(verb).arg("-w").arg(file);
    let _ = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
}
